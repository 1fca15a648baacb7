"""How soon a coordinated stop-pay in a real part of the Ally loans is found, and how often there is a false alarm.

    python -m tests.portfolio.ally_strikes

Due dates and whether they were met are counted from the events. From dates ten days apart on, those who paid on a real day
stop with a chance of the share given. Each day is judged as the monitor judges it, by the same functions. A delay counts
from the first due date that was missed because of it: 1 is the close of that day.
The parts with two due dates a day or more are halved, every second one by size, and so is the time. What can be chosen in
`sequential` was chosen on the first half of both (see docs/portfolio.md); the second half was not looked at for that.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from streams.events.envelope import BorrowerEvent, Event
from streams.events.loans import LoanClosed, LoanOpened, LoanRestructured, LoanWrittenOff, ScheduleSet
from streams.events.payments import PaymentFailed, PaymentReceived
from streams.learning import hazard
from streams.portfolio import sequential
from streams.portfolio.book import PROMPTNESS_CLASSES, promptness, punctual, vintage
from streams.portfolio.drift import Drift
from streams.portfolio.sequential import YEAR_DAYS, Day, Usual
from streams.sandbox.datasets import ally

FIRST, LAST = dt.date(2018, 6, 1).toordinal(), dt.date(2020, 3, 15).toordinal()
MIDDLE = (FIRST + LAST) // 2
SHARES = (1.0, 0.6, 0.4)
WATCHED_DAYS = 14
#: Strikes begin so many days after one another, the last one this long before the half ends.
STEP_DAYS, END_DAYS = 10, 20
SMALLEST = 2.0


class Part(NamedTuple):
    """A part of the book: its days."""

    name: str
    days: list[Day]

    @property
    def due_a_day(self) -> float:
        """Due dates of loans that are current, a day."""
        known = [day for day in self.days if FIRST <= day.day <= LAST]
        return sum(sum(day.exposed) for day in known) / (LAST - FIRST + 1)


def parts_of(events: Iterable[Event]) -> list[Part]:
    """The days of every part, whole book first, then those with most due dates: counted from the events themselves."""
    told: dict[str, list[BorrowerEvent]] = defaultdict(list)
    for event in events:
        if isinstance(event, BorrowerEvent):
            told[event.borrower_id].append(event)
    counts: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * (2 * PROMPTNESS_CLASSES)))
    for life in told.values():
        opened = next(event for event in life if isinstance(event, LoanOpened))
        names = ["USD", f"USD/region={opened.region or '-'}", f"USD/vintage={vintage(opened.opened_on.toordinal())}"]
        for day, promptness_class, missed in due_dates(life):
            for name in names:
                counts[name][day][promptness_class] += 1
                counts[name][day][PROMPTNESS_CLASSES + promptness_class] += missed
    parts = [
        Part(
            name,
            [
                Day(day, tuple(row[:PROMPTNESS_CLASSES]), tuple(row[PROMPTNESS_CLASSES:]))
                for day, row in sorted(days.items())
            ],
        )
        for name, days in counts.items()
    ]
    return sorted(parts, key=lambda part: -part.due_a_day)


def due_dates(life: Sequence[BorrowerEvent]) -> Iterator[tuple[int, int, bool]]:
    """(day, promptness class, missed) of each due date before which a loan was current."""
    ends = [e.business_date for e in life if isinstance(e, LoanClosed | LoanWrittenOff)]
    end = min(ends, default=dt.date.max).toordinal()
    terms = [e for e in life if isinstance(e, ScheduleSet | LoanRestructured)]
    paid = [
        ((e.value_date or e.business_date).toordinal(), e.business_date, e.amount.amount_minor)
        for e in life
        if isinstance(e, PaymentReceived)
    ]
    record = 1
    for place, term in enumerate(terms):
        until = min(end, terms[place + 1].business_date.toordinal() if place + 1 < len(terms) else end)
        own = [(day, amount) for day, on, amount in paid if place == 0 or on >= term.business_date]
        due = 0
        for installment in term.installments:
            day = installment.due_date.toordinal()
            if day >= until:
                break
            current = sum(amount for on, amount in own if on < day) >= due
            due += installment.amount_minor
            missed = sum(amount for on, amount in own if on <= day) < due
            if current:
                yield day, promptness(record), missed
            record = punctual(record, missed=missed)


def struck(days: Sequence[Day], start: int, share: float, chance: random.Random) -> list[Day]:
    """The same days, but from a start on each of those who paid stops with this chance."""
    return [
        day._replace(
            missed=tuple(
                m + sum(chance.random() < share for _ in range(n - m))
                for n, m in zip(day.exposed, day.missed, strict=True)
            )
        )
        if day.day >= start
        else day
        for day in days
    ]


#: A strike found so soon was found in time.
QUICK_DAYS = 3
TESTS = ("sequential", "River")
Judge = Callable[[Sequence[Day], Sequence[Day], int], Drift | None]


def by_class(parts: int, *, whole: bool = False) -> Judge:
    """The sequential test."""

    def judge(days: Sequence[Day], book: Sequence[Day], today: int) -> Drift | None:
        lately = [day for day in days if day.day > today - sequential.WINDOW_DAYS]
        if sum(sum(day.missed) for day in lately) < sequential.MISSED_MIN:
            return None
        return sequential.judge(days, Usual(book, today), parts, whole=whole)

    return judge


def by_counts(days: Sequence[Day], _book: Sequence[Day], _today: int) -> Drift | None:
    """Page-Hinkley and ADWIN."""
    return hazard.drift([(day.day, sum(day.exposed), sum(day.missed)) for day in days])


def until(days: Sequence[Day], today: int) -> list[Day]:
    """What is known on a day: no more than the tests look at."""
    return [day for day in days if today - 200 < day.day <= today]


def together(part: Part, book: Part, changed: Sequence[Day]) -> list[Day]:
    """The whole book with a part's changed days in it."""
    before = {day.day: day for day in part.days}
    after = {day.day: day for day in changed}
    return [
        day._replace(
            missed=tuple(
                m + new - old
                for m, new, old in zip(day.missed, after[day.day].missed, before[day.day].missed, strict=True)
            )
        )
        if day.day in after
        else day
        for day in book.days
    ]


class Half(NamedTuple):
    """Some parts over some of the time."""

    name: str
    parts: list[Part]
    first: int
    last: int

    @property
    def years(self) -> float:
        """Length of the time."""
        return (self.last - self.first + 1) / YEAR_DAYS

    @property
    def starts(self) -> range:
        """On which days strikes begin."""
        return range(self.first + 5, self.last - END_DAYS, STEP_DAYS)


def halves_of(parts: Sequence[Part]) -> list[Half]:
    """Every second part, in the first and in the second half of the time."""
    large = [part for part in parts[1:] if part.due_a_day >= SMALLEST]
    return [Half("chosen on", large[0::2], FIRST, MIDDLE), Half("held out", large[1::2], MIDDLE + 1, LAST)]


def false_alarms(part: Part, book: Part, judge: Judge, first: int, last: int) -> int:
    """How often the real days ring, a fortnight of rings counted once."""
    rang = before = 0
    for today in range(first, last + 1):
        if judge(until(part.days, today), until(book.days, today), today) is not None:
            rang += today - before > WATCHED_DAYS
            before = today
    return rang


def delays(part: Part, book: Part, judge: Judge, share: float, starts: range) -> list[int | None]:
    """Days until each strike is found, from the first due date that it met on; None if not within a fortnight."""
    found = []
    for start in starts:
        chance = random.Random(f"{part.name}/{start}/{share}")
        near = [day for day in part.days if start - 210 < day.day < start + 2 * WATCHED_DAYS]
        changed = struck(near, start, share, chance)
        affected = next((new.day for new, old in zip(changed, near, strict=True) if new != old), None)
        if affected is None:
            continue
        whole = together(
            part._replace(days=near), book._replace(days=until(book.days, start + 2 * WATCHED_DAYS)), changed
        )
        days = range(affected, affected + WATCHED_DAYS)
        rang = (today for today in days if judge(until(changed, today), until(whole, today), today) is not None)
        first = next(rang, None)
        found.append(None if first is None else first - affected + 1)
    return found


def due_dates_needed(part: Part, half: Half, share: float, judged: int) -> float:
    """How many due dates hold enough evidence for the bound, at best (Lorden 1971): what no test can beat by much."""
    exposed, missed = [0] * PROMPTNESS_CLASSES, [0] * PROMPTNESS_CLASSES
    for day in part.days:
        if half.first <= day.day <= half.last:
            exposed = [n + more for n, more in zip(exposed, day.exposed, strict=True)]
            missed = [m + more for m, more in zip(missed, day.missed, strict=True)]
    information = sum(n * _divergence(m / n, share) for n, m in zip(exposed, missed, strict=True) if 0 < m < n)
    return math.log(judged * YEAR_DAYS / sequential.ALARMS_A_YEAR) * sum(exposed) / information


def _divergence(rate: float, share: float) -> float:
    """Kullback-Leibler divergence of a strike by this share of the payers from what is usual, in nats a due date."""
    struck_rate = min(rate + share * (1 - rate), 1 - 1e-9)
    return struck_rate * math.log(struck_rate / rate) + (1 - struck_rate) * math.log((1 - struck_rate) / (1 - rate))


def strikes(console: Console, parts: Sequence[Part], judged: int) -> None:
    """How soon strikes are found, and how often the same parts ring on real days."""
    book = parts[0]
    for half in halves_of(parts):
        table = Table("part", "due a day", "test", "needed for 40%", title=half.name, width=130)
        for title in (*(f"{share:.0%} stop" for share in SHARES), "false a year"):
            table.add_column(title)
        quick = dict.fromkeys(TESTS, 0)
        for part in half.parts:
            needed = due_dates_needed(part, half, 0.4, judged)
            for name, judge in (("sequential", by_class(judged)), ("River", by_counts)):
                found = [delays(part, book, judge, share, half.starts) for share in SHARES]
                quick[name] += sum(delay is not None and delay <= QUICK_DAYS for delay in found[-1])
                rate = false_alarms(part, book, judge, half.first, half.last) / half.years
                own = f"{needed:.0f}, {needed / part.due_a_day:.1f} days"
                table.add_row(part.name, f"{part.due_a_day:.1f}", name, own, *map(_told, found), f"{rate:.1f}")
        console.print(table)
        tried = len(half.parts) * len(half.starts)
        console.print(f"40 % found within {QUICK_DAYS} days: {quick} of {tried}")
        rang = sum(
            false_alarms(part, book, by_class(judged, whole=part is book), half.first, half.last)
            for part in parts[:judged]
        )
        console.print(f"Sequential: {rang} false alarms in {half.years:.1f} years, all {judged} parts together.")


def _told(found: Sequence[int | None]) -> str:
    known = [delay for delay in found if delay is not None]
    quick = sum(delay <= QUICK_DAYS for delay in known)
    return f"{quick} of {len(found)}, median {median(known):.0f}" if known else "none"


def spring(console: Console, events: Sequence[Event], parts: Sequence[Part], judged: int) -> None:
    """The months of 2020: what was due and missed, what broke, and what rang."""
    table = Table("2020", "due", "newly missed", "technical failures", "paid late", "restructured", "parts that rang")
    book = parts[0]
    for month in range(2, 10):
        first, last = dt.date(2020, month, 1), dt.date(2020, month + 1, 1) - dt.timedelta(1)
        of = [day for day in book.days if first.toordinal() <= day.day <= last.toordinal()]
        due, missed = sum(sum(day.exposed) for day in of), sum(sum(day.missed) for day in of)
        told = [event for event in events if first <= event.business_date <= last]
        technical = sum(isinstance(e, PaymentFailed) and e.failure == "TECHNICAL" for e in told)
        late = sum(
            isinstance(e, PaymentReceived) and e.value_date is not None and e.value_date < e.business_date for e in told
        )
        eased = sum(isinstance(e, LoanRestructured) for e in told)
        rang = [part.name for part in parts[:judged] if _rang(part, book, judged, first, last)]
        row = (f"{due:,}", f"{missed / due:.1%}", str(technical), str(late), str(eased), ", ".join(rang) or "none")
        table.add_row(f"{first:%B}", *row)
    console.print(table)


def _rang(part: Part, book: Part, judged: int, first: dt.date, last: dt.date) -> bool:
    judge = by_class(judged, whole=part is book)
    days = range(first.toordinal(), last.toordinal() + 1)
    return any(judge(until(part.days, day), until(book.days, day), day) is not None for day in days)


def main() -> None:
    """Print the tables."""
    events, console = ally.events(), Console(width=130)
    parts = parts_of(events)
    judged = sum(part.due_a_day >= 1 for part in parts)
    spring(console, events, parts, judged)
    strikes(console, parts, judged)


if __name__ == "__main__":
    main()

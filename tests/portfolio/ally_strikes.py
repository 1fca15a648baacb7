"""How soon a coordinated stop-pay in a real part of the Ally loans is found, and how often there is a false alarm.

    python -m tests.portfolio.ally_strikes RECORDS

RECORDS are the folded records of `book` (see `ally_report`, which makes them). Only due dates are taken from them: those
who paid on a real day stop with a chance of the share given, from 40 start dates on. Each day is judged as the monitor
judges it, by the same functions. A strike is found when the alarm comes on one of its days and would not have without it.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from streams.learning import hazard
from streams.portfolio import sequential
from streams.portfolio.book import EXPOSED_BY_CLASS, MISSED_BY_CLASS, PROMPTNESS_CLASSES, BookChanged, Segment
from streams.portfolio.drift import Drift
from streams.portfolio.sequential import Day, Usual
from streams.portfolio.views import label
from tests.portfolio.ally_report import fold, records_of

FIRST, LAST = dt.date(2018, 6, 1).toordinal(), dt.date(2020, 3, 15).toordinal()
STARTS = range(FIRST + 15, LAST - 20, 16)
SHARES = (1.0, 0.6, 0.4)
WATCHED_DAYS = 14
VIEWS = ((), ("region",), ("vintage",))
_PLACE = {name: at for at, name in enumerate((*EXPOSED_BY_CLASS, *MISSED_BY_CLASS))}


class Part(NamedTuple):
    """A part of the book: its days."""

    name: str
    days: list[Day]

    @property
    def due_a_day(self) -> float:
        """Due dates of loans that are current, a day."""
        known = [day for day in self.days if FIRST <= day.day <= LAST]
        return sum(sum(day.exposed) for day in known) / (LAST - FIRST + 1)


def parts_of(changes: Iterable[BookChanged]) -> list[Part]:
    """The days of every part, whole book first, then those with most due dates."""
    counts: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * (2 * PROMPTNESS_CLASSES)))
    corrected: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for change in changes:
        names = {place: labels(segment) for place, segment in enumerate(change.segments)}
        for day, place, flow, count, _ in change.flows:
            if (at := _PLACE.get(flow)) is not None:
                for name in names[place]:
                    counts[name][day][at] += count
        for _, place, missed_on, count, _ in change.corrected:
            for name in names[place]:
                corrected[name][missed_on] += count
    parts = [
        Part(name, [day_of(day, row, corrected[name][day]) for day, row in sorted(days.items())])
        for name, days in counts.items()
    ]
    return sorted(parts, key=lambda part: -part.due_a_day)


def labels(segment: Segment) -> list[str]:
    """The parts that hold a segment."""
    return [label(segment, view) for view in VIEWS]


def day_of(day: int, row: Sequence[int], corrected: int) -> Day:
    """As `sequential.days_of` makes it."""
    missed = list(row[PROMPTNESS_CLASSES:])
    for at in range(PROMPTNESS_CLASSES):
        taken = min(corrected, missed[at])
        missed[at] -= taken
        corrected -= taken
    return Day(day, tuple(row[:PROMPTNESS_CLASSES]), tuple(missed))


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


def false_alarms(part: Part, book: Part, judge: Judge) -> int:
    """How often the real days ring, a fortnight of rings counted once."""
    rang, last = 0, 0
    for today in range(FIRST, LAST + 1):
        if judge(until(part.days, today), until(book.days, today), today) is not None:
            rang += today - last > WATCHED_DAYS
            last = today
    return rang


def delays(part: Part, book: Part, judge: Judge, share: float) -> list[int]:
    """Days until each strike is found: 1 is the close of its first day."""
    found = []
    for start in STARTS:
        chance = random.Random(f"{part.name}/{start}/{share}")
        near = [day for day in part.days if start - 210 < day.day < start + WATCHED_DAYS]
        changed = struck(near, start, share, chance)
        whole = (
            changed
            if part is book
            else together(part._replace(days=near), book._replace(days=until(book.days, start + WATCHED_DAYS)), changed)
        )
        for today in range(start, start + WATCHED_DAYS):
            if judge(until(changed, today), until(whole, today), today) is not None:
                found.append(today - start + 1)
                break
    return found


def main() -> None:
    """Print the tables."""
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    parts = parts_of(change for change in records_of(fold(kept)) if isinstance(change, BookChanged))
    book = parts[0]
    judged = [part for part in parts if part.due_a_day >= 1]
    years = (LAST - FIRST + 1) / 365
    tests: tuple[tuple[str, Callable[[Part], Judge]], ...] = (
        ("by promptness", lambda part: by_class(len(judged), whole=part is book)),
        ("River on counts", lambda part: by_counts),
    )
    console = Console(width=130)
    table = Table("part", "due a day", "test", *(f"{share:.0%} stop" for share in SHARES), "false alarms a year")
    regions = [part for part in judged if "region=" in part.name]
    vintages = [part for part in judged if "vintage=" in part.name]
    for part in (book, *regions[:6], *vintages[:3]):
        for name, make in tests:
            judge = make(part)
            cells = []
            for share in SHARES if part is not book else (0.2, 0.1, 0.05):
                found = delays(part, book, judge, share)
                quick = sum(delay <= 3 for delay in found)
                cells.append(f"{quick} of {len(STARTS)} in 3, median {median(found):.0f}" if found else "none")
            rate = false_alarms(part, book, judge) / years
            table.add_row(part.name, f"{part.due_a_day:.1f}", name, *cells, f"{rate:.1f}")
    console.print(table)
    for name, make in tests:
        rang = sum(false_alarms(part, book, make(part)) for part in judged)
        console.print(f"{name}: {rang} alarms on the real days of {len(judged)} parts, {rang / years:.1f} a year")


if __name__ == "__main__":
    main()

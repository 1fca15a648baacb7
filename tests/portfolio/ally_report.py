"""What the monitor says of the real Ally loans, and of waves and outages put on top of them: a report, not a test.

    python -m tests.portfolio.ally_report [RECORDS]

RECORDS keeps the folded `book` records (about five minutes the first time). Waves and outages change the flows of real
days, not the stock: in a wave, a share of those who paid stops, at once or ever more over a month; in an outage, a processor
fails for one to three days and is made up for with the right value dates two days after the last of them. So what is entered
by growing arrears is not seen here. A person is taken to sign off 20 days after the triggers have gone quiet.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.portfolio import new_monitor
from streams.agents.sequence import Sequencer
from streams.engine.driver import LocalDriver
from streams.events.outputs import DateClosed, PortfolioAlert
from streams.files.assess import feed
from streams.files.events import from_events
from streams.portfolio import stages
from streams.portfolio.book import EXPOSED_BY_CLASS, MISSED_BY_CLASS, BookChanged, Delta, Segment
from streams.portfolio.monitor import Monitor
from streams.portfolio.stages import SIGNED
from streams.risk.tiers import DEFAULT
from streams.sandbox.datasets import ally

_decoder = msgspec.msgpack.Decoder(BookChanged | DateClosed)
STARTS = [dt.date(year, month, 6) for year in (2018, 2019) for month in (3, 5, 7, 9, 11)]
WATCHED_DAYS = 40
DEFERRALS = dt.date(2020, 4, 1)
Change = Callable[[Monitor, int, int], None]


def fold(kept: Path | None) -> list[bytes]:
    """The records of `book` that the whole bundled set gives; kept in a file, or taken from it if it is there."""
    if kept is not None and kept.exists():
        return msgspec.msgpack.decode(kept.read_bytes(), type=list[bytes])
    records: list[bytes] = []
    driver = LocalDriver(
        [Sequencer(1, None), Assessor(1, DEFAULT), LearningAgent()],
        lambda write: records.append(write.value or b"") if write.topic == "book" else None,
    )
    feed(driver, from_events(ally.events()))
    if kept is not None:
        kept.write_bytes(msgspec.msgpack.encode(records))
    return records


def records_of(records: list[bytes]) -> Iterator[BookChanged | DateClosed]:
    """The records, decoded."""
    return map(_decoder.decode, records)


def days(records: list[bytes]) -> Iterator[tuple[list[BookChanged], int]]:
    """Each closed date with the changes before it."""
    changes: list[BookChanged] = []
    for told in records_of(records):
        if isinstance(told, DateClosed):
            yield changes, told.business_date.toordinal()
            changes = []
        else:
            changes.append(told)


def sign(monitor: Monitor) -> None:
    """The person who signs off."""
    for part in monitor.book.parts.values():
        if part.stage.stage in SIGNED and part.stage.quiet >= 20:
            stages.sign_off(part.stage, part.stage.stage, "report")


def wave(share: float, region: str | None, ramp_days: int = 1) -> Change:
    """A share of those who would have paid does not, from its first day on; with a ramp, ever more until it is reached."""

    def change(monitor: Monitor, day: int, since: int) -> None:
        chance = random.Random(f"{since}/{day}/{region}")
        now = share * min(1.0, (day - since + 1) / ramp_days)
        for segment, payers in sorted(payers_of(monitor, day).items()):
            if region is None or segment[4] == region:
                for kind in payers:
                    miss(monitor, day, segment, kind, chance.random() < now)

    return change


def outage(days_down: int) -> Change:
    """A processor refuses 70 % of the debits for some days; the day after the next, all is booked with its value date."""

    def change(monitor: Monitor, day: int, since: int) -> None:
        chance, waiting = random.Random(f"{since}/{day}"), monitor.sums.waiting.setdefault(day, Delta())
        refused = REFUSED.setdefault(since, {})
        if day < since + days_down:
            for segment, payers in sorted(payers_of(monitor, day).items()):
                for kind in payers:
                    if hit := chance.random() < 0.7:
                        refused[day, segment] = refused.get((day, segment), 0) + 1
                        waiting.mark(day, "technical", "acquirer")
                        waiting.mark(day, "received", "ally-2017", -1)
                    miss(monitor, day, segment, kind, hit)
        elif day == since + days_down + 1:
            for (back, segment), count in refused.items():
                waiting.correct(day, segment, back, count=count)
                waiting.mark(day, "received", "ally-2017", count)
                waiting.mark(day, "late", "ally-2017", count)

    return change


#: By start, how many debits were refused by day and segment.
REFUSED: dict[int, dict[tuple[int, Segment], int]] = {}


def payers_of(monitor: Monitor, day: int) -> dict[Segment, list[int]]:
    """The promptness class of each who paid on a day that is not closed yet, by segment."""
    flows = monitor.sums.waiting.get(day, Delta()).flows
    found: dict[Segment, list[int]] = {}
    for (at, segment, name), cell in sorted(flows.items()):
        if at == day and name in EXPOSED_BY_CLASS:
            kind = EXPOSED_BY_CLASS.index(name)
            missed = flows.get((day, segment, MISSED_BY_CLASS[kind]), [0])[0]
            found.setdefault(segment, []).extend([kind] * (cell[0] - missed))
    return found


def miss(monitor: Monitor, day: int, segment: Segment, kind: int, hit: bool) -> None:
    """One who paid has not, if hit."""
    if hit:
        monitor.sums.waiting[day].flow(day, segment, "missed")
        monitor.sums.waiting[day].flow(day, segment, MISSED_BY_CLASS[kind])


def watch(
    monitor: Monitor, stream: list[tuple[list[BookChanged], int]], since: int, change: Change
) -> list[PortfolioAlert]:
    """Let the days after a start pass under a change; returns what was said."""
    said = []
    for changes, date in stream:
        for each in changes:
            monitor.sums.take(each)
        for day in sorted(monitor.sums.waiting):
            if since <= day == date - 1:
                change(monitor, day, since)
        said += monitor.close(date).alerts
        sign(monitor)
    return said


def main() -> None:
    """Print the report."""
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    stream = list(days(fold(kept)))
    starts = {date.toordinal() for date in STARTS}
    monitor, said, before = new_monitor(), list[PortfolioAlert](), dict[int, tuple[int, Monitor]]()
    for place, (changes, date) in enumerate(stream):
        if date in starts:
            before[date] = (place, copy.deepcopy(monitor))
        for each in changes:
            monitor.sums.take(each)
        said += monitor.close(date).alerts
        sign(monitor)
    console = Console(width=150)
    real(console, said)
    injected(console, stream, before, said)


def real(console: Console, said: list[PortfolioAlert]) -> None:
    """What was said of the data as they are."""
    for title, scope in (("the whole book", True), ("regions and vintages", False)):
        table = Table("when", "kind", "raised", "a year", title=f"Real days, {title}")
        for name, first, last in (
            ("June 2017 - May 2018 (young pool)", dt.date(2017, 6, 1), dt.date(2018, 5, 31)),
            ("June 2018 - March 2020", dt.date(2018, 6, 1), dt.date(2020, 3, 31)),
            ("April - December 2020 (deferrals)", DEFERRALS, dt.date(2020, 12, 31)),
        ):
            years = (last - first).days / 365
            for kind in ("DRIFT", "STAGE", "DATA_OR_RAIL_INCIDENT", "TIER_CHANGES_SUMMARY"):
                found = [
                    a for a in said
                    if a.kind == kind and a.state == "RAISED" and first <= a.business_date <= last
                    and (a.segment in {"USD", "*"}) == scope and is_worse(a)
                ]  # fmt: skip
                if found:
                    table.add_row(name, kind, str(len(found)), f"{len(found) / years:.1f}")
        console.print(table)
    for alert in said:
        if alert.business_date >= DEFERRALS - dt.timedelta(60) and alert.segment in {"USD", "*"}:
            console.print(f"{alert.business_date} {alert.kind} {alert.stage}: {alert.text_en}", highlight=False)


WAVES: tuple[tuple[str, str, Change], ...] = (
    ("all of CA stops paying", "USD/region=CA", wave(1.0, "CA")),
    ("60 % of CA stops paying", "USD/region=CA", wave(0.6, "CA")),
    ("40 % of CA stops paying", "USD/region=CA", wave(0.4, "CA")),
    ("unemployment in CA: 40 % after a month", "USD/region=CA", wave(0.4, "CA", 30)),
    ("20 % of the book stops paying", "USD", wave(0.2, None)),
    ("10 % of the book stops paying", "USD", wave(0.1, None)),
    ("unemployment: 20 % of the book after a month", "USD", wave(0.2, None, 30)),
    ("processor down for 1 day", "*", outage(1)),
    ("processor down for 2 days", "*", outage(2)),
    ("processor down for 3 days", "*", outage(3)),
)


def injected(
    console: Console,
    stream: list[tuple[list[BookChanged], int]],
    before: dict[int, tuple[int, Monitor]],
    said: list[PortfolioAlert],
) -> None:
    """How many days after its start each is found, by what, and what stands that should not when an outage is over."""
    columns = ("drift", "days", "stage", "days", "incident", "days", "wrongly raised", "standing at the end")
    table = Table("on top of real days", "starts", *columns, width=150)
    ids = {alert.alert_id for alert in said}
    calm = {start: copy.deepcopy(monitor) for start, (_, monitor) in before.items()}
    for start, monitor in calm.items():
        watch(monitor, stream[before[start][0] : before[start][0] + WATCHED_DAYS + 1], start, lambda *_: None)
    for name, label, change in WAVES:
        delays: dict[str, list[int]] = {"DRIFT": [], "STAGE": [], "DATA_OR_RAIL_INCIDENT": []}
        wrong = standing = 0
        for start, (place, monitor) in sorted(before.items()):
            changed = copy.deepcopy(monitor)
            found = watch(changed, stream[place : place + WATCHED_DAYS + 1], start, change)
            new = [a for a in found if a.alert_id not in ids and a.state == "RAISED" and is_worse(a)]
            for kind in delays:
                own = [a.business_date.toordinal() for a in new if a.kind == kind and a.segment in {label, "*"}]
                delays[kind] += [min(own) - start] if own else []
            if label == "*":
                wrong += sum(a.kind in {"DRIFT", "STAGE"} for a in new)
                standing += left_standing(changed, calm[start])
        row = [cell for each in delays.values() for cell in (str(len(each)), f"{median(each):.0f}" if each else "-")]
        table.add_row(name, str(len(before)), *row, *((str(wrong), str(standing)) if label == "*" else ("-", "-")))
    console.print(table)


def left_standing(changed: Monitor, calm: Monitor) -> int:
    """In how many parts a drift or a worse stage stands that would not, had nothing happened."""
    return sum(
        (bool(part.drift_alert) and not calm.book.parts[name].drift_alert)
        or stages.LEVEL[part.stage.stage] > stages.LEVEL[calm.book.parts[name].stage.stage]
        for name, part in changed.book.parts.items()
    )


def is_worse(alert: PortfolioAlert) -> bool:
    """Whether an alert says that something is worse than before."""
    return alert.kind != "STAGE" or stages.LEVEL[alert.stage] > stages.LEVEL[alert.stage_before]


if __name__ == "__main__":
    main()

"""What the monitor says of the real Ally loans, and of waves and outages put on top of them: a report, not a test.

    python -m tests.portfolio.ally_report [RECORDS]

RECORDS keeps the folded `book` records (about five minutes the first time). Waves and outages change the flows of real
days: in a wave, a share of those who paid stops; in an outage, a processor fails for two days and is made up for on the
fourth. A person is taken to sign off 20 days after the triggers have gone quiet.
"""

from __future__ import annotations

import copy
import datetime as dt
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
from streams.portfolio.book import BookChanged, Delta, Segment
from streams.portfolio.monitor import Monitor
from streams.portfolio.stages import SIGNED
from streams.risk.tiers import DEFAULT
from streams.sandbox.datasets import ally

_decoder = msgspec.msgpack.Decoder(BookChanged | DateClosed)
STARTS = [dt.date(year, month, 6) for year in (2018, 2019) for month in (3, 5, 7, 9, 11)]
WATCHED_DAYS = 30
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


def day_of(monitor: Monitor, day: int) -> dict[Segment, tuple[int, int]]:
    """(exposed, missed) of a day not closed yet, by segment."""
    flows = monitor.sums.waiting.get(day, Delta()).flows
    exposed = {segment: cell[0] for (_, segment, name), cell in flows.items() if name == "exposed"}
    return {segment: (count, flows.get((day, segment, "missed"), [0])[0]) for segment, count in exposed.items()}


def wave(share: float, region: str | None) -> Change:
    """From its first day on, a share of those who would have paid does not."""

    def change(monitor: Monitor, day: int, _since: int) -> None:
        carry = 0.0
        for segment, (exposed, missed) in sorted(day_of(monitor, day).items()):
            if region is None or segment[4] == region:
                carry += (exposed - missed) * share
                more, carry = int(carry), carry % 1
                monitor.sums.waiting[day].flow(day, segment, "missed", count=more)

    return change


def outage(monitor: Monitor, day: int, since: int) -> None:
    """Two days on which a processor refuses 70 % of the debits; made up for on the fourth day."""
    waiting = monitor.sums.waiting.setdefault(day, Delta())
    if day < since + 2:
        for segment, (exposed, missed) in day_of(monitor, day).items():
            more = round((exposed - missed) * 0.7)
            waiting.flow(day, segment, "missed", count=more)
            waiting.mark(day, "technical", "acquirer", max(1, more))
    elif day == since + 3:
        for back in (since, since + 1):
            for segment, (exposed, missed) in STOLEN.get(back, {}).items():
                waiting.correct(day, segment, back, count=round((exposed - missed) * 0.7))


#: (exposed, missed) of changed days, as they really were.
STOLEN: dict[int, dict[Segment, tuple[int, int]]] = {}


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
                STOLEN[day] = day_of(monitor, day)
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
                    and (a.segment in {"USD", "*"}) == scope
                    and (kind != "STAGE" or stages.LEVEL[a.stage] > stages.LEVEL[a.stage_before])
                ]  # fmt: skip
                if found:
                    table.add_row(name, kind, str(len(found)), f"{len(found) / years:.1f}")
        console.print(table)
    for alert in said:
        if alert.business_date >= DEFERRALS - dt.timedelta(60) and alert.segment in {"USD", "*"}:
            console.print(f"{alert.business_date} {alert.kind} {alert.stage}: {alert.text_en}", highlight=False)


def injected(
    console: Console,
    stream: list[tuple[list[BookChanged], int]],
    before: dict[int, tuple[int, Monitor]],
    said: list[PortfolioAlert],
) -> None:
    """Delays of detection, and what an outage raised."""
    table = Table("on top of real days", "starts", "found in 3 days", "in 30 days", "median days", "what it was called")
    for name, label, change in (
        ("all of CA stops paying", "USD/region=CA", wave(1.0, "CA")),
        ("60 % of CA stops paying", "USD/region=CA", wave(0.6, "CA")),
        ("40 % of CA stops paying", "USD/region=CA", wave(0.4, "CA")),
        ("20 % of the whole book stops paying", "USD", wave(0.2, None)),
        ("10 % of the whole book stops paying", "USD", wave(0.1, None)),
        ("processor down for 2 days", "*", outage),
    ):
        delays, kinds = [], set[str]()
        for start, (place, monitor) in sorted(before.items()):
            found = watch(copy.deepcopy(monitor), stream[place : place + WATCHED_DAYS + 1], start, change)
            usual = {alert.alert_id for alert in said}
            new = [a for a in found if a.alert_id not in usual and a.state == "RAISED"]
            kinds |= {a.kind for a in new}
            first = min((a.business_date.toordinal() - start for a in new if a.segment == label), default=None)
            if first is not None:
                delays.append(first)
        quick = sum(delay <= 3 for delay in delays)
        middle = f"{median(delays):.0f}" if delays else "-"
        table.add_row(name, str(len(before)), str(quick), str(len(delays)), middle, ", ".join(sorted(kinds)))
    console.print(table)


if __name__ == "__main__":
    main()

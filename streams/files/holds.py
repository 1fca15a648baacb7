"""Where a replay must wait, so that what the agents decide lands where it does in every run.

After a tick on which labels matured: until the version learned from them is active. After one on which the outage guard
may set or lift a freeze: until it is known whether it did.
The guard also looks at misses, which a file does not show. So the replay waits wherever rails and feeds alone could make
it act: more often than it acts, and never after it has.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from streams.borrower.labels import months_begin_between
from streams.files.events import FileEvent
from streams.portfolio.incident import SETTLE_DAYS, TOGETHER_DAYS, Guard

#: After a suspicion, misses may jump for so many days, and an incident is over so many days after the last one.
_WATCHED_DAYS = TOGETHER_DAYS + SETTLE_DAYS + 1


class Hold(NamedTuple):
    """What to wait for.

    Attributes:
        learned_day: until labels of this day (ordinal) are learned; 0: not.
        judged: until the book is judged, and what the guard says of it is in the journal.
    """

    learned_day: int = 0
    judged: bool = False


def spans(events: list[FileEvent]) -> Iterator[tuple[list[FileEvent], Hold]]:
    """Cut the stream into (events, what to wait for after them)."""
    watched = _watched_days(events)
    span: list[FileEvent] = []
    reached = 0
    for event in events:
        span.append(event)
        if not event.is_tick or event.day <= reached:
            continue
        learned = event.day if reached and months_begin_between(reached, event.day) else 0
        reached = event.day
        if learned or event.day in watched:
            yield span, Hold(learned, event.day in watched)
            span = []
    if span:
        yield span, Hold()


class _Payment(msgspec.Struct):
    """The little of a payment event that makes the guard suspicious."""

    type: str
    source: str
    business_date: dt.date
    value_date: dt.date | None = None
    failure: str = ""
    processor: str | None = None


_payments = msgspec.json.Decoder(_Payment)


def _watched_days(events: Iterable[FileEvent]) -> set[int]:
    """Days that follow a suspicion.

    Days inside an incident are no measure for others, and no incident is known yet: so a day is suspect if it is with
    every day before as a measure, or with those only that were not suspect themselves.
    """
    everything, quiet, watched = Guard(), Guard(), set[int]()
    for day, marks in _marked_days(events):
        for guard in (everything, quiet):
            for (kind, name), count in marks.items():
                guard.note(day, kind, {name: count})
        suspects = everything.pass_day(day) + quiet.pass_day(day)
        if suspects:
            quiet.frozen += range(day, day + SETTLE_DAYS)
            watched.update(range(day + 1, day + 1 + _WATCHED_DAYS))
    return watched


def _marked_days(events: Iterable[FileEvent]) -> Iterator[tuple[int, dict[tuple[str, str], int]]]:
    """Every day, in order, with the marks that `portfolio.booking` makes of its payments."""
    day, marks = 0, dict[tuple[str, str], int]()
    for event in events:
        if event.day != day:
            if day:
                yield day, marks
            day, marks = event.day, {}
        if event.topic == "payments":
            for mark in _marks(_payments.decode(event.value)):
                marks[mark] = marks.get(mark, 0) + 1
    if day:
        yield day, marks


def _marks(payment: _Payment) -> Iterator[tuple[str, str]]:
    if payment.type == "payment_received":
        yield "received", payment.source
        if payment.value_date is not None and payment.value_date < payment.business_date:
            yield "late", payment.source
    elif payment.type == "payment_failed" and payment.failure == "TECHNICAL":
        yield "technical", payment.processor or "-"

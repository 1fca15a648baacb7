"""What is sent while the faults happen: the bundled real loans, re-keyed, with everything that goes wrong at a lender.

Rule 1: a function of (events wanted, seed): a run can be repeated from what it prints.
Rule 2: records that must be refused are marked here, by the one who made them, and not by asking the product.
"""

from __future__ import annotations

import datetime as dt
import functools
import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from streams.events.envelope import BorrowerEvent, Event
from streams.files.events import FileEvent, from_events, tick
from streams.sandbox.datasets import ally

_DUPLICATE, _REORDER, _REVERSAL, _POISON = 0.02, 0.03, 0.01, 0.005
#: How many records a record may be late by, at most, when it is put out of order.
_LATE_RECORDS_MAX = 400
ALL_DAYS = 10_000
_SOURCE = "forewarn.prove"


class Sending(NamedTuple):
    """One record to send. `poison` says that it must become a dead letter, and nothing else."""

    topic: str
    key: bytes | None
    value: bytes | None
    day: int
    poison: bool = False

    @property
    def is_tick(self) -> bool:
        """Whether it advances the business date: then all before it must have arrived."""
        return self.topic == "business-dates" and not self.poison


class Story:
    """The records, told anew by each iteration: a million of them are never in memory at once.

    The counts of what goes wrong are of what was told so far.
    """

    def __init__(self, base: Sequence[FileEvent], copies: int, seed: int) -> None:
        self._base = base
        self._copies = copies
        self._seed = seed
        ticks = sum(event.is_tick for event in base)
        told = (len(base) - ticks) * copies * (1 + _DUPLICATE + _POISON) + ticks + 1
        #: About how many records there are.
        self.expected = round(told)
        self.counts = _counts()

    def __iter__(self) -> Iterator[Sending]:
        teller = _Teller(random.Random(self._seed))
        self.counts = teller.counts
        return teller.tell(copy for event in self._base for copy in _copies(event, self._copies))


def story(events: int, seed: int, days: int = ALL_DAYS) -> Story:
    """Make about `events` records (ticks included).

    Args:
        events: how many.
        seed: of everything that goes wrong.
        days: only the first so many business dates.
    """
    base, copies = _base(events, days)
    return Story(base, copies, seed)


@functools.cache
def _typed() -> list[Event]:
    return ally.events()


def _base(wanted: int, days: int) -> tuple[list[FileEvent], int]:
    """The first loans, as many as are needed, or all of them and under how many names."""
    whole_set = _typed()
    last = whole_set[0].business_date.toordinal() + days
    typed = [event for event in whole_set if event.business_date.toordinal() < last]
    borrowers = sorted({event.borrower_id for event in typed if isinstance(event, BorrowerEvent)})
    each = len(typed) / len(borrowers)
    loans = max(1, round(wanted / each))
    kept = set(borrowers[:loans])
    whole = from_events([e for e in typed if not isinstance(e, BorrowerEvent) or e.borrower_id in kept])
    return whole, max(1, round(loans / len(borrowers)))


def _copies(event: FileEvent, copies: int) -> Iterator[FileEvent]:
    yield event
    if event.borrower_id:
        old = f'"borrower_id":"{event.borrower_id}"'.encode()
        for number in range(1, copies):
            name = f"{event.borrower_id}.{number}"
            new = f'"borrower_id":"{name}"'.encode()
            yield event._replace(borrower_id=name, value=event.value.replace(old, new))


def _counts() -> dict[str, int]:
    return dict.fromkeys(("duplicates", "reordered", "reversals", "poison"), 0)


class _Teller:
    """Adds what goes wrong."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._told = 0
        #: (how many records come before it, a number that keeps the order, the record)
        self._late: list[tuple[int, int, Sending]] = []
        self.counts = _counts()

    def tell(self, base: Iterable[FileEvent]) -> Iterator[Sending]:
        day = 0
        for event in base:
            day = event.day
            while self._late and self._late[0][0] <= self._told:
                yield self._next(heapq.heappop(self._late)[2])
            record = Sending(event.topic, event.key, event.value, event.day)
            if record.is_tick:
                yield self._next(record)
            else:
                yield from self._one(record)
        while self._late:
            yield heapq.heappop(self._late)[2]
        last = tick(day + 1)
        yield Sending(last.topic, last.key, last.value, last.day)

    def _next(self, record: Sending) -> Sending:
        self._told += 1
        return record

    def _postpone(self, kind: str, record: Sending) -> None:
        self.counts[kind] += 1
        at = self._told + self._chance.randrange(1, _LATE_RECORDS_MAX)
        heapq.heappush(self._late, (at, sum(self.counts.values()), record))

    def _one(self, record: Sending) -> Iterator[Sending]:
        draw = self._chance.random
        if draw() < _REORDER:
            self._postpone("reordered", record)
        else:
            yield self._next(record)
        if draw() < _DUPLICATE:
            self._postpone("duplicates", record)
        if draw() < _POISON:
            self.counts["poison"] += 1
            yield self._next(_poisoned(record, self._chance))
        if b'"type":"payment_received"' in (record.value or b"") and draw() < _REVERSAL:
            self._postpone("reversals", _reversal(record))


def _reversal(payment: Sending) -> Sending:
    """The payment goes back, on the day it came."""
    told = msgspec.json.decode(payment.value or b"")
    event = {
        "type": "payment_reversed",
        "event_id": f"{told['event_id']}/reversal",
        "schema_version": 1,
        "source": _SOURCE,
        "occurred_at": told["occurred_at"],
        "business_date": told["business_date"],
        "idempotency_key": f"{told['idempotency_key']}/reversal",
        "borrower_id": told["borrower_id"],
        "payment_id": told["payment_id"],
        "reversal_id": f"{told['payment_id']}/reversal",
    }
    return payment._replace(value=msgspec.json.encode(event))


def _poisoned(record: Sending, chance: random.Random) -> Sending:
    """A record that no sequencer may take, one of many kinds."""
    value = record.value or b""
    date = dt.date.fromordinal(record.day).isoformat().encode()
    kinds: list[tuple[bytes | None, bytes | None]] = [
        (record.key, b"not JSON at all"),
        (record.key, b"\xff\xfe\x00"),
        (record.key, None),
        (record.key, b"[1,2,3]"),
        (record.key, value[: len(value) // 2]),
        (record.key, b'{"type":"moon_phase"}'),
        (record.key, value.replace(b'"schema_version":1', b'"schema_version":7')),
        (record.key, value.replace(date, b"2999-01-01")),
        (record.key, value.replace(b'T12:00:00Z"', b'T12:00:00"')),
        (record.key, value.replace(b'"event_id":', b'"event_number":')),
        (b"someone-else", value),
        (None, value),
    ]
    key, broken = chance.choice(kinds)
    topic = record.topic if broken is None or broken != value or key != record.key else "contacts"
    return Sending(topic, key, broken, record.day, poison=True)

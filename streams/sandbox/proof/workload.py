"""What is sent while the faults happen: the bundled real loans, re-keyed, with everything that goes wrong at a lender.

Rule 1: a function of (events wanted, seed): a run can be repeated from what it prints.
Rule 2: records that must be refused are marked here, by the one who made them, and not by asking the product.
"""

from __future__ import annotations

import datetime as dt
import functools
import random
from collections.abc import Iterator, Sequence
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


class Story(NamedTuple):
    """The records and how many are of each special kind."""

    records: list[Sending]
    duplicates: int
    reordered: int
    reversals: int
    poison: int


def story(events: int, seed: int, days: int = ALL_DAYS) -> Story:
    """Make about `events` records (ticks included).

    Args:
        events: how many.
        seed: of everything that goes wrong.
        days: only the first so many business dates.
    """
    return _Teller(random.Random(seed)).tell(_base(events, days))


@functools.cache
def _typed() -> list[Event]:
    return ally.events()


def _base(wanted: int, days: int) -> list[FileEvent]:
    """The first loans, as many as are needed, or all of them several times under other names."""
    whole_set = _typed()
    last = whole_set[0].business_date.toordinal() + days
    typed = [event for event in whole_set if event.business_date.toordinal() < last]
    borrowers = sorted({event.borrower_id for event in typed if isinstance(event, BorrowerEvent)})
    each = len(typed) / len(borrowers)
    loans = max(1, round(wanted / each))
    kept = set(borrowers[:loans])
    whole = from_events([e for e in typed if not isinstance(e, BorrowerEvent) or e.borrower_id in kept])
    copies = max(1, round(loans / len(borrowers)))
    return [copy for event in whole for copy in _copies(event, copies)]


def _copies(event: FileEvent, copies: int) -> Iterator[FileEvent]:
    yield event
    if event.borrower_id:
        old = f'"borrower_id":"{event.borrower_id}"'.encode()
        for number in range(1, copies):
            name = f"{event.borrower_id}.{number}"
            new = f'"borrower_id":"{name}"'.encode()
            yield event._replace(borrower_id=name, value=event.value.replace(old, new))


class _Teller:
    """Adds what goes wrong."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._counts = dict.fromkeys(("duplicates", "reordered", "reversals", "poison"), 0)

    def tell(self, base: Sequence[FileEvent]) -> Story:
        records: list[Sending] = []
        late: list[tuple[int, Sending]] = []
        for event in base:
            records.extend(record for at, record in late if at <= len(records))
            late = [(at, record) for at, record in late if at > len(records)]
            record = Sending(event.topic, event.key, event.value, event.day)
            if record.is_tick:
                records.append(record)
                continue
            self._one(record, records, late)
        records.extend(record for _, record in late)
        last = tick(base[-1].day + 1)
        records.append(Sending(last.topic, last.key, last.value, last.day))
        return Story(records, **self._counts)

    def _one(self, record: Sending, records: list[Sending], late: list[tuple[int, Sending]]) -> None:
        draw = self._chance.random
        if draw() < _REORDER:
            late.append((len(records) + self._chance.randrange(1, _LATE_RECORDS_MAX), record))
            self._counts["reordered"] += 1
        else:
            records.append(record)
        if draw() < _DUPLICATE:
            late.append((len(records) + self._chance.randrange(1, _LATE_RECORDS_MAX), record))
            self._counts["duplicates"] += 1
        if draw() < _POISON:
            records.append(_poisoned(record, self._chance))
            self._counts["poison"] += 1
        if b'"type":"payment_received"' in (record.value or b"") and draw() < _REVERSAL:
            late.append((len(records) + self._chance.randrange(1, _LATE_RECORDS_MAX), _reversal(record)))
            self._counts["reversals"] += 1


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

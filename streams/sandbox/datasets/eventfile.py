"""Event files: one JSON event a line, in the order of the lender's days, the same bytes on every run.

Within a business date: the date itself first (it says that all earlier days are complete), then loans, payments,
missed installments, contacts; within a topic by borrower, and for one borrower in the order told.
"""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

import msgspec

from streams.events.control import BusinessDateAdvanced
from streams.events.decode import TYPES_BY_TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from streams.events.envelope import Event

_ORDER = ("business-dates", "loans", "payments", "missed-installments", "contacts")
_RANK = {struct: rank for rank, topic in enumerate(_ORDER) for struct in TYPES_BY_TOPIC[topic]}


def ticks(source: str, first: dt.date, last: dt.date) -> Iterator[BusinessDateAdvanced]:
    """One `business_date_advanced` for every day from first to last, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        date = dt.date.fromordinal(ordinal)
        key = f"{source}/date/{date}"
        yield BusinessDateAdvanced(
            event_id=key,
            schema_version=1,
            source=source,
            occurred_at=dt.datetime.combine(date, dt.time(tzinfo=dt.UTC)),
            business_date=date,
            idempotency_key=key,
        )


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sort by business date, topic and borrower; events that tie keep their order."""
    return sorted(events, key=lambda e: (e.business_date, _RANK[type(e)], getattr(e, "borrower_id", "")))


def write(events: Iterable[Event], path: Path) -> int:
    """Write an event file (gzip when the name ends in .gz) and return how many events it holds.

    The gzip header carries neither time nor name, so equal events give equal files.
    """
    encoder = msgspec.json.Encoder()
    lines = [encoder.encode(event) for event in events]
    body = b"\n".join(lines) + b"\n" if lines else b""
    path.write_bytes(gzip.compress(body, compresslevel=6, mtime=0) if path.suffix == ".gz" else body)
    return len(lines)

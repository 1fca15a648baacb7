"""Records made from the published examples, each with one thing changed."""

from __future__ import annotations

import msgspec

from streams.events.catalog import INPUTS
from streams.events.envelope import BorrowerEvent
from streams.events.examples import BY_TYPE

#: 2027-01-01T00:00:00Z: after every example.
TIMESTAMP_MS = 1_798_761_600_000

TOPIC_BY_TYPE = {
    str(message.__struct_config__.tag): channel.topic for channel in INPUTS for message in channel.messages
}


class Absent:
    """Stands for a field that is left out."""


def fields(tag: str, **changes: object) -> dict[str, object]:
    """The example of a type as plain values, with changes; `Absent` leaves a field out."""
    plain = msgspec.to_builtins(BY_TYPE[tag]) | changes
    return {name: value for name, value in plain.items() if value is not Absent}


def value(tag: str, **changes: object) -> bytes:
    """The same as JSON bytes."""
    return msgspec.json.encode(fields(tag, **changes))


def key(tag: str) -> bytes | None:
    """The key that a record of this type must have."""
    event = BY_TYPE[tag]
    return event.borrower_id.encode() if isinstance(event, BorrowerEvent) else None

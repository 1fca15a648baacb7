"""Dropping an event that was taken before, by its idempotency key, inside the row.

A bounded window: keys younger than `KEPT_DAYS`, at most `KEYS_MAX`. Payments are also known by their payment_id for the
ledger's whole window. Entries are 14 bytes: 8 of BLAKE2b over the key, 4 of CRC-32 over the content (without event_id,
which names the sending and not the fact), 2 of the business day modulo 65536.
"""

from __future__ import annotations

import struct
from enum import Enum
from hashlib import blake2b
from zlib import crc32

import msgspec

from streams.events.envelope import Event

KEPT_DAYS = 35
KEYS_MAX = 64
_ENTRY = struct.Struct("<8sIH")
_encoder = msgspec.msgpack.Encoder()
_EVENT_ID = _encoder.encode("event_id")


class Seen(Enum):
    """What the window knows of an event."""

    NEW = 1
    REPEAT = 2
    CONFLICT = 3


def fingerprint(event: Event, day: int) -> bytes:
    """The entry of one event, booked on business day `day`."""
    content = _encoder.encode(event).replace(_EVENT_ID + _encoder.encode(event.event_id), b"", 1)
    key = blake2b(event.idempotency_key.encode(), digest_size=8).digest()
    return _ENTRY.pack(key, crc32(content), day & 0xFFFF)


def look_up(keys: bytes, entry: bytes) -> Seen:
    """Whether an event with this key was taken, and with the same content."""
    start = 0
    while (at := keys.find(entry[:8], start)) >= 0:
        if at % _ENTRY.size == 0:
            return Seen.REPEAT if keys[at + 8 : at + 12] == entry[8:12] else Seen.CONFLICT
        start = at + 1
    return Seen.NEW


def remember(keys: bytes, entry: bytes, today: int) -> bytes:
    """Add an entry and forget those that have left the window."""
    size = _ENTRY.size
    keys = keys[-size * (KEYS_MAX - 1) :] + entry
    while len(keys) > size and (today - int.from_bytes(keys[12:14], "little")) & 0xFFFF > KEPT_DAYS:
        keys = keys[size:]
    return keys

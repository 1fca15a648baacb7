"""The frame of a state row: what the engine must know of a row without decoding it.

    byte 0      version of the body's codec (1 … 255)
    bytes 1-8   offset in the input partition of the last record that touched the row, int64 little endian
    bytes 9-12  wake day (date ordinal; 0 means never), uint32 little endian
    byte 13 …   the body

The offset audits the engine itself (a record at or before it must never reach the row), so it is no part of what is
compared between replays: `body` is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeVar

import msgspec

from streams.engine.errors import Inconsistent, Misconfigured

Decoded = TypeVar("Decoded")
#: What decoding bytes that are no row may raise: nested too deep is no DecodeError, and a wrong value is a ValueError.
UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)

_FRAME = struct.Struct("<BqI")
FRAME_BYTES = _FRAME.size


def pack(version: int, offset: int, wake_day: int, body: bytes) -> bytes:
    """Frame a row's body."""
    return _FRAME.pack(version, offset, wake_day) + body


def unpack(row: bytes) -> tuple[int, int, int, bytes]:
    """Split a row into (version, offset, wake day, body).

    Raises:
        Inconsistent: the row is too short to be one.
    """
    if len(row) < FRAME_BYTES:
        raise Inconsistent(
            f"A state row of {len(row)} bytes is shorter than its frame ({FRAME_BYTES}). "
            "Was the state topic written by something else?"
        )
    version, offset, wake_day = _FRAME.unpack_from(row)
    return version, offset, wake_day, row[FRAME_BYTES:]


def wake_day(row: bytes) -> int:
    """The day on which the row wants to be looked at; 0 is never."""
    return int.from_bytes(row[9:13], "little")


def strip(rows: dict[bytes, bytes], newest: int, next_offset: int) -> dict[int, list[bytes]]:
    """Check every row and replace it by its body, in place: at a million rows a second dictionary would be felt.

    Args:
        rows: key to framed row; key to body when this returns.
        newest: the newest version of the body's codec that is understood.
        next_offset: the committed offset; a row cannot have been touched by a record at or after it.

    Returns:
        The keys to wake, by day.

    Raises:
        Misconfigured: see `check_version`.
        Inconsistent: a row is ahead of what is committed, or no row.
    """
    wakes: dict[int, list[bytes]] = {}
    unpack_from = _FRAME.unpack_from
    for key, row in rows.items():
        if len(row) < FRAME_BYTES:
            unpack(row)
        version, offset, wake_day = unpack_from(row)
        if not 1 <= version <= newest:
            check_version(row, newest, key)
        if offset >= next_offset:
            raise Inconsistent(f"A row was written at offset {offset}, but only {next_offset} is committed.")
        rows[key] = row[FRAME_BYTES:]
        if wake_day:
            wakes.setdefault(wake_day, []).append(key)
    return wakes


def check_version(row: bytes, newest: int, key: bytes) -> None:
    """Refuse a row that a newer Forewarn wrote, before anything is folded or written.

    Raises:
        Misconfigured: this worker is too old for the state.
    """
    if not 1 <= row[0] <= newest:
        raise Misconfigured(
            f"State row {named(key)} has codec version {row[0]}, this worker reads 1 to {newest}. "
            "A newer Forewarn wrote it: upgrade this worker. Nothing was changed."
        )


def named(key: bytes) -> str:
    """A row's key for a log: its hash, for it may be a borrower's id. The rows of agents begin with a zero or are words."""
    return f"blake2b:{blake2b(key, digest_size=8).hexdigest()}"


def damaged(topic: str, partition: int, key: bytes, error: BaseException) -> Misconfigured:
    """What to say of a row whose bytes are none: restarting would read them again."""
    return Misconfigured(
        f"The row with key {named(key)} in {topic}/{partition} cannot be decoded ({error}): it is damaged, or something "
        "else wrote to the topic. Nothing was changed. Put back its last good record, which the topic may still hold, or "
        "restore the topic from a backup; then start the worker again."
    )


def decoded(decode: Callable[[bytes], Decoded], row: bytes, topic: str, partition: int, key: bytes) -> Decoded:
    """The body of a framed row.

    Raises:
        Misconfigured: see `damaged`.
        Inconsistent: the row is shorter than its frame.
    """
    body = unpack(row)[3]
    try:
        return decode(body)
    except UNDECODABLE as error:
        raise damaged(topic, partition, key, error) from error

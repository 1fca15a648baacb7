"""A dead letter as it is shown, exported, corrected and checked: the form of the file that `export` writes.

`value`, `key` and `send_to` are what a person corrects; `value_base64` and `key_base64` are the refused bytes and stay.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from streams.agents import dead_letters as headers
from streams.events.decode import accept
from streams.topics import SEQUENCED

if TYPE_CHECKING:
    from streams.engine.reading import Record

#: A value this long is no event, and no person edits it: it is exported as bytes only.
_TEXT_BYTES_MAX = 1_048_576


class Letter(Struct, kw_only=True, forbid_unknown_fields=True):
    """One refused record.

    Attributes:
        topic: the input topic it was sent to (without prefix).
        partition: where it stands there.
        offset: where it stands there.
        code: why it was refused, for counting.
        reason: why, for people.
        refused_at: when.
        send_to: the topic to send it to: the same, unless that was wrong.
        key: the key as text; None without a key or if it is not UTF-8.
        value: the value: an object if it is a JSON object, else text; None without a value or if it is not UTF-8.
        key_base64: the key's bytes as refused (base64 in the file).
        value_base64: the value's bytes as refused (base64 in the file).
    """

    topic: str
    partition: int
    offset: int
    code: str
    reason: str
    refused_at: dt.datetime
    send_to: str
    key: str | None = None
    value: str | dict[str, Any] | None = None
    key_base64: bytes | None = None
    value_base64: bytes | None = None

    @property
    def place(self) -> str:
        """Its position, for example `payments/2@1234`."""
        return f"{self.topic}/{self.partition}@{self.offset}"


def letter(record: Record) -> Letter:
    """Read a record of the topic dead-letters."""
    said = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    topic = said.get(headers.TOPIC, record.topic)
    return Letter(
        topic=topic,
        partition=int(said.get(headers.PARTITION, record.partition)),
        offset=int(said.get(headers.OFFSET, record.offset)),
        code=said.get(headers.CODE, "foreign"),
        reason=said.get(headers.REASON, "Something other than Forewarn wrote this record to the dead letters."),
        refused_at=dt.datetime.fromtimestamp(record.timestamp_ms / 1000, dt.UTC),
        send_to=topic,
        key=_text(record.key),
        value=_content(record.value),
        key_base64=record.key,
        value_base64=record.value,
    )


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None or len(data) > _TEXT_BYTES_MAX else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _content(value: bytes | None) -> str | dict[str, Any] | None:
    text = _text(value)
    try:
        decoded = msgspec.json.decode(text or "")
    except (msgspec.DecodeError, RecursionError):
        return text
    return decoded if isinstance(decoded, dict) else text


class Corrected(Struct, frozen=True):
    """What a line of the file says is to be sent."""

    topic: str
    key: bytes | None
    value: bytes
    unchanged: bool


def corrected(line: Letter, now_ms: int) -> Corrected:
    """The record to send for a line, checked as the sequencer will check it.

    Args:
        line: as read from the file.
        now_ms: the time of sending, in ms since 1970 (UTC).

    Raises:
        Refusal: it would be refused again; says why.
        ValueError: the line names a topic that takes no events.
    """
    if line.send_to not in SEQUENCED:
        raise ValueError(f"{line.send_to!r} is no input topic. Input topics: {', '.join(SEQUENCED)}.")
    key = line.key_base64 if line.key is None else line.key.encode()
    untouched = line.value == _content(line.value_base64)
    value = line.value_base64 if untouched or line.value is None else _encode(line.value)
    accept(line.send_to, key, value, now_ms)
    assert value is not None, "accept refuses a record without a value"
    unchanged = untouched and key == line.key_base64 and line.send_to == line.topic
    return Corrected(line.send_to, key, value, unchanged)


def _encode(value: str | dict[str, Any]) -> bytes:
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)

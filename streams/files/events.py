"""Reading event files as one stream, in one order that no order of files can change.

Order: business date; a date's tick first; then `occurred_at`, topic, line number, `event_id`. A date without a tick gets
one, from the first event's date to the last, so that a file of bare events ages and matures as live topics would.
"""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.events.decode import TYPES_BY_TOPIC
from streams.events.envelope import Event

_KEY_FIELDS = 5
_TICK = "business_date_advanced"
_TOPIC_OF = {
    str(struct.__struct_config__.tag): topic for topic, structs in TYPES_BY_TOPIC.items() for struct in structs
}
_RANK = {topic: rank for rank, topic in enumerate(TYPES_BY_TOPIC)}


class BadFile(Exception):
    """A file cannot be read as events; the text names the file, the line and what is wrong."""


class _Head(msgspec.Struct):
    """The few fields that order and route a record."""

    type: str
    business_date: dt.date
    occurred_at: str
    event_id: str
    borrower_id: str = ""


class FileEvent(NamedTuple):
    """One record to be: compare by the first five fields."""

    day: int
    occurred_at: str
    rank: int
    line: int
    event_id: str
    topic: str
    borrower_id: str
    value: bytes

    @property
    def is_tick(self) -> bool:
        """Whether it advances the business date."""
        return self.topic == "business-dates"

    @property
    def key(self) -> bytes | None:
        """The record's Kafka key."""
        return self.borrower_id.encode() if self.borrower_id else None


def read(paths: Iterable[Path]) -> list[FileEvent]:
    """Read files (`.gz` allowed) into one ordered list, with a tick for every date.

    Raises:
        BadFile: names the file and line.
    """
    return _whole([event for path in paths for event in _lines(path)])


def from_events(events: Iterable[Event]) -> list[FileEvent]:
    """The same from typed events, as if they stood in one file."""
    encoder, decoder = msgspec.json.Encoder(), msgspec.json.Decoder(_Head)
    place = Path("events")
    return _whole([_event(decoder, encoder.encode(event), place, number) for number, event in enumerate(events, 1)])


def _whole(events: list[FileEvent]) -> list[FileEvent]:
    if not events:
        raise BadFile("There is no event in the given files.")
    events.sort(key=lambda event: event[:_KEY_FIELDS])
    return _with_ticks(events)


def _lines(path: Path) -> Iterator[FileEvent]:
    decoder = msgspec.json.Decoder(_Head)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                value = line.strip()
                if value:
                    yield _event(decoder, value, path, number)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error


def _event(decoder: msgspec.json.Decoder[_Head], value: bytes, path: Path, number: int) -> FileEvent:
    try:
        head = decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}, line {number}: not an event ({error}).") from error
    topic = _TOPIC_OF.get(head.type)
    if topic is None:
        raise BadFile(f"{path}, line {number}: unknown event type {head.type!r}.")
    tick = head.type == _TICK
    occurred_at = "" if tick else head.occurred_at
    return FileEvent(
        head.business_date.toordinal(),
        occurred_at,
        -1 if tick else _RANK[topic],
        number,
        head.event_id,
        topic,
        head.borrower_id,
        value,
    )


def tick(day: int) -> FileEvent:
    """A tick for an ordinal day."""
    date = dt.date.fromordinal(day).isoformat()
    event = {
        "type": _TICK,
        "event_id": f"tick-{date}",
        "schema_version": 1,
        "source": "forewarn.replay",
        "occurred_at": f"{date}T00:00:00Z",
        "business_date": date,
        "idempotency_key": f"tick-{date}",
    }
    return FileEvent(day, "", -1, 0, f"tick-{date}", "business-dates", "", msgspec.json.encode(event))


def _with_ticks(events: list[FileEvent]) -> list[FileEvent]:
    ticked = {event.day for event in events if event.is_tick}
    missing = [tick(day) for day in range(events[0].day, events[-1].day + 1) if day not in ticked]
    if missing:
        events = sorted([*events, *missing], key=lambda event: event[:_KEY_FIELDS])
    return events

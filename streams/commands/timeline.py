"""One borrower's records from the topics, in the order in which they took effect.

The journal's order is the order. Each output names the journal record that caused it and stands right after it, or
before it if it is of an earlier business date: a row passes through the days up to an event before it takes the event.
What a tick caused stands where the tick stood. Only the partitions that can hold the borrower are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec
from msgspec import Struct

from streams.agents import dead_letters
from streams.borrower.shard import SHARD_KEY
from streams.commands.action_lines import gone, measure
from streams.commands.alert_lines import change
from streams.commands.event_words import delinquency, sentence
from streams.engine import reading, source
from streams.engine.errors import Misconfigured
from streams.events.decode import decode
from streams.events.outputs import CollectionAction, CollectionActionWithdrawn, DelinquencyChanged, RiskTierChanged

if TYPE_CHECKING:
    from streams.commands.printing import Segment
    from streams.engine.reading import Place, Record
    from streams.settings import Settings

#: Outputs by topic, in the order in which a fold makes them.
_OUTPUTS = ("delinquency-changes", "risk-tier-changes", "collection-actions")
_REFUSED = "dead-letters"
_alerts = msgspec.json.Decoder(RiskTierChanged)
_changes = msgspec.json.Decoder(DelinquencyChanged)
_actions = msgspec.json.Decoder(CollectionAction | CollectionActionWithdrawn)


class Entry(Struct, frozen=True):
    """One thing that happened.

    Attributes:
        journal_offset: of the journal record that is it or caused it.
        topic: where the record stands.
        business_date: ISO date on which it is booked.
        kind: the record's type.
        text: what happened, as (text, style) segments.
        record: the record itself.
        refused: why it did not count, if it was refused after it had been journaled.
        repeats: an earlier event of the timeline has the same idempotency key.
    """

    journal_offset: int
    topic: str
    business_date: str
    kind: str
    text: tuple[Segment, ...]
    record: msgspec.Raw
    refused: str | None = None
    repeats: bool = False


class Found(Struct):
    """What the topics hold of a borrower."""

    partition: int
    partitions: int
    entries: list[Entry]
    row: bytes | None
    shard: bytes | None
    refused_before: int


def find(settings: Settings, borrower_id: str) -> Found:
    """Read everything about one borrower.

    Raises:
        Misconfigured, Inconsistent: as `reading.read_all`.
    """
    key = borrower_id.encode()
    count = len(reading.places(settings, ["journal"]))
    partition = crc32(key) % count
    places: list[Place] = [("journal", partition), ("state", partition)]
    places += reading.places(settings, [*_OUTPUTS, _REFUSED], key)
    by_topic: dict[str, list[Record]] = {topic: [] for topic, _ in places}
    for record in reading.read(settings, places, until=reading.ends(settings, places), keys=(key, SHARD_KEY)):
        by_topic[record.topic].append(record)
    rows = {record.key: record.value for record in by_topic["state"]}
    refusals = {_origin(record): record for record in by_topic[_REFUSED]}
    seen: set[str] = set()
    entries = [_event(record, refusals, seen) for record in by_topic["journal"]]
    entries += [_output(record, partition) for topic in _OUTPUTS for record in by_topic[topic]]
    entries.sort(key=lambda entry: (entry.journal_offset, entry.business_date, entry.topic != "journal"))
    return Found(partition, count, entries, rows.get(key), rows.get(SHARD_KEY), len(refusals))


def _origin(record: Record) -> tuple[str, int, int]:
    """Where the record of a dead letter stood."""
    said = dict(record.headers)
    at = (said.get(name, b"-1") for name in (dead_letters.PARTITION, dead_letters.OFFSET))
    return (said.get(dead_letters.TOPIC, b"").decode(), *map(int, at))  # type: ignore[return-value]  # two ints


def _event(record: Record, refusals: dict[tuple[str, int, int], Record], seen: set[str]) -> Entry:
    """An entry of the journal; takes its refusal out of `refusals` and adds its idempotency key to `seen`."""
    event = decode(record.value or b"")
    repeats = event.idempotency_key in seen
    seen.add(event.idempotency_key)
    origin = source.parse(record.headers)
    refusal = refusals.pop((origin.topic, origin.partition, origin.offset), None)
    return Entry(
        journal_offset=record.offset,
        topic=record.topic,
        business_date=event.business_date.isoformat(),
        kind=str(event.__struct_config__.tag),
        text=((sentence(event), ""),),
        record=msgspec.Raw(record.value or b"null"),
        refused=None if refusal is None else _reason(refusal),
        repeats=repeats and refusal is None,
    )


def _reason(refusal: Record) -> str:
    return dict(refusal.headers)[dead_letters.REASON].decode()


def _output(record: Record, partition: int) -> Entry:
    body: dict[str, Any] = msgspec.json.decode(record.value or b"{}")
    return Entry(
        journal_offset=_caused_by(record, partition),
        topic=record.topic,
        business_date=str(body.get("business_date", "")),
        kind=str(body.get("type", record.topic)),
        text=tuple(_output_text(record)),
        record=msgspec.Raw(record.value or b"null"),
    )


def _caused_by(record: Record, partition: int) -> int:
    for name, value in record.headers:
        if name == "journal":
            caused_in, _, offset = value.decode().partition("/")
            if int(caused_in) != partition:
                raise Misconfigured(
                    f"A record of {record.topic} comes from journal partition {caused_in}, but the borrower belongs to "
                    f"{partition}: the journal's number of partitions was changed, which it must not be."
                )
            return int(offset)
    raise Misconfigured(f"A record of {record.topic} has no journal header: something other than Forewarn wrote it.")


def _output_text(record: Record) -> list[Segment]:
    match record.topic:
        case "risk-tier-changes":
            return change(_alerts.decode(record.value or b""))
        case "delinquency-changes":
            return [(delinquency(_changes.decode(record.value or b"")), "")]
        case "collection-actions":
            said = _actions.decode(record.value or b"")
            return gone(said) if isinstance(said, CollectionActionWithdrawn) else measure(said)
        case other:
            raise AssertionError(f"{other} is not read")

"""One event's way through the topics: input, journal, refusal, row, outputs, evidence.

Nothing is guessed: each step names the one before it. A journal record has the place of its input in the header `src`, an
output that of its journal record in the header `journal`, a dead letter that of what was refused, an entry of the evidence
log that of the record it keeps. The journal is kept for ever and is searched first; inputs and outputs are there for as
long as their topics keep them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from zlib import crc32

import msgspec
from msgspec import Struct

from streams.agents import dead_letters
from streams.engine import reading, rows, source
from streams.engine.reading import Place, Record
from streams.settings import Settings
from streams.topics import BROADCAST, SEQUENCED

OUTPUTS = ("delinquency-changes", "risk-tier-changes", "collection-actions")
_REFUSED = "dead-letters"


class Step(Struct, frozen=True):
    """One place on the way.

    Attributes:
        stage: input, journal, refused, state, output, evidence.
        topic: where it stands; for evidence, where the record it keeps stands.
        partition: of it.
        offset: of it.
        timestamp_ms: Kafka's, 0 where there is none.
        note: what there is to say for a person.
        record: the record's JSON, or null.
    """

    stage: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    note: str
    record: msgspec.Raw

    @property
    def place(self) -> str:
        """As people write it: topic/partition@offset."""
        return f"{self.topic}/{self.partition}@{self.offset}"


class _Head(Struct):
    event_id: str = ""
    borrower_id: str = ""
    loan_id: str = ""


_heads = msgspec.json.Decoder(_Head)


def trace(settings: Settings, event_id: str, borrower_id: str = "") -> list[Step]:
    """Follow an event.

    Args:
        settings: which cluster, and where the evidence log is.
        event_id: as the producer sent it.
        borrower_id: whose it is, if known: then only the partitions that can hold it are read.

    Raises:
        Misconfigured, Inconsistent: as `reading.read_all`.
    """
    key = borrower_id.encode() or None
    journaled = _search(settings, _journal_places(settings, key), event_id)
    inputs = _search(settings, reading.places(settings, SEQUENCED, key), event_id)
    if not journaled and not inputs:
        return []
    steps = [_step("input", record, "") for record in inputs]
    steps += [_step("journal", record, _from(record)) for record in journaled]
    origins = {(r.topic, r.partition, r.offset) for r in inputs} | {_origin(record) for record in journaled}
    borrower = borrower_id or next((head.borrower_id for head in map(_head, (*journaled, *inputs))), "")
    own = borrower.encode() or None
    steps += _refusals(settings, origins)
    if journaled:
        causes = {(record.partition, record.offset) for record in journaled}
        outputs = _outputs(settings, causes, own)
        steps += _rows(settings, journaled, own)
        steps += outputs
        steps += _evidence(settings, [record for record in steps if record.stage in {"journal", "output"}], borrower)
    return steps


def _journal_places(settings: Settings, key: bytes | None) -> list[Place]:
    places = reading.places(settings, ["journal"])
    return places if key is None else [("journal", crc32(key) % len(places))]


def _search(settings: Settings, places: Sequence[Place], event_id: str) -> list[Record]:
    """Records whose event_id it is. Looked for as bytes first: decoding all would take ten times as long."""
    needle = msgspec.json.encode(event_id)[1:-1]
    found = [record for record in _all(settings, places) if record.value and needle in record.value]
    return [record for record in found if _head(record).event_id == event_id]


def _all(settings: Settings, places: Sequence[Place], keys: Iterable[bytes] | None = None) -> Iterator[Record]:
    ends = reading.ends(settings, places)
    return reading.read(settings, places, until=ends, keys=None if keys is None else list(keys))


def _head(record: Record) -> _Head:
    try:
        return _heads.decode(record.value or b"{}")
    except msgspec.MsgspecError:
        return _Head()  # an input that is no event: it was refused


def _origin(record: Record) -> tuple[str, int, int]:
    at = source.parse(record.headers)
    return at.topic, at.partition, at.offset


def _from(record: Record) -> str:
    at = source.parse(record.headers)
    everywhere = ", as in every partition" if at.topic in BROADCAST else ""
    return f"from {at.topic}/{at.partition}@{at.offset}, its record number {at.count} here{everywhere}"


def _refusals(settings: Settings, origins: set[tuple[str, int, int]]) -> list[Step]:
    found = []
    for record in _all(settings, reading.places(settings, [_REFUSED])):
        said = {name: value.decode() for name, value in record.headers}
        topic, partition, offset = (said.get(n, "-1") for n in _AT)
        if (topic, int(partition), int(offset)) in origins:
            note = f"{said.get(dead_letters.CODE, '')}: {said.get(dead_letters.REASON, '')}"
            found.append(_step("refused", record, note))
    return found


_AT = (dead_letters.TOPIC, dead_letters.PARTITION, dead_letters.OFFSET)


def _outputs(settings: Settings, causes: set[tuple[int, int]], key: bytes | None) -> list[Step]:
    keys = None if key is None else [key]
    records = _all(settings, reading.places(settings, OUTPUTS, key), keys)
    found = [record for record in records if _cause(record) in causes]
    found.sort(key=lambda record: (OUTPUTS.index(record.topic), record.partition, record.offset))
    return [_step("output", record, "") for record in found]


def _cause(record: Record) -> tuple[int, int] | None:
    for name, value in record.headers:
        if name == "journal":
            partition, _, offset = value.decode().partition("/")
            return int(partition), int(offset)
    return None


def _rows(settings: Settings, journaled: Sequence[Record], key: bytes | None) -> list[Step]:
    """The first row of the borrower that holds the event, if compaction has left it; else a later one."""
    if key is None:
        return []
    found = []
    for event in journaled:
        for record in _all(settings, [("state", event.partition)], [key]):
            if record.value is not None and rows.unpack(record.value)[1] >= event.offset:
                through, size = rows.unpack(record.value)[1], len(record.value)
                note = f"the borrower's row, {size} bytes, with everything up to journal offset {through}"
                found.append(Step("state", "state", record.partition, record.offset, record.timestamp_ms, note, _NULL))
                break
    return found


_NULL = msgspec.Raw(b"null")


def _step(stage: str, record: Record, note: str) -> Step:
    value = record.value or b"null"
    try:
        msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = b"null"
    return Step(stage, record.topic, record.partition, record.offset, record.timestamp_ms, note, msgspec.Raw(value))


def _evidence(settings: Settings, kept: Sequence[Step], borrower: str) -> list[Step]:
    """Entries that keep these records, with the size of the checkpoint that first covers them."""
    directory = Path(settings.evidence_dir)
    if not (directory / "log.json").exists():
        return []
    from streams.evidence.entry import LOG_CHAIN, POLICY_CHAIN, borrower_chain, loan_chain
    from streams.evidence.signing import CheckpointFile
    from streams.evidence.store import EvidenceLog

    wanted = {(step.topic, step.partition, step.offset) for step in kept}
    loans = {_heads.decode(step.record).loan_id for step in kept} - {""}
    chains = [loan_chain(loan) for loan in sorted(loans)]
    chains += [borrower_chain(borrower)] if borrower else [LOG_CHAIN, POLICY_CHAIN]
    with EvidenceLog(directory) as log:
        sizes = CheckpointFile(directory / "checkpoints.jsonl").sizes()
        leaves = [leaf for chain in chains for leaf in log.chain(chain)]
    found = []
    for entry in sorted(map(_entries.decode, leaves), key=lambda entry: entry.index):
        if entry.source and (entry.source.topic, entry.source.partition, entry.source.offset) in wanted:
            after = bisect_right(sizes, entry.index)
            signed = f"signed by the checkpoint of size {sizes[after]}" if after < len(sizes) else "not signed yet"
            note = (
                f"entry {entry.index} of the evidence log, number {entry.chain.sequence} of {entry.chain.id}; {signed}"
            )
            at = entry.source
            found.append(Step("evidence", at.topic, at.partition, at.offset, 0, note, _NULL))
    return found


class _Chain(Struct):
    id: str
    sequence: int


class _Source(Struct):
    topic: str
    partition: int
    offset: int


class _Entry(Struct):
    index: int
    chain: _Chain
    source: _Source | None = None


_entries = msgspec.json.Decoder(_Entry)

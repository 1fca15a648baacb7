"""preserve: keep every journal event, alert, bucket change, action, portfolio alert and refusal as evidence, exactly once.

Rule 1: the log is synced before the offsets are committed. The log knows each partition's position, written with the
entries, so what is read again after a crash in between changes nothing.
Rule 2: an output is kept after the journal record that caused it; till then it waits. Within a batch, records follow
their Kafka time.
Rule 3: one worker, since the log is one directory on one machine. Until every partition is ours nothing is kept, and
if that lasts the process ends: half a log would look like a whole one.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from streams.agents import dead_letters
from streams.engine import source
from streams.engine.errors import Inconsistent, Misconfigured
from streams.engine.restore import Rows
from streams.engine.writes import Writes
from streams.evidence.clock import clock_status
from streams.evidence.entry import Entry, Kind, Source, entry_from_record, instant
from streams.evidence.errors import EvidenceError, StoreWriteError
from streams.evidence.signing import CheckpointSigner
from streams.evidence.store import EvidenceLog
from streams.topics import BROADCAST

#: What each topic is evidence of, and which part of the system wrote it where the record does not say.
KINDS = {
    "journal": (Kind.EVENT, "forewarn.sequence"),
    "risk-tier-changes": (Kind.ALERT, "forewarn.assess"),
    "delinquency-changes": (Kind.DELINQUENCY, "forewarn.assess"),
    "collection-actions": (Kind.ACTION, "forewarn.assess"),
    "portfolio-alerts": (Kind.PORTFOLIO_ALERT, "forewarn.portfolio"),
    "dead-letters": (Kind.REFUSAL, "forewarn.sequence"),
}
#: Journal events that are more than events: what kind of evidence they are.
_KIND_BY_TYPE = {
    "policy_activated": Kind.POLICY_ACTIVATION,
    "legal_step_decided": Kind.HUMAN_DECISION,
    "gate_consulted": Kind.DECISION,
}
_RANK = {topic: rank for rank, topic in enumerate(KINDS)}
#: At most so much is unsigned: a minute, or what a busy minute of a large lender brings.
CHECKPOINT_S = 60.0
CHECKPOINT_ENTRIES_MAX = 10_000
#: Records wait so long for company: each batch costs a sync and a transaction, and evidence need not be instant.
LINGER_S = 0.25
#: How a Kafka timestamp came about, by its type.
_STAMPS = {0: "kafka create time", 1: "kafka append time"}

#: (topic, partition)
Place = tuple[str, int]


class Preserver:
    """The processor. Its state is the log itself."""

    inputs = tuple(KINDS)
    state_topic = None

    def __init__(
        self,
        log: EvidenceLog,
        signer: CheckpointSigner,
        partitions: Mapping[str, int],
        patience_s: float,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read yet.

        Args:
            partitions: how many each input topic has.
            patience_s: how long some of them may be somebody else's, as while a dead worker's session runs out.
        """
        self._log = log
        self._signer = signer
        self._expected = sum(partitions[topic] for topic in self.inputs)
        self._patience_s = patience_s
        self._now = now
        self._monotonic = monotonic
        self._taken: dict[Place, int] = {}
        self._batch = _Batch()
        self._note: bytes | None = None
        self._signed_at = -CHECKPOINT_S
        self._signed_size = 0
        self._lacking_since: float | None = None
        self._finished_at = -LINGER_S

    @property
    def entries(self) -> int:
        """How many entries are in the log."""
        return self._log.size

    @property
    def signed_entries(self) -> int:
        """How many of them the last checkpoint of this process covers."""
        return self._signed_size

    def state_partition(self, topic: str, partition: int) -> int:
        """There are no rows."""
        raise AssertionError("preserve has no state topic")

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """Go on where the log ends, which is at or past what was committed.

        Raises:
            Misconfigured: the log lacks what was committed as kept.
        """
        position = self._log.position(topic, partition)
        if position < next_offset - 1:
            raise Misconfigured(
                f"The evidence log in {self._log.directory} ends at offset {position} of {topic}/{partition}, but up to "
                f"{next_offset - 1} was committed as kept. This is an older copy, or another machine's log: restore "
                "the right one. Nothing was appended."
            )
        self._taken[topic, partition] = position
        self._note = self._signer.file.last()  # maybe it was signed but never published

    def closed(self, topic: str, partition: int) -> None:
        """Forget a partition. What was taken is in the log: a batch is folded and finished in one go."""
        self._taken.pop((topic, partition), None)

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """Take records up to the first whose cause is not kept yet."""
        if len(self._taken) < self._expected or self._monotonic() - self._finished_at < LINGER_S:
            return 0
        place, taken = (topic, partition), 0
        for record in records:
            cause = None if topic == "journal" else _cause(record.headers)
            if cause is not None and cause[1] > self._taken["journal", cause[0]]:
                break
            if record.offset > self._taken[place]:
                self._batch.take(place, record, cause)
                self._taken[place] = record.offset
            taken += 1
        return taken

    def finish(self, writes: Writes) -> None:
        """Append the batch, synced; the offsets are committed after this, together with the newest checkpoint.

        Raises:
            Inconsistent: the disk refused; after a restart the same records come again.
            Misconfigured: the log must not be appended to.
        """
        batch, self._batch = self._batch, _Batch()
        try:
            self._log.append(batch.entries(clock_status()), batch.positions)
        except StoreWriteError as error:
            raise Inconsistent(str(error)) from error
        except EvidenceError as error:
            raise Misconfigured(str(error)) from error
        self._finished_at = self._monotonic()
        if self._note is not None:
            writes.add("evidence", None, self._note, partition=0)
            self._note = None

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """Everything taken is in the log."""
        return next_offset

    async def between_batches(self) -> bool:
        """Sign a checkpoint when one is due, and give up when another worker holds some of the partitions.

        Returns:
            Whether a note waits to be published: on quiet topics it has no batch to go with.
        """
        self._check_alone()
        unsigned = self._log.size - self._signed_size
        due = self._monotonic() - self._signed_at >= CHECKPOINT_S or unsigned >= CHECKPOINT_ENTRIES_MAX
        if self._taken and unsigned and due:
            self._sign()
        return self._note is not None and len(self._taken) == self._expected

    def _sign(self) -> None:
        try:
            signed = self._signer.sign(self._now())
        except StoreWriteError as error:
            raise Inconsistent(str(error)) from error
        except EvidenceError as error:
            raise Misconfigured(str(error)) from error
        self._signed_at, self._signed_size, self._note = self._monotonic(), signed.checkpoint.size, signed.note

    def _check_alone(self) -> None:
        lacking = self._expected - len(self._taken)
        if not self._taken or lacking <= 0:
            self._lacking_since = None
            return
        if self._lacking_since is None:
            self._lacking_since = self._monotonic()
        if self._monotonic() - self._lacking_since > self._patience_s:
            raise Misconfigured(
                f"Another worker preserves {lacking} of the {self._expected} partitions. preserve is one worker, for "
                "its log is one directory on one machine: stop the other one."
            )


class _Batch:
    """Records that go into the log together."""

    def __init__(self) -> None:
        self.positions: dict[Place, int] = {}
        self._rows: list[tuple[tuple[int, int, int, int], Any]] = []
        self._latest_ms: dict[Place, int] = {}
        self._journal_ms: dict[tuple[int, int], int] = {}

    def take(self, place: Place, record: Any, cause: tuple[int, int] | None) -> None:
        """Add a record, or only its position if it is no evidence or another partition's copy is.

        Its place in the batch is by time, but never before the record ahead of it in its partition, nor before its
        cause, whatever the clocks of their writers said.
        """
        topic, partition = place
        self.positions[place] = record.offset
        moment_ms = max(record.timestamp, self._latest_ms.get(place, 0), self._journal_ms.get(cause or (-1, -1), 0))
        self._latest_ms[place] = moment_ms
        if topic == "journal":
            self._journal_ms[partition, record.offset] = moment_ms
        if (record.value is not None or topic == "dead-letters") and not _is_copy(place, record):
            self._rows.append(((moment_ms, _RANK[topic], partition, record.offset), record))

    def entries(self, host_clock: str) -> list[Entry]:
        """What goes into the log, in order."""
        self._rows.sort(key=lambda row: row[0])
        topics = tuple(KINDS)
        return [_entry(topics[rank], partition, record, host_clock) for (_, rank, partition, _), record in self._rows]


def _is_copy(place: Place, record: Any) -> bool:
    """Whether this is a copy of an event that stands in every partition of the journal; that of partition 0 is kept."""
    topic, partition = place
    return topic == "journal" and partition > 0 and source.parse(record.headers).topic in BROADCAST


def _cause(headers: Sequence[tuple[str, bytes]]) -> tuple[int, int] | None:
    """Partition and offset of the journal record that an output follows from."""
    for name, value in headers:
        if name == "journal":
            partition, _, offset = value.decode().partition("/")
            return int(partition), int(offset)
    return None


def _refusal(record: Any) -> dict[str, Any]:
    """What a dead letter says, and the digest of the bytes it is about: whoever kept them can show that these they are.

    The bytes and the reason may hold anything that anybody sent, and there is nobody on whose request they could be
    erased, so they stay on the topic.
    """
    said = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    value = record.value or b""  # a tombstone is refused, too
    return {
        "type": "dead_letter",
        "topic": said.get(dead_letters.TOPIC, ""),
        "partition": int(said.get(dead_letters.PARTITION, -1)),
        "offset": int(said.get(dead_letters.OFFSET, -1)),
        "code": said.get(dead_letters.CODE, ""),
        "value_sha256": sha256(value).hexdigest(),
        "value_bytes": len(value),
    }


def _entry(topic: str, partition: int, record: Any, host_clock: str) -> Entry:
    kind, writer = KINDS[topic]
    body = _refusal(record) if kind is Kind.REFUSAL else msgspec.json.decode(record.value)
    if topic == "journal":
        kind = _KIND_BY_TYPE.get(str(body.get("type")), kind)
        writer = str(body.get("decided_by" if kind is Kind.HUMAN_DECISION else "source") or writer)
    return entry_from_record(
        kind,
        body,
        Source(topic=topic, partition=partition, offset=record.offset),
        instant(dt.datetime.fromtimestamp(record.timestamp / 1000, dt.UTC)),
        writer,
        f"{_STAMPS.get(record.timestamp_type, 'kafka time')}; preserving host {host_clock}",
    )

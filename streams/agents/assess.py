"""assess: fold the journal, one shard a partition, and say what follows. All of a batch in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from streams.agents import dead_letters
from streams.borrower import state
from streams.borrower.context import Context, Refused
from streams.borrower.shard import (
    POLICY_KEY,
    POLICY_VERSION,
    SHARD_KEY,
    SHARD_VERSION,
    UNBOUNDED,
    Damaged,
    Shard,
    ShardRow,
)
from streams.collections.policies import Policies
from streams.engine import rows as frame
from streams.engine import source
from streams.engine.errors import Inconsistent
from streams.engine.restore import Rows
from streams.engine.writes import Headers, Writes
from streams.events import control
from streams.events.decode import decode
from streams.events.envelope import BorrowerEvent, Event
from streams.events.outputs import DateClosed, LabelMatured, MeasureConcluded
from streams.events.portfolio import ProposalDecided, ReserveStated, StageSignedOff
from streams.risk.heads import Weights
from streams.risk.tiers import Policy

#: Told of each month-end score, see `Context.score`.
Score = Callable[[str, int, tuple[int, ...], int, int, bytes], None]

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()
_shard_row = msgspec.msgpack.Decoder(ShardRow)


def rows_at_once(batch_records_max: int) -> int:
    """How many rows a date may wake in one batch: a row is as much work as two records, and writes more."""
    return max(1, batch_records_max // 4)


class _Partition:
    """One shard, the audit of its journal partition, and where its outputs go."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        policy: Policy,
        count: Callable[[str], None],
        score: Score | None,
    ) -> None:
        self.partition = partition
        self._partitions = partitions
        self._count = count
        self._score = score
        self._writes = Writes()
        self._headers: Headers = []
        self.offset = -1
        self.shard = Shard(policy, self._context)
        self.continuity = source.Continuity(self.shard.own.counts)

    def _context(self, weights: Weights, policy: Policy) -> Context:
        return Context(weights, policy, self._emit, self._label, self._count, self._score, self._label)

    def _emit(self, topic: str, output: Any) -> None:
        self._writes.add(topic, output.borrower_id.encode(), _json.encode(output), headers=self._headers)

    def _label(self, label: LabelMatured | MeasureConcluded) -> None:
        self._writes.add("labels", label.borrower_id.encode(), _msgpack.encode(label), partition=0)

    def restore(self, rows: Rows, next_offset: int) -> None:
        own, policies = rows.pop(SHARD_KEY, None), rows.pop(POLICY_KEY, None)
        wakes = frame.strip(rows, state.VERSION, next_offset)
        shard, pack = None, None
        if own is not None:
            frame.check_version(own, SHARD_VERSION, SHARD_KEY)
            shard = frame.decoded(_shard_row.decode, own, "state", self.partition, SHARD_KEY)
        if policies is not None:
            frame.check_version(policies, POLICY_VERSION, POLICY_KEY)
            pack = frame.decoded(Policies.decode, policies, "state", self.partition, POLICY_KEY)
        self.shard.restore(rows, wakes, shard, pack)
        self.continuity = source.Continuity(self.shard.own.counts)
        self.offset = next_offset - 1

    def fold(self, record: Any, writes: Writes, rows_max: int) -> int:
        """Fold one record, or wake at most `rows_max` rows of a business date; `offset` says whether it is done.

        Returns:
            How many rows a date has woken.
        """
        if record.offset <= self.offset:
            raise Inconsistent(f"Journal offset {record.offset} came again after {self.offset}.")
        origin = source.parse(record.headers)
        self.continuity.check(origin, record.offset)
        self._writes = writes
        self._headers = [("journal", b"%d/%d" % (self.partition, record.offset))]
        event = decode(record.value)
        woken = 0
        if isinstance(event, control.BusinessDateAdvanced):
            day = event.business_date
            woken = self.shard.tick(day.toordinal(), rows_max)
            if not self.shard.has_begun(day.toordinal()):
                return woken
            self._close_date(day)
        else:
            self._decide(record, origin, event)
        self.continuity.note(origin)
        self.offset = record.offset
        return woken

    def _decide(self, record: Any, origin: source.Source, event: Event) -> None:
        weights = self.shard.own.weights
        try:
            self.shard.fold(event)
        except Refused as refused:
            self._refuse(record, origin, event, refused)
        if self.shard.own.weights is not weights:
            self.shard.own.active_since = record.offset
        if self.partition == 0 and isinstance(event, ReserveStated | StageSignedOff | ProposalDecided):
            self._writes.add("book", None, _msgpack.encode(event), partition=0)

    def _refuse(self, record: Any, origin: source.Source, event: Event, refused: Refused) -> None:
        """An event without a borrower is in every partition; the first one writes the dead letter for all."""
        self._count(refused.code)
        if isinstance(event, BorrowerEvent) or self.partition == 0:
            dead_letters.write(
                self._writes,
                origin.topic,
                origin.partition,
                origin.offset,
                record.key,
                record.value,
                refused.code,
                refused.reason,
            )

    def _close_date(self, day: dt.date) -> None:
        closed = _msgpack.encode(DateClosed(partition=self.partition, partitions=self._partitions, business_date=day))
        self._writes.add("labels", None, closed, partition=0)
        self._write_book(self._writes)
        self._writes.add("book", None, closed, partition=0)

    def _write_book(self, writes: Writes) -> None:
        if self.shard.book:
            writes.add("book", None, _msgpack.encode(self.shard.book.take(self.partition)), partition=0)

    def finish(self, writes: Writes) -> None:
        self.shard.mark_own()
        for row in self.shard.flush():
            framed = frame.pack(row.version, self.offset, row.wake_day, row.body)
            writes.add("state", row.key, framed, partition=self.partition)
        self._write_book(writes)


class Assessor:
    """The processor: a shard for each partition of the journal."""

    inputs = ("journal",)
    state_topic = "state"

    def __init__(
        self,
        partitions: int,
        policy: Policy,
        count: Callable[[str], None] = lambda name: None,
        score: Score | None = None,
        rows_max: int = UNBOUNDED,
    ) -> None:
        """Opens nothing yet.

        Args:
            partitions: of the journal.
            policy: of the tiers.
            count: told the names of what is worth counting.
            score: told of each month-end score.
            rows_max: how many rows the dates of one batch may wake. On a month's first day every row wakes: what a
                partition of a million has to say does not fit into a transaction, and live events of other partitions
                would wait for it.
        """
        self._partitions = partitions
        self._rows_max = self._rows_left = rows_max
        self._policy = policy
        self._count = count
        self._score = score
        self._open: dict[int, _Partition] = {}
        self._folded: set[int] = set()

    def shards(self) -> dict[int, Shard]:
        """The open shards by partition (a copy, for metrics)."""
        return {partition: opened.shard for partition, opened in self._open.copy().items()}

    def state_partition(self, topic: str, partition: int) -> int:
        """A borrower's row lives in the partition of its records."""
        return partition

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """Take over a partition with the rows as of `next_offset`."""
        opened = _Partition(partition, self._partitions, self._policy, self._count, self._score)
        opened.restore(rows, next_offset)
        self._open[partition] = opened

    def closed(self, topic: str, partition: int) -> None:
        """Forget a partition."""
        self._open.pop(partition, None)
        self._folded.discard(partition)

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """Fold records; stop at a date that wakes more rows than the batch has room for."""
        opened, taken = self._open[partition], 0
        for record in records:
            try:
                woken = opened.fold(record, writes, self._rows_left)
            except Damaged as error:
                raise frame.damaged("state", partition, error.key, error.__cause__ or error) from error
            self._rows_left -= woken
            if opened.offset != record.offset:
                writes.touched |= woken > 0
                break
            taken += 1
        if taken or writes.touched:
            self._folded.add(partition)
        return taken

    def finish(self, writes: Writes) -> None:
        """Write the touched rows of every partition that was folded."""
        for partition in sorted(self._folded):
            self._open[partition].finish(writes)
        self._folded.clear()
        self._rows_left = self._rows_max

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """Everything folded is in the rows."""
        return next_offset

    async def between_batches(self) -> None:
        """Nothing to wait for."""

"""The loop of every agent: take what is waiting, fold it, commit it in one transaction, repeat.

Rules, each paid for (docs/guarantees.md):
1. A commit carries the generation under which its partitions were *assigned*, never the one current when it is sent.
2. Only an assignment opens a partition; leftover batches of a revoked one are dropped.
3. Rows in memory survive a rebalance only if this worker was a member of the very previous generation: after a missed
   one somebody else may have written.
4. Every batch must continue where the fold stands: overlap is cut; beyond a hole nothing is folded, and one that stays
   ends the process. (Around a rebalance a batch of the old generation may still come, before the right one.)
5. Whatever is not understood ends the process. The next one restores from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from streams.engine import groups
from streams.engine.errors import Fenced, Inconsistent
from streams.engine.faust_app import Membership, Worker
from streams.engine.processor import Processor
from streams.engine.restore import Restorer
from streams.engine.transactions import Partition, Transactions
from streams.engine.watch import Watch
from streams.engine.writes import Writes
from streams.settings import Settings

log = logging.getLogger("forewarn.engine")

#: How long an idle loop waits before it looks at its membership again.
_IDLE_S = 0.05
#: How soon records that were held back are offered again: at first, and at last, for each offer asks the cluster.
_HELD_S = (0.002, 0.02)
#: How long a hole may stand: after a rebalance the fetch from the committed offset follows within a moment.
_HOLE_S = 5.0

#: A transaction is over at its timeout; the broker's answer has so many seconds more.
_COMMIT_GRACE_S = 5


class Runtime:
    """Runs one processor inside one Faust worker."""

    def __init__(self, settings: Settings, group: str, processor: Processor, watch: Watch | None = None) -> None:
        self._settings = settings
        self._group = group
        self._processor = processor
        self._watch = watch or Watch()
        self._worker: Worker | None = None
        self._prefix = settings.topic_prefix
        self._transactions = Transactions(settings, f"{group}.{settings.instance}")
        self._restorer = Restorer(settings, group)
        self._committer = ThreadPoolExecutor(1, "commit")
        self._owned: Membership | None = None
        self._metadata = b""
        self._next: dict[Partition, int] = {}
        self._held: dict[Partition, list[Any]] = {}
        self._held_s = _HELD_S[0]
        self._unread: list[tuple[Membership | None, Any]] = []
        self._holes: dict[Partition, tuple[float, int, int]] = {}
        self._committed: dict[Partition, int] = {}
        self._committing: asyncio.Future[None] | None = None
        #: The newest commit, also while somebody else waits for it.
        self._under_way: asyncio.Future[None] | None = None
        self._fenced: Membership | None = None
        self._fenced_at = 0.0
        self._stopping = False

    async def run(self, worker: Worker) -> None:
        """Loop until cancelled; raises on anything that must end the process."""
        self._worker = worker
        self._watch.started(self.positions)
        await self._in_thread(self._transactions.open)
        while True:
            await self._pull(worker)
            self._watch.turned()
            try:
                if self._committing is not None and self._committing.done():
                    await self._settle()
                if not await self._adopt(worker.membership):
                    self._expire()
                    continue
                self._queue_up()
                self._check_holes()
                unasked = bool(await self._processor.between_batches())
                if self._held or unasked:
                    await self._work(unasked=unasked)
            except Fenced as fenced:
                log.warning("%s: %s; waiting for the next assignment", self._group, fenced)
                self._watch.fenced()
                self._forget()

    async def _pull(self, worker: Worker) -> None:
        """Take what is waiting. It stays with us until its generation is adopted, even if a late commit is fenced."""
        membership = worker.membership
        wait_s = self._held_s if self._held else _IDLE_S
        if membership is None:
            await asyncio.sleep(wait_s)
            return
        batches = await worker.batches(wait_s, self._settings.batch_records_max)
        present = worker.membership
        if present is self._fenced:
            batches = []  # to be read again after the next assignment
        self._unread = [pair for pair in self._unread if pair[0] is present]
        self._unread.extend((present, batch) for batch in batches)

    def positions(self) -> dict[Partition, int]:
        """For each partition, the first offset that is not folded. Markers after the last record count as folded.

        For another thread: it copies, and nothing waits for it.
        """
        waiting = set(self._held) | {(batch.topic, batch.partition) for _, batch in list(self._unread)}
        found = dict(self._next)
        if self._worker is not None and self._worker.idle:
            for partition in found.keys() - waiting:
                found[partition] = max(found[partition], self._worker.position(partition))
        return found

    async def stop(self) -> None:
        """Begin no further commit and wait for the one under way, so that nothing is left undecided."""
        self._watch.stopping()
        self._stopping = True
        if self._under_way is not None:
            with contextlib.suppress(Fenced):  # aborted: that is decided, too
                await self._under_way

    async def _adopt(self, membership: Membership | None) -> bool:
        """Make memory match the assignment. False while there is none to work under."""
        if membership is None or membership is self._fenced:
            return False
        if membership is self._owned:
            return True
        previous, started = self._owned, time.monotonic()
        self._watch.assigned(len(membership.partitions))
        if self._committing is not None:
            await self._settle()
        continuous = previous is not None and membership.generation == previous.generation + 1
        kept = set(self._next) & membership.partitions if continuous else set()
        for partition in set(self._next) - kept:
            self._close(partition)
        self._held = {partition: records for partition, records in self._held.items() if partition in kept}
        if not await self._open(membership, membership.partitions - kept):
            return False
        self._metadata = groups.metadata(self._group, membership.generation, membership.member, self._settings.instance)
        self._owned, self._fenced = membership, None
        self._watch.adopted(time.monotonic() - started)
        return True

    async def _open(self, membership: Membership, partitions: set[Partition] | frozenset[Partition]) -> bool:
        """Take partitions over from their rows. False if another assignment has come meanwhile."""
        if not partitions:
            return True
        processor, started = self._processor, time.monotonic()
        homes = {}
        if processor.state_topic is not None:
            state_topic = self._prefix + processor.state_topic
            homes = {p: (state_topic, processor.state_partition(self._name(p), p[1])) for p in partitions}
        restore, past = self._restorer.restore, partial(self._is_past, membership)
        offsets, rows = await self._in_thread(restore, partitions, set(homes.values()), past, self._watch.restoring)
        if past():
            return False
        for partition in sorted(partitions):
            own = rows.get(homes[partition], {}) if homes else {}
            processor.opened(self._name(partition), partition[1], own, offsets[partition])
            self._next[partition] = self._committed[partition] = offsets[partition]
        count, took_s = sum(len(found) for found in rows.values()), time.monotonic() - started
        log.info("%s: opened %d partitions with %d rows in %.2f s", self._group, len(partitions), count, took_s)
        return True

    def _is_past(self, membership: Membership) -> bool:
        return self._worker is not None and self._worker.membership is not membership

    def _close(self, partition: Partition) -> None:
        self._processor.closed(self._name(partition), partition[1])
        for by_partition in (self._next, self._committed, self._holes, self._held):
            by_partition.pop(partition, None)

    def _forget(self) -> None:
        for partition in list(self._next):
            self._close(partition)
        self._held.clear()
        self._fenced, self._owned = self._owned, None
        self._fenced_at = time.monotonic()

    def _expire(self) -> None:
        limit_s = 3 * self._settings.session_timeout_ms / 1000
        if self._fenced is not None and time.monotonic() - self._fenced_at > limit_s:
            raise Inconsistent(f"{self._group}: fenced, and no new assignment within {limit_s:.0f} s")

    def _queue_up(self) -> None:
        """Append each batch where it continues; cut what was folded before, stop at a hole (rule 4)."""
        unread, self._unread = self._unread, []
        for membership, batch in unread:
            if membership is not self._owned:
                continue  # pulled under another assignment: comes again under this one
            partition = (batch.topic, batch.partition)
            if (position := self._next.get(partition)) is None:
                continue  # a leftover of a partition that is no longer ours (rule 2)
            if held := self._held.get(partition):
                position = held[-1].offset + 1
            if batch.offset < position:
                continue
            if batch.follows > position:
                self._miss(partition, position, batch.follows)
                continue
            self._holes.pop(partition, None)
            records = batch.records
            if records[0].offset < position:
                records = [record for record in records if record.offset >= position]
            self._held.setdefault(partition, []).extend(records)

    def _miss(self, partition: Partition, position: int, follows: int) -> None:
        if partition not in self._holes:
            log.warning("%s: waiting for what lies between %d and %d", partition, position, follows)
            self._holes[partition] = (time.monotonic(), position, follows)

    def _check_holes(self) -> None:
        """Give up on a hole that stays: what was lost on the way is read again after a restart."""
        for partition, (since, position, follows) in self._holes.items():
            if time.monotonic() - since > _HOLE_S:
                raise Inconsistent(f"{partition}: a fetch was lost between {position} and {follows}")

    async def _work(self, *, unasked: bool = False) -> None:
        """Fold what is held, then hand the writes to the committer while the next batch is folded.

        Args:
            unasked: the processor has something to write even if nothing is held.
        """
        started = time.perf_counter()
        writes, taken = Writes(), 0
        for partition, records in list(self._held.items()):
            count = self._processor.fold(self._name(partition), partition[1], records, writes)
            if count:
                taken += count
                self._next[partition] = records[count - 1].offset + 1
                if count == len(records):
                    del self._held[partition]
                else:
                    del records[:count]
        if taken == 0 and not (writes.records or writes.touched or unasked):
            self._held_s = min(2 * self._held_s, _HELD_S[1])
            return
        self._held_s = _HELD_S[0]
        self._processor.finish(writes)
        self._watch.folded(writes)
        offsets = self._offsets()
        if writes.records and not offsets:
            offsets = dict(self._committed)  # what fences a zombie is the sending of offsets (KIP-447): never none
        folded_s = time.perf_counter() - started
        if self._committing is not None:
            await self._settle()
        if (writes.records or offsets) and not self._stopping:
            commit = self._commit(writes, offsets, self._metadata, taken, folded_s)
            self._committing = self._under_way = asyncio.ensure_future(commit)
            self._committed.update(offsets)

    async def _settle(self) -> None:
        committing, self._committing = self._committing, None
        if committing is not None:
            await committing

    async def _commit(
        self, writes: Writes, offsets: dict[Partition, int], metadata: bytes, taken: int, folded_s: float
    ) -> None:
        started = time.perf_counter()
        await self._bounded(self._in_thread(self._transactions.commit, writes.records, offsets, metadata))
        self._watch.committed(taken, writes, folded_s, time.perf_counter() - started)

    async def _bounded(self, commit: Coroutine[Any, Any, None]) -> None:
        """Wait for a commit, but not for ever: librdkafka may never return from one that meets a broker's restart.

        (librdkafka#5456: its timeouts are not kept; #5511: it waits for a coordinator that it has forgotten.) Seconds are
        counted while this process runs: one that was frozen is for the broker to judge.
        """
        pending = asyncio.ensure_future(commit)
        limit_s = self._settings.transaction_timeout_ms // 1000 + _COMMIT_GRACE_S
        for _ in range(limit_s):
            await asyncio.wait({pending}, timeout=1.0)
            if pending.done():
                return pending.result()
        raise Inconsistent(f"{self._group}: a commit has not returned within {limit_s} s; its outcome is unknown")

    def _offsets(self) -> dict[Partition, int]:
        offsets = {}
        for partition, following in self._next.items():
            offset = self._processor.committable(self._name(partition), partition[1], following)
            if offset != self._committed[partition]:
                offsets[partition] = offset
        return offsets

    def _name(self, partition: Partition) -> str:
        return partition[0].removeprefix(self._prefix)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._committer, function, *arguments)

"""sequence: validate every input and write it once, in one order, to the journal.

Two topics have no order between them; the journal fixes one, for good. A business date's tick is held until all that
was published before it has been journaled, so a day never ends before its own payments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import msgspec

from streams.agents import dead_letters
from streams.engine import rows as frame
from streams.engine import source
from streams.engine.barrier import Barrier
from streams.engine.restore import Rows
from streams.engine.writes import Writes
from streams.events.decode import Refusal, accept
from streams.topics import BROADCAST, SEQUENCED

_ROW_VERSION = 1
_TICKS = "business-dates"

_counts = msgspec.msgpack.Decoder(list[int])

#: Told (topic, "accepted" or the refusal's code) for each record.
Count = Callable[[str, str], None]


class Sequencer:
    """The processor. One row an input partition: how many records it gave to each journal partition."""

    inputs = SEQUENCED
    state_topic = "sequence-state"

    def __init__(
        self, journal_partitions: int, barrier: Barrier | None, count: Count = lambda topic, outcome: None
    ) -> None:
        """Without a barrier (one process, nothing in flight elsewhere) a tick is never held."""
        self._partitions = journal_partitions
        self._barrier = barrier
        self._count = count
        self._given: dict[tuple[str, int], list[int]] = {}
        self._last: dict[tuple[str, int], int] = {}
        self._waiting = self._covered = -1
        self._released = 0
        self._ends: dict[tuple[str, int], int] | None = None

    def state_partition(self, topic: str, partition: int) -> int:
        """All rows live in the one partition."""
        return 0

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """Take over an input partition and its counts."""
        key = f"{topic}/{partition}".encode()
        row = rows.get(key)
        counts = [0] * self._partitions
        if row is not None:
            frame.check_version(row, _ROW_VERSION, key)
            stored = frame.decoded(_counts.decode, row, "sequence-state", 0, key)
            counts[: len(stored)] = stored
        self._given[topic, partition] = counts
        if topic == _TICKS:
            self._waiting = self._covered = -1
            self._released, self._ends = next_offset, None

    def closed(self, topic: str, partition: int) -> None:
        """Forget an input partition."""
        self._given.pop((topic, partition), None)
        self._last.pop((topic, partition), None)

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """Journal or refuse each record; stop before a tick that must wait."""
        counts = self._given[topic, partition]
        ticks = topic == _TICKS and self._barrier is not None
        taken = 0
        for record in records:
            if ticks and record.offset >= self._released:
                self._waiting = records[-1].offset
                break
            self._take(topic, partition, record, counts, writes)
            taken += 1
        if taken:
            self._last[topic, partition] = records[taken - 1].offset
        return taken

    def _take(self, topic: str, partition: int, record: Any, counts: list[int], writes: Writes) -> None:
        try:
            accept(topic, record.key, record.value, record.timestamp)
        except Refusal as refusal:
            self._count(topic, refusal.code)
            dead_letters.write(
                writes, topic, partition, record.offset, record.key, record.value, refusal.code, refusal.reason
            )
            return
        self._count(topic, "accepted")
        targets = range(self._partitions) if topic in BROADCAST else (crc32(record.key) % self._partitions,)
        for target in targets:
            counts[target] += 1
            headers = [source.header(topic, partition, record.offset, counts[target])]
            writes.add("journal", record.key, record.value, partition=target, headers=headers)

    def finish(self, writes: Writes) -> None:
        """Write the counts of the partitions that gave something."""
        for (topic, partition), offset in self._last.items():
            body = msgspec.msgpack.encode(self._given[topic, partition])
            writes.add(
                "sequence-state",
                f"{topic}/{partition}".encode(),
                frame.pack(_ROW_VERSION, offset, 0, body),
                partition=0,
            )
        self._last.clear()

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """Everything taken is in the journal."""
        return next_offset

    async def between_batches(self) -> None:
        """While a tick waits: note where the other topics end, and release it when the group has passed there."""
        if self._barrier is None or self._waiting < self._released:
            return
        if self._ends is None:
            self._ends, self._covered = await asyncio.to_thread(self._barrier.ends), self._waiting
        if await asyncio.to_thread(self._barrier.passed, self._ends):
            self._released, self._ends = self._covered + 1, None

"""What an agent must be for the engine to run it: five verbs, no Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from streams.engine.restore import Rows
from streams.engine.writes import Writes


class Processor(Protocol):
    """The logic of one agent. Called from one thread; raising anything ends the process, and nothing of the batch stays."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Input topics, canonical names."""

    @property
    def state_topic(self) -> str | None:
        """Compacted topic with this agent's rows, or None."""

    def state_partition(self, topic: str, partition: int) -> int:
        """The partition of the state topic that holds the rows of this input partition."""

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """The partition is ours now; `rows` are its rows as of `next_offset`."""

    def closed(self, topic: str, partition: int) -> None:
        """The partition is no longer ours, or its rows are stale: forget all of it."""

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """Fold records in order. Returns how many were taken; the rest is offered again in the next batch.

        A record may take several batches: it is taken in the last of them, and `writes.touched` says of each that rows
        have changed. After a crash it is offered from the start, to the rows as they were committed.
        """

    def finish(self, writes: Writes) -> None:
        """The batch ends: write the rows it touched."""

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """The offset from which a restart must read; usually `next_offset`."""

    async def between_batches(self) -> bool | None:
        """A place to wait for something outside, for example until other inputs have been read.

        Returns:
            True to have a batch finished and committed even if no record is waiting.
        """

"""What the loop tells about itself while it runs. The base class hears nothing; `agents.measure` makes metrics of it."""

from __future__ import annotations

from collections.abc import Callable

from streams.engine.transactions import Partition
from streams.engine.writes import Writes

#: Asks the loop how far it has come: for each partition it holds, the first offset that is not folded.
Positions = Callable[[], dict[Partition, int]]


class Watch:
    """Called from the loop's thread, a few times a batch and never per record; must neither wait nor raise."""

    def started(self, positions: Positions) -> None:
        """The loop begins. `positions` may be called from any thread."""

    def turned(self) -> None:
        """The loop goes round once more."""

    def assigned(self, partitions: int) -> None:
        """An assignment is about to be adopted."""

    def restoring(self, rows: int) -> None:
        """So many rows have been read back so far (called from another thread)."""

    def adopted(self, seconds: float) -> None:
        """The assignment is adopted, its rows are in memory; it took so long."""

    def fenced(self) -> None:
        """A batch was refused; another assignment will come."""

    def folded(self, writes: Writes) -> None:
        """A batch is folded. What was counted meanwhile belongs to it."""

    def committed(self, records: int, writes: Writes, folded_s: float, committed_s: float) -> None:
        """A batch is durable."""

    def stopping(self) -> None:
        """A stop was asked for."""

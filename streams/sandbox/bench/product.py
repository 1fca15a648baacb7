"""The product's own worker with a meter: its process, loop, transactions and fold, and nothing else in between.

Run as `python -m streams.sandbox.bench.product AGENT METER`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.agents import telemetry
from streams.agents.groups import build, group_of
from streams.engine import process
from streams.engine.errors import EngineError
from streams.engine.processor import Processor
from streams.engine.restore import Rows
from streams.engine.watch import Watch
from streams.engine.writes import Writes
from streams.sandbox.bench.meter import Meter
from streams.settings import load


class Metered:
    """A processor that notes when its first records come."""

    def __init__(self, inner: Processor, meter: Meter) -> None:
        self.inputs = inner.inputs
        self.state_topic = inner.state_topic
        self._inner = inner
        self._meter = meter

    def state_partition(self, topic: str, partition: int) -> int:
        """As the product's."""
        return self._inner.state_partition(topic, partition)

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """As the product's."""
        self._inner.opened(topic, partition, rows, next_offset)

    def closed(self, topic: str, partition: int) -> None:
        """As the product's."""
        self._inner.closed(topic, partition)

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """As the product's, after the first reading."""
        self._meter.start()
        return self._inner.fold(topic, partition, records, writes)

    def finish(self, writes: Writes) -> None:
        """As the product's."""
        self._inner.finish(writes)

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """As the product's."""
        return self._inner.committable(topic, partition, next_offset)

    async def between_batches(self) -> None:
        """As the product's."""
        await self._inner.between_batches()


class _Committed(Watch):
    """Reads the meter after each committed batch."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def committed(self, records: int, writes: Writes, folded_s: float, committed_s: float) -> None:
        del writes, folded_s, committed_s
        self._meter.add(records)


def main() -> None:
    """Run one agent until it is asked to end."""
    agent, path = sys.argv[1:]
    settings, meter = load(), Meter(Path(path))
    try:
        processor = Metered(build(agent, settings), meter)
    except EngineError as error:
        process.die(error)
        return
    log_config = telemetry.log_config(settings, agent)
    process.run(settings, group_of(agent, settings), processor, _Committed(meter), log_config)


if __name__ == "__main__":
    main()

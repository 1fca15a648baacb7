"""The agents without Kafka: their real processors over in-memory topics, for files, tests and benchmarks.

Each pump runs every agent until nothing moves, in the order given. There is one partition a topic and no failure, so
this is the reference that a cluster's results are compared with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.engine.processor import Processor
from streams.engine.writes import Headers, Write, Writes


class LocalRecord(NamedTuple):
    """What a processor sees of a record."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Headers


class LocalDriver:
    """Feeds records to processors and their writes to one another."""

    def __init__(self, processors: Sequence[Processor], output: Callable[[Write], None]) -> None:
        """Open every processor on empty topics.

        Args:
            output: told of each write to a topic that no processor reads.
        """
        self._processors = processors
        self._output = output
        self._inbox: dict[str, list[LocalRecord]] = {name: [] for p in processors for name in p.inputs}
        self._next = dict.fromkeys(self._inbox, 0)
        for processor in processors:
            for name in processor.inputs:
                processor.opened(name, 0, {}, 0)

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Append a record, stamped now."""
        record = LocalRecord(topic, self._next[topic], key, value, time.time_ns() // 1_000_000, headers or [])
        self._next[topic] += 1
        self._inbox[topic].append(record)

    def pump(self) -> None:
        """Run until every agent has read everything."""
        while any(self._inbox.values()):
            for processor in self._processors:
                self._batch(processor)

    def _batch(self, processor: Processor) -> None:
        writes, taken = Writes(), 0
        for name in processor.inputs:
            if records := self._inbox[name]:
                count = processor.fold(name, 0, records, writes)
                self._inbox[name] = records[count:]
                taken += count
        if taken:
            processor.finish(writes)
        for write in writes.records:
            if write.topic in self._inbox:
                self.produce(write.topic, write.key, write.value, write.headers)
            else:
                self._output(write)

"""The agents without Kafka: their real processors over in-memory topics, for files, tests and benchmarks.

Each agent reads its topics in the order in which they were written. There is one partition a topic and no failure, so
this is the reference that a cluster's results are compared with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import groupby
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
            output: told of each write.
        """
        self._processors = processors
        self._output = output
        self._reader = {name: index for index, processor in enumerate(processors) for name in processor.inputs}
        self._inbox: list[list[LocalRecord]] = [[] for _ in processors]
        self._next = dict.fromkeys(self._reader, 0)
        for processor in processors:
            for name in processor.inputs:
                processor.opened(name, 0, {}, 0)

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Append a record, stamped now."""
        record = LocalRecord(topic, self._next[topic], key, value, time.time_ns() // 1_000_000, headers or [])
        self._next[topic] += 1
        self._inbox[self._reader[topic]].append(record)

    def pump(self) -> None:
        """Run until every agent has read everything."""
        while any(self._inbox):
            for index, processor in enumerate(self._processors):
                if self._inbox[index]:
                    self._batch(index, processor)

    def _batch(self, index: int, processor: Processor) -> None:
        writes = Writes()
        records, self._inbox[index] = self._inbox[index], []
        for topic, run in groupby(records, key=lambda record: record.topic):
            run_records = list(run)
            taken = processor.fold(topic, 0, run_records, writes)
            assert taken == len(run_records), "a processor may not hold records back without Kafka"
        processor.finish(writes)
        for write in writes.records:
            self._output(write)
            if write.topic in self._reader:
                self.produce(write.topic, write.key, write.value, write.headers)

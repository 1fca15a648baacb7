"""The fold alone: the product's own assessor over the journal. Reading it from Kafka is left out of the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from confluent_kafka import Consumer, Message, TopicPartition

from streams.agents.assess import Assessor
from streams.engine.writes import Headers, Writes
from streams.risk.tiers import DEFAULT
from streams.sandbox.bench.job import Job, from_command_line
from streams.sandbox.bench.meter import Meter

_BATCH = 4_000


class _Record(NamedTuple):
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def main() -> None:
    """Fold the whole journal, then end."""
    job = from_command_line()
    assessor = Assessor(job.partitions, DEFAULT)
    for number in range(job.partitions):
        assessor.opened("journal", number, {}, 0)
    # The client's own threads go on in the background: their CPU time is not the fold's.
    meter = Meter(Path(job.meter), time.thread_time)
    batches = _batches(job)
    batch = next(batches, {})
    while batch:
        meter.start()
        writes = Writes()
        for number, records in batch.items():
            assessor.fold("journal", number, records, writes)
        assessor.finish(writes)
        meter.add(sum(map(len, batch.values())))
        with meter.left_out():
            batch = next(batches, {})


def _batches(job: Job) -> Iterator[dict[int, list[_Record]]]:
    consumer = Consumer(
        {"bootstrap.servers": job.bootstrap, "group.id": job.topic("fold"), "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(job.topic("journal"), number, 0) for number in range(job.partitions)])
    read = 0
    while read < job.records:
        found: dict[int, list[_Record]] = {}
        for message in consumer.consume(_BATCH, 1.0):
            found.setdefault(message.partition() or 0, []).append(_record(message))
            read += 1
        if found:
            yield found
    consumer.close()


def _record(message: Message) -> _Record:
    headers = cast("Headers", message.headers() or [])
    return _Record(message.offset() or 0, message.key(), message.value(), headers)


if __name__ == "__main__":
    main()

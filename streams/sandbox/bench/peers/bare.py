"""The limit: confluent-kafka's consume, fold, produce loop in transactions, with the product's shards and nothing else.

It follows the client's own example of exactly-once processing: one thread, a batch, a transaction, the offsets in it. It has no
restore, no fencing of a zombie beyond the group's, no audit of the order, no dead letters.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from streams.borrower.context import Context
from streams.borrower.shard import Shard
from streams.events import control
from streams.events.decode import decode
from streams.events.outputs import DateClosed, LabelMatured, MeasureConcluded
from streams.risk.heads import Weights
from streams.risk.tiers import DEFAULT, Policy
from streams.sandbox.bench.job import Job, from_command_line

_BATCH = 4_000
_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class _Partition:
    """One shard, and its outputs as (topic, partition, key, value)."""

    def __init__(self, job: Job, number: int) -> None:
        self.out: list[tuple[str, int, bytes | None, bytes]] = []
        self._job = job
        self._number = number
        self._shard = Shard(DEFAULT, self._context)

    def _context(self, weights: Weights, policy: Policy) -> Context:
        return Context(weights, policy, self._emit, self._label, concluded=self._label)

    def _emit(self, topic: str, output: Any) -> None:  # noqa: ANN401  an output struct, as in `Context.emit`
        self.out.append((topic, -1, output.borrower_id.encode(), _json.encode(output)))

    def _label(self, label: LabelMatured | MeasureConcluded) -> None:
        self.out.append(("labels", 0, label.borrower_id.encode(), _msgpack.encode(label)))

    def fold(self, value: bytes) -> None:
        event = decode(value)
        self._shard.fold(event)
        if isinstance(event, control.BusinessDateAdvanced):
            closed = DateClosed(
                partition=self._number, partitions=self._job.partitions, business_date=event.business_date
            )
            told = _msgpack.encode(closed)
            self.out.append(("labels", 0, None, told))
            self._tell_book()
            self.out.append(("book", 0, None, told))

    def _tell_book(self) -> None:
        if self._shard.book:
            self.out.append(("book", 0, None, _msgpack.encode(self._shard.book.take(self._number))))

    def flush(self) -> list[tuple[str, int, bytes | None, bytes]]:
        rows = [("state", self._number, row.key, row.body) for row in self._shard.flush()]
        self._tell_book()
        taken, self.out = self.out, []
        return [*taken, *rows]


def main() -> None:
    """Fold the whole journal, then end."""
    job = from_command_line()
    consumer = Consumer(
        {
            "bootstrap.servers": job.bootstrap,
            "group.id": job.topic("bare"),
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": job.bootstrap,
            "transactional.id": job.topic("bare"),
            "linger.ms": 5,
            "batch.size": 512 * 1024,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500_000,
        }
    )
    producer.init_transactions()
    consumer.subscribe([job.topic("journal")])
    _loop(job, consumer, producer)
    consumer.close()


def _loop(job: Job, consumer: Consumer, producer: Producer) -> None:
    meter = job.new_meter()
    partitions = [_Partition(job, number) for number in range(job.partitions)]
    while meter.done < job.records:
        messages = consumer.consume(_BATCH, 0.05)
        if not messages:
            continue
        meter.start()
        ends = _fold(partitions, messages)
        producer.begin_transaction()
        for number in ends:
            for topic, partition, key, value in partitions[number].flush():
                _produce(producer, job.topic(topic), partition, key, value)
        positions = [TopicPartition(job.topic("journal"), number, end) for number, end in ends.items()]
        producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata())
        producer.commit_transaction()
        meter.add(len(messages))


def _fold(partitions: list[_Partition], messages: list[Message]) -> dict[int, int]:
    ends: dict[int, int] = defaultdict(int)
    for message in messages:
        error: KafkaError | None = message.error()
        assert error is None, f"the bench's own broker failed: {error}"
        number = message.partition() or 0
        partitions[number].fold(message.value() or b"")
        ends[number] = (message.offset() or 0) + 1
    return ends


def _produce(producer: Producer, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
    while True:
        try:
            producer.produce(topic, value, key, partition)
        except BufferError:
            producer.poll(0.05)
        else:
            break


if __name__ == "__main__":
    main()

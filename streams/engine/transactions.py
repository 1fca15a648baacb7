"""One librdkafka transaction per batch: rows, outputs and input offsets stand or fall together.

Every error has one of three meanings (see errors.py): the group moved on (abort, wait), the instance name was taken
(stop), anything else (exit and restart from the log, since the outcome may be unknown).

After an aborted batch the producer is thrown away and opened anew under the same id. What an abort purges on its way to
a broker can leave that producer's sequence numbers behind the broker's (OUT_OF_ORDER_SEQUENCE_NUMBER in the abort or in
the next batch); a new epoch starts them at zero. That is safe: no commit was sent for the batch, so all that opening can
do with it is to abort it; and rows in memory are dropped by whoever is told `Fenced`, and read back from the log.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from streams.engine import client, refused
from streams.engine.errors import Fenced, Inconsistent, InstanceTaken, Misconfigured
from streams.engine.writes import Write
from streams.settings import Settings

#: (topic, partition) as the broker names it.
Partition = tuple[str, int]

_MOVED_ON = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
}
#: While the broker still writes the markers of the transaction before, it refuses the next one's first request, and
#: librdkafka asks again after this time. Its own 100 ms were most of every commit (measured: 108 ms, with 20 ms 25 ms).
#: Not less: below 20 ms commits are no faster, and one that meets a group coordinator on the move may never return.
_RETRY_BACKOFF_MS = 20
_TAKEN = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}


class Transactions:
    """The transactional producer of one worker process."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self._settings = settings
        self._id = transactional_id
        self._timeout_s = settings.transaction_timeout_ms / 1000
        self._begun_at = time.monotonic()
        self._prefix = settings.topic_prefix
        self._producer = self._new_producer()

    def _new_producer(self) -> Producer:
        timeout_ms = self._settings.transaction_timeout_ms
        return client.producer(
            self._settings,
            **{
                "transactional.id": self._id,
                "transaction.timeout.ms": timeout_ms,
                "message.timeout.ms": timeout_ms,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "retry.backoff.ms": _RETRY_BACKOFF_MS,
            },
        )

    def open(self) -> None:
        """Fence every earlier producer of this id and abort what it left open (a few ms to a second)."""
        try:
            self._producer.init_transactions(60)
        except KafkaException as error:
            raise self._meaning(error, "opening") from error

    def commit(self, writes: list[Write], offsets: Mapping[Partition, int], group_metadata: bytes) -> None:
        """Write one batch. Returns only when all of it is durable.

        Raises:
            Fenced: aborted, nothing of it is visible; the group has another generation.
            InstanceTaken, Misconfigured: stop.
            Inconsistent: the outcome is unknown or the broker refuses; exit and restart.
        """
        self._begun_at = time.monotonic()
        try:
            self._producer.begin_transaction()
            self._produce(writes)
            positions = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
            self._producer.send_offsets_to_transaction(positions, group_metadata, self._timeout_s)
            self._producer.commit_transaction(self._timeout_s)
        except KafkaException as error:
            meaning = self._meaning(error, "committing")
            if isinstance(meaning, Fenced):
                self._abort()
            raise meaning from error

    def _produce(self, writes: list[Write]) -> None:
        produce, poll, prefix = self._producer.produce, self._producer.poll, self._prefix
        for topic, partition, key, value, headers in writes:
            while True:
                try:
                    produce(prefix + topic, value, key, partition, headers=headers)  # type: ignore[arg-type]  # list is invariant
                    break
                except BufferError:
                    poll(0.05)
        poll(0)

    def _abort(self) -> None:
        """Abort, and open the producer anew, which settles what an abort that failed left unsettled.

        Not if the broker knows a younger producer of this id: that one may be at work, and must not be fenced by us.
        """
        try:
            self._producer.abort_transaction(self._timeout_s)
        except KafkaException as error:
            if error.args[0].code() in _TAKEN | refused.FORBIDDEN:
                raise self._meaning(error, "aborting") from error
        self._producer = self._new_producer()
        self.open()

    def _expired(self) -> bool:
        """A broker fences the producer of a transaction that it ends for its age, just as if another had taken over."""
        return time.monotonic() - self._begun_at > self._timeout_s

    def _meaning(self, error: KafkaException, act: str) -> Exception:
        cause = error.args[0]
        code = cause.code()
        if code in _MOVED_ON:
            return Fenced(f"{act}: {cause.str()}")
        if code in _TAKEN and self._expired():
            return Inconsistent(
                f"{act} as {self._id!r}: the transaction took longer than {self._timeout_s:.0f} s and the broker ended it"
            )
        if code in _TAKEN:
            return InstanceTaken(
                f"Another worker with the transactional id {self._id!r} has taken over. Give each worker its own --instance."
            )
        if code in refused.FORBIDDEN:
            return Misconfigured(refused.forbidden(self._settings, f"{act} as {self._id!r}: {cause.str()}"))
        return Inconsistent(f"{act} as {self._id!r} failed: {cause.str()} ({cause.name()})")

"""Reading a partition's rows back, after its previous owner is fenced.

Order matters. (1) Ask for the committed offset with require_stable: the broker answers only when no transaction of the
previous owner is undecided on it. (2) Read the state topic's end without isolation, (3) wait until everything before
that end is decided (the stable end has passed it: markers reach partitions one by one), (4) read committed rows up
to it. Skipping (3) once gave rows older than the offset they belong to. (5) Ask for the committed offset again: if it has
moved, the rows may be newer than the first answer, and all is read again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.engine import client, refused
from streams.engine.errors import EngineError, Inconsistent, Misconfigured
from streams.engine.transactions import Partition
from streams.settings import Settings

log = logging.getLogger("forewarn.engine")

#: Rows of one partition: key to framed row.
Rows = dict[bytes, bytes]
#: How many rows have been read so far, for people.
Progress = Callable[[int], None]
#: So few that what was fetched is still in the processor's cache when it is looked at: twice as fast as 10,000.
_CHUNK = 2_000


class Restorer:
    """Reads committed offsets and compacted rows for one consumer group."""

    def __init__(self, settings: Settings, group: str) -> None:
        self._settings = settings
        self._admin: AdminClient = client.admin(settings)
        self._group = group
        self._timeout_s = settings.transaction_timeout_ms / 1000 + 30

    def restore(
        self,
        partitions: Collection[Partition],
        homes: Collection[Partition],
        is_past: Callable[[], bool],
        progress: Progress = lambda rows: None,
    ) -> tuple[dict[Partition, int], dict[Partition, Rows]]:
        """Committed offsets, and rows that belong to them: nobody has committed between the two.

        Somebody may have, if this worker was thought dead while it read: then the group has given its partitions away, and
        only this worker does not know yet.

        Args:
            partitions: of the inputs.
            homes: partitions of the state topic that hold their rows; may be none.
            is_past: whether the assignment is over, and nothing needs to be restored any more.
            progress: told how many rows were read.
        """
        offsets = self.committed(partitions)
        while True:
            rows = self.rows(homes, progress)
            present = self.committed(partitions)
            if present == offsets or is_past():
                return offsets, rows
            log.warning("%s: another worker has committed meanwhile; its rows are read again", self._group)
            offsets = present

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The stable committed offset of each partition; 0 where nothing was committed yet."""
        wanted = [TopicPartition(topic, partition) for topic, partition in partitions]
        if not wanted:
            return {}
        consumer = client.consumer(self._settings, self._group)
        try:
            found = self._ask(consumer, wanted)
        finally:
            consumer.close()
        return {(tp.topic, tp.partition): max(tp.offset, 0) for tp in found}

    def _ask(self, consumer: Consumer, wanted: list[TopicPartition]) -> list[TopicPartition]:
        try:
            return client.patiently(lambda: consumer.committed(wanted, timeout=self._timeout_s), self._timeout_s)
        except KafkaException as error:
            raise Inconsistent(
                f"The committed offsets of {self._group} cannot be read: {error.args[0].str()}"
            ) from error

    def rows(self, partitions: Iterable[Partition], progress: Progress = lambda rows: None) -> dict[Partition, Rows]:
        """All rows of the given partitions of a compacted topic, as of everything decided before this call."""
        wanted = list(partitions)
        if not wanted:
            return {}
        ends = self._ends(wanted, stable=False)
        self._wait_until_decided(ends)
        restored: dict[Partition, Rows] = {partition: {} for partition in wanted}
        unread = {partition: end for partition, end in ends.items() if end > 0}
        if unread:
            self._read(unread, restored, progress)
        return restored

    def _ends(self, partitions: Collection[Partition], *, stable: bool) -> dict[Partition, int]:
        level = IsolationLevel.READ_COMMITTED if stable else IsolationLevel.READ_UNCOMMITTED
        wanted = [TopicPartition(topic, partition) for topic, partition in partitions]

        def ask() -> dict[Partition, int]:
            try:
                return client.ends(self._admin, wanted, level)
            except KafkaException as error:
                if error.args[0].code() == KafkaError._NOENT:
                    self._check_topics({topic for topic, _ in partitions})
                raise

        try:
            return client.patiently(ask, 30, self._admin)
        except KafkaException as error:
            if client.passing(error):
                raise Inconsistent(f"The end of a state topic cannot be read yet: {error.args[0].str()}") from error
            raise Misconfigured(f"The end of a state topic cannot be read: {error.args[0].str()}.") from error

    def _check_topics(self, names: set[str]) -> None:
        """A topic that is gone looks like one that has no leader at the moment; only the second is worth waiting for."""
        gone = sorted(names - self._admin.list_topics(timeout=10).topics.keys())
        if gone:
            raise Misconfigured(
                f"The state topic {gone[0]} cannot be seen. Does it exist (`forewarn topics create` makes it), and may this "
                "worker read it (docs/security.md)?"
            )

    def _wait_until_decided(self, ends: dict[Partition, int]) -> None:
        deadline = time.monotonic() + self._timeout_s
        while True:
            stable = self._ends(ends, stable=True)
            if all(stable[partition] >= end for partition, end in ends.items()):
                return
            if time.monotonic() > deadline:
                raise Inconsistent("A transaction of a previous owner stayed undecided beyond its timeout.")
            time.sleep(0.02)

    def _meaning(self, partition: Partition, error: KafkaError) -> EngineError:
        if error.code() in refused.FORBIDDEN:
            return Misconfigured(refused.forbidden(self._settings, f"READ on topic {partition[0]} missing"))
        return Inconsistent(f"Restoring {partition} failed: {error.str()}")

    def _read(self, unread: dict[Partition, int], restored: dict[Partition, Rows], progress: Progress) -> None:
        topics = {topic for topic, _ in unread}
        assert len(topics) == 1, "a group has one state topic: its rows are told apart by partition alone, for speed"
        topic, left = topics.pop(), {partition: end for (_, partition), end in unread.items()}
        rows = {partition: restored[topic, partition] for partition in left}
        consumer: Consumer = client.consumer(self._settings, self._group)
        count = 0
        try:
            consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
            while left:
                for message in consumer.consume(_CHUNK, 0.05):
                    partition = message.partition() or 0
                    if (error := message.error()) is not None:
                        if error.code() != KafkaError._PARTITION_EOF:
                            raise self._meaning((topic, partition), error)
                        if (message.offset() or 0) >= left.get(partition, 0):
                            left.pop(partition, None)
                        continue
                    count += 1
                    key, value = message.key() or b"", message.value()
                    if value is None:
                        rows[partition].pop(key, None)
                    else:
                        rows[partition][key] = value
                progress(count)
        finally:
            consumer.close()

"""Knowing that everything published before now on some topics has been folded by the whole group.

A day's tick must not overtake the events of that day, which stand on other topics and may belong to other workers. The
sequencer asks: where do the inputs end now, and have all members committed up to there?
"""

from __future__ import annotations

import time

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.engine import client
from streams.engine.errors import Inconsistent, Misconfigured
from streams.engine.transactions import Partition
from streams.settings import Settings

_TIMEOUT_S = 30
#: How long to look for a record where only markers may stand.
_PROBE_S = 0.1
#: A group that has not moved for so long has nothing more to commit, as a rule: only markers are left, and a probe shows it.
_STILL_S = 0.03


class Barrier:
    """Waits, by polling, until a consumer group has committed past the ends that the topics had at some moment."""

    def __init__(self, settings: Settings, group: str, topics: tuple[str, ...]) -> None:
        self._admin: AdminClient = client.admin(settings)
        # Uncommitted isolation: a committed-offset request that insists on stable offsets is retried by librdkafka
        # after 100 ms whenever a transaction is under way, and an offset that is not stable yet is simply not returned.
        self._offsets: Consumer = client.consumer(settings, group, **{"isolation.level": "read_uncommitted"})
        self._records: Consumer = client.consumer(settings, group)
        self._topics = tuple(settings.topic_prefix + topic for topic in topics)
        self._partitions: list[TopicPartition] = []
        self._committed: dict[Partition, int] = {}
        self._seen: list[tuple[str, int, int]] = []
        self._seen_at = 0.0

    def ends(self) -> dict[Partition, int]:
        """The present stable ends of all partitions of the topics, in records that a committed reader can see.

        Raises:
            Misconfigured: a topic is gone.
            Inconsistent: the cluster does not say for so long that a restart is better.
        """
        try:
            if not self._partitions:
                metadata = self._admin.list_topics(timeout=_TIMEOUT_S).topics
                self._partitions = [TopicPartition(t, p) for t in self._topics for p in metadata[t].partitions]
            level = IsolationLevel.READ_COMMITTED
            return client.patiently(lambda: client.ends(self._admin, self._partitions, level), _TIMEOUT_S, self._admin)
        except KeyError as error:
            raise Misconfigured(f"Topic {error.args[0]} does not exist. `forewarn topics create` makes it.") from error
        except KafkaException as error:
            raise Inconsistent(f"The ends of the input topics cannot be read: {error.args[0].str()}") from error

    def passed(self, ends: dict[Partition, int]) -> bool:
        """Whether the group has committed up to all of these ends (an empty partition counts as read)."""
        wanted = [partition for partition, end in ends.items() if end > 0 and not self.known(partition, end)]
        if not wanted:
            return True
        self._refresh(wanted)
        behind = [
            TopicPartition(*partition, self._committed.get(partition, 0))
            for partition in wanted
            if not self.known(partition, ends[partition])
        ]
        return not behind or (self._stands_still(behind) and self._nothing_to_read(behind, ends))

    def left(self, ends: dict[Partition, int]) -> int:
        """How many offsets the group has yet to commit up to these ends: records, and markers of transactions."""
        wanted = [partition for partition, end in ends.items() if not self.known(partition, end)]
        if wanted:
            self._refresh(wanted)
        return sum(max(0, end - self._committed.get(partition, 0)) for partition, end in ends.items())

    def known(self, partition: Partition, end: int) -> bool:
        """Whether an earlier answer has already shown this end as committed."""
        return self._committed.get(partition, 0) >= end

    def reached(self, partition: Partition, end: int) -> bool:
        """Whether the group has committed up to the offset `end`, which must be that after a real record."""
        if not self.known(partition, end):
            self._refresh([*self._committed.keys() | {partition}])
        return self.known(partition, end)

    def _refresh(self, partitions: list[Partition]) -> None:
        """Ask for committed offsets. Silence and coordinators on the move mean: not yet."""
        wanted = [TopicPartition(topic, partition) for topic, partition in partitions]
        try:
            found = self._offsets.committed(wanted, timeout=_TIMEOUT_S)
        except KafkaException as error:
            if client.passing(error):
                return
            raise
        for tp in found:
            self._committed[tp.topic, tp.partition] = max(tp.offset, 0)

    def _stands_still(self, behind: list[TopicPartition]) -> bool:
        """Whether the group has been at these very offsets for a while: the probe is too dear for every poll."""
        seen = [(tp.topic, tp.partition, tp.offset) for tp in behind]
        now = time.monotonic()
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        return now - self._seen_at > _STILL_S

    def _nothing_to_read(self, behind: list[TopicPartition], ends: dict[Partition, int]) -> bool:
        """Whether only transaction markers stand between the committed offsets and the ends."""
        self._records.assign(behind)
        waiting = {(tp.topic, tp.partition) for tp in behind}
        try:
            while waiting:
                message = self._records.poll(_PROBE_S)
                error = None if message is None else message.error()
                if message is None or error is None:
                    return False
                if error.code() == KafkaError._PARTITION_EOF:
                    waiting.discard((message.topic() or "", message.partition() or 0))
            return True
        finally:
            self._records.unassign()

    def close(self) -> None:
        """Release the connections."""
        self._offsets.close()
        self._records.close()

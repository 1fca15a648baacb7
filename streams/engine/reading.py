"""Reading topics for people and programs: committed records only, assigned by hand, nothing committed.

Rule 1: "to the end" means the stable ends that the partitions had when the reading began. What lies before them is
decided, so two readings up to the same ends give the same records.
Rule 2: within a partition records come in order of offset; between partitions there is no order, unless
`merging` makes one.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self, cast

from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, Message, TopicPartition

from streams.engine import client
from streams.engine.errors import EngineError, Inconsistent, Misconfigured
from streams.engine.refused import FORBIDDEN
from streams.engine.topics_found import found
from streams.settings import Settings

#: The group that every reading names and none joins.
READING_GROUP = "forewarn.read"

#: (canonical topic, partition)
Place = tuple[str, int]
_EARLIEST = -2
_CHUNK = 10_000
_WAIT_S = 0.05
#: So long without a sign from the cluster, a reading that should end is given up.
_STALL_S = 30.0
#: librdkafka mends these by itself; if it cannot, the stall limit says so.
_PASSING = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)
_GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
_END = KafkaError._PARTITION_EOF


class Record(NamedTuple):
    """One committed record. `topic` is the canonical name, `timestamp_ms` Kafka's, in ms since 1970 (UTC)."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def partition_of(key: bytes, partitions: int) -> int:
    """Where Forewarn's outputs, and Java's producers by default, place a key: murmur2.

    Not for the journal and `state`, whose partition the sequencer computes by CRC-32 (`agents.sequence`).
    """
    return int(murmur2(key) & 0x7FFF_FFFF) % partitions


def places(settings: Settings, topics: Iterable[str], key: bytes | None = None) -> list[Place]:
    """All partitions of some topics, or only those where records of `key` are placed.

    Raises:
        Misconfigured: no cluster answers, or a topic does not exist.
    """
    existing = found(settings)
    listed: list[Place] = []
    for topic in topics:
        if topic not in existing:
            raise Misconfigured(
                f"Topic {settings.topic_prefix}{topic} does not exist. `forewarn topics create` makes it."
            )
        count = existing[topic].partitions
        numbers = range(count) if key is None else (partition_of(key, count),)
        listed.extend((topic, number) for number in numbers)
    return listed


def ends(settings: Settings, of: Iterable[Place], *, stable: bool = True) -> dict[Place, int]:
    """The end of each partition; the stable one has everything before it committed or aborted.

    Raises:
        Misconfigured: the cluster does not say.
    """
    wanted = [TopicPartition(settings.topic_prefix + topic, number) for topic, number in of]
    if not wanted:
        return {}
    admin = client.admin(settings)
    level = IsolationLevel.READ_COMMITTED if stable else IsolationLevel.READ_UNCOMMITTED
    try:
        found = client.patiently(lambda: client.ends(admin, wanted, level), 30, admin)
    except KafkaException as error:
        raise Misconfigured(f"The ends of the topics cannot be read: {error.args[0].str()}.") from error
    return {(topic.removeprefix(settings.topic_prefix), number): end for (topic, number), end in found.items()}


class Reader:
    """An open reading of some partitions. `unread` are those that have not come to their end."""

    def __init__(
        self,
        settings: Settings,
        of: Collection[Place],
        *,
        start: Mapping[Place, int] | None = None,
        until: Mapping[Place, int] | None = None,
        keys: Collection[bytes] | None = None,
    ) -> None:
        self._prefix = settings.topic_prefix
        self._until = None if until is None else {place: until[place] for place in of}
        self._keys = None if keys is None else frozenset(keys)
        self.unread = {place for place in of if self._until is None or self._until[place] > 0}
        self._silent_s = 0.0
        self._consumer = client.consumer(settings, settings.topic_prefix + READING_GROUP)
        at = start or {}
        self._consumer.assign(
            [TopicPartition(self._prefix + p[0], p[1], at.get(p, _EARLIEST)) for p in sorted(self.unread)]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    @property
    def done(self) -> bool:
        """Whether every partition has come to its end."""
        return not self.unread

    def poll(self) -> list[Record]:
        """The records that have arrived, after at most a twentieth of a second; often none.

        Raises:
            Misconfigured, Inconsistent: as `read_all`.
        """
        until, silent = time.monotonic() + _WAIT_S, True
        records: list[Record] = []
        while not (records or self.done) and (left_s := until - time.monotonic()) > 0:
            if (first := self._consumer.poll(left_s)) is None:
                break
            silent = False
            # Only what has come: `consume` would wait for its number to be full. An end of a partition is no record.
            messages = [first, *self._consumer.consume(_CHUNK, 0)]
            records = [record for message in messages if (record := self._take(message)) is not None]
        self._silent_s = self._silent_s + _WAIT_S if silent else 0.0
        if self._until is not None and self._silent_s > _STALL_S:
            raise Inconsistent(f"Kafka has not answered for {_STALL_S:.0f} s; the reading is incomplete. Try again.")
        return records

    def _take(self, message: Message) -> Record | None:
        error = message.error()
        if error is not None and error.code() != _END:
            if error.code() in _PASSING:
                return None
            raise _meaning(error)
        place = ((message.topic() or "").removeprefix(self._prefix), message.partition() or 0)
        offset = message.offset() or 0
        past_end = self._until is not None and offset >= self._until[place]
        if past_end and place in self.unread:
            self.unread.discard(place)
            self.pause(place)
        key = message.key() if error is None else None
        if error is not None or past_end or (self._keys is not None and key not in self._keys):
            return None
        headers = cast("list[tuple[str, bytes]]", message.headers() or [])
        return Record(*place, offset, message.timestamp()[1], key, message.value(), headers)

    def pause(self, place: Place) -> None:
        """Fetch no more of a partition for now; what was fetched still comes."""
        self._consumer.pause([TopicPartition(self._prefix + place[0], place[1])])

    def resume(self, place: Place) -> None:
        """Go on with a paused partition."""
        self._consumer.resume([TopicPartition(self._prefix + place[0], place[1])])


def read_all(settings: Settings, topics: Iterable[str], *, stop_at_end: bool = True) -> Iterator[Record]:
    """Every committed record of some topics, from the start to their present stable ends, or following for ever.

    Raises:
        Misconfigured: no cluster answers, a topic does not exist, or reading it is forbidden.
        Inconsistent: the cluster stopped answering on the way.
    """
    of = places(settings, topics)
    return read(settings, of, until=ends(settings, of) if stop_at_end else None)


def read(
    settings: Settings,
    of: Collection[Place],
    *,
    start: Mapping[Place, int] | None = None,
    until: Mapping[Place, int] | None = None,
    keys: Collection[bytes] | None = None,
) -> Iterator[Record]:
    """Committed records of some partitions.

    Args:
        settings: which cluster.
        of: which partitions.
        start: first offset of each partition; default the earliest.
        until: where to stop (exclusive), from `ends`; default never.
        keys: only records with one of these keys.
    """
    for batch in batches(settings, of, start=start, until=until, keys=keys):
        yield from batch


def batches(
    settings: Settings,
    of: Collection[Place],
    *,
    start: Mapping[Place, int] | None = None,
    until: Mapping[Place, int] | None = None,
    keys: Collection[bytes] | None = None,
) -> Iterator[list[Record]]:
    """As `read`, but as the records arrive: what is to be shown at once is shown after each batch. None is empty."""
    with Reader(settings, of, start=start, until=until, keys=keys) as reader:
        while not reader.done:
            if batch := reader.poll():
                yield batch


def _meaning(error: KafkaError) -> EngineError:
    if error.code() in FORBIDDEN:
        return Misconfigured(f"The cluster forbids reading: {error.str()}. Grant READ; docs/security.md says on what.")
    if error.code() in _GONE:
        return Misconfigured(f"A topic is gone: {error.str()}. `forewarn topics check` says which.")
    return Inconsistent(f"Reading failed: {error.str()} ({error.name()}).")

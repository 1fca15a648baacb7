"""Partitions merged into one order, for people and files: by business date, say.

Rule: the result depends on what the partitions hold, never on when it arrived; memory is bounded.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from streams.engine.reading import Place, Reader, Record
from streams.settings import Settings

#: A partition read ahead of the others in `merged` by more than this is paused, and resumed when half of it is used.
_AHEAD_BYTES_MAX = 32 * 1024 * 1024
_RECORD_OVERHEAD_BYTES = 1_000


def merged(
    settings: Settings,
    of: Collection[Place],
    rank: Callable[[Record], Any],
    *,
    until: Mapping[Place, int],
    keys: Collection[bytes] | None = None,
) -> Iterator[Record]:
    """As `read`, but the partitions are merged: always the head with the lowest (rank, place) comes next.

    The same partitions give the same order, whatever the timing. Memory is bounded: what is far ahead is paused.
    """
    with Reader(settings, of, until=until, keys=keys) as reader:
        heads = {place: _Head() for place in of}
        while heads:
            for record in reader.poll():
                heads[record.topic, record.partition].put(rank(record), record)
            for place in [place for place, head in heads.items() if not head.waiting and place not in reader.unread]:
                del heads[place]
            yield from _lowest(heads, reader.unread)
            _balance(reader, heads)


class _Head:
    """What of one partition has been read ahead."""

    __slots__ = ("bytes", "paused", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[tuple[Any, Record]] = deque()
        self.bytes = 0
        self.paused = False

    def put(self, rank: object, record: Record) -> None:
        self.waiting.append((rank, record))
        self.bytes += _size(record)

    def take(self) -> Record:
        record = self.waiting.popleft()[1]
        self.bytes -= _size(record)
        return record


def _size(record: Record) -> int:
    return _RECORD_OVERHEAD_BYTES + len(record.value or b"")


def _lowest(heads: dict[Place, _Head], unread: Collection[Place]) -> Iterator[Record]:
    """Take records while the head of every partition is known."""
    while heads and all(head.waiting for head in heads.values()):
        place = min(heads, key=lambda p: (heads[p].waiting[0][0], p))
        yield heads[place].take()
        if not heads[place].waiting and place not in unread:
            del heads[place]


def _balance(reader: Reader, heads: dict[Place, _Head]) -> None:
    for place in reader.unread:
        head = heads[place]
        if not head.paused and head.bytes > _AHEAD_BYTES_MAX:
            reader.pause(place)
            head.paused = True
        elif head.paused and head.bytes < _AHEAD_BYTES_MAX // 2:
            reader.resume(place)
            head.paused = False

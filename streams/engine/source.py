"""Where a journal record came from: the header that ties it to exactly one input record.

`src` = topic/partition/offset/count, where count is how many records that input partition has given to this journal
partition, from 1. The sequencer keeps the counts in its state, so a reader of the journal can prove, without trusting
offsets, that nothing is missing, repeated or reordered.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.engine.errors import Inconsistent

HEADER = "src"
#: (input topic, input partition)
SourcePartition = tuple[str, int]


class Source:
    """The parsed header."""

    __slots__ = ("count", "offset", "partition", "topic")

    def __init__(self, topic: str, partition: int, offset: int, count: int) -> None:
        self.topic, self.partition, self.offset, self.count = topic, partition, offset, count

    @property
    def name(self) -> str:
        """Of the input partition."""
        return f"{self.topic}/{self.partition}"


def header(topic: str, partition: int, offset: int, count: int) -> tuple[str, bytes]:
    """Make the header of a journal record."""
    return (HEADER, b"%b/%d/%d/%d" % (topic.encode(), partition, offset, count))


def parse(headers: Sequence[tuple[str, bytes]]) -> Source:
    """Read the header.

    Raises:
        Inconsistent: the record was not written by the sequencer.
    """
    for name, value in headers:
        if name == HEADER:
            topic, partition, offset, count = value.decode().rsplit("/", 3)
            return Source(topic, int(partition), int(offset), int(count))
    raise Inconsistent("A journal record has no src header: something other than the sequencer wrote to the journal.")


class Continuity:
    """Counts per source, as a reader of one journal partition has seen them."""

    __slots__ = ("counts",)

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def check(self, source: Source, offset: int) -> None:
        """Whether this is the record that must come now; `note` it when it is folded.

        Raises:
            Inconsistent: a record is missing, repeated or out of order.
        """
        name = source.name
        expected = self.counts.get(name, 0) + 1
        if source.count != expected:
            raise Inconsistent(
                f"Journal offset {offset}: record {source.count} of {name} arrived where {expected} was due. "
                "The journal or its reading is broken; a restart reads again from the last commit."
            )

    def note(self, source: Source) -> None:
        """The record is folded."""
        self.counts[source.name] = source.count

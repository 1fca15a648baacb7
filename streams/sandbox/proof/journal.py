"""Inputs against journal and dead letters: each input record is in exactly one of them, exactly once, unchanged.

It relies on what the sender was told by the broker, and on the topics as they are; on no count of the product.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Iterator
from zlib import crc32

from streams.engine import reading, source
from streams.engine.errors import Inconsistent
from streams.engine.reading import Record
from streams.sandbox.proof.compare import Check
from streams.sandbox.proof.refold import Letter
from streams.sandbox.proof.sending import Position
from streams.settings import Settings
from streams.topics import BROADCAST, SEQUENCED


def _content(key: bytes | None, value: bytes | None) -> int:
    return crc32(value or b"", crc32(key or b"\0"))


class _Input:
    """One input partition: by offset, what stands there and how often the journal has it. Five bytes a record."""

    __slots__ = ("contents", "present", "times")

    def __init__(self) -> None:
        self.contents = array("I")
        self.present = bytearray()
        self.times = bytearray()

    def put(self, offset: int, content: int) -> None:
        """Offsets rise; what is skipped is a marker, or must not be in the journal."""
        self.contents.extend([0] * (offset - len(self.contents)))
        self.contents.append(content)
        self.present.extend(bytes(offset - len(self.present)))
        self.present.append(1)

    def holds(self, offset: int) -> bool:
        return offset < len(self.present) and self.present[offset] == 1

    def note(self, offset: int) -> None:
        self.times.extend(bytes(max(0, len(self.present) - len(self.times))))
        self.times[offset] = min(255, self.times[offset] + 1)

    def counts(self) -> Counter[int]:
        """How many records are in the journal so and so often."""
        self.times.extend(bytes(len(self.present) - len(self.times)))
        return Counter(itertools.compress(self.times, self.present))


class Journal:
    """One reading of inputs and journal."""

    def __init__(self, settings: Settings, poison: set[Position]) -> None:
        self._settings = settings
        self._poison = poison
        self._inputs: dict[tuple[str, int], _Input] = {}
        self._last: dict[tuple[int, str, int], tuple[int, int]] = {}
        self.check = Check(name="journal records", expected=0)
        self.partitions = 0
        self.breaks = 0

    def judge(self) -> Check:
        """Read all inputs, then the whole journal."""
        for record in reading.read_all(self._settings, SEQUENCED):
            if (record.topic, record.partition, record.offset) not in self._poison:
                line = self._inputs.setdefault((record.topic, record.partition), _Input())
                line.put(record.offset, _content(record.key, record.value))
        of = reading.places(self._settings, ["journal"])
        self.partitions = len(of)
        for record in self._journal():
            self._take(record)
        for (topic, _), line in self._inputs.items():
            wanted = self.partitions if topic in BROADCAST else 1
            for times, records in line.counts().items():
                self.check.expected += wanted * records
                self.check.lost += max(0, wanted - times) * records
                self.check.twice += max(0, times - wanted) * records
        self.check.reordered = self.breaks
        return self.check

    def _journal(self) -> Iterator[Record]:
        return reading.read_all(self._settings, ["journal"])

    def _take(self, record: Record) -> None:
        try:
            origin = source.parse(record.headers)
        except Inconsistent:
            self.check.twice += 1
            return
        line = self._inputs.get((origin.topic, origin.partition))
        if line is None or not line.holds(origin.offset):
            self.check.twice += 1  # from nothing, or from a record that had to be refused
            return
        self.check.differing += line.contents[origin.offset] != _content(record.key, record.value)
        line.note(origin.offset)
        way = (record.partition, origin.topic, origin.partition)
        offset, count = self._last.get(way, (-1, 0))
        if origin.count != count + 1 or origin.offset <= offset:
            self.breaks += 1
        self._last[way] = (origin.offset, origin.count)


def letters(poison: set[Position], wanted: list[Letter], found: list[Letter]) -> Check:
    """Each poison record once, and each record that the reference refused once."""
    refused = Counter((one.topic, one.partition, one.offset) for one in wanted)
    expected = Counter(dict.fromkeys(poison, 1)) + refused
    actual = Counter((one.topic, one.partition, one.offset) for one in found)
    codes_wanted = Counter(wanted)
    codes_found = Counter(one for one in found if (one.topic, one.partition, one.offset) not in poison)
    return Check(
        name="dead letters",
        expected=expected.total(),
        lost=(expected - actual).total(),
        twice=(actual - expected).total(),
        differing=0 if expected != actual else (codes_wanted - codes_found).total(),
    )

"""Inputs against journal and dead letters: each input record is in exactly one of them, exactly once, unchanged.

It relies on what the sender was told by the broker, and on the topics as they are; on no count of the product.
"""

from __future__ import annotations

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


class Journal:
    """One reading of inputs and journal."""

    def __init__(self, settings: Settings, poison: set[Position]) -> None:
        self._settings = settings
        self._poison = poison
        self._inputs: dict[Position, int] = {}
        self._times: Counter[Position] = Counter()
        self._last: dict[tuple[int, str, int], tuple[int, int]] = {}
        self.check = Check(name="journal records", expected=0)
        self.partitions = 0
        self.breaks = 0

    def judge(self) -> Check:
        """Read all inputs, then the whole journal."""
        for record in reading.read_all(self._settings, SEQUENCED):
            place = (record.topic, record.partition, record.offset)
            if place not in self._poison:
                self._inputs[place] = _content(record.key, record.value)
        of = reading.places(self._settings, ["journal"])
        self.partitions = len(of)
        for record in self._journal():
            self._take(record)
        for place in self._inputs:
            wanted = self.partitions if place[0] in BROADCAST else 1
            self.check.expected += wanted
            self.check.lost += max(0, wanted - self._times[place])
            self.check.twice += max(0, self._times[place] - wanted)
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
        place = (origin.topic, origin.partition, origin.offset)
        content = self._inputs.get(place)
        if content is None:
            self.check.twice += 1  # from nothing, or from a record that had to be refused
            return
        self.check.differing += content != _content(record.key, record.value)
        self._times[place] += 1
        line = (record.partition, origin.topic, origin.partition)
        offset, count = self._last.get(line, (-1, 0))
        if origin.count != count + 1 or origin.offset <= offset:
            self.breaks += 1
        self._last[line] = (origin.offset, origin.count)


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

"""How far behind a reader is, in records and in time, from samples of where topics end and how far it has come.

Rule: the age of a record is not read from its timestamp, which is the producer's and may be of another decade in a replay.
A record has waited since the first sample that saw the topic end behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

Partition = TypeVar("Partition")
#: Samples kept a partition; when full, every second one goes, the oldest stays.
SAMPLES_MAX = 256


class Behind(NamedTuple):
    """Records (offsets) between the reader and the end, and for how long the oldest of them has been waiting."""

    records: int
    seconds: float


class Tracker(Generic[Partition]):
    """Remembers, for each partition, when its end was first seen where."""

    def __init__(self) -> None:
        self._seen: dict[Partition, list[tuple[float, int]]] = {}
        self._goal: dict[Partition, int] = {}

    def look(
        self, now: float, ends: Mapping[Partition, int], reached: Mapping[Partition, int]
    ) -> dict[Partition, Behind]:
        """Take a sample of every partition that is held now; others are forgotten.

        Args:
            now: monotonic seconds.
            ends: offset after the last record.
            reached: offset of the first record that is not folded.
        """
        found: dict[Partition, Behind] = {}
        for partition in set(self._seen) - set(ends):
            del self._seen[partition]
            self._goal.pop(partition, None)
        for partition, end in ends.items():
            at = reached.get(partition, 0)
            seen = [sample for sample in self._seen.get(partition, []) if sample[1] > at]
            if end > at and (not seen or end > seen[-1][1]):
                seen.append((now, end))
            self._seen[partition] = seen[:1] + seen[1::2] if len(seen) > SAMPLES_MAX else seen
            if self._goal.setdefault(partition, end) <= at:
                self._goal[partition] = 0
            found[partition] = Behind(max(0, end - at), now - seen[0][0] if seen else 0.0)
        return found

    @property
    def caught_up(self) -> bool:
        """Whether every partition has once reached the end that it had when it was first looked at."""
        return not any(self._goal.values())

    def forget(self) -> None:
        """Another assignment: begin anew."""
        self._seen.clear()
        self._goal.clear()

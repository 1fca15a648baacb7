"""A walk over all rows in small steps, for what only the rows know: bytes, tiers, observations that wait.

A step takes at most `STEP_S` of every sample. A million borrowers take about two minutes; the gauges are set when a walk
is complete, so they are always of whole books.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from streams.borrower.glance import glance
from streams.borrower.shard import Shard
from streams.risk.tiers import TIERS
from streams.telemetry import metrics

STEP_S = 0.03
_CHUNK = 500


class Walk:
    """Goes on where it stopped."""

    def __init__(self, shards: Callable[[], Mapping[int, Shard]], step_s: float = STEP_S) -> None:
        self._shards = shards
        self._step_s = step_s
        self._bytes = metrics.Series(metrics.STATE_BYTES)
        self._steps = self._once()

    def go_on(self) -> None:
        """Walk for one step; the next call after the end begins anew."""
        until = time.thread_time() + self._step_s
        while time.thread_time() < until:
            if next(self._steps, None) is None:
                self._steps = self._once()
                return

    def _once(self) -> Iterator[bool]:
        tiers: Counter[int] = Counter()
        size: dict[int, int] = {}
        waiting = 0
        for partition, shard in dict(self._shards()).items():
            bodies, size[partition] = shard.copies(), 0
            for start in range(0, len(bodies), _CHUNK):
                for body in bodies[start : start + _CHUNK]:
                    seen = glance(body)
                    tiers[seen.tier] += 1
                    waiting += len(seen.observations)
                    size[partition] += len(body)
                yield True
        self._bytes.fill({(str(partition),): count for partition, count in size.items()})
        for number, tier in enumerate(TIERS):
            metrics.BORROWERS.labels(tier).set(tiers[number])
        metrics.OBSERVATIONS.set(waiting)

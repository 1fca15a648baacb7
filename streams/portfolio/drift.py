"""What a drift detector says about a part's new misses. The detectors are River's (`learning.hazard`); this is the contract.

Rule 1: a detector is a function of the days alone, so a restart, another worker or a replay says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from streams.portfolio.book import MILLION
from streams.portfolio.indicators import Figure

#: (ordinal day, exposed, missed) of each closed day, oldest first; days inside incidents are left out.
Days = Sequence[tuple[int, int, int]]


class Drift(Struct, frozen=True):
    """The hazard of new misses has risen.

    Attributes:
        window_days: over so many of the last days.
        missed: new misses in them, of `exposed`.
        exposed: loans that were current when a due date passed.
        low_ppm: lower limit of the share in the window, widened by the dispersion of the part's own days.
        high_ppm: upper limit.
        baseline_ppm: the share that was to be expected of these days.
        detectors: which detectors agree.
    """

    window_days: int
    missed: int
    exposed: int
    low_ppm: int
    high_ppm: int
    baseline_ppm: int
    detectors: tuple[str, ...]


Detector = Callable[[Days], Drift | None]


def as_figure(drift: Drift | None) -> Figure:
    """The indicator `new_miss_drift`: how many times the baseline, in parts per million; 0 without a drift."""
    if drift is None:
        return Figure(0, 0, 0, 0, MILLION)
    base = max(1, drift.baseline_ppm)
    value = drift.missed * MILLION // drift.exposed
    times = (value * MILLION // base, drift.low_ppm * MILLION // base, drift.high_ppm * MILLION // base)
    return Figure(*times, drift.missed, drift.exposed)

"""The questions that the model answers, the weights that answer them, and the score.

Rule 1: a score is an exactly rounded sum (`math.fsum`) of table entries, so it is the same on every machine.
Rule 2: only means are needed to score (about 2 kB a head); how they were learned is `learning`'s business.
Rule 3: until the first version is activated the prior scores: the hand rule that risk officers use, as log-odds.
"""

# ruff: noqa: FURB136  - `probability_ppm` runs at every step: calls to min and max were half of its time

from __future__ import annotations

import math
from operator import getitem
from typing import TYPE_CHECKING

from msgspec import Struct

from streams.risk.design import HINGES, LENGTH, SEGMENTS, TERMS, segment
from streams.risk.features import COUNT, INDEX

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

#: The heads, in the order of every tuple of scores. Default is 90 days past due, contractual, or a write-off.
HEADS = ("default_90d", "delinquent_30_90d", "default_180d", "default_365d")
PRIOR_VERSION = "prior"
MILLION = 1_000_000
_LOGIT_MAX = 30.0

#: What scores before anything is learned, by feature. The hand rule of risk officers is days past due / 30 + misses in
#: the last 3 / 2 + consecutive misses / 4; to it come, in round numbers, what the behavior state adds: the share of late
#: and missed installments, arrears and shadow arrears, the borrower's own expectation, and money received since the due date.
_HAND_RULE = {
    "days_past_due": 2.0,
    "arrears": 1.0,
    "short_in_3": 1.25 / 2,
    "short_run": 2.5 / 3,
    "late_slow": 0.25,
    "missed_slow": 0.5,
    "shadow_arrears_slow": 0.5,
    "next_short": 0.5,
    "paid_now": -0.15,
}
#: Log-odds that a point of it is worth, by head.
_HAND_SLOPE = {"default_90d": 1.3, "delinquent_30_90d": 1.2, "default_180d": 1.1, "default_365d": 0.9}
#: Log-odds at zero points. A borrower with no sign at all has -0.25 points: 0.13 %, 1.1 %, 0.4 % and 1 %.
_HAND_BASE = {"default_90d": -6.3, "delinquent_30_90d": -4.2, "default_180d": -5.25, "default_365d": -4.4}


class Weights(Struct, frozen=True, array_like=True, gc=False):
    """One version of all heads.

    Attributes:
        version: name of the version; `prior` before anything was learned.
        as_of: last business date (ordinal) whose labels are in it; 0 for the prior.
        heads: a vector a head, in the order of `HEADS`, laid out as in `design`.
    """

    version: str
    as_of: int
    heads: tuple[tuple[float, ...], ...]

    @classmethod
    def from_event(cls, version: str, learned_through: dt.date, heads: Mapping[str, Sequence[float]]) -> Weights:
        """From a `model_activated` event.

        Raises:
            ValueError: a head is missing, unknown, of another layout, or not finite. Publish a version that this
                release has learned, or run the release that learned it.
        """
        if set(heads) != set(HEADS):
            raise ValueError(f"Version {version} has heads {sorted(heads)}; this release scores {sorted(HEADS)}.")
        for name in HEADS:
            if len(heads[name]) != LENGTH:
                raise ValueError(
                    f"Head {name} of version {version} has {len(heads[name])} weights; this release uses {LENGTH}. "
                    "It was learned by another release: activate a version of this one."
                )
            if not all(map(math.isfinite, heads[name])):
                raise ValueError(f"Head {name} of version {version} holds a weight that is not a finite number.")
        return cls(version, learned_through.toordinal(), tuple(tuple(map(float, heads[name])) for name in HEADS))


def prior_head(name: str) -> tuple[float, ...]:
    """The hand rule as a weight vector: the same on each scorecard."""
    vector = [0.0] * TERMS
    vector[0] = _HAND_BASE[name]
    for feature, weight in _HAND_RULE.items():
        vector[1 + INDEX[feature]] = weight * _HAND_SLOPE[name]
    return tuple(vector) * len(SEGMENTS)


def prior_weights() -> Weights:
    """What scores before anything has been learned."""
    return Weights(PRIOR_VERSION, 0, tuple(prior_head(name) for name in HEADS))


class Scorecard:
    """One segment of a head, unrolled into a table a feature: a score is a look-up and a sum.

    A table is keyed by the stored integer itself, -127 to 127, and filled as values are met: few of them ever are.
    """

    __slots__ = ("intercept", "tables")

    def __init__(self, vector: Sequence[float]) -> None:
        self.intercept = vector[0]
        slopes: list[list[tuple[int, float]]] = [[] for _ in range(COUNT)]
        for at, (index, knot) in enumerate(HINGES, 1 + COUNT):
            if vector[at]:
                slopes[index].append((knot, vector[at]))
        self.tables = [_Table(vector[1 + index], slopes[index]) for index in range(COUNT)]

    def logit(self, inputs: Sequence[int]) -> float:
        """Log-odds for quantised inputs."""
        return math.fsum([self.intercept, *map(getitem, self.tables, inputs)])


class Scorer:
    """One head: its scorecards, in the order of `design.SEGMENTS`."""

    __slots__ = ("cards",)

    def __init__(self, vector: Sequence[float]) -> None:
        self.cards = tuple(Scorecard(vector[at : at + TERMS]) for at in range(0, LENGTH, TERMS))

    def card(self, inputs: Sequence[int]) -> Scorecard:
        """The scorecard that these inputs are for."""
        return self.cards[segment(inputs)]

    def logit(self, inputs: Sequence[int]) -> float:
        """Log-odds for quantised inputs."""
        return self.cards[segment(inputs)].logit(inputs)


class _Table(dict[int, float]):
    """What each value of one feature adds to the log-odds."""

    __slots__ = ("_hinges", "_slope")

    def __init__(self, slope: float, hinges: Sequence[tuple[int, float]]) -> None:
        super().__init__()
        self._slope = slope
        self._hinges = hinges

    def __missing__(self, value: int) -> float:
        if not self._hinges:
            found = self[value] = value * self._slope / 100
            return found
        parts = [(value - knot) * weight / 100 for knot, weight in self._hinges if value > knot]
        found = self[value] = math.fsum([value * self._slope / 100, *parts])
        return found


def probability_ppm(logit: float) -> int:
    """Log-odds to parts per million, 1 to 999,999: a model is never certain."""
    bounded = -_LOGIT_MAX if logit < -_LOGIT_MAX else _LOGIT_MAX if logit > _LOGIT_MAX else logit
    ppm = round(MILLION / (1 + math.exp(-bounded)))
    return 1 if ppm < 1 else MILLION - 1 if ppm >= MILLION else ppm

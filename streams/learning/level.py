"""How high a head's probabilities must be in this book: one number over the hand rule, for both scorecards together.

A scorecard's own intercept is firm, so that the first cohorts do not pull the two apart. What both have in common is not:
one lender's base rate is ten times another's. So the level is learned by itself, from all labels of a cohort at once, and the
intercepts' prior mean follows it. On a made-up book of microloans of which a tenth default, it took two cohorts where firm
intercepts alone took seven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Of the level before anything is learned, by head: +-1 in log-odds. A head without one has a loose intercept instead.
VARIANCE = {"default_90d": 1.0}
_STEPS = 20
#: No step of Newton's is longer: it starts far off where nothing has happened yet.
_STEP_MAX = 1.0
_LOGIT_MAX = 30.0


def learn(
    level: float, variance: float, logits: NDArray[np.float64], outcomes: NDArray[np.float64]
) -> tuple[float, float]:
    """The level and its variance after a cohort: maximum a posteriori, and Laplace's approximation around it.

    Args:
        level: added to the logits, before.
        variance: of the level; above 0.
        logits: of the hand rule, a label each.
        outcomes: 0 or 1.
    """
    before = level
    for _ in range(_STEPS):
        p = _probabilities(logits + level)
        slope = float(np.add.reduce(p * (1 - p))) + 1 / variance
        step = (float(np.add.reduce(outcomes - p)) - (level - before) / variance) / slope
        level += min(max(step, -_STEP_MAX), _STEP_MAX)
    p = _probabilities(logits + level)
    return level, 1 / (1 / variance + float(np.add.reduce(p * (1 - p))))


def _probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_LOGIT_MAX, _LOGIT_MAX))))

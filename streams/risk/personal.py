"""Each borrower's own two weights: how much likelier than expected this person is to come up short, and again after it.

A small Gaussian state per borrower, pooled with everyone else through its prior: mean 0, variance 1.5, around an
expectation from recent behavior. It learns from a dense outcome (was the installment short?), because a borrower's own
default label says "no" until it is too late. One exact-gradient Laplace step per installment, then the weights drift
back towards the prior (decay 0.97), so old habits fade.

Source: assumed density filtering for logistic regression, Spiegelhalter and Lauritzen (1990).
"""

from __future__ import annotations

import math

#: Fixed point: weights and covariance are kept in 1/10,000.
SCALE = 10_000
PRIOR_VARIANCE = 15_000
_DECAY = 0.97
_VARIANCE = PRIOR_VARIANCE / SCALE
_MEAN_MAX = 4.0
#: Logistic function on a grid of 1/64 from -8 to 8, so that no two C libraries can disagree in what a row keeps.
_GRID, _GRID_MAX = 64, 8
_SIGMOID = tuple(
    round(1 / (1 + math.exp(-step / _GRID)), 9) for step in range(-_GRID_MAX * _GRID, _GRID_MAX * _GRID + 1)
)

Personal = tuple[int, int, int, int, int]


def sigmoid(logit: float) -> float:
    """The logistic function to 1/64 of log-odds, bounded to +-8; the same on every machine."""
    return _SIGMOID[int(min(max(logit, -_GRID_MAX), _GRID_MAX) * _GRID) + _GRID_MAX * _GRID]


def own_logit(personal: Personal, after_short: int) -> float:
    """What the borrower's own weights add to the expected log-odds of coming up short.

    Args:
        personal: as `learn` keeps it.
        after_short: 1 if the period before was short.
    """
    return (personal[0] + personal[1] * (1.0 if after_short else -0.3)) / SCALE


def learn(personal: Personal, expected_logit: float, after_short: int, short: int) -> Personal:
    """The borrower's weights after one more installment.

    Args:
        personal: mean 0, mean 1, variance 0, covariance, variance 1.
        expected_logit: log-odds of a short period, from recent behavior alone.
        after_short: 1 if the period before was short.
        short: 1 if this one was.
    """
    second = 1.0 if after_short else -0.3
    keep, fill = _DECAY * _DECAY, (1 - _DECAY * _DECAY) * _VARIANCE
    mean0, mean1 = personal[0] * _DECAY / SCALE, personal[1] * _DECAY / SCALE
    var0 = personal[2] * keep / SCALE + fill
    cross = personal[3] * keep / SCALE
    var1 = personal[4] * keep / SCALE + fill
    probability = sigmoid(expected_logit + mean0 + mean1 * second)
    slope = probability * (1 - probability)
    gain0, gain1 = var0 + cross * second, cross + var1 * second
    damping = 1 / (1 + slope * (gain0 + gain1 * second))
    step, shrink = (short - probability) * damping, slope * damping
    mean0 = min(max(mean0 + gain0 * step, -_MEAN_MAX), _MEAN_MAX)
    mean1 = min(max(mean1 + gain1 * step, -_MEAN_MAX), _MEAN_MAX)
    return (
        round(mean0 * SCALE),
        round(mean1 * SCALE),
        round((var0 - shrink * gain0 * gain0) * SCALE),
        round((cross - shrink * gain0 * gain1) * SCALE),
        round((var1 - shrink * gain1 * gain1) * SCALE),
    )

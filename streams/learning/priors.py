"""How firmly each head holds to its prior: the variance of every weight before anything is learned.

A head with few positives must lean on the hand rule; the early-delinquency head sees several times as many and may
move. Monthly observations overlap (a default is in three of them), so labels carry less than they count; a small
variance is also what corrects for that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.risk.design import HINGES, TERMS
from streams.risk.features import COUNT, INDEX


class Firmness(NamedTuple):
    """Prior variances by kind of term. `aging` is for features that only grow with time: they extrapolate badly."""

    intercept: float
    feature: float
    hinge: float
    product: float
    aging: float


AGING = ("periods", "novelty", "short_count", "remaining", "full_run", "personal_doubt")
FIRMNESS = {
    "default_90d": Firmness(intercept=0.3, feature=0.015, hinge=0.015, product=0.01, aging=0.015),
    "delinquent_30_90d": Firmness(intercept=1.0, feature=0.3, hinge=0.1, product=0.1, aging=0.03),
    "default_180d": Firmness(intercept=1.0, feature=0.3, hinge=0.1, product=0.1, aging=0.3),
    "default_365d": Firmness(intercept=1.0, feature=0.3, hinge=0.1, product=0.1, aging=0.3),
}


def prior_variances(head: str) -> np.ndarray:
    """The variance of each term's weight, in the order of `design.TERM_NAMES`."""
    firmness = FIRMNESS[head]
    variances = np.full(TERMS, firmness.product)
    variances[0] = firmness.intercept
    variances[1 : 1 + COUNT] = firmness.feature
    variances[1 + COUNT : 1 + COUNT + len(HINGES)] = firmness.hinge
    for name in AGING:
        variances[1 + INDEX[name]] = firmness.aging
    return variances

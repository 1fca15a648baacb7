"""How firmly each head holds to its prior, the hand rule: the variance of every weight before anything is learned.

A head with few positives must lean on the hand rule; with many it may move. So the variance starts small and grows with
the positives learned so far, and the posterior is kept exact under the grown prior (`bayes.loosen`). It is also what
corrects for overlap: monthly observations share their label windows, so labels carry less than they count.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.risk.design import TERMS


class Firmness(NamedTuple):
    """Prior variances of one head.

    Attributes:
        intercept: of the intercept, from the start: base rates differ between lenders more than behavior does.
        start: of every other weight, until `positives` positives have been learned.
        positives: from here on the variance grows in proportion to the positives learned.
        most: where it stops.
    """

    intercept: float
    start: float
    positives: int
    most: float


FIRMNESS = {
    "default_90d": Firmness(intercept=0.3, start=0.003, positives=100, most=0.3),
    "delinquent_30_90d": Firmness(intercept=1.0, start=0.02, positives=20, most=0.3),
    "default_180d": Firmness(intercept=1.0, start=0.01, positives=10, most=0.3),
    "default_365d": Firmness(intercept=1.0, start=0.01, positives=10, most=0.3),
}


def prior_variances(head: str, positives: int) -> np.ndarray:
    """The variance of each term's weight after so many positives, in the order of `design.TERM_NAMES`."""
    firmness = FIRMNESS[head]
    grown = firmness.start * max(1.0, positives / firmness.positives)
    variances = np.full(TERMS, min(grown, firmness.most))
    variances[0] = firmness.intercept
    return variances

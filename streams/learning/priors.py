"""How firmly each head holds to its prior, the hand rule: the variance of every weight before anything is learned.

A head with few positives must lean on the hand rule; with many it may move. So the variance starts small and grows with
the positives learned so far, and the posterior is kept exact under the grown prior (`bayes.loosen`). It is also what
corrects for overlap: monthly observations share their label windows, so labels carry less than they count.

A head also leans on one that has more labels, or newer ones: who defaults has first been 30 days past due, and of that there
are three times as many; what is said of a year is a year old when it is learned. So its prior's mean moves by a share of what
the other head has learned beyond the hand rule on the same scorecard (`bayes.recenter`).

Chosen on the bundled loans, months 12 to 21 of observation; what the later months said of each choice is in the model card.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.risk.design import TERMS


class Firmness(NamedTuple):
    """Prior variances of one head.

    Attributes:
        intercept: of the intercept, from the start. It is small where positives come late or seldom: else the first cohorts,
            of loans with no history yet, pull the scorecards' levels apart, and the first months rank below the hand rule.
        start: of every other weight, until `positives` positives have been learned.
        positives: from here on the variance grows in proportion to the positives learned.
        most: where it stops.
    """

    intercept: float
    start: float
    positives: int
    most: float


FIRMNESS = {
    "default_90d": Firmness(intercept=0.02, start=0.003, positives=100, most=0.3),
    "delinquent_30_90d": Firmness(intercept=1.0, start=0.02, positives=20, most=0.3),
    "default_180d": Firmness(intercept=0.05, start=0.01, positives=10, most=0.3),
    "default_365d": Firmness(intercept=0.05, start=0.01, positives=10, most=0.3),
}


#: What a cohort adds to the variance of an intercept: a base rate drifts as the book ages, and faster than behavior changes
#: its meaning. Without it the 30-day head, whose rate doubles within two years on the bundled loans, ran .6 points low.
DRIFT_OF_INTERCEPT = {"default_90d": 0.003, "delinquent_30_90d": 0.01}


class Lean(NamedTuple):
    """A head's lean on another one.

    Attributes:
        on: the other head.
        share: of what that head has learned, at most.
        positives: own positives at which half of the share is taken over: before there are own labels that could
            contradict, nothing is.
    """

    on: str
    share: float
    positives: int


#: In the order in which they are done: the yearly head leans on what the half-yearly one has just taken over.
LEANS = {
    "default_90d": Lean(on="delinquent_30_90d", share=0.5, positives=30),
    "default_180d": Lean(on="delinquent_30_90d", share=0.5, positives=10),
    "default_365d": Lean(on="default_180d", share=0.8, positives=10),
}


def leaning_center(
    name: str, positives: int, hand: np.ndarray, other_hand: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """The prior's mean of a scorecard whose head leans. The intercept is its own.

    Args:
        name: of the head.
        positives: that the scorecard has learned itself.
        hand: its hand rule.
        other_hand: that of the head it leans on.
        other: what that head's weights are now.
    """
    lean = LEANS[name]
    moved = (other - other_hand) * (lean.share * positives / (positives + lean.positives))
    moved[0] = 0.0
    return np.asarray(hand + moved)


def prior_variances(head: str, positives: int) -> np.ndarray:
    """The variance of each term's weight after so many positives on a scorecard, in the order of `design.TERM_NAMES`."""
    firmness = FIRMNESS[head]
    grown = firmness.start * max(1.0, positives / firmness.positives)
    variances = np.full(TERMS, min(grown, firmness.most))
    variances[0] = firmness.intercept
    return variances

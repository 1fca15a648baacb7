"""What a head has learned on one of its scorecards: a Gaussian belief about the weights, and the prior it holds to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from streams.learning import bayes
from streams.learning.priors import DRIFT_OF_INTERCEPT, leaning_center, prior_variances
from streams.risk.design import TERMS
from streams.risk.heads import prior_head

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORGETTING = 0.99998
_LOWER = np.tril_indices(TERMS)


class BeliefState(Struct, array_like=True):
    """A belief as bytes: arrays are little-endian float64; the covariance is its lower triangle."""

    mean: bytes
    covariance: bytes
    center: bytes
    positives: int


class Belief:
    """One scorecard's weights while they are learned. It starts as the hand rule.

    Args:
        head: its name, which says how firmly it holds to its prior.
    """

    def __init__(self, head: str) -> None:
        self._head = head
        self._hand = np.array(prior_head(head)[:TERMS])
        self._center = self._hand.copy()
        self._prior = prior_variances(head, 0)
        self.mean = self._center.copy()
        self._covariance = np.diag(self._prior)
        self._positives = 0

    def learn(self, rows: NDArray[np.float64], outcomes: NDArray[np.float64]) -> None:
        """Learn a cohort's labels in the order given, each on the terms of its row."""
        self._positives += int(outcomes.sum())
        self._loosen()
        scratch = np.empty((TERMS, TERMS))
        for row, outcome in zip(rows, outcomes.tolist(), strict=True):
            bayes.update(self.mean, self._covariance, row, outcome, scratch)
        bayes.forget(self._covariance, self._prior, len(outcomes), FORGETTING)
        self._covariance[0, 0] += DRIFT_OF_INTERCEPT.get(self._head, 0.0)

    def hand_logits(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the hand rule says of rows of terms."""
        return np.asarray(np.add.reduce(rows * self._hand, axis=1))

    def lean(self, other: Belief, level: float) -> None:
        """Move the prior's mean towards what another head has learned on the same scorecard, and to the head's own level."""
        center = leaning_center(self._head, self._positives, self._hand, other._hand, other.mean)
        center[0] += level
        bayes.recenter(self.mean, self._covariance, self._center, center, self._prior)
        self._center = center

    def _loosen(self) -> None:
        grown = prior_variances(self._head, self._positives)
        bayes.loosen(self.mean, self._covariance, self._center, self._prior, grown)
        self._prior = grown

    def state(self) -> BeliefState:
        """As bytes."""
        return BeliefState(
            mean=self.mean.astype("<f8").tobytes(),
            covariance=self._covariance[_LOWER].astype("<f8").tobytes(),
            center=self._center.astype("<f8").tobytes(),
            positives=self._positives,
        )

    @classmethod
    def restored(cls, head: str, state: BeliefState) -> Belief:
        """From bytes."""
        belief = cls(head)
        belief.mean = np.frombuffer(state.mean, "<f8").copy()
        belief._center = np.frombuffer(state.center, "<f8").copy()
        lower = np.zeros((TERMS, TERMS))
        lower[_LOWER] = np.frombuffer(state.covariance, "<f8")
        belief._covariance = lower + np.tril(lower, -1).T
        belief._positives = state.positives
        belief._prior = prior_variances(head, state.positives)
        return belief

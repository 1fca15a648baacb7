"""Recursive Bayesian logistic regression: a full-covariance Gaussian belief about the weights, one label at a time.

Each label moves the mean to the exact maximum a posteriori of one step (a one-dimensional problem, solved by a
safeguarded Newton iteration) and shrinks the covariance by the Laplace approximation's rank-one update. There is no
learning rate. Forgetting inflates the covariance, never beyond the prior's own variance.

Sums have a fixed order (row by row, or exactly rounded) and no BLAS kernel is called, so results do not depend on the
machine's vector width.

Source: Spiegelhalter and Lauritzen (1990), sequential updating of logistic regression; Chu et al., "Unbiased Online
Active Learning in Data Streams" (KDD 2011), for the online setting.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from river import base

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

_NEWTON_STEPS_MAX = 40
_NEWTON_DONE = 1e-10
#: Halvings that leave nothing of any bracket a float can tell.
_BISECTIONS = 64
_LOGIT_MAX = 35.0


def sigmoid(logit: float) -> float:
    """The logistic function, bounded away from 0 and 1."""
    return 1 / (1 + math.exp(-min(max(logit, -_LOGIT_MAX), _LOGIT_MAX)))


def posterior_logit(logit: float, variance: float, outcome: float) -> float:
    """Where one label moves the log-odds: the root z* of z* = z + s (y - sigmoid(z*)).

    Args:
        logit: z, before the label.
        variance: s = x'Px, of the log-odds before the label; >= 0.
        outcome: y, 0 or 1.
    """
    low, high = (logit, logit + variance) if outcome else (logit - variance, logit)
    guess = logit + variance * (outcome - sigmoid(logit)) / (1 + variance / 4)
    for _ in range(_NEWTON_STEPS_MAX):
        probability = sigmoid(guess)
        excess = guess - logit - variance * (outcome - probability)
        if excess > 0:
            high = guess
        else:
            low = guess
        following = guess - excess / (1 + variance * probability * (1 - probability))
        if not low <= following <= high:
            following = (low + high) / 2
        if abs(following - guess) < _NEWTON_DONE:
            return following
        guess = following
    for _ in range(_BISECTIONS):  # a confident score far from its outcome: the steps leap from side to side
        guess = (low + high) / 2
        if guess - logit > variance * (outcome - sigmoid(guess)):
            high = guess
        else:
            low = guess
    return guess


def update(
    mean: Vector,
    covariance: NDArray[np.float64],
    row: Vector,
    outcome: float,
    scratch: NDArray[np.float64] | None = None,
) -> None:
    """Learn one label, in place.

    Args:
        mean: of the weights, length d.
        covariance: of the weights, d x d, symmetric.
        row: the terms of the observation, length d, of order one.
        outcome: 0 or 1.
        scratch: d x d, overwritten; saves an allocation a label.
    """
    if scratch is None:
        scratch = np.empty_like(covariance)
    filled = np.flatnonzero(row)
    values = row[filled]
    rows = scratch[: len(filled)]
    np.take(covariance, filled, axis=0, out=rows, mode="clip")
    rows *= values[:, None]
    gain = np.add.reduce(rows, axis=0)
    variance = math.fsum((gain[filled] * values).tolist())
    if variance <= 0:
        return
    logit = posterior_logit(math.fsum((mean[filled] * values).tolist()), variance, outcome)
    probability = sigmoid(logit)
    mean += gain * (outcome - probability)
    slope = probability * (1 - probability)
    gain *= math.sqrt(slope / (1 + slope * variance))
    np.multiply(gain[:, None], gain, out=scratch)
    covariance -= scratch


def loosen(mean: Vector, covariance: NDArray[np.float64], center: Vector, before: Vector, after: Vector) -> None:
    """Replace the prior's variances by larger ones, and keep the posterior what it would have been, in place.

    Prior precision enters the posterior's as a sum, so it can be taken out again: one rank-one update a coordinate.

    Args:
        mean: of the weights.
        covariance: of the weights.
        center: the prior's mean.
        before: the prior variances in force.
        after: the new ones; a coordinate where they are not larger stays as it is.
    """
    scratch = np.empty_like(covariance)
    for at in np.flatnonzero(after > before).tolist():
        surplus = 1 / float(before[at]) - 1 / float(after[at])
        column = covariance[at].copy()
        factor = surplus / (1 - surplus * float(column[at]))
        mean += column * (factor * float(mean[at] - center[at]))
        column *= math.sqrt(factor)
        np.multiply(column[:, None], column, out=scratch)
        covariance += scratch


def recenter(mean: Vector, covariance: NDArray[np.float64], before: Vector, after: Vector, prior: Vector) -> None:
    """Move the prior's mean, and keep the posterior what it would have been, in place.

    The prior enters the posterior's natural parameter as center / variance, so a change of it is added there.

    Args:
        mean: of the weights.
        covariance: of the weights.
        before: the prior's mean in force.
        after: the new one.
        prior: the prior variances.
    """
    shift = (after - before) / prior
    mean += np.add.reduce(covariance * shift[:, None], axis=0)


def forget(covariance: NDArray[np.float64], prior: Vector, labels: int, forgetting: float) -> None:
    """Inflate the covariance for `labels` labels gone by, no coordinate beyond its prior variance, in place."""
    if forgetting >= 1 or not labels:
        return
    covariance /= forgetting**labels
    spread = np.einsum("ii->i", covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(spread > prior, np.sqrt(prior / spread), 1.0)
    if (scale < 1).any():
        covariance *= scale[:, None] * scale


class BayesianLogisticRegression(base.Classifier):
    """Online Bayesian logistic regression with full covariance, for dense inputs of order one.

    Parameters
    ----------
    prior_variance
        Of every weight before anything is learned.
    forgetting
        Between 0 and 1; the covariance is divided by it at each label, up to the prior. 1 never forgets.
    base_rate
        Share of positives that the intercept starts from.

    Examples:
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from streams.learning.bayes import BayesianLogisticRegression
    >>> model = preprocessing.StandardScaler() | BayesianLogisticRegression()
    >>> evaluate.progressive_val_score(datasets.Phishing(), model, metrics.ROCAUC()).get() > 0.94
    True

    """

    def __init__(self, prior_variance: float = 0.3, forgetting: float = 0.99998, base_rate: float = 0.5) -> None:
        if not 0 < forgetting <= 1:
            raise ValueError(f"forgetting {forgetting} must be above 0 and at most 1.")
        if prior_variance <= 0:
            raise ValueError(f"prior_variance {prior_variance} must be above 0.")
        if not 0 < base_rate < 1:
            raise ValueError(f"base_rate {base_rate} must be between 0 and 1.")
        self.prior_variance = prior_variance
        self.forgetting = forgetting
        self.base_rate = base_rate
        self._positions: dict[Any, int] = {}
        self._mean = np.array([math.log(base_rate / (1 - base_rate))])
        self._covariance = np.array([[prior_variance]])

    @property
    def weights(self) -> dict[Any, float]:
        """Posterior mean of each feature's weight."""
        return {name: float(self._mean[at]) for name, at in self._positions.items()}

    @property
    def intercept(self) -> float:
        """Posterior mean of the intercept."""
        return float(self._mean[0])

    def learn_one(self, x: dict[Any, Any], y: Any) -> None:
        """Learn one label."""
        self._admit(x)
        update(self._mean, self._covariance, self._row(x), 1.0 if y else 0.0)
        forget(self._covariance, np.full(len(self._mean), self.prior_variance), 1, self.forgetting)

    def predict_proba_one(self, x: dict[Any, Any], **kwargs: Any) -> dict[Any, float]:
        """Probability of each class; unseen features count nothing."""
        probability = sigmoid(math.fsum((self._row(x) * self._mean).tolist()))
        return {False: 1 - probability, True: probability}

    def _admit(self, x: dict[Any, Any]) -> None:
        fresh = sorted((name for name in x if name not in self._positions), key=str)
        if not fresh:
            return
        for name in fresh:
            self._positions[name] = len(self._positions) + 1
        size = len(self._positions) + 1
        known = len(self._mean)
        mean, covariance = np.zeros(size), np.eye(size) * self.prior_variance
        mean[:known], covariance[:known, :known] = self._mean, self._covariance
        self._mean, self._covariance = mean, covariance

    def _row(self, x: dict[Any, Any]) -> Vector:
        row = np.zeros(len(self._mean))
        row[0] = 1.0
        for name, value in x.items():
            at = self._positions.get(name)
            if at is not None:
                row[at] = value
        return row

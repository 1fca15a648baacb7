from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from river import checks

from streams.learning import bayes
from streams.learning.bayes import BayesianLogisticRegression

_CHECKS = list(checks.yield_checks(BayesianLogisticRegression()))


@pytest.mark.parametrize("check", _CHECKS, ids=[f"{place}-{check.__name__}" for place, check in enumerate(_CHECKS)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_river_accepts_it_as_an_estimator(check: object) -> None:
    """Every check that River runs on its own classifiers."""
    model = BayesianLogisticRegression()
    if check.__name__ not in model._unit_test_skips():  # type: ignore[attr-defined]
        check(model.clone())  # type: ignore[operator]


@settings(deadline=None)
@given(st.floats(-20, 20), st.floats(1e-6, 50), st.sampled_from([0.0, 1.0]))
def test_the_step_is_the_exact_maximum(logit: float, variance: float, outcome: float) -> None:
    """z* = z + s (y - sigmoid(z*)), to rounding."""
    found = bayes.posterior_logit(logit, variance, outcome)

    assert math.isclose(found, logit + variance * (outcome - bayes.sigmoid(found)), abs_tol=1e-6 * (1 + variance))


def test_learning_matches_the_dense_formulas() -> None:
    """Skipping zero terms and reusing a buffer change nothing."""
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(50, 6)) * (generator.random((50, 6)) < 0.6)
    mean, covariance, scratch = np.zeros(6), np.eye(6) * 0.3, np.empty((6, 6))
    for number, row in enumerate(rows):
        before_mean, before = mean.copy(), covariance.copy()
        outcome = float(number % 3 == 0)
        bayes.update(mean, covariance, row, outcome, scratch)
        variance = row @ before @ row
        if not variance:
            continue
        probability = bayes.sigmoid(bayes.posterior_logit(row @ before_mean, variance, outcome))
        slope = probability * (1 - probability)

        assert np.allclose(before_mean + before @ row * (outcome - probability), mean)
        assert np.allclose(before - np.outer(before @ row, before @ row) * slope / (1 + slope * variance), covariance)


def test_covariance_stays_symmetric_and_positive() -> None:
    """After thousands of labels and as much forgetting."""
    generator = np.random.default_rng(5)
    prior = np.full(8, 0.3)
    mean, covariance = np.zeros(8), np.diag(prior)
    for number, row in enumerate(generator.normal(size=(3_000, 8))):
        bayes.update(mean, covariance, row, float(number % 7 == 0))
        bayes.forget(covariance, prior, 1, 0.999)

    assert (covariance == covariance.T).all()
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_loosening_the_prior_gives_the_posterior_it_would_have_given() -> None:
    """Checked against the precision form: posterior precision = data + prior."""
    generator = np.random.default_rng(6)
    data = generator.normal(size=(40, 5))
    information, target = data.T @ data, generator.normal(size=5)
    center, before, after = generator.normal(size=5), np.full(5, 0.1), np.array([0.1, 0.4, 0.4, 2.0, 0.2])

    def posterior(prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        covariance = np.linalg.inv(information + np.diag(1 / prior))
        return covariance @ (target + center / prior), covariance

    mean, covariance = posterior(before)
    bayes.loosen(mean, covariance, center, before, after)

    assert np.allclose(posterior(after)[0], mean)
    assert np.allclose(posterior(after)[1], covariance)


def test_recentering_the_prior_gives_the_posterior_it_would_have_given() -> None:
    """Checked against the precision form, too."""
    generator = np.random.default_rng(8)
    data, prior = generator.normal(size=(40, 5)), np.array([0.1, 0.4, 0.4, 2.0, 0.2])
    target, before, after = (np.asarray(generator.normal(size=5), np.float64) for _ in range(3))
    covariance: NDArray[np.float64] = np.linalg.inv(data.T @ data + np.diag(1 / prior)).astype(np.float64)
    mean = covariance @ (target + before / prior)
    bayes.recenter(mean, covariance, before, after, prior)

    assert np.allclose(covariance @ (target + after / prior), mean)


def test_forgetting_never_exceeds_the_prior() -> None:
    """Directions that no data inform must not blow up."""
    prior = np.array([0.3, 0.01])
    covariance = np.diag(prior * 0.5)
    bayes.forget(covariance, prior, 10_000, 0.99)

    assert (np.diag(covariance) <= prior * (1 + 1e-12)).all()


@pytest.mark.parametrize("wrong", [{"forgetting": 0.0}, {"prior_variance": 0.0}, {"base_rate": 1.0}])
def test_impossible_parameters_are_refused(wrong: dict[str, float]) -> None:
    """When the model is made, not when it learns."""
    with pytest.raises(ValueError, match="must be"):
        BayesianLogisticRegression(**wrong)


def test_weights_are_named() -> None:
    """A risk officer can read them."""
    model = BayesianLogisticRegression()
    model.learn_one({"late": 1.0}, y=True)

    assert model.weights["late"] > 0
    assert model.intercept > 0

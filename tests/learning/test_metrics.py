from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from streams.learning import metrics

_samples = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=4, max_size=60)


@settings(deadline=None)
@given(_samples)
def test_ranking_figures_agree_with_scikit_learn(sample: list[tuple[int, bool]]) -> None:
    """Ties and all."""
    scores, outcomes = [score / 20 for score, _ in sample], [float(outcome) for _, outcome in sample]
    if len(set(outcomes)) < 2:
        assert math.isnan(metrics.auc(scores, outcomes))
        return

    assert math.isclose(theirs.roc_auc_score(outcomes, scores), metrics.auc(scores, outcomes), abs_tol=1e-12)
    expected = theirs.average_precision_score(outcomes, scores)
    assert math.isclose(expected, metrics.average_precision(scores, outcomes), abs_tol=1e-12)


def test_calibration_error_of_a_right_model_is_small() -> None:
    """And of one that says half what happens, is half the rate."""
    generator = np.random.default_rng(1)
    probabilities = generator.uniform(0, 0.2, 40_000)
    outcomes = (generator.random(40_000) < probabilities).astype(float)

    assert metrics.expected_calibration_error(probabilities, outcomes) < 0.005
    assert metrics.expected_calibration_error(probabilities / 2, outcomes) == pytest.approx(0.05, abs=0.005)


def test_calibration_error_by_chance_is_what_a_right_model_has() -> None:
    """Over many draws from the probabilities themselves, rare ones among them."""
    generator = np.random.default_rng(4)
    probabilities = generator.beta(0.3, 6, 6_000)
    draws = [(generator.random(6_000) < probabilities).astype(float) for _ in range(200)]
    errors = [metrics.expected_calibration_error(probabilities, drawn) for drawn in draws]

    assert metrics.calibration_error_by_chance(probabilities) == pytest.approx(np.mean(errors), rel=0.05)
    assert math.isnan(metrics.calibration_error_by_chance([]))


def test_stability_stays_under_its_limit_when_nothing_changes() -> None:
    """In about 95 of 100 months; a shifted month is far above it."""
    generator = np.random.default_rng(2)
    months = [generator.normal(size=800) for _ in range(201)]
    inside = [metrics.psi(a, b) <= metrics.psi_limit(800, 800) for a, b in pairwise(months)]

    assert 0.88 <= sum(inside) / len(inside) <= 1.0
    assert metrics.psi(months[0], months[1] + 0.5) > metrics.psi_limit(800, 800)


def test_recall_at_a_budget() -> None:
    """The share of positives among the highest scores."""
    assert metrics.recall_at([0.9, 0.8, 0.1, 0.2], [1, 0, 1, 0], 0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("figure", [metrics.auc, metrics.average_precision, metrics.log_loss, metrics.brier])
def test_figures_without_data_are_not_numbers(figure: object) -> None:
    """Never a made-up zero."""
    assert math.isnan(figure([], []))  # type: ignore[operator]


def test_curves_end_where_they_must() -> None:
    """ROC from (0, 0) to (1, 1); recall reaches 1."""
    scores, outcomes = [0.9, 0.7, 0.7, 0.1], [1, 0, 1, 0]

    assert metrics.roc(scores, outcomes)[0] == (0.0, 0.0)
    assert metrics.roc(scores, outcomes)[-1] == (1.0, 1.0)
    assert metrics.precision_recall(scores, outcomes)[-1] == (1.0, 0.5)

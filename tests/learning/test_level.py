from __future__ import annotations

import numpy as np
import pytest

from streams.learning import level


def _cohort(seed: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(-5.0, 1.5, 2_000)
    return logits, (generator.random(2_000) < 1 / (1 + np.exp(-logits - shift))).astype(float)


@pytest.mark.parametrize("shift", [-1.0, 0.0, 2.5])
def test_a_book_with_another_base_rate_is_found_in_two_cohorts(shift: float) -> None:
    """Within three standard errors, and surer with the second."""
    first = level.learn(0.0, 1.0, *_cohort(1, shift))
    second = level.learn(*first, *_cohort(2, shift))

    assert second[0] == pytest.approx(shift, abs=3 * second[1] ** 0.5)
    assert second[1] < first[1] < 1.0


def test_without_a_positive_the_level_sinks_and_stays_finite() -> None:
    """Nobody defaults: not a level of minus infinity."""
    logits, _ = _cohort(3, 0.0)
    found, variance = level.learn(0.0, 1.0, logits, np.zeros(2_000))

    assert -6.0 < found < -1.0
    assert 0.0 < variance < 1.0


def test_a_cohort_of_nobody_changes_nothing() -> None:
    """Not even the variance."""
    assert level.learn(0.4, 0.2, np.empty(0), np.empty(0)) == pytest.approx((0.4, 0.2))

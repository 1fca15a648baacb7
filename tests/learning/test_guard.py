from __future__ import annotations

import pytest

from streams.learning.guard import COHORTS_BEFORE, IN_A_ROW_MAX, LabelGuard


def _seasoned(rate: float = 0.01) -> LabelGuard:
    guard = LabelGuard()
    for month in range(COHORTS_BEFORE):
        assert guard.admits(month, 1_000, round(1_000 * rate))
    return guard


@pytest.mark.parametrize(
    ("positives", "admitted"), [(10, True), (29, True), (31, False)], ids=["usual", "below", "above three times"]
)
def test_a_month_of_mass_default_is_kept_out(positives: int, admitted: bool) -> None:
    """Above three times the median of the accepted months."""
    assert admitted is _seasoned().admits(99, 1_000, positives)


def test_quarantined_months_do_not_move_the_median() -> None:
    """A long incident must not become what the next month is measured by."""
    guard = _seasoned()
    before = list(guard.accepted)
    assert not guard.admits(99, 1_000, 200)

    assert before == guard.accepted
    assert guard.quarantined == [99]


def test_a_new_normal_is_accepted_at_last() -> None:
    """After six cohorts in a row it is no incident."""
    guard = _seasoned()
    admitted = [guard.admits(100 + month, 1_000, 100) for month in range(IN_A_ROW_MAX + 1)]

    assert admitted == [False] * IN_A_ROW_MAX + [True]


def test_a_guard_without_history_admits() -> None:
    """The first months have nothing to be compared with."""
    assert LabelGuard().admits(1, 100, 90)


def test_few_positives_are_no_mass_default() -> None:
    """Small books are noisy."""
    assert _seasoned().admits(99, 100, 9)

"""Tiers: worse at once, better slowly, and never back and forth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.risk.tiers import CRITICAL, DEFAULT, ELEVATED, HIGH, NORMAL, TIERS, WATCH, Policy, Recovery, floor, step

RECOVERED = Recovery(current=True, met_on=10**6)
OVERDUE = Recovery(current=False, met_on=0)


@pytest.mark.parametrize(
    ("days_past_due", "expected"),
    [
        (0, NORMAL),
        (29, NORMAL),
        (30, ELEVATED),
        (59, ELEVATED),
        (60, HIGH),
        (89, HIGH),
        (90, CRITICAL),
        (400, CRITICAL),
    ],
)
def test_days_past_due_force_a_tier(days_past_due: int, expected: int) -> None:
    """Floors begin exactly at 30, 60 and 90 days."""
    assert floor(DEFAULT, days_past_due, written_off=False) == expected


def test_a_write_off_is_critical() -> None:
    """Whatever the count says."""
    assert floor(DEFAULT, 0, written_off=True) == CRITICAL


@pytest.mark.parametrize(
    ("ppm", "expected"), [(39_999, NORMAL), (40_000, WATCH), (200_000, ELEVATED), (750_000, CRITICAL)]
)
def test_a_tier_is_entered_at_its_threshold(ppm: int, expected: int) -> None:
    """At once, whatever the day."""
    assert step(DEFAULT, NORMAL, 0, 1, ppm, NORMAL, OVERDUE) == expected


def test_a_tier_lasts_its_dwell() -> None:
    """The day before the dwell ends it stays; on the day it may go."""
    last = DEFAULT.dwell_days[HIGH]

    assert step(DEFAULT, HIGH, 0, last - 1, 1, NORMAL, RECOVERED) == HIGH
    assert step(DEFAULT, HIGH, 0, last, 1, NORMAL, RECOVERED) == NORMAL


def test_no_downgrade_without_recovery() -> None:
    """Time alone heals nothing: something overdue, or no installment met since, holds the tier."""
    late = DEFAULT.dwell_days[HIGH] + 1

    assert step(DEFAULT, HIGH, 100, 100 + late, 1, NORMAL, OVERDUE) == HIGH
    assert step(DEFAULT, HIGH, 100, 100 + late, 1, NORMAL, Recovery(current=True, met_on=99)) == HIGH


def test_closing_the_last_loan_clears_the_tier_in_time() -> None:
    """Nothing is left to warn of, and no score warns again; but who borrows again soon does not change tiers for it."""
    closed, last = Recovery(current=True, met_on=0, closed=True, closed_on=6), 6 + DEFAULT.closed_days

    assert step(DEFAULT, NORMAL, 5, 6, 900_000, NORMAL, closed) == NORMAL
    assert step(DEFAULT, HIGH, 5, last - 1, 1, NORMAL, closed) == HIGH
    assert step(DEFAULT, HIGH, 5, last, 999_999, NORMAL, closed) == NORMAL


@given(scores=st.lists(st.integers(1, 999_999), min_size=1, max_size=200))
def test_a_score_that_swings_changes_the_tier_at_most_once_a_dwell(scores: list[int]) -> None:
    """A day a score: between two downgrades lies at least the dwell."""
    tier, since, downs = NORMAL, 0, []
    for day, ppm in enumerate(scores, 1):
        after = step(DEFAULT, tier, since, day, ppm, NORMAL, RECOVERED)
        if after != tier:
            if after < tier:
                downs.append(day)
                assert day - since >= DEFAULT.dwell_days[tier]
            tier, since = after, day

    assert all(later - earlier >= min(DEFAULT.dwell_days[1:]) for earlier, later in pairwise(downs))


@given(tier=st.integers(0, 4), ppm=st.integers(1, 999_999), forced=st.integers(0, 4), day=st.integers(0, 1_000))
def test_never_below_what_is_forced(tier: int, ppm: int, forced: int, day: int) -> None:
    """A floor holds against any score and any recovery."""
    assert step(DEFAULT, tier, 0, day, ppm, forced, RECOVERED) >= forced


@pytest.mark.parametrize(
    "broken",
    [
        {"entry_ppm": (0, 2, 1, 3, 4)},
        {"exit_ppm": (0, 50_000, 60_000, 70_000, 80_000)},
        {"entry_ppm": (0, 40_000, 200_000, 450_000, 1_000_000)},
    ],
)
def test_a_policy_that_would_flap_is_refused(broken: dict[str, Any]) -> None:
    """Thresholds rise, and an exit lies below its entry."""
    with pytest.raises(ValueError, match="ppm"):
        Policy(**broken)


def test_tier_names() -> None:
    """The index in a row is the place in the list."""
    assert TIERS == ("NORMAL", "WATCH", "ELEVATED", "HIGH", "CRITICAL")

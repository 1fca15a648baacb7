"""Has the hazard of new misses risen? River's Page-Hinkley and ADWIN, with the counts and the certainty that an alarm needs.

Rule 1: no alarm without enough loans, enough misses and an interval that is surely above what was usual: seven loans all
late in a small segment are not a crisis.
Rule 2: the interval is widened by the dispersion of the part's own past windows (quasi-binomial: paydays and weekends make
days differ more than chance, and neighbors alike), and the window must be worse than any of the past half year.
Rule 3: a day is compared with the same day of earlier months, as far as the part has loans due on it.
Rule 4: the verdict is a function of the days given; nothing is kept between calls.

Source: Page (1954), Biometrika 41; Bifet and Gavalda (2007), SIAM SDM (ADWIN); McCullagh and Nelder (1989), ch. 4.5, on
overdispersion.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from river.drift import ADWIN, PageHinkley

from streams.portfolio.book import MILLION
from streams.portfolio.drift import Days, Drift
from streams.portfolio.intervals import wilson_ppm

#: A sudden stop shows in 3 days, a slower one in 7.
WINDOWS_DAYS = (3, 7)
#: The baseline: the days before the last two weeks, half a year at most.
BASELINE_DAYS, GAP_DAYS = 180, 14
BASELINE_EXPOSED_MIN, BASELINE_DAYS_MIN = 200, 30
EXPOSED_MIN, MISSED_MIN = 20, 8
#: A day of the month is compared with itself: due dates at the end of a month are missed more often, every month. With
#: few loans on it, it is taken to be like the others: so many exposed weigh as much as the day's own.
SHRINK_EXPOSED = 20
#: Each part is judged every day, so a two-in-a-thousand interval would ring every year: 3.5 sigma is 1 in 4,000.
SIGMA = 3.5
#: And the rise must matter: at least so many times the baseline, surely.
TIMES_MIN = 1.25
#: A standardized day is cut here, so that one absurd day does not carry a detector alone.
CUT = 6.0
#: A detector's alarm counts for so many days.
FRESH_DAYS = 7


def drift(days: Days) -> Drift | None:
    """Judge the last day given.

    Args:
        days: (ordinal day, exposed, missed) of closed days, oldest first, days inside incidents left out.

    Returns:
        The rise, or None.
    """
    looked_at = days[-BASELINE_DAYS - GAP_DAYS :]
    before = looked_at[:-GAP_DAYS]
    exposed, missed = sum(day[1] for day in before), sum(day[2] for day in before)
    lately = looked_at[-max(WINDOWS_DAYS) :]
    enough = sum(day[1] for day in lately) >= EXPOSED_MIN and sum(day[2] for day in lately) >= MISSED_MIN
    if exposed < BASELINE_EXPOSED_MIN or len(before) < BASELINE_DAYS_MIN or not enough:
        return None
    # Half a miss more, so that a part without a single miss has a baseline at all; never certain either.
    usual = _expected(looked_at, before, (missed + 0.5) / (exposed + 1))
    for window in WINDOWS_DAYS:
        found = _risen(usual, window)
        if found is not None:
            return found
    return None


class _Day(NamedTuple):
    """A day with the misses that its part and its day of the month would usually have, and their variance."""

    exposed: int
    missed: int
    expected: float
    variance: float


def _expected(days: Days, before: Days, base: float) -> list[_Day]:
    by_day_of_month: dict[int, list[int]] = {}
    for day, exposed, missed in before:
        seen = by_day_of_month.setdefault(_day_of_month(day), [0, 0])
        seen[0] += exposed
        seen[1] += missed
    usual = []
    for place, (day, exposed, missed) in enumerate(days):
        seen_exposed, seen_missed = by_day_of_month.get(_day_of_month(day), (0, 0))
        if place < len(before):  # a day must not be its own measure, or the past looks calmer than it was
            seen_exposed, seen_missed = seen_exposed - exposed, seen_missed - missed
        share = (seen_missed + SHRINK_EXPOSED * base) / (seen_exposed + SHRINK_EXPOSED)
        usual.append(_Day(exposed, missed, exposed * share, exposed * share * (1 - share)))
    return usual


@lru_cache(maxsize=4096)
def _day_of_month(day: int) -> int:
    return dt.date.fromordinal(day).day


def _standardized(days: Sequence[_Day]) -> float:
    variance = sum(day.variance for day in days)
    return sum(day.missed - day.expected for day in days) / math.sqrt(variance) if variance > 0 else 0.0


def _risen(days: Sequence[_Day], window: int) -> Drift | None:
    recent, before = days[-window:], days[:-GAP_DAYS]
    exposed, missed = sum(day.exposed for day in recent), sum(day.missed for day in recent)
    expected = sum(day.expected for day in recent)
    if exposed < EXPOSED_MIN or missed < MISSED_MIN or missed <= TIMES_MIN * expected:
        return None
    past = [_standardized(before[at : at + window]) for at in range(len(before) - window + 1)]
    dispersion = max(1.0, sum(value * value for value in past) / len(past))
    low, high = wilson_ppm(missed / dispersion, exposed / dispersion, SIGMA)
    usual_ppm = expected / exposed * MILLION
    if low < TIMES_MIN * usual_ppm or _standardized(recent) <= max(past):
        return None
    detectors = _agreeing(days)
    if not detectors:
        return None
    return Drift(window, missed, exposed, low, high, round(usual_ppm), detectors)


def _agreeing(days: Sequence[_Day]) -> tuple[str, ...]:
    """Which detectors, run over the days, rang lately."""
    page_hinkley = PageHinkley(min_instances=15, delta=0.25, threshold=5.0, mode="up")
    adwin = ADWIN(delta=0.01, clock=1, min_window_length=3, grace_period=10)
    raw = [_standardized((day,)) for day in days]
    past = raw[:-GAP_DAYS]
    spread = max(1.0, math.sqrt(sum(value * value for value in past) / len(past)))
    rang: dict[str, int] = {}
    for place, value in enumerate(max(-CUT, min(CUT, value / spread)) for value in raw):
        page_hinkley.update(value)
        adwin.update((value + CUT) / (2 * CUT))
        if page_hinkley.drift_detected:
            rang["PAGE_HINKLEY"] = place
        if adwin.drift_detected:
            rang["ADWIN"] = place
    return tuple(sorted(name for name, place in rang.items() if place >= len(raw) - FRESH_DAYS))

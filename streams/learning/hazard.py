"""Has the hazard of new misses risen? River's Page-Hinkley and ADWIN, with the counts and the certainty that an alarm needs.

Rule 1: no alarm without enough loans, enough misses and an interval that is surely above what was usual: seven loans all
late in a small segment are not a crisis.
Rule 2: the interval is widened by the dispersion of the part's own past windows (quasi-binomial: paydays and weekends make
days differ more than chance, and neighbors alike), and the window must be worse than any of the past half year.
Rule 3: the verdict is a function of the days given; nothing is kept between calls.

Source: Page (1954), Biometrika 41; Bifet and Gavalda (2007), SIAM SDM (ADWIN); McCullagh and Nelder (1989), ch. 4.5, on
overdispersion.
"""

from __future__ import annotations

import math

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
        days: (exposed, missed) of closed days, oldest first, days inside incidents left out.

    Returns:
        The rise, or None.
    """
    before = [day for day in days[-BASELINE_DAYS - GAP_DAYS : -GAP_DAYS] if day[0] > 0]
    exposed, missed = sum(day[0] for day in before), sum(day[1] for day in before)
    if exposed < BASELINE_EXPOSED_MIN or len(before) < BASELINE_DAYS_MIN:
        return None
    # Half a miss more, so that a part without a single miss has a baseline at all; never certain either.
    base = (missed + 0.5) / (exposed + 1)
    for window in WINDOWS_DAYS:
        found = _risen(days, before, window, base)
        if found is not None:
            return found
    return None


def _risen(days: Days, before: Days, window: int, base: float) -> Drift | None:
    exposed, missed = _sum(days[-window:])
    if exposed < EXPOSED_MIN or missed < MISSED_MIN or missed <= TIMES_MIN * base * exposed:
        return None
    past = [_standardized(_sum(before[at : at + window]), base) for at in range(len(before) - window + 1)]
    dispersion = max(1.0, sum(value * value for value in past) / len(past))
    low, high = wilson_ppm(missed / dispersion, exposed / dispersion, SIGMA)
    if low < TIMES_MIN * base * MILLION or _standardized((exposed, missed), base) <= max(past):
        return None
    detectors = _agreeing(days, base)
    if not detectors:
        return None
    return Drift(window, missed, exposed, low, high, round(base * MILLION), detectors)


def _sum(days: Days) -> tuple[int, int]:
    return sum(day[0] for day in days), sum(day[1] for day in days)


def _standardized(day: tuple[int, int], base: float) -> float:
    exposed, missed = day
    return (missed - exposed * base) / math.sqrt(exposed * base * (1 - base))


def _agreeing(days: Days, base: float) -> tuple[str, ...]:
    """Which detectors, run over the days, rang lately."""
    page_hinkley = PageHinkley(min_instances=15, delta=0.25, threshold=5.0, mode="up")
    adwin = ADWIN(delta=0.01, clock=1, min_window_length=3, grace_period=10)
    looked_at = days[-BASELINE_DAYS - GAP_DAYS :]
    raw = [_standardized(day, base) if day[0] else 0.0 for day in looked_at]
    spread = max(1.0, math.sqrt(sum(value * value for value in raw[:-GAP_DAYS]) / len(raw[:-GAP_DAYS])))
    standardized = [max(-CUT, min(CUT, value / spread)) for value in raw]
    rang: dict[str, int] = {}
    for place, value in enumerate(standardized):
        page_hinkley.update(value)
        adwin.update((value + CUT) / (2 * CUT))
        if page_hinkley.drift_detected:
            rang["PAGE_HINKLEY"] = place
        if adwin.drift_detected:
            rang["ADWIN"] = place
    return tuple(sorted(name for name, place in rang.items() if place >= len(standardized) - FRESH_DAYS))

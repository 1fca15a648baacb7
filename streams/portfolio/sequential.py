"""A sequential test for a part of the book in which some of those who pay stop paying together.

Each due date is weighed by what was to be expected of its loan: that a borrower misses who almost never does is strong
evidence, that a shaky one does is little. So a segment with a few due dates a day can be judged within days.
Rule 1: what is usual is learned from the kept days: by promptness and by day of the month from the whole book, times
the part's own level. What the rest of the book does in the same days is no sign of the part.
Rule 2: up to `MARGIN` times of that is usual too. The test asks for more.
Rule 3: the Shiryaev-Roberts statistic, R = (1 + R) x likelihood ratio, averaged over shares that may have stopped. While
nothing has changed, R less the days passed is a martingale, so on average it takes at least `bound` days until R is
above `bound`: exact for any counts. With the bound at (parts x days of a year) / alarms there are at most so many false
alarms a year over all parts, as far as what is usual was learned rightly.
Rule 4: no alarm on too few due dates, misses, or days behind them, whatever R says.
Rule 5: the verdict is a function of the days given, so a restart or a replay says the same.

Source: Pollak (1985), Annals of Statistics 13; Lorden (1971), Annals of Mathematical Statistics 42; Wald (1947).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from streams.portfolio.book import EXPOSED_BY_CLASS, MILLION, MISSED_BY_CLASS, PROMPTNESS_CLASSES
from streams.portfolio.drift import Drift
from streams.portfolio.history import History, Line
from streams.portfolio.intervals import wilson_ppm

#: Shares of the payers that may have stopped; the truth between two of them costs a little power.
SHARES = (0.1, 0.25, 0.5, 0.9)
#: R is taken over so many days, as a strike older than that is the other detectors' business.
WINDOW_DAYS = 10
#: What is usual: half a year, less the last two weeks, which may be the change itself.
BASELINE_DAYS, GAP_DAYS, BASELINE_DAYS_MIN = 180, 14, 60
#: Up to so many times what is usual is no strike.
MARGIN = 1.1
EXPOSED_MIN, MISSED_MIN = 8, 6
#: False alarms a year that the bound admits, over all parts of a book together. With a few due dates a day R jumps far
#: over any bound and is begun anew every window, and Rule 4 asks for more: in years simulated without a change, and on
#: real days, it is about one (docs/portfolio.md).
ALARMS_A_YEAR = 12.0
YEAR_DAYS = 365
#: So many expected misses weigh as much as what was seen of a class, a day of the month, a part, the last days.
CLASS_PRIOR, MONTH_PRIOR, PART_PRIOR, SHOCK_PRIOR = 2.0, 10.0, 8.0, 5.0
USUAL_MAX = 0.95
#: The product of ratios is cut here: far above any bound, far below what a float holds.
RATIO_MAX = 1e15


class Day(NamedTuple):
    """One day's due dates by promptness: how many were current before, and how many of those missed."""

    day: int
    exposed: tuple[int, ...]
    missed: tuple[int, ...]


def days_of(history: History, today: int, frozen: frozenset[int]) -> list[Day]:
    """The days that teach something. A miss that was disproved is taken from the soundest class: the cautious way."""
    days = history.values("classes", _day_by_class, BASELINE_DAYS + GAP_DAYS, today)
    return [day for day in days if day is not None and day.day not in frozen]


def _day_by_class(line: Line) -> Day | None:
    if "exposed" not in line.flows:
        return None
    missed = [line.count(name) for name in MISSED_BY_CLASS]
    left = line.count("corrected")
    for at in range(PROMPTNESS_CLASSES):
        taken = min(left, missed[at])
        missed[at] -= taken
        left -= taken
    return Day(line.day, tuple([line.count(name) for name in EXPOSED_BY_CLASS]), tuple(missed))


def is_quiet(history: History, today: int) -> bool:
    """Whether so little was missed lately that no test could ring: most parts on most days."""
    lately = history.last(WINDOW_DAYS, today)
    return sum(line.count("missed") for line in lately) < MISSED_MIN or not any(
        line.count("missed") for line in history.last(3, today)
    )


class Usual:
    """What the whole book of a currency makes usual, as of a day."""

    def __init__(self, days: Sequence[Day], today: int) -> None:
        """Learn from the whole book's days, oldest first, up to `today` (ordinal)."""
        self.today = today
        self._before = [day for day in days if today - BASELINE_DAYS - GAP_DAYS < day.day <= today - GAP_DAYS]
        self.known = len(self._before) >= BASELINE_DAYS_MIN
        exposed = [sum(day.exposed[at] for day in self._before) for at in range(PROMPTNESS_CLASSES)]
        missed = [sum(day.missed[at] for day in self._before) for at in range(PROMPTNESS_CLASSES)]
        base = (sum(missed) + 0.5) / (sum(exposed) + 1)
        self._rates = [(m + CLASS_PRIOR) / (n + CLASS_PRIOR / base) for n, m in zip(exposed, missed, strict=True)]
        self._months: dict[int, float] = {}
        by_month: dict[int, list[Day]] = {}
        for day in self._before:
            by_month.setdefault(_day_of_month(day.day), []).append(day)
        for number, of_month in by_month.items():
            self._months[number] = ratio(of_month, self._by_class, MONTH_PRIOR)
        self._lately = {day.day: day for day in days if day.day > today - WINDOW_DAYS}

    def _by_class(self, day: Day) -> float:
        return sum(n * rate for n, rate in zip(day.exposed, self._rates, strict=True))

    def expected(self, day: Day) -> float:
        """Misses to be expected of a part's day, if the part is like the book."""
        return self._by_class(day) * self._months.get(_day_of_month(day.day), 1.0)

    def level(self, days: Sequence[Day]) -> float:
        """How a part compares with the book over the baseline."""
        first, last = self.today - BASELINE_DAYS - GAP_DAYS, self.today - GAP_DAYS
        return ratio([day for day in days if first < day.day <= last], self.expected, PART_PRIOR)

    def shock(self, part: Sequence[Day]) -> float:
        """How the rest of the book compares with what is usual, in the days given; never better than usual."""
        missed = expected = 0.0
        for day in part:
            whole = self._lately[day.day]
            missed += sum(whole.missed) - sum(day.missed)
            expected += self.expected(whole) - self.expected(day)
        return max(1.0, (missed + SHOCK_PRIOR) / (expected + SHOCK_PRIOR))

    def rates(self, day: int, times: float) -> list[float]:
        """Probability of a miss by class on a day, the part's level and the margin included."""
        month = self._months.get(_day_of_month(day), 1.0)
        return [min(USUAL_MAX, rate * month * times) for rate in self._rates]


@lru_cache(maxsize=4096)
def _day_of_month(day: int) -> int:
    return dt.date.fromordinal(day).day


def ratio(days: Sequence[Day], expected: Callable[[Day], float], prior: float) -> float:
    """Seen over expected misses, drawn toward 1 where little was to be expected."""
    return (sum(sum(day.missed) for day in days) + prior) / (sum(expected(day) for day in days) + prior)


def judge(days: Sequence[Day], usual: Usual, parts: int, *, whole: bool = False) -> Drift | None:
    """Judge the last days of a part.

    Args:
        days: the part's, oldest first, up to `usual.today`.
        usual: of the whole book of its currency.
        parts: how many parts are judged every day: they share the false alarms of a year.
        whole: the part is the whole book: there is no rest to compare with.

    Returns:
        The rise, over the days that speak for it most, or None.
    """
    lately = [day for day in days if day.day > usual.today - WINDOW_DAYS]
    if not usual.known or not lately:
        return None
    level = usual.level(days)
    shock = 1.0 if whole else usual.shock(lately)
    times = level * shock * MARGIN
    if _statistic(lately, usual, times) < parts * YEAR_DAYS / ALARMS_A_YEAR:
        return None
    return _told(_loudest(lately, usual, times), usual, level * shock)


def _statistic(days: Sequence[Day], usual: Usual, times: float) -> float:
    """The Shiryaev-Roberts statistic after the last day, averaged over the shares."""
    values = [0.0] * len(SHARES)
    for day in days:
        rates = usual.rates(day.day, times)
        for at, share in enumerate(SHARES):
            values[at] = min(RATIO_MAX, (1.0 + values[at]) * math.exp(_evidence(day, rates, share)))
    return sum(values) / len(values)


def _evidence(day: Day, rates: Sequence[float], share: float) -> float:
    """Logarithm of the likelihood ratio of a day: a share of those who pay has stopped, against none."""
    found = 0.0
    for exposed, missed, rate in zip(day.exposed, day.missed, rates, strict=True):
        if exposed:
            found += missed * math.log1p(share * (1 - rate) / rate) + (exposed - missed) * math.log1p(-share)
    return min(found, 30.0)


def _loudest(days: Sequence[Day], usual: Usual, times: float) -> Sequence[Day]:
    """The last days, as many as speak loudest together."""
    best, best_evidence = days, -math.inf
    for share in SHARES:
        evidence = 0.0
        for at in range(len(days) - 1, -1, -1):
            evidence += _evidence(days[at], usual.rates(days[at].day, times), share)
            if evidence > best_evidence:
                best, best_evidence = days[at:], evidence
    return best


def _told(days: Sequence[Day], usual: Usual, times: float) -> Drift | None:
    exposed, missed = sum(sum(day.exposed) for day in days), sum(sum(day.missed) for day in days)
    if exposed < EXPOSED_MIN or missed < MISSED_MIN:
        return None
    expected_ppm = round(sum(usual.expected(day) for day in days) * times / exposed * MILLION)
    low, high = wilson_ppm(missed, exposed)
    if low < MARGIN * expected_ppm:
        return None
    return Drift(usual.today - days[0].day + 1, missed, exposed, low, high, expected_ppm, ("SHIRYAEV_ROBERTS",))

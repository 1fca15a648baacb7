"""The book under a scenario, day by day: loss, coverage and the day on which the reserve no longer covers it.

Loans move between buckets by the book's own daily rates times the scenario's multiples, drawn from a seeded generator
on many paths at once. Expected loss keeps each bucket's present loss probability, times the scenario's multiple.
Rule 1: the same start, scenario and seed give the same figures.
Rule 2: no repayment shrinks a balance and no new loan dilutes it: what is shown is the present book alone.
Rule 3: loans that stop paying together are followed by age, because they all get worse on time.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.portfolio.book import BUCKETS, MILLION
from streams.portfolio.scenarios import Group, Scenario, Start

PATHS = 200
#: Due dates are taken to be spread evenly over a month.
CYCLE_DAYS = 30
#: After the end of an outage its debits are collected over so many days.
COLLECT_DAYS = 7
CLOSED, WRITTEN_OFF = BUCKETS, BUCKETS + 1

Counts = NDArray[np.int64]


class Point(Struct, frozen=True):
    """One day: medians over the paths. Ratios in parts per million, money in minor units."""

    day: int
    past_due_1_ppm: int
    past_due_30_ppm: int
    expected_loss_minor: int
    written_off_loss_minor: int
    coverage_ppm: int | None


class Result(Struct, frozen=True):
    """What a scenario did to the book.

    `loss` is what was lost so far plus what is expected still to be: 5th percentile, median and 95th percentile on the
    last day. `breach_day` is the first day on which the median coverage is below the required one, None if it never is;
    `breach_share_ppm` is the share of paths on which coverage was below it on any day.
    """

    scenario: str
    segment: str
    seed: int
    days: int
    loss_minor: tuple[int, int, int]
    coverage_end_ppm: int | None
    coverage_least_ppm: int | None
    breach_day: int | None
    breach_share_ppm: int
    points: list[Point]


def run(
    start: Start, scenario: Scenario, *, reserve_minor: int, required_ppm: int = MILLION, days: int = 180, seed: int = 1
) -> Result:
    """Run a scenario.

    Args:
        start: the present book.
        scenario: what happens to it.
        reserve_minor: the loss reserve held, >= 0.
        required_ppm: the coverage below which the reserve is breached.
        days: how far to look.
        seed: of the generator.
    """
    generator = np.random.default_rng(seed)
    groups = [_Paths(start.hit, generator), _Paths(start.rest, generator)]
    lgd = min(MILLION, start.loss_given_default_ppm + scenario.loss_given_default_add_ppm) / MILLION
    losses, coverages, points = [], [], []
    for day in range(days + 1):
        if day:
            ramp = min(1.0, day / scenario.ramp_days)
            rates = _stressed(start, scenario, ramp)
            groups[0].stop_paying(scenario, day)
            for group in groups:
                group.outage(scenario, day)
                group.pass_day(rates)
        worse = 1 + (scenario.probability_times / MILLION - 1) * min(1.0, day / scenario.ramp_days)
        now_lgd = lgd if day else start.loss_given_default_ppm / MILLION
        expected = (groups[0].expected(worse) + groups[1].expected(worse)) * now_lgd
        lost = (groups[0].written_off + groups[1].written_off) * now_lgd
        cover = np.where(expected > 0, (reserve_minor - lost) / np.maximum(expected, 1e-9), np.inf)
        losses.append(expected + lost)
        coverages.append(cover)
        points.append(_point(day, groups, expected, lost, cover))
    return _result(start, scenario, seed, losses, np.array(coverages), points, required_ppm / MILLION)


class _Paths:
    """One group of loans on all paths: counts by bucket, and those that stopped paying by age."""

    def __init__(self, group: Group, generator: np.random.Generator) -> None:
        self._generator = generator
        self.counts: Counts = np.tile(np.array(group.loans, dtype=np.int64), (PATHS, 1))
        mean = sum(group.balances) / max(1, sum(group.loans))
        self._balance = np.array([b / n if n else mean for b, n in zip(group.balances, group.loans, strict=True)])
        self._loss = np.array(group.loss_ppm) / MILLION
        self.written_off = np.zeros(PATHS)
        #: Place 0 is a due date a month away, CYCLE_DAYS the due date itself, beyond it the days past due.
        self._stopped: Counts = np.zeros((PATHS, CYCLE_DAYS + 91 + 1), dtype=np.int64)
        self._unpaid: Counts = np.zeros(PATHS, dtype=np.int64)
        self._current_at_start = int(group.loans[0])

    def pass_day(self, rates: NDArray[np.float64]) -> None:
        """Move loans between buckets, and let those that stopped paying grow older."""
        after = np.zeros_like(self.counts)
        for bucket in range(BUCKETS):
            moved = self._generator.multinomial(self.counts[:, bucket], rates[bucket])
            after += moved[:, :BUCKETS]
            self.written_off += moved[:, WRITTEN_OFF] * self._balance[bucket]
        self.counts = after
        oldest = self._stopped[:, -1].copy()
        self._stopped[:, 1:] = self._stopped[:, :-1]
        self._stopped[:, 0] = 0
        self._stopped[:, -1] += oldest

    def stop_paying(self, scenario: Scenario, day: int) -> None:
        """A share of the loans that are current stops paying today."""
        if not scenario.stop_pay_share_ppm or day > scenario.stop_pay_days:
            return
        share = scenario.stop_pay_share_ppm / MILLION / scenario.stop_pay_days
        wanted = self._generator.binomial(self._current_at_start, share, size=PATHS)
        stopping = np.minimum(wanted, self.counts[:, 0])
        self.counts[:, 0] -= stopping
        self._stopped[:, :CYCLE_DAYS] += self._generator.multinomial(stopping, [1 / CYCLE_DAYS] * CYCLE_DAYS)

    def outage(self, scenario: Scenario, day: int) -> None:
        """What fell due today is not collected, or is collected at last. Until then it is kept apart from the others."""
        if day <= scenario.outage_days:
            due = self._generator.binomial(self.counts[:, 0], 1 / CYCLE_DAYS)
            self.counts[:, 0] -= due
            self._unpaid += due
            return
        left = scenario.outage_days + COLLECT_DAYS - day + 1
        if left == COLLECT_DAYS:  # what cannot be collected is past due like any other
            collected = self._generator.binomial(self._unpaid, scenario.outage_recovered_ppm / MILLION)
            self.counts[:, 1] += self._unpaid - collected
            self._unpaid = collected
        if left > 0:
            back = self._generator.binomial(self._unpaid, 1 / left)
            self.counts[:, 0] += back
            self._unpaid -= back

    def by_bucket(self) -> Counts:
        """Loans by bucket, those included that stopped paying or wait for their debit."""
        edges = [0, CYCLE_DAYS + 1, CYCLE_DAYS + 31, CYCLE_DAYS + 61, CYCLE_DAYS + 91]
        loans: Counts = self.counts + np.add.reduceat(self._stopped, edges, axis=1)
        loans[:, 1] += self._unpaid
        return loans

    def expected(self, worse: float) -> NDArray[np.float64]:
        """Expected loss before loss given default."""
        probability = np.minimum(1.0, self._loss * worse)
        expected: NDArray[np.float64] = self.by_bucket() @ (self._balance * probability)
        return expected


def _stressed(start: Start, scenario: Scenario, ramp: float) -> NDArray[np.float64]:
    """Daily rates of the ramp's day: each row sums to one."""
    rates = np.array(start.rates_ppm, dtype=float) / MILLION
    times = np.ones_like(rates)
    times[0, 1:BUCKETS] = scenario.miss_times / MILLION
    for bucket in range(1, BUCKETS):
        times[bucket, bucket + 1 : BUCKETS] = scenario.roll_times / MILLION
        times[bucket, :bucket] = scenario.cure_times / MILLION
    rates *= 1 + (times - 1) * ramp
    for bucket in range(BUCKETS):
        rates[bucket, bucket] = 0.0
        leaving = rates[bucket].sum()
        if leaving > 1:
            rates[bucket] /= leaving
        rates[bucket, bucket] = max(0.0, 1.0 - rates[bucket].sum())
    rates /= rates.sum(axis=1, keepdims=True)
    return rates


def _point(
    day: int,
    groups: list[_Paths],
    expected: NDArray[np.float64],
    lost: NDArray[np.float64],
    cover: NDArray[np.float64],
) -> Point:
    loans = sum((group.by_bucket() for group in groups), np.zeros((PATHS, BUCKETS), dtype=np.int64))
    total = np.maximum(1, loans.sum(axis=1))
    return Point(
        day,
        _median_ppm(loans[:, 1:].sum(axis=1) / total),
        _median_ppm(loans[:, 2:].sum(axis=1) / total),
        round(float(np.median(expected))),
        round(float(np.median(lost))),
        _cover_ppm(float(np.median(cover))),
    )


def _result(
    start: Start,
    scenario: Scenario,
    seed: int,
    losses: list[NDArray[np.float64]],
    coverages: NDArray[np.float64],
    points: list[Point],
    required: float,
) -> Result:
    below = np.median(coverages, axis=1) < required
    breach_day = int(below.argmax()) if below.any() else None
    ever = (coverages < required).any(axis=0)
    low, median, high = (round(float(value)) for value in np.percentile(losses[-1], [5, 50, 95]))
    known = [point.coverage_ppm for point in points if point.coverage_ppm is not None]
    return Result(
        scenario.name,
        start.segment,
        seed,
        len(points) - 1,
        (low, median, high),
        points[-1].coverage_ppm,
        min(known, default=None),
        breach_day,
        round(float(ever.mean()) * MILLION),
        points,
    )


def _median_ppm(shares: NDArray[np.float64]) -> int:
    return round(float(np.median(shares)) * MILLION)


def _cover_ppm(cover: float) -> int | None:
    return round(cover * MILLION) if np.isfinite(cover) else None

"""A coordinated stop-pay in a segment of a realistic size: found within three days, while the total barely moves.

20 due dates a day are 600 loans that pay monthly; the segment is a fortieth of its book. Promptness and misses are drawn as
they are on the real loans, a hard case, as a quarter of what is due is missed. Seeds are fixed: every run is the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streams.agents.portfolio import new_monitor
from streams.events.outputs import PortfolioAlert
from streams.portfolio import sequential
from streams.portfolio.book import EXPOSED_BY_CLASS, MISSED_BY_CLASS, Booked, Delta
from streams.portfolio.sequential import Day, Usual
from tests.portfolio.builders import FIRST, LIFE, segment

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]
#: By promptness class, of the bundled Ally loans from June 2018 to March 2020: the share of due dates, and of them missed.
MIX: Rates = np.array((0.557, 0.141, 0.073, 0.049, 0.043, 0.137, 0.0))
RATES: Rates = np.array((0.046, 0.200, 0.338, 0.488, 0.575, 0.853, 0.244))
#: Due dates a day of a part by promptness class, and how many such parts the book has.
DUE: Rates = 20 * MIX
PARTS = 40
PAST_DAYS, SHARE = 120, 0.4


def drawn(seed: int, struck_days: int, due: Rates = DUE) -> tuple[list[Day], list[Day]]:
    """The struck part and its book."""
    chance = np.random.default_rng(seed)
    size = (PAST_DAYS + struck_days, len(RATES))
    own, rest = chance.poisson(due, size), chance.poisson((PARTS - 1) * due, size)
    missed, elsewhere = chance.binomial(own, RATES), chance.binomial(rest, RATES)
    missed[PAST_DAYS:] += chance.binomial(own[PAST_DAYS:] - missed[PAST_DAYS:], SHARE)
    return days(own, missed), days(own + rest, missed + elsewhere)


def days(due: Counts, missed: Counts) -> list[Day]:
    """One a row."""
    rows = zip(due.tolist(), missed.tolist(), strict=True)
    return [Day(FIRST + at, tuple(n), tuple(m)) for at, (n, m) in enumerate(rows)]


def delay(seed: int, due: Rates = DUE, longest: int = 3) -> int | None:
    """On which day the strike is found; None if it is not."""
    part, book = drawn(seed, longest, due)
    for at in range(longest):
        until = PAST_DAYS + at + 1
        if sequential.judge(part[:until], Usual(book[:until], part[until - 1].day), PARTS) is not None:
            return at + 1
    return None


def test_found_within_three_days_in_more_than_95_of_100() -> None:
    """40 % of those who pay in the segment stop."""
    found = [delay(seed) for seed in range(100)]

    assert sum(each is not None for each in found) > 95


def test_a_segment_of_a_quarter_of_the_size_cannot_be_found_so_soon() -> None:
    """With 5 due dates a day three days hold too little evidence: this is what the size is for."""
    found = [delay(seed, DUE / 4) for seed in range(40)]

    assert sum(each is not None for each in found) < 30


def test_the_total_barely_moves() -> None:
    """Over the three days the book misses a thirtieth more than before on average, and its own test does not ring."""
    rose = []
    for seed in range(20):
        _, book = drawn(seed, 3)
        before, after = (
            sum(sum(day.missed) for day in part) / sum(sum(day.exposed) for day in part)
            for part in (book[:PAST_DAYS], book[PAST_DAYS:])
        )
        rose.append(after / before)
        assert sequential.judge(book, Usual(book, book[-1].day), PARTS, whole=True) is None

    assert 1.0 < sum(rose) / len(rose) < 1.05
    assert max(rose) < 1.1


def test_the_monitor_says_so_of_the_segment_and_of_no_other() -> None:
    """The same through the whole fold: a DRIFT and then WATCH, of the struck region, within three days; the book stays NORMAL."""
    monitor, said = new_monitor(), list[PortfolioAlert]()
    chance = np.random.default_rng(11)
    regions = [f"R{number:02}" for number in range(PARTS)]
    opened = Delta()
    for region in regions:
        for _ in range(600):
            opened.hold(FIRST, segment(region), 0, Booked(100_000, 0, 10_000, LIFE), 1)
    monitor.sums.take(opened.take(0))
    for at in range(PAST_DAYS + 3):
        delta = Delta()
        for region in regions:
            own = chance.poisson(DUE)
            missed = chance.binomial(own, RATES)
            if region == "R07" and at >= PAST_DAYS:
                missed += chance.binomial(own - missed, SHARE)
            told(delta, FIRST + at, region, own, missed)
        monitor.sums.take(delta.take(0))
        said += monitor.close(FIRST + at + 1).alerts

    since = [alert for alert in said if alert.business_date.toordinal() > FIRST + PAST_DAYS]
    assert [(alert.kind, alert.segment, alert.stage) for alert in since] == [
        ("DRIFT", "CNY/region=R07", "NORMAL"),
        ("STAGE", "CNY/region=R07", "WATCH"),
    ]
    assert monitor.book.parts["CNY"].stage.stage == "NORMAL"
    assert [a.segment for a in said if a not in since] == []


def told(delta: Delta, day: int, region: str, due: Counts, missed: Counts) -> None:
    """A day's due dates of a region, in all and by class."""
    for kind in range(len(RATES)):
        for names, count in ((("exposed", EXPOSED_BY_CLASS[kind]), due), (("missed", MISSED_BY_CLASS[kind]), missed)):
            for name in names:
                delta.flow(day, segment(region), name, count=int(count[kind]))

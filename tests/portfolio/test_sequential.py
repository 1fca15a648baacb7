from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from streams.portfolio import sequential
from streams.portfolio.book import PROMPTNESS_CLASSES
from streams.portfolio.drift import Drift
from streams.portfolio.sequential import ALARMS_A_YEAR, YEAR_DAYS, Day, Usual
from tests.portfolio.builders import FIRST

#: What share of each class misses a due date, as on the real loans: sound borrowers rarely, shaky ones often.
RATES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.30, 0.60)
PARTS = 40


def life(due: Sequence[int], days: int, seed: int, share: float = 0.0, since: int = 10**9) -> list[Day]:
    """Days of a part with so many due dates a day by class; from `since` on a share of the payers stops."""
    chance = random.Random(f"{due}/{seed}")
    found = []
    for at in range(days):
        stopped = share if at >= since else 0.0
        missed = tuple(
            sum(chance.random() < rate or chance.random() < stopped for _ in range(n))
            for n, rate in zip(due, RATES, strict=True)
        )
        found.append(Day(FIRST + at, tuple(due), missed))
    return found


def added(parts: Sequence[Sequence[Day]]) -> list[Day]:
    """The whole book of some parts."""
    return [
        Day(
            days[0].day,
            tuple(map(sum, zip(*(day.exposed for day in days), strict=True))),
            tuple(map(sum, zip(*(day.missed for day in days), strict=True))),
        )
        for days in zip(*parts, strict=True)
    ]


def verdicts(part: list[Day], book: list[Day], since: int) -> Iterator[Drift | None]:
    """What is said on each day from one on."""
    for at in range(since, len(part)):
        yield sequential.judge(part[: at + 1], Usual(book[: at + 1], FIRST + at), PARTS)


#: Seven due dates a day, most of them of sound borrowers, and a book of thirty such parts.
DUE = (2, 2, 1, 1, 1, 0, 0)
REST = tuple(29 * n for n in DUE)


def test_a_strike_in_a_part_with_seven_due_dates_a_day_is_found_within_three_days() -> None:
    """Two in five of its payers stop: found within three days most of the time, while the book moves by a thirtieth."""
    delays = []
    for seed in range(20):
        part = life(DUE, 120, seed, share=0.4, since=110)
        book = added([part, life(REST, 120, seed)])
        rang = [at for at, found in enumerate(verdicts(part, book, 110), 1) if found is not None]
        delays.append(rang[0] if rang else 99)

    assert sum(delay <= 3 for delay in delays) >= 13
    assert sum(delay <= 10 for delay in delays) >= 19


def test_false_alarms_are_bounded() -> None:
    """Over forty part-years in which nothing happens, hardly more rings than the bound allows."""
    rings = 0
    for seed in range(10):
        part = life(DUE, 120 + 365, seed)
        book = added([part, life(REST, 120 + 365, 1_000 + seed)])
        last = -99
        for at, found in enumerate(verdicts(part, book, 120)):
            if found is not None and at - last > 14:
                rings, last = rings + 1, at
    allowed = ALARMS_A_YEAR / PARTS * 10

    assert rings <= allowed + 1


def test_the_bound_is_a_martingale_s() -> None:
    """Without a change the statistic's mean after n days is n: Ville and Doob give the bound, at the smallest counts."""
    usual = Usual(life(DUE, 200, 1), FIRST + 199)
    total = 0.0
    rounds, days = 4_000, 5
    chance = random.Random(7)
    rates = usual.rates(FIRST, 1.0)
    for _ in range(rounds):
        week = [
            Day(
                FIRST + at,
                (0, 0, 0, 1, 1, 0, 0),
                (0, 0, 0, int(chance.random() < rates[3]), int(chance.random() < rates[4]), 0, 0),
            )
            for at in range(days)
        ]
        total += min(sequential._statistic(week, usual, 1.0), 500.0)

    assert total / rounds <= days * 1.1


def test_what_the_rest_does_too_is_no_strike_of_the_part() -> None:
    """The whole book misses three times as often, as on a bank holiday: the parts do not ring one after the other."""
    part = life(DUE, 120, 3, share=0.12, since=110)
    alone, shared = added([part, life(REST, 120, 3)]), added([part, life(REST, 120, 3, share=0.3, since=110)])
    struck = life(DUE, 120, 3, share=0.5, since=110)

    assert not any(verdicts(part, shared, 110))
    assert any(verdicts(struck, added([struck, life(REST, 120, 3)]), 110))
    assert len(alone) == len(shared)


@pytest.mark.parametrize(("due", "days"), [((1, 0, 0, 0, 0, 0, 0), 3), ((4, 3, 0, 0, 0, 0, 0), 1)])
def test_seven_loans_all_late_are_no_crisis(due: tuple[int, ...], days: int) -> None:
    """Every one of a few sound loans misses: too few due dates to say anything, whatever the statistic is."""
    quiet = life(due, 117, 5)
    late = [Day(FIRST + 117 + at, due, due) for at in range(days)]
    rest = life(REST, 117 + days, 5)

    assert list(verdicts([*quiet, *late], added([[*quiet, *late], rest]), 116 + days)) == [None]


def test_a_sound_borrower_s_miss_weighs_more() -> None:
    """The same number of misses: by those who never miss they are evidence, by those who often do they are not."""
    sound = sequential._evidence(Day(FIRST, (10, 0, 0, 0, 0, 0, 0), (2, 0, 0, 0, 0, 0, 0)), RATES, 0.25)
    shaky = sequential._evidence(Day(FIRST, (0, 0, 0, 0, 0, 10, 0), (0, 0, 0, 0, 0, 2, 0)), RATES, 0.25)

    assert sound > 3
    assert shaky < 0
    assert len(RATES) == PROMPTNESS_CLASSES


def test_a_bad_day_of_every_month_is_usual() -> None:
    """On every 15th day of the month half of the book misses; the part that does too rings on no such day."""

    def payday(days: list[Day]) -> list[Day]:
        return [
            day._replace(missed=tuple((n + 1) // 2 for n in day.exposed))
            if sequential._day_of_month(day.day) == 15
            else day
            for day in days
        ]

    part, rest = payday(life(DUE, 200, 9)), payday(life(REST, 200, 9))

    assert not any(verdicts(part, added([part, rest]), 150))
    assert YEAR_DAYS == 365

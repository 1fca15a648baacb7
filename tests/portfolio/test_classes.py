from __future__ import annotations

from importlib.resources import files

import pytest

from streams.agents.portfolio import shipped_pack
from streams.portfolio import classes, indicators
from streams.portfolio.book import BUCKETS, MILLION, Booked
from streams.portfolio.history import History, Stock
from streams.portfolio.indicators import concentration, coverage_bps
from streams.portfolio.intervals import wilson_ppm

FIVE, IFRS = shipped_pack("cn-five"), shipped_pack("ifrs9")


@pytest.mark.parametrize(
    ("days_past_due", "name"),
    [
        *((0, "NORMAL"), (1, "SPECIAL_MENTION"), (90, "SPECIAL_MENTION"), (91, "SUBSTANDARD"), (270, "SUBSTANDARD")),
        *((271, "DOUBTFUL"), (360, "DOUBTFUL"), (361, "LOSS"), (5_000, "LOSS")),
    ],
)
def test_the_five_classes_at_their_edges(days_past_due: int, name: str) -> None:
    """More than 90, 270 and 360 days; a bad tier alone changes no class."""
    assert FIVE.steps[FIVE.index(days_past_due, 0)].name == name
    assert FIVE.index(days_past_due, 4) == FIVE.index(days_past_due, 0)


@pytest.mark.parametrize(
    ("days_past_due", "tier", "stage"),
    [(0, 0, 1), (30, 1, 1), (31, 0, 2), (0, 2, 2), (89, 4, 2), (90, 0, 3)],
)
def test_ifrs_9_stages(days_past_due: int, tier: int, stage: int) -> None:
    """More than 30 days or tier ELEVATED is stage 2; 90 days is stage 3."""
    assert IFRS.index(days_past_due, tier) == stage - 1


def test_what_is_unverified_says_so() -> None:
    """Every step carries its mark into every figure."""
    assert {step.trust for step in FIVE.steps} == {"UNVERIFIED"}
    (first, *_) = classes.tally(FIVE, 800_000, [{(0, 0): [2, 500, 0, 0]}, {(799_000, 0): [1, 70, 0, 0]}])

    assert (first.name_zh, first.loans, first.balance_minor, first.trust) == ("正常", 2, 500, "UNVERIFIED")


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(7, 7, 645_670, 1_000_000), (0, 10, 0, 277_533), (5, 10, 236_593, 763_407), (0, 0, 0, MILLION)],
)
def test_wilson_intervals(count: int, of: int, low: int, high: int) -> None:
    """All of n: n / (n + z^2); none of n: z^2 / (n + z^2); half: symmetric."""
    assert list(wilson_ppm(count, of)) == pytest.approx([low, high], abs=1)


def test_concentration_and_coverage() -> None:
    """Four equal parts have an index of a quarter; one part has one."""
    assert concentration(dict.fromkeys("abcd", 100)) == (250_000, 750_000)
    assert concentration({"a": 5, "b": 0}) == (MILLION, MILLION)
    assert concentration({}) == (0, 0)
    assert (coverage_bps(150, 100), coverage_bps(1, 0)) == (15_000, None)


def test_lifetime_probability_is_bounded() -> None:
    """Times the years left, never less than the yearly one, never more than certain."""

    def lifetime(quarters: int, ppm: int = 300_000) -> int:
        return Booked(1, 0, ppm, BUCKETS * quarters).lifetime_ppm

    assert [lifetime(quarters) for quarters in (0, 4, 8, 40)] == [300_000, 300_000, 600_000, MILLION]


def test_indicators_of_a_month() -> None:
    """Roll rate over the stock a month ago, average over three months, hazard without what was disproved."""
    history = History()
    for day in range(1, 62):
        late = 10 if day <= 31 else 40
        history.append(day, Stock(100, 10_000, (100 - late, 0, late, 0, 0), (9_000, 0, 1_000, 0, 0)))
    history.note(61, {"roll01": [18, 0], "exposed": [20, 0], "missed": [6, 0], "corrected": [1, 0]})
    found = indicators.indicators(history, 61)

    assert (found["roll_0_1"].count, found["roll_0_1"].of) == (18, 90)
    assert found["past_due_30_count"].value_ppm == 400_000
    assert found["past_due_30_count_average_3"].value_ppm == (400_000 + 100_000 + 100_000) // 3
    assert found["past_due_30_balance"].value_ppm == 100_000
    assert (found["new_miss_hazard"].count, found["new_miss_hazard"].of) == (5, 20)
    assert found["past_due_30_growth"].of == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("days_past_due = 0", "days_past_due = 2", "begin with 0"),
        ('tier = "ELEVATED"', 'tier = "BAD"', "no tier 'BAD'"),
    ],
)
def test_a_pack_that_makes_no_sense_is_refused(old: str, new: str, words: str) -> None:
    """With a sentence that names what is wrong."""
    text = files("streams.portfolio").joinpath("packs", "ifrs9-2026.1.toml").read_text(encoding="utf-8")

    with pytest.raises(ValueError, match=words):
        classes.load(text.replace(old, new))

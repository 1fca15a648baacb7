from __future__ import annotations

import datetime as dt

from streams.learning.hazard import drift
from streams.portfolio.drift import Drift
from tests.portfolio.builders import FIRST, Days


def judged(days: list[tuple[int, int]]) -> Drift | None:
    """The verdict on (exposed, missed) of days in a row."""
    return drift([(FIRST + place, exposed, missed) for place, (exposed, missed) in enumerate(days)])


REGIONS = {f"R{number:02}": 3_000 for number in range(20)}


def test_a_coordinated_stop_pay_is_found_within_three_days_while_the_total_barely_moves() -> None:
    """Two in five of one segment of twenty stop: the segment rings, the whole book's hazard moves by less than a third."""
    days = Days(REGIONS)
    days.live(90, lambda region: 0.06)

    assert days.kinds() == []

    days.live(3, lambda region: 0.06 + 0.40 * (region == "R07"))

    rang = [alert for alert in days.alerts if alert.kind == "DRIFT"]
    assert [alert.segment for alert in rang] == ["CNY/region=R07"]
    whole = days.monitor.book.parts["CNY"].history.lines
    before, after = (
        sum(line.count("missed") for line in part) / sum(line.count("exposed") for line in part)
        for part in (whole[:-3], whole[-3:])
    )
    assert after < before * 1.35
    assert days.monitor.book.parts["CNY"].stage.stage == "NORMAL"


def test_seven_loans_all_late_are_no_drift() -> None:
    """A segment of seven with a clean past: every one late on three days proves too little."""
    assert judged([*[(7, 0)] * 60, (7, 7)]) is None
    assert judged([*[(700, 7)] * 60, *[(700, 70)] * 3]) is not None


def test_a_small_segment_gets_no_stage() -> None:
    """n=7, 100 % late: figures are there, alerts are not."""
    days = Days({"R00": 6_000, "TINY": 210})
    days.live(60, lambda region: 0.05)
    days.live(1, lambda region: 1.0 if region == "TINY" else 0.05)

    assert days.kinds() == []


def test_a_part_that_always_jumps_about_needs_a_larger_jump() -> None:
    """The same last days, worse than any before, ring after a steady past and not after a restless one."""
    last = [(100, 22)] * 3
    steady = [(100, 10)] * 80
    restless = [(100, 3 if day % 4 < 2 else 17) for day in range(80)]

    assert judged([*steady, *last]) is not None
    assert judged([*restless, *last]) is None


def test_without_a_past_nothing_is_said() -> None:
    """A month of days is the least."""
    assert judged([*[(100, 1)] * 20, *[(100, 90)] * 3]) is None


def test_the_verdict_is_a_function_of_the_days() -> None:
    """Twice the same answer: nothing is kept between calls."""
    days = [*[(100, 10)] * 80, *[(100, 40)] * 3]

    assert judged(days) == judged(days) is not None


def test_a_drift_is_cleared_when_it_is_over() -> None:
    """Raised once, cleared once, by the id it was raised under."""
    days = Days(REGIONS)
    days.live(90, lambda region: 0.06)
    days.live(4, lambda region: 0.50 if region == "R03" else 0.06)
    days.live(40, lambda region: 0.06)

    raised, cleared = [alert for alert in days.alerts if alert.kind == "DRIFT"]
    assert (raised.state, cleared.state, cleared.clears) == ("RAISED", "CLEARED", raised.alert_id)


def test_a_bad_day_of_every_month_is_no_drift() -> None:
    """On every 28th four in ten miss: the seventh time is as the six before; four in ten on a 10th is a drift."""

    def month_end(day: int, bad: int = 0) -> tuple[int, int, int]:
        of_month = dt.date.fromordinal(day).day
        return (day, 100, 40 if of_month in {28, bad} else 10)

    seventh = dt.date(2024, 7, 28).toordinal()
    usual = [month_end(day) for day in range(FIRST, seventh + 1)]
    tenth = dt.date(2024, 7, 10).toordinal()

    assert drift(usual) is None
    assert drift(
        [*[month_end(day) for day in range(FIRST, tenth - 2)], *[(tenth - back, 100, 40) for back in (2, 1, 0)]]
    )

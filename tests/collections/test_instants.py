"""Clocks on walls: the hour that is lost, the hour that comes twice, the day that never was."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from streams.collections.facts import Facts
from streams.collections.gate import evaluate
from streams.collections.instants import (
    NaiveInstantError,
    day_start_us,
    from_us,
    next_wall_us,
    to_us,
    token,
    wall_us,
    zones_of,
)
from streams.collections.rules.quiet_hours import QuietHoursRule
from tests.collections.helpers import call, instant, pack_of


def shown(zone: str, local: str) -> list[str]:
    """When the clock in a zone shows a local date and time, as local instants."""
    wall = dt.datetime.fromisoformat(local)
    time_us = (wall - dt.datetime.combine(wall.date(), dt.time())) // dt.timedelta(microseconds=1)
    there = ZoneInfo(zone)
    return [from_us(at_us).astimezone(there).isoformat() for at_us in wall_us(there, wall.toordinal(), time_us)]


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        pytest.param("Asia/Shanghai", "2026-03-08T02:30", ["2026-03-08T02:30:00+08:00"], id="an ordinary night"),
        pytest.param("America/New_York", "2026-03-08T02:30", ["2026-03-08T03:00:00-04:00"], id="inside the lost hour"),
        pytest.param(
            "America/New_York", "2026-03-08T03:00", ["2026-03-08T03:00:00-04:00"], id="the end of the lost hour"
        ),
        pytest.param(
            "America/New_York",
            "2026-11-01T01:30",
            ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"],
            id="inside the repeated hour",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            "2026-04-05T01:45",
            ["2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"],
            id="a repeated half hour",
        ),
        pytest.param("America/Havana", "2026-03-08T00:00", ["2026-03-08T01:00:00-04:00"], id="a midnight that is lost"),
        pytest.param("Pacific/Apia", "2011-12-30T12:00", ["2011-12-31T00:00:00+14:00"], id="a day that never was"),
    ],
)
def test_when_a_clock_shows_a_time(zone: str, local: str, expected: list[str]) -> None:
    """Once, twice, or never: then the instant at which it jumps over it."""
    assert shown(zone, local) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-11-01T01:10:00-04:00", "2026-11-01T01:30:00-04:00"),
        ("2026-11-01T01:10:00-05:00", "2026-11-01T01:30:00-05:00"),
    ],
    ids=["the first time", "the second time"],
)
def test_quiet_hours_that_end_inside_the_repeated_hour(after: str, expected: str) -> None:
    """They end twice: a call at ten past one the second time waits for the second half past."""
    rule = QuietHoursRule(id="Q", source="t", trust="house", window=("22:00", "01:30"))
    decision = evaluate(call(), Facts(zones=("America/New_York",)), [pack_of(rule)], instant(after))

    assert decision.until == instant(expected)
    assert next_wall_us(
        ZoneInfo("America/New_York"), instant(after).toordinal(), 90 * 60_000_000, to_us(instant(after))
    ) == to_us(instant(expected))


def test_quiet_hours_that_end_inside_the_lost_hour() -> None:
    """The clock jumps over half past two: contact is allowed from the jump on."""
    rule = QuietHoursRule(id="Q", source="t", trust="house", window=("22:00", "02:30"))
    decision = evaluate(
        call(), Facts(zones=("America/New_York",)), [pack_of(rule)], instant("2026-03-08T01:59:00-05:00")
    )

    assert decision.until == instant("2026-03-08T03:00:00-04:00")


def test_a_day_starts_at_its_first_instant() -> None:
    """Also where midnight is lost."""
    havana = ZoneInfo("America/Havana")
    start = from_us(day_start_us(havana, dt.date(2026, 3, 8).toordinal()))

    assert start == instant("2026-03-08T01:00:00-04:00")


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59.999999+00:00", "2026-03-04T12:00:00.000001+08:00"])
def test_instants_survive_the_round_trip(text: str) -> None:
    """To the microsecond, before and after 1970."""
    assert from_us(to_us(instant(text))) == instant(text)


def test_a_naive_instant_is_refused() -> None:
    """With a sentence that says what to do."""
    with pytest.raises(NaiveInstantError, match="Add the offset"):
        to_us(dt.datetime(2026, 3, 4))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("key", ["Mars/Base", "", "/etc/passwd", "../UTC", "America"])
def test_what_is_no_zone_is_unknown(key: str) -> None:
    """Unknown names, paths, and folders of the database."""
    assert zones_of((key,)) is None


def test_a_token_is_positive_and_nothing_is_zero() -> None:
    """0 is kept for "none given"."""
    tokens = {token(f"id{n}") for n in range(1000)}

    assert token("") == 0
    assert len(tokens) == 1000
    assert all(0 < each < 2**63 for each in tokens)

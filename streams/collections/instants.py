"""Instants, days and zones: the arithmetic behind quiet hours and counting days, daylight saving included.

Rule 1: an instant is an int of microseconds since 1970-01-01 UTC (`_us`); a day is `date.toordinal()`.
Rule 2: a naive datetime is refused. Guessing its zone is how a call lands at 5 in the morning.
Rule 3: wall-clock rules are judged on what the clock on the debtor's wall shows at that instant, so a clock time
that a spring night skips never happens, and one that an autumn night repeats counts both times.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
#: The calendar day begins first at UTC+14 (Kiribati) and ends last at UTC-12 (Baker Island).
EARLIEST_DAY_START_US = -14 * HOUR_US
LATEST_DAY_START_US = 12 * HOUR_US
_EPOCH_DAY = EPOCH.toordinal()


class NaiveInstantError(ValueError):
    """An instant came without a UTC offset. Pass a timezone-aware datetime, for example 2026-03-01T08:00:00+08:00."""


def to_us(instant: dt.datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime.

    Raises:
        NaiveInstantError: `instant` has no offset; the caller must say which zone it means.
    """
    if instant.utcoffset() is None:
        message = f"The instant {instant.isoformat()} has no UTC offset, so nobody can say when it is. Add the offset."
        raise NaiveInstantError(message)
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds  # dividing takes twice as long


@lru_cache(maxsize=16384)  # days begin and quiet hours end at the same instants for many debtors
def from_us(at_us: int) -> dt.datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + dt.timedelta(microseconds=at_us)


def utc_day_start_us(day: int) -> int:
    """The instant at which `day` (ordinal) begins in UTC."""
    return (day - _EPOCH_DAY) * DAY_US


@lru_cache(maxsize=2048)
def zones_of(keys: tuple[str, ...]) -> tuple[ZoneInfo, ...] | None:
    """The zones named, or None when one of them does not exist: then the debtor's clock is unknown."""
    try:
        return tuple(ZoneInfo(key) for key in keys)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or a folder of the database
        return None


@lru_cache(maxsize=65536)
def local_day(zone: ZoneInfo, at_us: int) -> int:
    """The local date (ordinal) in `zone` at an instant."""
    return from_us(at_us).astimezone(zone).toordinal()


def day_start_us(zone: ZoneInfo, day: int) -> int:
    """The first instant whose local date in `zone` is `day` (ordinal) or later."""
    return wall_us(zone, day, 0)[0]


def next_wall_us(zone: ZoneInfo, day: int, time_us: int, after_us: int) -> int:
    """The first instant later than `after_us` at which the clock in `zone` shows a date and time or has jumped over it.

    Args:
        zone: where the clock hangs.
        day: local date (ordinal).
        time_us: microseconds of that day's clock; date and time are later than what the clock shows at `after_us`.
        after_us: the instant to start from.
    """
    shows = wall_us(zone, day, time_us)
    return shows[0] if shows[0] > after_us else shows[-1]


@lru_cache(maxsize=65536)
def wall_us(zone: ZoneInfo, day: int, time_us: int) -> tuple[int, ...]:
    """The instants at which the clock in `zone` shows a date and time: one; two in an autumn night.

    In a spring night that skips it: the instant at which the clock jumps over it.
    """
    wall = dt.datetime.combine(dt.date.fromordinal(day), dt.time()) + dt.timedelta(microseconds=time_us)
    candidates = [to_us(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    shown = sorted({at_us for at_us in candidates if _wall(zone, at_us) == wall})
    return tuple(shown) or (_jump_over(zone, wall, min(candidates) - DAY_US, max(candidates) + DAY_US),)


def _jump_over(zone: ZoneInfo, wall: dt.datetime, low: int, high: int) -> int:
    """The instant between `low` and `high` at which the clock first shows `wall` or later, by bisection."""
    while high - low > 1:
        middle = (low + high) // 2
        if _wall(zone, middle) >= wall:
            high = middle
        else:
            low = middle
    return high


def _wall(zone: ZoneInfo, at_us: int) -> dt.datetime:
    return from_us(at_us).astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=65536)
def token(text: str) -> int:
    """A positive 63-bit stand-in for an id that is only ever compared; 0 stands for "none given".

    Ids of attempts, debts and contact points can be 128 characters; a row keeps dozens of them.
    """
    if not text:
        return 0
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1 or 1

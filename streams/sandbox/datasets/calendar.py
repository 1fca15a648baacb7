"""Days as ordinals and months as counted from year 0: the arithmetic of due dates."""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib


def month_index(year: int, month: int) -> int:
    """Count months from year 0, so that the next month is plus one."""
    return year * 12 + month - 1


def first_day(month: int) -> int:
    """The ordinal of a month's first day; `month` as `month_index` counts."""
    return dt.date(month // 12, month % 12 + 1, 1).toordinal()


def last_day(month: int) -> int:
    """The ordinal of a month's last day."""
    return first_day(month + 1) - 1


def due_day(month: int, day_of_month: int) -> int:
    """The ordinal of a due date: a month that is too short ends with it (the 31st falls on 30 April)."""
    year, zero_based = divmod(month, 12)
    return first_day(month) + min(day_of_month, calendar.monthrange(year, zero_based + 1)[1]) - 1


def month_of(day: int) -> int:
    """The month in which an ordinal day lies."""
    date = dt.date.fromordinal(day)
    return month_index(date.year, date.month)


def stable_fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone: the same on every machine, in every run."""
    return int.from_bytes(hashlib.blake2s(text.encode(), digest_size=4).digest()) / 2**32

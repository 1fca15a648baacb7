"""Weights as of earlier days, so that a label is judged by what was known when it was observed.

Observations are made at month-ends only, so of each calendar month the newest copy is enough.
"""

from __future__ import annotations

import datetime as dt

#: The longest horizon is 365 days: the month of the observation, twelve more, and the one in which it matures.
MONTHS_KEPT = 14

#: (day, what was kept), oldest first.
Copies = list[tuple[int, bytes]]


def keep(copies: Copies, day: int, body: bytes) -> None:
    """Add the copy of a day, in place; an older one of the same month goes.

    Args:
        copies: of one model.
        day: ordinal, not before the last one's.
        body: the weights as of that day.
    """
    if copies and _month(copies[-1][0]) == _month(day):
        copies.pop()
    copies.append((day, body))
    del copies[:-MONTHS_KEPT]


def as_of(copies: Copies, observed_day: int) -> tuple[int, bytes] | None:
    """The newest copy that is not younger than a month-end; None if nothing had been learned by then."""
    known = [copy for copy in copies if copy[0] <= observed_day]
    return known[-1] if known else None


def _month(day: int) -> tuple[int, int]:
    date = dt.date.fromordinal(day)
    return date.year, date.month

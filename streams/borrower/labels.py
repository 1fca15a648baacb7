"""Observations at month-ends, and what became of them within each horizon.

Rule 1: both classes are released together, on the first day of the first month that begins at or after the horizon's
end. Releasing a default early would teach the model that the present month has only defaulters (it cut average
precision from .32 to .25). A row is woken on that day anyway: labels cost no wake of their own.
Rule 2: months are the lender's calendar; a horizon is in days; nothing depends on when a tick arrives. What was reached
after the horizon and before the release does not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from streams.borrower.state import Observation


class Head(Struct, frozen=True):
    """One question the model answers: will `days_past_due` be reached within `horizon_days`?

    Nobody without arrears can be 90 days past due within 90 days, as nothing can be missed before the next due date. So
    `default_90d` gives the month in which that date falls on top: 90 days of delinquency that are still to come.
    Heads with a long horizon are observed at quarter-ends only, which keeps a row small.
    """

    name: str
    horizon_days: int
    days_past_due: int
    quarterly: bool = False


HEADS = (
    Head("default_90d", 121, 90),
    Head("delinquent_30_90d", 90, 30),
    Head("default_180d", 180, 90, quarterly=True),
    Head("default_365d", 365, 90, quarterly=True),
)
#: Days after a month-end until its first label, and until its last, at quarter-ends and else.
SHORTEST_DAYS = min(head.horizon_days for head in HEADS)
LONGEST_DAYS = max(head.horizon_days for head in HEADS)
LONGEST_MONTHLY_DAYS = max(head.horizon_days for head in HEADS if not head.quarterly)


@lru_cache(maxsize=4096)
def next_month_start(day: int) -> int:
    """The first day of the month after the one that `day` is in."""
    date = dt.date.fromordinal(day)
    return dt.date(date.year + date.month // 12, date.month % 12 + 1, 1).toordinal()


@lru_cache(maxsize=4096)
def previous_month_start(day: int) -> int:
    """The first day of the month before the one that `day` is in."""
    date = dt.date.fromordinal(day)
    return dt.date(date.year - (date.month == 1), (date.month - 2) % 12 + 1, 1).toordinal()


@lru_cache(maxsize=4096)
def starts_month(day: int) -> bool:
    """Whether an observation is due on this day."""
    return dt.date.fromordinal(day).day == 1


@lru_cache(maxsize=4096)
def _starts_quarter(day: int) -> bool:
    return dt.date.fromordinal(day).month % 3 == 1


def _asked(head: Head, observation: Observation) -> bool:
    if head.quarterly and not _starts_quarter(observation.day):
        return False
    return not (observation.delinquent and head.days_past_due == 30)


def matured(observations: list[Observation], today: int) -> Iterator[tuple[int, Head, Observation, int]]:
    """(head's index, head, observation, day of the outcome or 0) of every label released today, the first of a month."""
    month_days = today - previous_month_start(today)
    for observation in observations:
        age_days = today - observation.day
        if age_days < SHORTEST_DAYS:
            return  # those after it are younger
        for index, head in enumerate(HEADS):
            if 0 <= age_days - head.horizon_days < month_days and _asked(head, observation):
                reached = observation.reached_30_on if head.days_past_due == 30 else observation.reached_90_on
                through = observation.day + head.horizon_days
                yield index, head, observation, reached if reached <= through else 0


def outlived(observation: Observation, today: int) -> bool:
    """Whether no label of this observation is still to come."""
    longest = LONGEST_DAYS if _starts_quarter(observation.day) else LONGEST_MONTHLY_DAYS
    return observation.day + longest <= today


def mark(observations: list[Observation], today: int, days_past_due: int, *, written_off: bool) -> None:
    """Note on each waiting observation that a threshold was reached by today."""
    if days_past_due < 30 and not written_off:
        return
    for observation in observations:
        if observation.day >= today:
            continue
        if not observation.reached_30_on:
            observation.reached_30_on = today
        if not observation.reached_90_on and (days_past_due >= 90 or written_off):
            observation.reached_90_on = today


def treat(observations: list[Observation]) -> None:
    """Note on each waiting observation that the borrower was contacted: what follows may be the contact's doing."""
    for observation in observations:
        observation.treated = True


def unmark(observations: list[Observation], from_day: int) -> None:
    """Forget what was noted for `from_day` or later: a late fact is about to be judged anew."""
    for observation in observations:
        if observation.reached_30_on >= from_day:
            observation.reached_30_on = 0
        if observation.reached_90_on >= from_day:
            observation.reached_90_on = 0


def months_begin_between(after: int, through: int) -> bool:
    """Whether labels can mature anywhere on a day in (after, through]."""
    return next_month_start(after) <= through

"""Schedules as runs: an equal monthly loan is five numbers, and any installment follows by arithmetic.

Rule 1: `expand(*compress(installments)) == installments`, always. What is not regular becomes short runs.
Rule 2: due dates never fall and amounts are at least 1, as the events guarantee.

Layout:
    dates:   (count, first due day, step) per run. step >= 0: that many days between due dates. step < 0: monthly, and
             -step is months * 32 + day of month; a day that the month lacks becomes its last (31 -> 30, 29, 28).
    amounts: (count, amount in minor units) per run.
Indexes count from 0; an installment's number is `Terms.first_number` + index.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
from typing import TYPE_CHECKING

from streams.events.fields import INSTALLMENTS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_fromordinal = dt.date.fromordinal

Runs = tuple[int, ...]


@functools.lru_cache(maxsize=4096)
def _month(index: int) -> tuple[int, int]:
    """(day before the first, number of days) of the month year * 12 + month - 1; cached, as all loans share them."""
    year, month = divmod(index, 12)
    if year > dt.MAXYEAR:  # only ever tried, never kept: no event has such a date
        return dt.date.max.toordinal(), 31
    return dt.date(year, month + 1, 1).toordinal() - 1, calendar.monthrange(year, month + 1)[1]


def _stepped(first: int, step: int, index: int) -> int:
    """Due day number `index` of a run."""
    if step >= 0:
        return first + step * index
    months, day = divmod(-step, 32)
    start = _fromordinal(first)
    before, length = _month(start.year * 12 + start.month - 1 + months * index)
    return before + (day if day < length else length)  # noqa: FURB136 - runs several times an event


def due_day(dates: Runs, index: int) -> int:
    """Due day of the installment with that index.

    Raises:
        IndexError: there is no such installment.
    """
    for at in range(0, len(dates), 3):
        count = dates[at]
        if index < count:
            return _stepped(dates[at + 1], dates[at + 2], index)
        index -= count
    raise IndexError("No installment has this index.")


def due_before(dates: Runs, day: int) -> int:
    """How many installments are due before `day` (due today is not overdue)."""
    passed = 0
    for at in range(0, len(dates), 3):
        length, first, step = dates[at : at + 3]
        if first >= day:
            break
        reached = _reached(first, step, day)
        if reached < length:
            return passed + reached
        passed += length
    return passed


def _reached(first: int, step: int, day: int) -> int:
    """How many due dates of an endless run that starts before `day` are before it."""
    if step > 0:
        return (day - 1 - first) // step + 1
    if step == 0:
        return INSTALLMENTS_MAX
    months, day_of_month = divmod(-step, 32)
    start, now = _fromordinal(first), _fromordinal(day)
    reached, rest = divmod((now.year - start.year) * 12 + now.month - start.month, months)
    # A day of month beyond the month's end falls on the last day, which is not before `now` either.
    return reached + 1 if rest or day_of_month < now.day else reached


def around(dates: Runs, day: int) -> tuple[int, int, int]:
    """(`due_before`, newest due day before `day`, first due day on `day` or later); 0 where there is none.

    As the single functions, but in one go: every event asks this.
    """
    passed = last_due = 0
    for at in range(0, len(dates), 3):
        length, first, step = dates[at : at + 3]
        if first >= day:
            return passed, last_due, first
        reached = _reached(first, step, day)
        if reached < length:
            return passed + reached, _stepped(first, step, reached - 1), _stepped(first, step, reached)
        passed += length
        last_due = _stepped(first, step, length - 1)
    return passed, last_due, 0


def count(amounts: Runs) -> int:
    """Number of installments."""
    return sum(amounts[::2])


def whole(amounts: Runs) -> tuple[int, int]:
    """(number of installments, their sum)."""
    length = money = 0
    for at in range(0, len(amounts), 2):
        length += amounts[at]
        money += amounts[at] * amounts[at + 1]
    return length, money


def amount(amounts: Runs, index: int) -> int:
    """Amount of the installment with that index.

    Raises:
        IndexError: there is no such installment.
    """
    for at in range(0, len(amounts), 2):
        if index < amounts[at]:
            return amounts[at + 1]
        index -= amounts[at]
    raise IndexError("No installment has this index.")


def total(amounts: Runs, first: int) -> int:
    """Sum of the first `first` installments."""
    money = 0
    for at in range(0, len(amounts), 2):
        length = amounts[at]
        if first <= length:
            return money + first * amounts[at + 1]
        money += length * amounts[at + 1]
        first -= length
    return money


def covered(amounts: Runs, money: int) -> int:
    """How many installments, oldest first, `money` pays in full."""
    paid = 0
    for at in range(0, len(amounts), 2):
        length, each = amounts[at], amounts[at + 1]
        if money < length * each:
            return paid + money // each
        paid += length
        money -= length * each
    return paid


def expand(dates: Runs, amounts: Runs) -> Iterator[tuple[int, int]]:
    """Yield (due day, amount) of every installment."""
    money = (amounts[at + 1] for at in range(0, len(amounts), 2) for _ in range(amounts[at]))
    for at in range(0, len(dates), 3):
        for index in range(dates[at]):
            yield _stepped(dates[at + 1], dates[at + 2], index), next(money)


def compress(installments: Sequence[tuple[int, int]]) -> tuple[Runs, Runs]:
    """Turn (due day, amount) pairs into (dates, amounts) runs, greedily taking the longest run each time."""
    days = [day for day, _ in installments]
    dates: list[int] = []
    at = 0
    while at < len(days):
        length, step = max(((_run_length(days, at, step), step) for step in _steps(days, at)), key=lambda run: run[0])
        dates += (length, days[at], step)
        at += length
    amounts: list[int] = []
    for _, each in installments:
        if amounts and amounts[-1] == each:
            amounts[-2] += 1
        else:
            amounts += (1, each)
    return tuple(dates), tuple(amounts)


def _steps(days: Sequence[int], at: int) -> Iterator[int]:
    """The steps that could lead from installment `at` to the next; the plainest first, which wins a tie."""
    if at + 1 == len(days):
        yield 0
        return
    yield days[at + 1] - days[at]
    start, following = _fromordinal(days[at]), _fromordinal(days[at + 1])
    months = (following.year - start.year) * 12 + following.month - start.month
    if months:
        _, length = _month(start.year * 12 + start.month - 1)
        last = 31 if start.day == length else start.day
        for day_of_month in range(start.day, last + 1):
            yield -(months * 32 + day_of_month)


def _run_length(days: Sequence[int], at: int, step: int) -> int:
    length = 1
    while at + length < len(days) and _stepped(days[at], step, length) == days[at + length]:
        length += 1
    return length

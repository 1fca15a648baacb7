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
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

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
    return before + min(day, length)


@functools.lru_cache(maxsize=16_384)
def due_days(dates: Runs) -> array[int]:
    """Every due day, in order.

    Kept, because an event asks many times, and loans share them: a lender of millions has as many schedules as there are
    first due days and terms. At most 3 kB each, usually 300 bytes.
    """
    days = array("i")
    for at in range(0, len(dates), 3):
        length, first, step = dates[at : at + 3]
        days.extend([_stepped(first, step, index) for index in range(length)])
    return days


def due_day(dates: Runs, index: int) -> int:
    """Due day of the installment with that index.

    Raises:
        IndexError: there is no such installment.
    """
    return due_days(dates)[index]


def due_before(dates: Runs, day: int) -> int:
    """How many installments are due before `day` (due today is not overdue)."""
    return bisect_left(due_days(dates), day)


def around(dates: Runs, day: int) -> tuple[int, int, int]:
    """(`due_before`, newest due day before `day`, first due day on `day` or later); 0 where there is none."""
    days = due_days(dates)
    passed = bisect_left(days, day)
    return passed, days[passed - 1] if passed else 0, days[passed] if passed < len(days) else 0


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
    yield from zip(due_days(dates), money, strict=True)


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

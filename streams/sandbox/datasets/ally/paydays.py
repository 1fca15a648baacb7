"""On which day of the month a loan's money came, and on which day it was due: what the filed interest tells.

The filing gives months, not days. But these loans accrue simple interest by the day (actual/365), so the interest
paid says how many days passed since the payment before: in 73 % of all paying months that figure is a whole number to
within 0.02. Counted through a loan's life, and held inside the calendar months that are known, the days between
payments leave only a few possible days for each payment. Where they leave several, a stable hash of the loan chooses.

Rule 1: a payment is dated inside the month in which the filing has it.
Rule 2: where the count of days contradicts the months (fees counted as interest, unpaid interest, rounding), the
count starts anew.
Rule 3: the due day is the filing's where it can be known (days past due on the last day of the first month).
Elsewhere it is the day of the month that explains the loan's first year best: late money costs more than early money.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from streams.sandbox.datasets.calendar import first_day, last_day, stable_fraction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streams.sandbox.datasets.ally.facts import Loan, Month

#: Interest on less than this (cents) is too coarse to count days by.
BALANCE_COUNTED_MIN = 10_000
#: How many months decide the due day: a fact of the contract, so later behavior must not shape it.
MONTHS_JUDGED = 12
#: A day late weighs as much as this many days early. With 4, the share of loans past due at the month-ends of 2017
#: is near the 7 % that the filing states for May 2017.
LATE_WEIGHT = 8
#: Beyond this, a payment says nothing about the due day: it is an advance, or a missed installment made up.
DAYS_TELLING_MAX = 15
DUE_DAY_MAX = 28


class Window(NamedTuple):
    """The days (inclusive ordinals) on which one month's last payment can have come."""

    month: int
    earliest: int
    latest: int


def payment_days(loan: Loan) -> dict[int, int]:
    """The day of the last payment of each month in which the interest tells it, by month."""
    share = stable_fraction(loan.loan_id)
    return {w.month: w.earliest + int(share * (w.latest - w.earliest + 1)) for w in _windows(loan)}


def day_of_month_due(loan: Loan, days: dict[int, int]) -> int:
    """The day of the month (1 to 31) on which installments fall due; see Rule 3."""
    if loan.days_past_due:
        return dt.date.fromordinal(last_day(loan.first_month) - loan.days_past_due).day
    met = list(_days_met(loan, days))
    if not met:
        return 1 + int(stable_fraction("due/" + loan.loan_id) * DUE_DAY_MAX)
    return min(range(1, DUE_DAY_MAX + 1), key=lambda day: (sum(_cost(paid_on - day) for paid_on in met), day))


def _cost(days_late: int) -> int:
    return min(days_late, DAYS_TELLING_MAX) * LATE_WEIGHT if days_late > 0 else min(-days_late, DAYS_TELLING_MAX)


def _days_met(loan: Loan, days: dict[int, int]) -> Iterable[int]:
    """For each installment of the first year, the day it was met, counted from the day before its month began."""
    received = loan.scheduled_payment - loan.next_payment_due
    met = 0
    for row in loan.months[:MONTHS_JUDGED]:
        received += row.paid
        while received >= (met + 1) * loan.scheduled_payment and met < MONTHS_JUDGED:
            met += 1
            if row.month in days:
                yield days[row.month] - first_day(loan.first_month + met) + 1


def _windows(loan: Loan) -> list[Window]:
    """Forward, narrow each window by the days counted from the one before; backward, by the one after."""
    counted = list(_counted(loan))
    forward: list[Window] = []
    chained: list[bool] = []
    for month, days in counted:
        window = Window(month, first_day(month), last_day(month))
        follows = _shifted(forward[-1], days, window) if forward else None
        forward.append(follows or window)
        chained.append(follows is not None)
    return _narrowed(forward, chained, [days for _, days in counted])


def _shifted(before: Window, days: int, window: Window) -> Window | None:
    earliest = max(window.earliest, before.earliest + days)
    latest = min(window.latest, before.latest + days)
    return Window(window.month, earliest, latest) if earliest <= latest else None


def _narrowed(forward: Sequence[Window], chained: Sequence[bool], days: Sequence[int]) -> list[Window]:
    result = list(forward)
    for i in range(len(result) - 1, 0, -1):
        if chained[i]:
            back = _shifted(result[i], -days[i], result[i - 1])
            assert back is not None, "a window reached forward is reachable backward"
            result[i - 1] = back
    return result


def _counted(loan: Loan) -> Iterable[tuple[int, int]]:
    """Each month whose interest tells the days since the payment before, with that count."""
    balance = loan.balance
    for row in loan.months:
        days = _days_of_interest(loan, row, balance)
        if days > 0:
            yield row.month, days
        balance = row.balance


def _days_of_interest(loan: Loan, row: Month, balance: int) -> int:
    if row.paid == 0 or balance < BALANCE_COUNTED_MIN:
        return 0
    interest = row.paid - row.principal_paid
    a_day = balance * loan.rate_ppm
    return (2 * interest * 365 * 1_000_000 + a_day) // (2 * a_day)

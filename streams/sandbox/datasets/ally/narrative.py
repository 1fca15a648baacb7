"""One loan's life as events, in order: opened, its schedule, money, missed installments, changes of terms, its end.

Rule: two events of one loan and one business date must mean the same in either order when they stand on different
topics, for topics have no order between them. So a change of terms, an end and a recovery are booked on the day after
the payment that they follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.sandbox.datasets.ally.account import Account, Due, first_schedule, installments
from streams.sandbox.datasets.ally.paydays import day_of_month_due, payment_days
from streams.sandbox.datasets.ally.voice import Voice
from streams.sandbox.datasets.calendar import due_day, first_day, last_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.events.envelope import BorrowerEvent, LoanEvent
    from streams.sandbox.datasets.ally.facts import Loan, Month

#: A shortfall this small is rounding, not a missed payment: the last installment takes it.
TOLERANCE_CENTS = 200
TOLERANCE_SHARE = 100  # one in so many: 1 % of the installment, where that is more
#: So many full payments in a row, with arrears standing still, show that the lender had granted a deferral.
FULL_PAYMENTS_SHOWING_DEFERRAL = 3
#: A single installment made up came 12 days late in the median, in the 304 cases where the interest tells the day.
MADE_UP_AFTER_DAYS = 12
#: A balance below this at the end of the last month is a loan that ended.
BALANCE_ENDED = 100


def tell(loan: Loan, last_month: int) -> Iterator[BorrowerEvent]:
    """All events of one loan, in order of the business date.

    Args:
        loan: its facts.
        last_month: the file's last month; a loan whose months end earlier has ended.
    """
    days = payment_days(loan)
    day_of_month = day_of_month_due(loan, days)
    return _Telling(loan, day_of_month, days, last_month).run()


class _Telling:
    """The state of one telling: the account, the months paid in full in a row, the schedule's version."""

    def __init__(self, loan: Loan, day_of_month: int, days: dict[int, int], last_month: int) -> None:
        dues, self.ahead = first_schedule(loan, day_of_month)
        self.loan = loan
        self.voice = Voice(loan)
        self.account = Account(dues)
        self.day_of_month = day_of_month
        self.days = days
        self.last_month = last_month
        self.full_in_a_row = 0
        self.schedule_version = 1
        self.tolerance = max(TOLERANCE_CENTS, loan.scheduled_payment // TOLERANCE_SHARE)

    def run(self) -> Iterator[BorrowerEvent]:
        start = last_day(self.loan.first_month)
        yield self.voice.opened(start)
        yield self.voice.schedule_set(start, 1, self.account.dues)
        if self.ahead:
            self.account.pay(self.ahead)
            yield self.voice.payment(start + 1, self.ahead, "ahead", value_day=start)
        while (due := self.account.next_due()) and due.day < start:
            self.account.close_due_date()
        for row in self.loan.months:
            is_last = row is self.loan.months[-1]
            if is_last and (row.balance < BALANCE_ENDED or row.month < self.last_month):
                yield from self._final_month(row)
            else:
                yield from self._month(row, through=last_day(row.month))

    def _month(self, row: Month, through: int) -> Iterator[BorrowerEvent]:
        """A month that the loan outlives, or its last one up to the day before it is written off."""
        behind = self.account.arrears()
        day = 0
        for paid_on, amount, name in self._payments(row, behind):
            day = min(paid_on, through)
            yield from self._pass_due_dates(day - 1)
            self.account.pay(amount)
            yield self.voice.payment(day, amount, name)
        yield from self._show_deferral(row, behind, day)
        yield from self._pass_due_dates(through)

    def _payday(self, row: Month) -> int:
        return self.days.get(row.month) or due_day(row.month, self.day_of_month)

    def _payments(self, row: Month, behind: int) -> Iterator[tuple[int, int, str]]:
        """The month's money as payments: a single installment made up comes before the month's own."""
        if row.paid == 0:
            return
        name, day = _name(row), self._payday(row)
        one_made_up = self.tolerance < behind <= self.loan.scheduled_payment
        if one_made_up and 2 * row.paid >= 3 * self.loan.scheduled_payment:
            oldest = self.account.oldest_unmet()
            made_up = min(day, max(first_day(row.month), oldest.day + MADE_UP_AFTER_DAYS))
            yield made_up, behind, name + "/made-up"
            yield day, row.paid - behind, name
        else:
            yield day, row.paid, name

    def _pass_due_dates(self, through: int) -> Iterator[BorrowerEvent]:
        """Close every due date up to a day: what is short becomes a missed installment, or is absorbed."""
        while (due := self.account.next_due()) and due.day <= through:
            shortfall = self.account.close_due_date()
            if shortfall == 0:
                continue
            if self._is_rounding(shortfall) and self.account.absorb(shortfall):
                self.schedule_version += 1
                yield self.voice.schedule_set(due.day, self.schedule_version, self.account.dues)
            else:
                yield self.voice.missed(due, shortfall)

    def _is_rounding(self, shortfall: int) -> bool:
        """Only on a schedule that was never renegotiated: a schedule is published whole, from its first installment."""
        return shortfall == self.account.arrears() <= self.tolerance and not self.voice.deferrals

    def _show_deferral(self, row: Month, behind: int, day: int) -> Iterator[BorrowerEvent]:
        """After full payments in a row that leave the arrears standing, publish the deferral they reveal."""
        full = behind > self.tolerance and row.paid >= self.loan.scheduled_payment - self.tolerance
        self.full_in_a_row = self.full_in_a_row + 1 if full else 0
        # On the day after a due date the platform may still report that installment: the change comes after.
        booked = day + 2 if day == due_day(row.month, self.day_of_month) else day + 1
        # Booked in the next month it could meet that month's payment: then it waits for that one.
        if self.full_in_a_row < FULL_PAYMENTS_SHOWING_DEFERRAL or booked > last_day(row.month):
            return
        yield from self._pass_due_dates(booked - 1)
        self.full_in_a_row = 0
        if self.account.arrears() > self.tolerance:
            yield self._defer(row.month, booked)

    def _defer(self, month: int, booked: int) -> LoanEvent:
        oldest = self.account.oldest_unmet()
        starts = month if due_day(month, self.day_of_month) >= booked else month + 1
        rest = installments(self.account.unmet(), self.loan.scheduled_payment, starts, self.day_of_month)
        self.account.replace_unmet([Due(oldest.number + i, due, amount) for i, (due, amount) in enumerate(rest)])
        self.schedule_version += 1
        return self.voice.deferred(booked, self.schedule_version, self.account.dues)

    def _final_month(self, row: Month) -> Iterator[BorrowerEvent]:
        """The month in which the loan ended: paid off, or charged off with a balance that nobody paid."""
        before = self.loan.months[-2].balance if len(self.loan.months) > 1 else self.loan.balance
        lost = before - row.principal_paid
        if lost < BALANCE_ENDED and row.paid:
            yield from self._paid_off(row)
            return
        # The last day is kept free for what the sale of the car brought in, the one before for the write-off alone.
        yield from self._month(row, through=last_day(row.month) - 3)
        day = last_day(row.month) - 1
        yield self.voice.written_off(day, lost)
        if row.recovered:
            yield self.voice.recovery(day + 1, row.recovered)

    def _paid_off(self, row: Month) -> Iterator[BorrowerEvent]:
        day = min(self._payday(row), last_day(row.month) - 1)
        yield from self._pass_due_dates(day - 1)
        self.account.pay(row.paid)
        yield self.voice.payment(day, row.paid, _name(row))
        yield self.voice.closed(day + 1, early=self.account.unmet() > 0)


def _name(row: Month) -> str:
    return f"{row.month // 12}-{row.month % 12 + 1:02}"

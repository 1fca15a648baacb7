"""One loan's schedule and the money against it, as a servicing platform would keep them: oldest due first.

It exists to say when the platform would have seen an installment missed, and which installments a change of terms
leaves. It is not Forewarn's ledger: that one derives everything again from the events, and tests compare the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streams.sandbox.datasets.calendar import due_day, last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.sandbox.datasets.ally.facts import Loan


class Due(NamedTuple):
    """One installment: number, ordinal due day, cents."""

    number: int
    day: int
    amount: int


class Account:
    """Installments and all money received against them, in cents."""

    def __init__(self, dues: Sequence[Due]) -> None:
        self.dues = list(dues)
        self.received = 0
        self._closed = 0  # how many due dates have passed
        self._fallen_due = 0  # the sum of those installments

    def pay(self, amount: int) -> None:
        """Take money; it meets the oldest installment first."""
        self.received += amount

    def next_due(self) -> Due | None:
        """The first installment whose due date has not been closed."""
        return self.dues[self._closed] if self._closed < len(self.dues) else None

    def close_due_date(self) -> int:
        """Pass the next due date and return how much of that installment is unmet."""
        due = self.dues[self._closed]
        self._closed += 1
        self._fallen_due += due.amount
        return min(due.amount, self.arrears())

    def arrears(self) -> int:
        """What has fallen due and is unmet, over all due dates closed."""
        return max(0, self._fallen_due - self.received)

    def oldest_unmet(self) -> Due:
        """The oldest installment not fully met; there must be one."""
        left = self.received
        for due in self.dues:
            if left < due.amount:
                return due
            left -= due.amount
        raise LookupError("every installment is met")

    def unmet(self) -> int:
        """What is still to be paid until the end of the schedule."""
        return max(0, sum(due.amount for due in self.dues) - self.received)

    def absorb(self, shortfall: int) -> bool:
        """Move the unmet part of the due date just closed to the last installment; say whether that was possible."""
        here = self._closed - 1
        if here == len(self.dues) - 1 or self.dues[here].amount <= shortfall:
            return False
        self.dues[here] = self.dues[here]._replace(amount=self.dues[here].amount - shortfall)
        self.dues[-1] = self.dues[-1]._replace(amount=self.dues[-1].amount + shortfall)
        self._fallen_due -= shortfall
        return True

    def replace_unmet(self, dues: Sequence[Due]) -> None:
        """New terms: these installments stand for all that was unmet."""
        self.dues, self.received, self._closed, self._fallen_due = list(dues), 0, 0, 0


def first_schedule(loan: Loan, day_of_month: int) -> tuple[list[Due], int]:
    """What remained to be paid when the file begins, and the money that had been paid ahead by then (cents)."""
    arrears = max(0, loan.next_payment_due - loan.scheduled_payment)
    ahead = max(0, loan.scheduled_payment - loan.next_payment_due)
    overdue = _overdue(loan, arrears, day_of_month)
    excess = 0 if overdue else arrears
    remaining = _remaining_total(loan) + ahead - (arrears - excess)
    regular = installments(remaining - excess, loan.scheduled_payment, loan.first_month + 1, day_of_month)
    regular[0] = (regular[0][0], regular[0][1] + excess)
    first_number = max(1, loan.term_months - len(overdue) - len(regular) + 1)
    return [Due(first_number + i, day, amount) for i, (day, amount) in enumerate([*overdue, *regular])], ahead


def installments(total: int, payment: int, first_month: int, day_of_month: int) -> list[tuple[int, int]]:
    """Split a total into equal monthly installments (ordinal day, cents); the last one takes the remainder."""
    full, rest = divmod(total, payment)
    amounts = [payment] * full + ([rest] if rest else [])
    return [(due_day(first_month + i, day_of_month), amount) for i, amount in enumerate(amounts)]


def _overdue(loan: Loan, arrears: int, day_of_month: int) -> list[tuple[int, int]]:
    """The installments overdue when the file begins: the filing gives the age of the oldest and the sum.

    Where that age is zero nothing is overdue yet, and the excess falls due with the first installment.
    """
    if arrears == 0 or loan.days_past_due == 0:
        return []
    ends = last_day(loan.first_month)
    months = range(month_of(ends - loan.days_past_due), loan.first_month + 1)
    days = [day for month in months if (day := due_day(month, day_of_month)) < ends]
    count = min(len(days), -(-arrears // loan.scheduled_payment))
    later = [loan.scheduled_payment] * (count - 1)
    return list(zip(days[:count], [arrears - sum(later), *later], strict=True))


def _remaining_total(loan: Loan) -> int:
    """The sum of the installments that pay off the balance, at monthly interest on what is left."""
    balance, total = loan.balance, 0
    while balance > 0:
        balance += (balance * loan.rate_ppm + 6_000_000) // 12_000_000
        paid = min(balance, loan.scheduled_payment)
        balance -= paid
        total += paid
    return total

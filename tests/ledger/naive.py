"""The ledger's rules done the slow and obvious way: installment by installment, cent by cent, day by day.

Reads the same facts as `streams.ledger` (an account that was never compacted) and shares no arithmetic with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streams.ledger.account import WINDOW_DAYS
from streams.ledger.schedule import expand

if TYPE_CHECKING:
    from streams.ledger import Account, Loan


@dataclass
class Due:
    """One installment and what it still lacks."""

    number: int
    day: int
    amount: int
    lacks: int
    met_on: int = 0


@dataclass
class Money:
    """Money of one value day."""

    day: int
    amount: int


class Naive:
    """One loan of an account, by brute force."""

    def __init__(self, account: Account, at: int) -> None:
        self.loan: Loan = account.loans[at]
        self.money = shared(account)[at]
        self.terms = [
            (
                terms.effective_from,
                [
                    Due(terms.first_number + index, day, amount, amount)
                    for index, (day, amount) in enumerate(expand(terms.dates, terms.amounts))
                ],
            )
            for terms in self.loan.terms
        ]

    def in_force(self, day: int) -> tuple[int, list[Due]]:
        """(effective day, installments untouched) of the terms in force on a day; none at all before the first."""
        current: tuple[int, list[Due]] = (0, [])
        for effective, dues in self.terms:
            if effective <= day:
                current = effective, [Due(due.number, due.day, due.amount, due.amount) for due in dues]
        return current

    def allocated(self, day: int, through: int | None = None) -> tuple[list[Due], int]:
        """Installments of the terms in force after all money by `through`, and what money is left."""
        effective, dues = self.in_force(day)
        left = 0
        for money in self.money:
            if effective <= money.day <= (day if through is None else through):
                rest = money.amount
                for due in dues:
                    part = min(rest, due.lacks)
                    due.lacks -= part
                    rest -= part
                    if part and due.lacks == 0:
                        due.met_on = money.day
                left += rest
        return dues, left

    def runs(self, day: int) -> bool:
        """Whether the loan is open on the day."""
        loan = self.loan
        ended = any(0 < end <= day for end in (loan.closed_on, loan.written_off_on))
        return 0 < loan.opened_on <= day and not ended

    def overdue(self, day: int) -> list[Due]:
        """Installments due before the day and not met at its close."""
        return [due for due in self.allocated(day)[0] if due.day < day and due.lacks]

    def days_past_due(self, day: int) -> int:
        """By definition."""
        overdue = self.overdue(day)
        return day - overdue[0].day if overdue else 0

    def spell_days(self, day: int) -> int:
        """How many days in a row, up to this one, something was overdue."""
        length = 0
        while self.overdue(day - length):
            length += 1
        return length

    def running(self, day: int) -> dict[str, int]:
        """Fields of `Position` on a day on which the loan runs."""
        dues, _ = self.allocated(day)
        past, future = [due for due in dues if due.day < day], [due for due in dues if due.day >= day]
        last_due = past[-1].day if past else 0
        next_due = future[0].day if future else 0
        overdue, grace = self.overdue(day), self.loan.grace_days
        days_past_due, spell = self.days_past_due(day), self.spell_days(day)
        paid_in = sum(money.amount for money in self.money if self.in_force(day)[0] <= money.day <= day)
        open_dues = [due for due in dues if due.day < day or due.day == next_due]
        allocated = sum(due.amount - due.lacks for due in open_dues)
        recent = [m for m in self.money if max(last_due, day - WINDOW_DAYS, self.in_force(day)[0] - 1) < m.day <= day]
        return {
            "days_past_due": days_past_due,
            "days_past_due_adjusted": max(0, days_past_due - grace),
            "bucket": naive_bucket(days_past_due) if days_past_due > grace else 0,
            "arrears_since": day - spell + 1 if spell else 0,
            "arrears_spell_days": spell,
            "arrears_minor": sum(due.lacks for due in overdue),
            "outstanding_minor": sum(due.lacks for due in dues),
            "oldest_unmet_number": overdue[0].number if overdue else 0,
            "oldest_unmet_day": overdue[0].day if overdue else 0,
            "installment_minor": (future or dues[-1:])[0].amount,
            "last_due_day": last_due,
            "next_due_day": next_due,
            "installments_total": len(dues),
            "installments_passed": len(past),
            "paid_since_due_minor": sum(money.amount for money in recent),
            "allocated_minor": allocated,
            "credit_minor": paid_in - allocated,
        } | self.former(day)

    def former(self, day: int) -> dict[str, int]:
        """What restructures in force by the day left behind."""
        starts = [effective for effective, _ in self.terms if 0 < effective <= day]
        before = [self.before(start) for start in starts]
        effective = self.in_force(day)[0]
        return {
            "settled_minor": sum(money.amount for money in self.money if money.day < effective),
            "restructures": len(starts),
            "days_past_due_before_restructure": max(before, default=0),
        }

    def before(self, start: int) -> int:
        """Days past due that a restructure resets: as of its day, on the terms of the eve."""
        dues, _ = self.allocated(start - 1)
        overdue = [due for due in dues if due.day < start and due.lacks]
        return start - overdue[0].day if overdue else 0

    def period_days(self, after_day: int, through_day: int) -> list[int]:
        """Due days whose period completes in (after_day, through_day]."""
        ends = [end for end in (self.loan.closed_on, self.loan.written_off_on) if end]
        return [
            day
            for day in range(after_day, through_day)
            if any(due.day == day for due in self.in_force(day)[1]) and not any(end <= day for end in ends)
        ]

    def period(self, day: int) -> dict[str, int]:
        """Fields of the `Period` that ends on a due day."""
        effective, _ = self.in_force(day)
        dues, _ = self.allocated(day)
        earlier = [due.day for due in dues if due.day < day]
        opening = max([effective - 1, 0, *earlier])
        ours = [due for due in dues if due.day <= day]
        unmet = [due for due in ours if due.lacks]
        met = [due for due in ours if due.met_on > opening or (due.day == day and not due.lacks)]
        newest = met[-1] if met else None
        return {
            "due_day": day,
            "due_minor": sum(due.amount for due in dues if due.day == day),
            "paid_minor": sum(money.amount for money in self.money if opening < money.day <= day),
            "arrears_minor": sum(due.lacks for due in ours),
            "days_past_due": day + 1 - unmet[0].day if unmet else 0,
            "lateness_days": newest.met_on - newest.day if newest and newest.met_on > opening else 0,
            "cadence_days": 0,
        }


def naive_bucket(days_past_due: int) -> int:
    """M0 to M4 by their published limits."""
    return sum(days_past_due > limit for limit in (0, 30, 60, 90))


def shared(account: Account) -> list[list[Money]]:
    """Money per loan: its own, then the pool's cent by cent to whatever is oldest."""
    money = [
        [
            Money(day, amount - back)
            for day, amount, back in zip(*(loan.payments[at::4] for at in range(3)), strict=True)
        ]
        for loan in account.loans
    ]
    for day in sorted({payment.value_day for payment in account.pool}):
        cents = sum(each.amount_minor - each.reversed_minor for each in account.pool if each.value_day == day)
        for _ in range(cents):
            at = _hungriest(account, money, day)
            if at is not None:
                money[at].append(Money(day, 1))
                money[at].sort(key=lambda each: each.day)
    return money


def _hungriest(account: Account, money: list[list[Money]], day: int) -> int | None:
    known = [at for at, loan in enumerate(account.loans) if 0 < loan.opened_on <= day]
    ready = []
    for at in known:
        loan = account.loans[at]
        if not any(0 < end < day for end in (loan.closed_on, loan.written_off_on)):
            ready.append(at)
    lacking = []
    for at in ready:
        naive = Naive.__new__(Naive)
        naive.loan, naive.money = account.loans[at], money[at]
        naive.terms = [
            (terms.effective_from, [Due(0, due, amount, amount) for due, amount in expand(terms.dates, terms.amounts)])
            for terms in account.loans[at].terms
        ]
        lacking += [(due.day, at) for due in naive.allocated(day)[0] if due.lacks]
    if lacking:
        return min(lacking)[1]
    unclosed = [at for at in known if not 0 < account.loans[at].closed_on < day]
    return next(iter(ready or unclosed or known), None)

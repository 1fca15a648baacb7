"""Each installment of a borrower, from the first: what was due, when it was met, and what was missed.

A row forgets what is older than the ledger's window; a picture of the whole loan needs all of it. So the accepted events
are applied to an account that is never compacted, and its rules of allocation say which money met which installment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from msgspec import Struct

from streams.console.story import Told
from streams.events.envelope import Event
from streams.ledger import Account, LedgerEvent, Loan, apply
from streams.ledger.account import PAYMENT_WIDTH, Terms
from streams.ledger.allocation import Payments, payments_by_loan
from streams.ledger.schedule import expand, total

#: ON_TIME also before its day; LATE was met after it; PART some money came; MISSED none; DUE lies ahead.
State = Literal["ON_TIME", "LATE", "PART", "MISSED", "DUE"]
_LEDGER_EVENTS = tuple(member for part in get_args(LedgerEvent) for member in (get_args(part) or (part,)))


class Due(Struct, frozen=True):
    """One installment. Days are ordinals, 0 is never; money is minor units of the loan's currency."""

    number: int
    day: int
    amount_minor: int
    paid_minor: int
    met_day: int
    state: State

    @property
    def late_days(self) -> int:
        """Days from the due day until it was met; 0 if it is not met or was met in time."""
        return max(0, self.met_day - self.day) if self.met_day else 0


class LoanDues(Struct, frozen=True):
    """A loan and its installments, in order; those that a restructure replaced before they fell due are left out."""

    loan_id: str
    product: str
    currency: str
    opened_on: int
    closed_on: int
    written_off_on: int
    restructured_on: tuple[int, ...]
    dues: tuple[Due, ...]


def loans(told: Iterable[Told], today: int) -> list[LoanDues]:
    """The loans that the accepted events tell of, as of the close of `today` (ordinal)."""
    account, clock = Account(), 0
    for each in told:
        clock = max(clock, each.event.business_date.toordinal())
        if not each.refused and not each.repeats and _counts(each.event):
            apply(account, each.event, clock)  # type: ignore[arg-type]  # `_counts` has looked
    shared = payments_by_loan(account)
    return [_loan(loan, money, today) for loan, money in zip(account.loans, shared, strict=True) if loan.opened_on]


def _counts(event: Event) -> bool:
    return isinstance(event, _LEDGER_EVENTS)


def _loan(loan: Loan, payments: Payments, today: int) -> LoanDues:
    dues: list[Due] = []
    ends = [terms.effective_from for terms in loan.terms[1:]] + [0]
    for terms, end in zip(loan.terms, ends, strict=True):
        dues.extend(_terms(terms, end, payments, today))
    last = min((day for day in (loan.closed_on, loan.written_off_on) if day), default=0)
    return LoanDues(
        loan.loan_id,
        loan.product,
        loan.currency,
        loan.opened_on,
        loan.closed_on,
        loan.written_off_on,
        tuple(terms.effective_from for terms in loan.terms[1:]),
        tuple(due for due in dues if not last or due.day < last or due.met_day),
    )


def _terms(terms: Terms, end: int, payments: Payments, today: int) -> Iterable[Due]:
    """Installments of one agreement; from `end` (0: never) on another one is in force."""
    money = _money(payments, terms.effective_from, end, today)
    for index, (day, amount_minor) in enumerate(expand(terms.dates, terms.amounts)):
        if end and day >= end:
            return
        before = total(terms.amounts, index)
        needed = before + amount_minor
        met = next((at for at, sum_minor in money if sum_minor >= needed), 0)
        paid = min(amount_minor, max(0, (money[-1][1] if money else 0) - before))
        yield Due(terms.first_number + index, day, amount_minor, paid, met, _state(day, met, paid, today))


def _money(payments: Payments, start: int, end: int, today: int) -> list[tuple[int, int]]:
    """(value day, sum so far) of the money that counts on terms in force from `start` until before `end`."""
    found, so_far = [], 0
    for at in range(0, len(payments), PAYMENT_WIDTH):
        day = payments[at]
        if start <= day <= today and (not end or day < end):
            so_far += payments[at + 1] - payments[at + 2]
            found.append((day, so_far))
    return found


def _state(day: int, met: int, paid: int, today: int) -> State:
    if met:
        return "LATE" if met > day else "ON_TIME"
    if day >= today:
        return "DUE"
    return "PART" if paid else "MISSED"

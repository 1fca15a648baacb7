"""Which installment money pays: rule `oldest_due_first.v1`.

Rule 1: money counts from its value day; the order of payments of one day does not matter.
Rule 2: on a loan, money pays installments in order of due date, over all terms in force on its value day.
Rule 3: what is left is a credit. It pays a later installment, which then counts as met on its due date, not before.
Rule 4: money that names no loan is split, after that day's named payments, over the unmet installments of all loans
    then open in its currency, oldest due date first (then the loan that appeared first), those not yet due included;
    the rest is a credit of the first of these loans. With none open it goes to the first that is written off and not
    closed, else to the first closed one.
Rule 5: money with a value day after a write-off is a recovery: it pays no installment.
So the paid sum alone says what is met: installment i is met on the first day on which paid >= total(i).
"""

from __future__ import annotations

import heapq
from bisect import bisect_right

from streams.ledger.account import PAYMENT_WIDTH, Account, Loan, Terms
from streams.ledger.schedule import count, covered, due_day, total

#: Stamped on whatever is derived.
ALLOCATION_RULE = "oldest_due_first.v1"

Payments = tuple[int, ...]


def paid_between(payments: Payments, after_day: int, through_day: int) -> int:
    """Money with a value day in (after_day, through_day], reversals removed."""
    days = payments[::PAYMENT_WIDTH]
    start, end = bisect_right(days, after_day) * PAYMENT_WIDTH, bisect_right(days, through_day) * PAYMENT_WIDTH
    return sum(payments[start + 1 : end : PAYMENT_WIDTH]) - sum(payments[start + 2 : end : PAYMENT_WIDTH])


def with_payment(payments: Payments, payment: Payments) -> Payments:
    """The payments plus one, kept in order of value day (behind those of the same day)."""
    at = len(payments)
    while at and payments[at - PAYMENT_WIDTH] > payment[0]:
        at -= PAYMENT_WIDTH
    return payments[:at] + payment + payments[at:]


def terms_index(loan: Loan, day: int) -> int:
    """Index of the terms in force at the close of `day` (0 also when there are none yet)."""
    index, last = 0, len(loan.terms) - 1
    while index < last and loan.terms[index + 1].effective_from <= day:
        index += 1
    return index


def paid_on_terms(loan: Loan, payments: Payments, index: int, through_day: int) -> int:
    """Money on `loan.terms[index]` by the close of `through_day`, the base included."""
    base = loan.paid_minor if index == 0 else 0
    return base + paid_between(payments, loan.terms[index].effective_from - 1, through_day)


def payments_by_loan(account: Account) -> list[Payments]:
    """Payments of each loan, in the layout of `Loan.payments`, with its shares of the pool (Rule 4)."""
    shared = [loan.payments for loan in account.loans]
    for (day, currency), money in _pool_by_day(account).items():
        for index, share in _split(account.loans, shared, day, currency, money):
            shared[index] = with_payment(shared[index], (day, share, 0, 0))
    return shared


def loan_payments(account: Account, loan: Loan) -> Payments:
    """Payments of one of the account's loans, with its shares of the pool."""
    if not account.pool:
        return loan.payments
    at = next(at for at, each in enumerate(account.loans) if each is loan)
    return payments_by_loan(account)[at]


def _pool_by_day(account: Account) -> dict[tuple[int, str], int]:
    sums: dict[tuple[int, str], int] = {}
    for payment in account.pool:
        key = (payment.value_day, payment.currency)
        sums[key] = sums.get(key, 0) + payment.amount_minor - payment.reversed_minor
    return sums


def _split(loans: list[Loan], shared: list[Payments], day: int, currency: str, money: int) -> list[tuple[int, int]]:
    """Shares (index of the loan, money) of one day's pool; empty if no loan was opened yet."""
    opened = [at for at, loan in enumerate(loans) if loan.currency == currency and 0 < loan.opened_on <= day]
    open_loans = [at for at in opened if _takes_money(loans[at], day)]
    queue = [head for at in open_loans if (head := _next_unmet(loans[at], shared[at], day, at))]
    heapq.heapify(queue)
    shares: dict[int, int] = {}
    while money and queue:
        _, at, index, shortfall, terms = queue[0]
        share = min(money, shortfall)
        shares[at] = shares.get(at, 0) + share
        money -= share
        if index + 1 < count(terms.amounts):
            each = total(terms.amounts, index + 2) - total(terms.amounts, index + 1)
            heapq.heapreplace(queue, (due_day(terms.dates, index + 1), at, index + 1, each, terms))
        else:
            heapq.heappop(queue)
    if money and opened:
        written_off = [at for at in opened if not 0 < loans[at].closed_on < day]
        rest = (open_loans or written_off or opened)[0]
        shares[rest] = shares.get(rest, 0) + money
    return list(shares.items())


def _takes_money(loan: Loan, day: int) -> bool:
    return not (0 < loan.closed_on < day or 0 < loan.written_off_on < day)


def _next_unmet(loan: Loan, payments: Payments, day: int, at: int) -> tuple[int, int, int, int, Terms] | None:
    """Head of a loan's queue: due day, loan, installment index, what it lacks, terms. The first two order it."""
    if not loan.terms:
        return None
    index = terms_index(loan, day)
    terms = loan.terms[index]
    paid = paid_on_terms(loan, payments, index, day)
    unmet = covered(terms.amounts, paid)
    if unmet == count(terms.amounts):
        return None
    return due_day(terms.dates, unmet), at, unmet, total(terms.amounts, unmet + 1) - paid, terms

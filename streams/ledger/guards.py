"""What all ledger events share: finding what is kept, and saying why a fact finds no place."""

from __future__ import annotations

import datetime as dt

import msgspec

from streams.ledger.account import LOANS_MAX, PAYMENT_WIDTH, Account, Loan
from streams.ledger.outcomes import Quarantined


class KeptPayment(msgspec.Struct, frozen=True, gc=False):
    """A payment in the window and where it is kept: on a loan at an offset, or in the pool (loan None) at an index."""

    loan: Loan | None
    at: int
    value_day: int
    amount_minor: int
    reversed_minor: int
    currency: str


def find_payment(account: Account, payment_hash: int) -> KeptPayment | None:
    """The payment with that id hash, if it is still in the window."""
    for loan in account.loans:
        hashes = loan.payments[3::PAYMENT_WIDTH]
        if payment_hash in hashes:
            at = hashes.index(payment_hash) * PAYMENT_WIDTH
            value_day, amount_minor, back, _ = loan.payments[at : at + PAYMENT_WIDTH]
            return KeptPayment(loan, at, value_day, amount_minor, back, loan.currency)
    for at, each in enumerate(account.pool):
        if each.payment_hash == payment_hash:
            return KeptPayment(None, at, each.value_day, each.amount_minor, each.reversed_minor, each.currency)
    return None


def waiting_loan(account: Account, loan_id: str, currency: str, today: int) -> Loan | None:
    """The loan of that id; one that waits for its `loan_opened` is made if there is none. None: no room for it."""
    loan = account.loan(loan_id)
    if loan is None and len(account.loans) < LOANS_MAX:
        loan = Loan(loan_id, currency, waiting_since=today)
        account.loans.append(loan)
    return loan


def too_old(code: str, what: str, day: int, account: Account) -> Quarantined:
    """The answer to a fact about a day that is folded away."""
    closed, of = dt.date.fromordinal(account.folded_through), dt.date.fromordinal(day)
    return Quarantined(
        code,
        f"{what} is of {of}; this borrower's facts up to {closed} are closed. Correct it on the platform and book "
        "the difference on a later day, or replay the borrower's history.",
    )


def no_room(what: str, of: str, limit: int) -> Quarantined:
    """The answer to a fact beyond a bound of the row."""
    return Quarantined(
        "too_many_facts", f"{what} finds no room: the borrower has {limit} {of} already. Check the producer."
    )

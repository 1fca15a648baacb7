"""The platform's own view that an installment was missed, checked against the ledger.

Rule 1: the ledger derives misses itself; this event never changes what is derived.
Rule 2: where the two differ the ledger stands, and the difference is counted and said.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from streams.ledger.allocation import loan_payments, paid_on_terms, terms_index
from streams.ledger.guards import too_old
from streams.ledger.outcomes import APPLIED, Disagreement, Outcomes
from streams.ledger.schedule import amount, count, due_day, total

if TYPE_CHECKING:
    from streams.events.payments import InstallmentMissed
    from streams.ledger.account import Account, Loan


def apply_installment_missed(account: Account, event: InstallmentMissed) -> Outcomes:
    """Compare the platform's miss with the ledger as of the event's business date."""
    day = event.business_date.toordinal()
    if day <= account.folded_through:
        return (too_old("missed_too_late", f"The miss of loan {event.loan_id}", day, account),)
    found = _difference(account, event, day)
    if found is None:
        return APPLIED
    account.disagreements += 1
    return (found,)


def _difference(account: Account, event: InstallmentMissed, day: int) -> Disagreement | None:
    what = f"Installment {event.number} of loan {event.loan_id}"
    loan = account.loan(event.loan_id)
    if loan is None or not loan.opened_on:
        return Disagreement("unknown_loan", f"{what} is reported missed, but the loan is not open here.")
    ends = [end for end in (loan.closed_on, loan.written_off_on) if end]
    if ends and min(ends) <= day:
        return Disagreement("loan_ended", f"{what} is reported missed, but the loan ended and nothing is due.")
    return _installment_difference(account, loan, event, day, what)


def _installment_difference(
    account: Account, loan: Loan, event: InstallmentMissed, day: int, what: str
) -> Disagreement | None:
    at = terms_index(loan, day)
    index = event.number - loan.terms[at].first_number if loan.terms else -1
    if index < 0 or index >= count(loan.terms[at].amounts):
        return Disagreement(
            "unknown_installment", f"{what} is reported missed, but the schedule in force has none such."
        )
    terms = loan.terms[at]
    due = due_day(terms.dates, index)
    if due != event.due_date.toordinal():
        known = dt.date.fromordinal(due)
        return Disagreement("due_date_differs", f"{what} is reported due {event.due_date}; the schedule says {known}.")
    if due >= day:
        return Disagreement("not_overdue", f"{what} is reported missed, but due today is not overdue.")
    paid = paid_on_terms(loan, loan_payments(account, loan), at, day)
    shortfall = min(amount(terms.amounts, index), max(0, total(terms.amounts, index + 1) - paid))
    if shortfall == 0:
        return Disagreement("installment_met", f"{what} is reported missed, but it is paid in full.")
    if shortfall != event.shortfall.amount_minor or loan.currency != event.shortfall.currency:
        return Disagreement(
            "shortfall_differs",
            f"{what} is reported short of {event.shortfall.amount_minor} {event.shortfall.currency}; "
            f"the ledger says {shortfall} {loan.currency} (minor units).",
        )
    return None

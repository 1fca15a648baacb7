"""Money events: a payment received, a debit that failed.

Rule 1: a payment counts from its value day (default: its business date).
Rule 2: a payment id names one payment; the same id with other content is refused.
Rule 3: a payment that comes before its loan waits, and counts when the loan opens.
Rule 4: a payment with a value day that is folded away is quarantined.
Rule 5: a payment that names no loan belongs to the borrower's only loan in its currency, or else to the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.ledger.account import (
    FAILED_DEBITS_MAX,
    LOANS_MAX,
    PAYMENT_WIDTH,
    PAYMENTS_MAX,
    WINDOW_DAYS,
    Account,
    Loan,
    PoolPayment,
    id_hash,
)
from streams.ledger.allocation import with_payment
from streams.ledger.failed_debits import FAILURES
from streams.ledger.guards import KeptPayment, find_payment, no_room, too_old, waiting_loan
from streams.ledger.outcomes import Duplicate, Outcome, Outcomes, Pending, Refused, taken
from streams.ledger.reversal_events import match_waiting_reversals

if TYPE_CHECKING:
    from streams.events.payments import PaymentFailed, PaymentReceived


def apply_payment_received(account: Account, event: PaymentReceived, today: int) -> Outcomes:
    """Take a payment."""
    value_day = (event.value_date or event.business_date).toordinal()
    if value_day <= account.folded_through:
        return (too_old("payment_too_late", f"Payment {event.payment_id}", value_day, account),)
    if (found := find_payment(account, id_hash(event.payment_id))) is not None:
        return (_repeated(found, event, value_day),)
    target = _target(account, event, today)
    if isinstance(target, Outcome):
        return (target,)
    return _keep(account, target, event, value_day, today)


def _keep(account: Account, target: Loan | None, event: PaymentReceived, value_day: int, today: int) -> Outcomes:
    """Keep a new payment on its loan, or in the pool (no target)."""
    kept = len(account.pool) if target is None else len(target.payments) // PAYMENT_WIDTH
    if kept >= PAYMENTS_MAX:
        return (no_room(f"Payment {event.payment_id}", "payments in the window", PAYMENTS_MAX),)
    payment_hash, amount_minor, currency = id_hash(event.payment_id), event.amount.amount_minor, event.amount.currency
    back, refused = match_waiting_reversals(account, payment_hash, amount_minor, currency)
    if target is None:
        payment = PoolPayment(value_day, amount_minor, back, payment_hash, currency)
        account.pool = tuple(sorted((*account.pool, payment), key=lambda each: each.value_day))
        opened = any(loan.opened_on for loan in account.loans)
    else:
        target.payments = with_payment(target.payments, (value_day, amount_minor, back, payment_hash))
        opened = target.opened_on > 0
    if not opened:
        return (Pending("payment_before_loan", f"Payment {event.payment_id} waits for its loan to open."), *refused)
    return (*taken(value_day, today), *refused)


def apply_payment_failed(account: Account, event: PaymentFailed, today: int) -> Outcomes:
    """Count a refused debit; it moves no money."""
    day = event.business_date.toordinal()
    if day <= today - WINDOW_DAYS:
        return (too_old("failed_debit_too_late", f"The failed debit {event.payment_id}", day, account),)
    if len(account.failed_debits) >= FAILED_DEBITS_MAX * 2:
        return (no_room(f"The failed debit {event.payment_id}", "failed debits", FAILED_DEBITS_MAX),)
    at = len(account.failed_debits)
    while at and account.failed_debits[at - 2] > day:
        at -= 2
    fact = (day, FAILURES.index(event.failure))
    account.failed_debits = account.failed_debits[:at] + fact + account.failed_debits[at:]
    return taken(day, today)


def _target(account: Account, event: PaymentReceived, today: int) -> Loan | Outcome | None:
    """The loan that the payment is for, None for the pool, or why it cannot be taken."""
    currency = event.amount.currency
    if event.loan_id is not None:
        loan = waiting_loan(account, event.loan_id, currency, today)
        if loan is None:
            return no_room(f"Payment {event.payment_id}", "loans", LOANS_MAX)
        if loan.currency != currency:
            return Refused(
                "wrong_currency",
                f"Payment {event.payment_id} is in {currency} but loan {loan.loan_id} is in {loan.currency}.",
            )
        return loan
    alike = [loan for loan in account.loans if loan.currency == currency]
    if len(alike) == 1:
        return alike[0]
    if not alike and account.loans:
        return Refused(
            "wrong_currency", f"Payment {event.payment_id} is in {currency}: the borrower has no loan in that currency."
        )
    return None


def _repeated(found: KeptPayment, event: PaymentReceived, value_day: int) -> Outcome:
    same = (
        found.amount_minor == event.amount.amount_minor
        and found.currency == event.amount.currency
        and (event.value_date is None or found.value_day == value_day)
        and (event.loan_id is None or found.loan is None or found.loan.loan_id == event.loan_id)
    )
    if same:
        return Duplicate("payment_repeated", f"Payment {event.payment_id} was taken before.")
    return Refused(
        "payment_conflict",
        f"Payment {event.payment_id} was taken before with another amount, loan or value date. To correct it, "
        "reverse it (kind CORRECTION) and send the right one under a new payment_id.",
    )

"""Money that goes back: a reversal removes its payment from the payment's own value day, whole or in part.

Rule 1: after a whole reversal everything is as if the money had never come: installments re-open from their due date.
Rule 2: a reversal that comes before its payment waits for it. One that nothing matches within the window is quarantined
    (`streams.ledger.compact`).
Rule 3: more than the payment cannot go back.
Rule 4: a loan closed as paid or settled re-opens when money that was there at its closing goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from streams.ledger.account import REVERSALS_MAX, Account, Reversal, id_hash
from streams.ledger.allocation import loan_payments, paid_between
from streams.ledger.guards import KeptPayment, find_payment, no_room, too_old
from streams.ledger.outcomes import Duplicate, Outcome, Outcomes, Pending, Refused, taken

if TYPE_CHECKING:
    from streams.events.payments import PaymentReversed

#: A sold or canceled loan is not the lender's to re-open.
REOPENING = frozenset({"PAID", "EARLY_REPAID", "SETTLED"})


def apply_payment_reversed(account: Account, event: PaymentReversed, today: int) -> Outcomes:
    """Take money back from the value day of its payment, whole or in part."""
    reversal = Reversal(
        id_hash(event.reversal_id),
        id_hash(event.payment_id),
        event.amount.amount_minor if event.amount else 0,
        event.amount.currency if event.amount else "",
        today,
        waiting=False,
    )
    for known in account.reversals:
        if known.reversal_hash == reversal.reversal_hash:
            return (_reversal_repeated(known, reversal, event.reversal_id),)
    if len(account.reversals) >= REVERSALS_MAX:
        return (no_room(f"Reversal {event.reversal_id}", "reversals", REVERSALS_MAX),)
    found = find_payment(account, reversal.payment_hash)
    if found is None:
        account.reversals += (msgspec.structs.replace(reversal, waiting=True),)
        return (
            Pending("reversal_before_payment", f"Reversal {event.reversal_id} waits for payment {event.payment_id}."),
        )
    if found.value_day <= account.folded_through:
        return (too_old("reversal_too_late", f"Payment {event.payment_id}", found.value_day, account),)
    back = _take_back(reversal, found.amount_minor, found.reversed_minor, found.currency)
    if isinstance(back, Refused):
        return (back,)
    closed_before = _paid_by_closing(account)
    _set_reversed(account, found, back)
    account.reversals += (reversal,)
    _reopen(account, closed_before)
    return taken(found.value_day, today)


def match_waiting_reversals(
    account: Account, payment_hash: int, amount_minor: int, currency: str
) -> tuple[int, Outcomes]:
    """What reversals that came first take back of a new payment; those that cannot be are refused now."""
    if not any(each.waiting and each.payment_hash == payment_hash for each in account.reversals):
        return 0, ()
    back, refused, kept = 0, [], []
    for each in account.reversals:
        if not each.waiting or each.payment_hash != payment_hash:
            kept.append(each)
            continue
        after = _take_back(each, amount_minor, back, currency)
        if isinstance(after, Refused):
            refused.append(after)
        else:
            back = after
            kept.append(msgspec.structs.replace(each, waiting=False))
    account.reversals = tuple(kept)
    return back, tuple(refused)


def _take_back(reversal: Reversal, amount_minor: int, reversed_minor: int, currency: str) -> int | Refused:
    """The payment's reversed amount after this reversal, or why it cannot be."""
    if reversal.currency not in ("", currency):
        return Refused("wrong_currency", f"The reversal is in {reversal.currency} but its payment is in {currency}.")
    left = amount_minor - reversed_minor
    back = reversal.amount_minor or left
    if left == 0:
        return Refused("nothing_to_reverse", "The payment was reversed in full before.")
    if back > left:
        return Refused(
            "reversal_exceeds_payment", f"The reversal takes back {back} of which {left} (minor units) are left."
        )
    return reversed_minor + back


def _set_reversed(account: Account, found: KeptPayment, back: int) -> None:
    if found.loan is None:
        payment = msgspec.structs.replace(account.pool[found.at], reversed_minor=back)
        account.pool = (*account.pool[: found.at], payment, *account.pool[found.at + 1 :])
    else:
        payments = found.loan.payments
        found.loan.payments = (*payments[: found.at + 2], back, *payments[found.at + 3 :])


def _paid_by_closing(account: Account) -> list[int]:
    """Per loan, the money in the window by its closing; all 0 when no loan is closed."""
    return [
        paid_between(loan_payments(account, loan), -1, loan.closed_on) if loan.closed_on else 0
        for loan in account.loans
    ]


def _reopen(account: Account, paid_before: list[int]) -> None:
    """Re-open each closed loan that a reversal took money from (edge case: chargeback on a closed loan)."""
    for loan, before, after in zip(account.loans, paid_before, _paid_by_closing(account), strict=True):
        if loan.closed_on and after < before and loan.closed_reason in REOPENING:
            loan.closed_on, loan.closed_reason = 0, ""


def _reversal_repeated(known: Reversal, reversal: Reversal, reversal_id: str) -> Outcome:
    if (known.payment_hash, known.amount_minor, known.currency) == (
        reversal.payment_hash,
        reversal.amount_minor,
        reversal.currency,
    ):
        return Duplicate("reversal_repeated", f"Reversal {reversal_id} was taken before.")
    return Refused("reversal_conflict", f"Reversal {reversal_id} was taken before for another payment or amount.")

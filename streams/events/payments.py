"""Topics `payments` and `missed-installments`: money that came, failed to come, went back, or was expected."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from streams.events.envelope import BorrowerEvent, LoanEvent
from streams.events.fields import Count, Identifier, Money, NonNegativeMoney


class PaymentReceived(BorrowerEvent, tag="payment_received", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money arrived. Without `loan_id` it is allocated over all the borrower's loans, oldest due first.

    `value_date` is the day from which it counts (default: the business date); an earlier one corrects the past.
    """

    payment_id: Identifier
    amount: Money
    loan_id: Identifier | None = None
    value_date: dt.date | None = None
    method: Literal["AUTODEBIT", "CARD", "WALLET", "TRANSFER", "CASH", "OTHER"] = "OTHER"
    payer: Literal["SELF", "THIRD_PARTY"] = "SELF"


class PaymentFailed(BorrowerEvent, tag="payment_failed", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A debit was tried and refused. TECHNICAL failures are the rail's, not the borrower's."""

    payment_id: Identifier
    amount: Money
    failure: Literal[
        "INSUFFICIENT_FUNDS",
        "MANDATE_REVOKED",
        "ACCOUNT_CLOSED",
        "INVALID_ACCOUNT",
        "LIMIT",
        "TECHNICAL",
        "FRAUD_BLOCK",
        "OTHER",
    ]
    loan_id: Identifier | None = None
    processor: Identifier | None = None


class PaymentReversed(BorrowerEvent, tag="payment_reversed", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payment went back, whole or in part (`amount`), maybe before Forewarn saw the payment itself."""

    payment_id: Identifier
    reversal_id: Identifier
    kind: Literal["REVERSAL", "CHARGEBACK", "RETURN", "CORRECTION"] = "REVERSAL"
    amount: Money | None = None


class InstallmentMissed(LoanEvent, tag="installment_missed", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The platform's own view that an installment was missed: checked against the ledger, never believed blindly."""

    number: Count
    due_date: dt.date
    shortfall: NonNegativeMoney


PaymentTopicEvent = PaymentReceived | PaymentFailed | PaymentReversed
MissedTopicEvent = InstallmentMissed

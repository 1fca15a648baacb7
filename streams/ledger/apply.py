"""One event on one account: which rule file handles which event."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from streams.events.loans import (
    LoanClosed,
    LoanOpened,
    LoanRestructured,
    LoanTopicEvent,
    LoanWrittenOff,
    ScheduleSet,
)
from streams.events.payments import (
    InstallmentMissed,
    MissedTopicEvent,
    PaymentFailed,
    PaymentReceived,
    PaymentReversed,
    PaymentTopicEvent,
)
from streams.ledger.loan_events import (
    apply_loan_closed,
    apply_loan_opened,
    apply_loan_restructured,
    apply_loan_written_off,
    apply_schedule_set,
)
from streams.ledger.missed_events import apply_installment_missed
from streams.ledger.payment_events import apply_payment_failed, apply_payment_received
from streams.ledger.reversal_events import apply_payment_reversed

if TYPE_CHECKING:
    from streams.ledger.account import Account
    from streams.ledger.outcomes import Outcomes

LedgerEvent = LoanTopicEvent | PaymentTopicEvent | MissedTopicEvent


def apply(account: Account, event: LedgerEvent, today: int) -> Outcomes:  # noqa: PLR0911 - one line per event
    """Take one event into the account, which is changed in place.

    Args:
        account: the borrower's facts.
        event: any event of topics loans, payments and missed-installments.
        today: the row's business day (ordinal) after it has advanced to the event's.

    Returns:
        At least one outcome; the first is about the event itself. A fact that counts from a day before `today` is a
        `LateFact`.
    """
    match event:
        case PaymentReceived():
            return apply_payment_received(account, event, today)
        case PaymentFailed():
            return apply_payment_failed(account, event, today)
        case PaymentReversed():
            return apply_payment_reversed(account, event, today)
        case InstallmentMissed():
            return apply_installment_missed(account, event)
        case LoanOpened():
            return apply_loan_opened(account, event, today)
        case ScheduleSet():
            return apply_schedule_set(account, event, today)
        case LoanRestructured():
            return apply_loan_restructured(account, event, today)
        case LoanWrittenOff():
            return apply_loan_written_off(account, event, today)
        case LoanClosed():
            return apply_loan_closed(account, event, today)
        case _:
            assert_never(event)

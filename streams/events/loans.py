"""Topic `loans`: what is agreed with the borrower, and how it ends."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from streams.events.envelope import LoanEvent
from streams.events.fields import (
    INSTALLMENTS_MAX,
    BasisPoints,
    Count,
    CreditScore,
    Currency,
    GraceDays,
    Installment,
    Money,
    NonNegativeMoney,
    Word,
)

Installments = Annotated[list[Installment], Meta(min_length=1, max_length=INSTALLMENTS_MAX)]


class LoanOpened(LoanEvent, tag="loan_opened", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A loan begins. `product`, `channel` and `region` only form portfolio segments: they are never features."""

    opened_on: dt.date
    principal: Money
    installment_count: Count
    product: Word
    channel: Word | None = None
    region: Word | None = None
    grace_days: GraceDays = 0
    allocation_rule: Literal["oldest_due_first.v1"] = "oldest_due_first.v1"
    annual_rate_bps: BasisPoints | None = None
    credit_score: CreditScore | None = None
    payment_to_income_bps: BasisPoints | None = None


class ScheduleSet(LoanEvent, tag="schedule_set", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The loan's installments, whole: numbers rise by one and due dates never fall."""

    schedule_version: Count
    currency: Currency
    installments: Installments


class LoanRestructured(LoanEvent, tag="loan_restructured", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """New terms from `effective_on`: the installments replace all that is unmet; the old days past due stay a fact."""

    effective_on: dt.date
    kind: Literal["EXTENSION", "RATE_CUT", "DEFERRAL", "CAPITALIZATION", "REFINANCE", "OTHER"]
    schedule_version: Count
    currency: Currency
    installments: Installments


class LoanWrittenOff(LoanEvent, tag="loan_written_off", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The lender gives up the claim in its books. Later payments are recoveries and cure nothing."""

    written_off_on: dt.date
    amount: NonNegativeMoney
    reason: Word | None = None


class LoanClosed(LoanEvent, tag="loan_closed", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The loan ends; nothing more falls due."""

    closed_on: dt.date
    reason: Literal["PAID", "EARLY_REPAID", "SETTLED", "SOLD", "CANCELED"]


LoanTopicEvent = LoanOpened | ScheduleSet | LoanRestructured | LoanWrittenOff | LoanClosed

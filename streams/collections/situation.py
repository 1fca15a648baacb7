"""A borrower's situation on one business day, as far as choosing a measure needs it; made by the caller."""

from __future__ import annotations

from msgspec import Struct

from streams.collections.terms import Tier


class Situation(Struct, frozen=True, kw_only=True, gc=False):
    """Facts about money and risk; nothing about the person.

    Attributes:
        borrower_id: opaque.
        loan_id: the debt that leads: the one with the oldest unmet installment, or the next due.
        product: product code, to find the plan and the segment.
        position: where in the journal this is decided, `partition-offset` for example; ids and draws derive from it.
        business_day: ordinal day.
        tier: risk tier now.
        tier_rose_day: day on which the tier last rose; 0 never.
        probability_ppm: probability of default, parts per million.
        days_past_due: of the oldest unmet installment over all loans; 0 if none.
        arrears_minor: contractual arrears over all loans, minor units.
        exposure_minor: outstanding not yet due plus arrears, minor units.
        currency: ISO 4217 of both amounts.
        next_due_day: next due date; 0 none.
        broken_promises: promises to pay that were not kept.
        is_written_off: the claim was written off: its days past due no longer rise.
    """

    borrower_id: str
    loan_id: str
    product: str
    position: str
    business_day: int
    tier: Tier = Tier.NORMAL
    tier_rose_day: int = 0
    probability_ppm: int = 0
    days_past_due: int = 0
    arrears_minor: int = 0
    exposure_minor: int = 0
    currency: str = ""
    next_due_day: int = 0
    broken_promises: int = 0
    is_written_off: bool = False

    @property
    def is_clear(self) -> bool:
        """Nothing is overdue."""
        return self.days_past_due == 0 and self.arrears_minor == 0

    @property
    def segment(self) -> str:
        """The segment in which measures are compared: product, tier, and whether something is overdue."""
        return f"{self.product}:{self.tier}:{'CURRENT' if self.is_clear else 'OVERDUE'}"

"""What Forewarn says: one struct per output topic.

Ids are pure functions of the borrower's place in the journal, so a consumer that reads uncommitted can drop repeats:
`alert_id` is `borrower_id/sequence`, and the sequence of a borrower's alerts has no gap.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from streams.events.fields import NonNegativeMoney

Tier = Literal["NORMAL", "WATCH", "ELEVATED", "HIGH", "CRITICAL"]
ChangeCause = Literal["DUE_DATE_PASSED", "PAYMENT", "REVERSAL", "RESTRUCTURE", "WRITE_OFF", "CLOSED", "CORRECTION"]
Direction = Literal["UP", "DOWN", "RETRACT"]
Cause = Literal["MODEL", "DAYS_PAST_DUE", "WRITE_OFF", "RECOVERY", "CURE", "CLOSED", "CORRECTION"]


class Output(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The common head of everything that Forewarn publishes about a borrower."""

    schema_version: Literal[1] = 1
    borrower_id: str
    business_date: dt.date


class Reason(Struct, frozen=True, kw_only=True):
    """One actual contribution to the score. `contribution_millilogits` is in thousandths of log-odds."""

    code: str
    text_en: str
    text_zh: str
    feature: str
    value: str
    contribution_millilogits: int


class RiskTierChanged(Output, tag="risk_tier_changed", frozen=True, kw_only=True):
    """The alert. Direction RETRACT says that the alert named in `supersedes` was wrong on corrected facts.

    `journal_sequence` counts the borrower's own records in the journal: it is the same at any partition count. The
    record's headers carry the partition and offset of the journal record that caused it.
    """

    alert_id: str
    alert_sequence: int
    journal_sequence: int
    from_tier: Tier
    to_tier: Tier
    direction: Direction
    cause: Cause
    supersedes: str | None
    probability_before_ppm: int
    probability_ppm: int
    reasons: tuple[Reason, ...]
    days_past_due: int
    exposure: NonNegativeMoney
    arrears: NonNegativeMoney
    next_downgrade_possible_on: dt.date | None
    model_version: str
    policy_version: str


class DelinquencyChanged(Output, tag="delinquency_changed", frozen=True, kw_only=True):
    """A loan moved between delinquency buckets (M0 current, M1 1-30, M2 31-60, M3 61-90, M4 over 90 days past due)."""

    change_id: str
    loan_id: str
    product: str
    from_bucket: str
    to_bucket: str
    cause: ChangeCause
    days_past_due: int
    arrears: NonNegativeMoney
    balance: NonNegativeMoney


class LabelMatured(Struct, frozen=True, kw_only=True, tag_field="type", tag="label_matured"):
    """What became of an observation after its horizon: the only thing the learner learns from."""

    borrower_id: str
    observed_on: dt.date
    matured_on: dt.date
    head: str
    outcome: bool
    probability_ppm: int
    model_version: str
    observation: bytes


class DateClosed(Struct, frozen=True, kw_only=True, tag_field="type", tag="date_closed"):
    """A journal partition has emitted all labels that mature on `business_date` or before."""

    partition: int
    partitions: int
    business_date: dt.date


class DeadLetter(Struct, frozen=True, kw_only=True, tag_field="type", tag="dead_letter"):
    """A record that was not taken: its bytes (base64 in JSON), where it stood, and why."""

    topic: str
    partition: int
    offset: int
    code: str
    reason: str
    key: bytes | None
    value: bytes | None

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
ActionKind = Literal["CALL", "SMS", "EMAIL", "IM", "LETTER", "VISIT", "AGENCY", "LEGAL_REVIEW"]
Step = Literal["REMINDER", "SMS", "CALL", "VISIT", "AGENCY", "LEGAL_REVIEW", "FORBEARANCE_OFFER"]
Purpose = Literal["REMIND", "COLLECT", "LOCATE", "RELAY", "FORBEARANCE", "NOTICE"]
Verdict = Literal["ALLOW", "DEFER", "DENY"]
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


class ConductFinding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one conduct rule said, with the figures it looked at. Ids that begin with GATE- are the gate's own."""

    rule_id: str
    kind: str
    verdict: Verdict
    until: dt.datetime | None = None
    observed: int = 0
    limit: int = 0
    subject: str = ""


class ConductDecision(Struct, frozen=True, kw_only=True):
    """The conduct gate's answer: `rule_ids` stand in the way, `packs` were in force, `trail` is every rule asked.

    `at` is the instant asked about; with DEFER, `until` is the first instant at which the same question is allowed.
    """

    verdict: Verdict
    at: dt.datetime
    until: dt.datetime | None
    rule_ids: tuple[str, ...]
    packs: tuple[str, ...]
    trail: tuple[ConductFinding, ...]


class MeasureChoice(Struct, frozen=True, kw_only=True):
    """How the measure was chosen among the permitted ones, and with which probability (to evaluate policies offline)."""

    policy: Literal["FIXED", "LEARNED", "HOLDOUT"]
    propensity_ppm: int
    permitted: tuple[ActionKind, ...]
    version: str


class MeasureWeighed(Struct, frozen=True, kw_only=True):
    """Another measure of the same step, that the gate was asked about as well and that was not taken."""

    kind: ActionKind
    actor: Literal["HUMAN", "BOT", "AGENCY"]
    decision: ConductDecision


class CollectionAction(Output, tag="collection_action", frozen=True, kw_only=True):
    """A measure that is proposed, or that the conduct gate refused (verdict DENY): people and dialers act, or do not.

    Ask the gate again before acting, and answer on `contacts` with `action_id`. Not before `not_before`; it lapses at
    `expires_at`. `withheld` is for comparison only: do not act. `stage` FORBEARANCE_OFFER stands beside the ladder.
    `alternatives` are the other measures that the gate was asked about, with its whole answer for each.
    """

    action_id: str
    journal_sequence: int
    loan_id: str
    stage: Step
    kind: ActionKind
    actor: Literal["HUMAN", "BOT", "AGENCY"]
    purpose: Purpose
    template: str
    tier: Tier
    reasons: tuple[str, ...]
    priority: int
    not_before: dt.datetime
    expires_at: dt.datetime
    withheld: bool
    plan: str
    choice: MeasureChoice
    decision: ConductDecision
    alternatives: tuple[MeasureWeighed, ...] = ()


class CollectionActionWithdrawn(Output, tag="collection_action_withdrawn", frozen=True, kw_only=True):
    """A proposal that stood is no longer wanted: take it off the list.

    Nothing is overdue any more, a promise is open, an incident of the lender's own freezes escalation, or the conduct gate
    refuses by `rule_ids` what it allowed before.
    """

    action_id: str
    journal_sequence: int
    stage: Step
    cause: Literal["NOTHING_OVERDUE", "PROMISE_OPEN", "FROZEN", "REFUSED"]
    rule_ids: tuple[str, ...] = ()


class LabelMatured(Struct, frozen=True, kw_only=True, tag_field="type", tag="label_matured"):
    """What became of an observation after its horizon: the only thing the learner learns from.

    `alerted_on` is when the tier that stood at the observation was entered (None: NORMAL), `reached_on` when the outcome
    happened. `treated`: the borrower was contacted in the label window, so a good outcome may be the contact's doing.
    `moved` are the borrower's tier changes since the month-end before, `moved_back` those of them that took back another
    of the last 90 days.
    """

    borrower_id: str
    observed_on: dt.date
    matured_on: dt.date
    head: str
    outcome: bool
    probability_ppm: int
    model_version: str
    observation: bytes
    alerted_on: dt.date | None = None
    reached_on: dt.date | None = None
    treated: bool = False
    moved: int = 0
    moved_back: int = 0


class MeasureConcluded(Struct, frozen=True, kw_only=True, tag_field="type", tag="measure_concluded"):
    """What became of a measure that was chosen: the only thing from which it is learned which measure works.

    `matured_on` is the day after the borrower's day on which it was known: when that day is closed, every outcome of
    it has been told. `measure` is NONE for a borrower in the hold-out.
    """

    borrower_id: str
    action_id: str
    chosen_on: dt.date
    matured_on: dt.date
    segment: str
    measure: str
    permitted: tuple[str, ...]
    propensity_ppm: int
    policy: str
    early: bool
    cured: bool


class DateClosed(Struct, frozen=True, kw_only=True, tag_field="type", tag="date_closed"):
    """A journal partition has emitted all labels that mature on `business_date` or before."""

    partition: int
    partitions: int
    business_date: dt.date


class DeadLetter(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="dead_letter",
    rename=lambda name: f"dlq.{name}",
):
    """The headers of a record that was not taken: where it stood, and why. Its key and value are the untouched bytes.

    Every header is UTF-8 text; partition and offset are decimal. The field `type` is not sent.
    """

    topic: str
    partition: str
    offset: str
    code: str
    reason: str


Stage = Literal["NORMAL", "WATCH", "CONTAIN", "CRISIS", "RECOVERY"]
PortfolioAlertKind = Literal["STAGE", "DRIFT", "DATA_OR_RAIL_INCIDENT", "TIER_CHANGES_SUMMARY", "PROPOSALS"]


class PortfolioFigure(Struct, frozen=True, kw_only=True):
    """An indicator behind a portfolio alert: `count` in `of`, as a share with its 95 % interval (parts per million)."""

    indicator: str
    value_ppm: int
    low_ppm: int
    high_ppm: int
    count: int
    of: int
    threshold_ppm: int | None = None


class PortfolioProposal(Struct, frozen=True, kw_only=True):
    """A measure of the playbook. The system proposes; a person enacts. `due_on` is the owner's deadline to decide."""

    proposal_id: str
    area: Literal["CREDIT", "RESERVES", "ASSETS", "COLLECTIONS", "COMMUNICATION"]
    action: str
    text_en: str
    text_zh: str
    owner: str
    due_on: dt.date
    state: Literal["PROPOSED", "ENACTED", "DECLINED", "DONE", "WITHDRAWN"]
    decided_by: str | None = None


class PortfolioAlert(Struct, frozen=True, kw_only=True, tag_field="type", tag="portfolio_alert"):
    """Something about the book or a part of it that people must know. Figures are as of the opening of `business_date`.

    `segment` is `USD` for the whole book in a currency, else `USD/product=auto/region=CA`; `*` where it is about feeds.
    `sign_off_required` says that the stage cannot be left before a person has signed. `freeze` names what must wait for
    the feeds in `affected` while an incident is open. An alert that is CLEARED repeats the `alert_id` it ends in `clears`.
    """

    schema_version: Literal[1] = 1
    alert_id: str
    business_date: dt.date
    segment: str
    kind: PortfolioAlertKind
    state: Literal["RAISED", "CLEARED"]
    clears: str | None = None
    stage_before: Stage
    stage: Stage
    sign_off_required: bool
    figures: tuple[PortfolioFigure, ...] = ()
    proposals: tuple[PortfolioProposal, ...] = ()
    freeze: tuple[Literal["ESCALATION", "LEARNING", "STAGES"], ...] = ()
    affected: tuple[str, ...] = ()
    expected_loss: NonNegativeMoney | None = None
    reserve: NonNegativeMoney | None = None
    coverage_bps: int | None = None
    text_en: str
    text_zh: str
    playbook: str

"""Topic `contacts`: what people and dialers did, and what the borrower said or is owed in return."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from streams.events.envelope import BorrowerEvent
from streams.events.fields import Identifier, Instant, Money, Word

Channel = Literal["CALL", "SMS", "EMAIL", "IM", "LETTER", "VISIT"]
Reference = Identifier | None
TimeZone = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+\Z")]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="Local time, HH:MM.")]


class ContactAttempted(BorrowerEvent, tag="contact_attempted", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Recorded before the act, so that the next decision counts it."""

    attempt_id: Identifier
    channel: Channel
    contact_point_id: Identifier
    actor: Literal["HUMAN", "BOT", "AGENCY"] = "HUMAN"
    loan_id: Reference = None
    action_id: Reference = None
    staff_count: Annotated[int, Meta(ge=1, le=100)] | None = None


class ContactOutcome(BorrowerEvent, tag="contact_outcome", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an attempt ended."""

    attempt_id: Identifier
    outcome: Literal[
        "NO_ANSWER",
        "BUSY",
        "INVALID",
        "CONVERSATION",
        "THIRD_PARTY",
        "VOICEMAIL",
        "REFUSED",
        "DELIVERED",
        "BOUNCED",
    ]


class PromiseMade(BorrowerEvent, tag="promise_made", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The borrower promised to pay `amount` until the end of `due_on`."""

    promise_id: Identifier
    amount: Money
    due_on: dt.date
    loan_id: Reference = None


class PromiseResolved(BorrowerEvent, tag="promise_resolved", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The platform's own judgement of a promise; Forewarn also derives it from payments."""

    promise_id: Identifier
    result: Literal["KEPT", "PARTIAL", "BROKEN", "CANCELED"]


class DisputeRaised(BorrowerEvent, tag="dispute_raised", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The borrower contests the debt or a part of it."""

    dispute_id: Identifier
    scope: Literal["AMOUNT", "IDENTITY", "FRAUD", "SERVICE"]
    loan_id: Reference = None
    amount: Money | None = None


class DisputeResolved(BorrowerEvent, tag="dispute_resolved", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A dispute ended."""

    dispute_id: Identifier
    result: Literal["UPHELD", "REJECTED", "WITHDRAWN"]


class ComplaintReceived(BorrowerEvent, tag="complaint_received", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A complaint; `text_fingerprint` finds clusters of the same wording without storing the words."""

    complaint_id: Identifier
    category: Word
    text_fingerprint: Reference = None


class ComplaintClosed(BorrowerEvent, tag="complaint_closed", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A complaint was answered."""

    complaint_id: Identifier


class HoldSet(BorrowerEvent, tag="hold_set", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Contact must pause: never a feature of the model.

    Days are half-open: the hold ends at the start of `until_date`.
    """

    hold_id: Identifier
    kind: Literal[
        "VULNERABILITY",
        "FORBEARANCE",
        "BREATHING_SPACE",
        "BANKRUPTCY",
        "DECEASED",
        "ATTORNEY",
        "CEASE_REQUEST",
        "DISASTER",
        "FRAUD_VICTIM",
        "OTHER",
    ]
    from_date: dt.date
    until_date: dt.date | None = None
    loan_id: Reference = None


class HoldCleared(BorrowerEvent, tag="hold_cleared", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A hold ended before its day."""

    hold_id: Identifier


class ConsentGiven(BorrowerEvent, tag="consent_given", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The borrower allowed a channel (and, with scope OUT_OF_HOURS, at times otherwise forbidden)."""

    channel: Channel
    scope: Literal["CHANNEL", "OUT_OF_HOURS"] = "CHANNEL"
    expires_at: Instant | None = None


class ConsentWithdrawn(BorrowerEvent, tag="consent_withdrawn", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The borrower took a consent back, or opted out of a channel never consented to."""

    channel: Channel
    scope: Literal["CHANNEL", "OUT_OF_HOURS"] = "CHANNEL"


class ContactPreferenceSet(
    BorrowerEvent, tag="contact_preference_set", frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Where the borrower's clock stands and when they asked to be contacted. Several zones mean: not known which."""

    time_zones: Annotated[list[TimeZone], Meta(min_length=1, max_length=8)]
    not_before: ClockTime | None = None
    not_after: ClockTime | None = None
    channels: Annotated[list[Channel], Meta(max_length=6)] | None = None


class NoticeSent(BorrowerEvent, tag="notice_sent", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A formal notice was delivered; a cure period runs from `delivered_on`."""

    kind: Literal["VALIDATION", "DEFAULT", "LEGAL", "VISIT"]
    delivered_on: dt.date
    loan_id: Reference = None


class LegalStepDecided(BorrowerEvent, tag="legal_step_decided", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person has looked at a case and decides whether a legal step may follow. No legal step goes without it.

    `finding` is the person's own judgement of whether the borrower will not or cannot pay; nothing derives it.
    """

    decision_id: Identifier
    loan_id: Identifier
    decision: Literal["SIGNED_OFF", "DECLINED"]
    decided_by: Identifier
    finding: Literal["WILFUL", "UNABLE", "UNDECIDED"] = "UNDECIDED"
    note: Annotated[str, Meta(max_length=2_000)] | None = None


class GateConsulted(BorrowerEvent, tag="gate_consulted", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The conduct gate was asked at the moment of an act, and answered so. A record; it changes no decision."""

    action: Literal["CALL", "SMS", "EMAIL", "IM", "LETTER", "VISIT", "AGENCY", "LEGAL_REVIEW"]
    asked_about: Instant
    verdict: Literal["ALLOW", "DEFER", "DENY"]
    rule_ids: Annotated[list[Word], Meta(max_length=256)]
    packs: Annotated[list[Identifier], Meta(max_length=32)]
    until: Instant | None = None
    loan_id: Reference = None
    contact_point_id: Reference = None
    action_id: Reference = None


ContactTopicEvent = (
    ContactAttempted
    | ContactOutcome
    | PromiseMade
    | PromiseResolved
    | DisputeRaised
    | DisputeResolved
    | ComplaintReceived
    | ComplaintClosed
    | HoldSet
    | HoldCleared
    | ConsentGiven
    | ConsentWithdrawn
    | ContactPreferenceSet
    | NoticeSent
    | LegalStepDecided
    | GateConsulted
)

"""The words of collection: kinds of action, who acts, toward whom, why, and what the gate can answer.

Rule 1: a value that arrives on a topic keeps the topic's spelling (`streams.events.contacts`).
Rule 2: `AGENCY` and `LEGAL_REVIEW` are actions of the lender, not contacts; every other kind reaches a person.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ActionKind(StrEnum):
    """What is about to be done: a contact by one channel, a placement with an agency, or a legal review."""

    CALL = "CALL"
    SMS = "SMS"
    EMAIL = "EMAIL"
    IM = "IM"
    LETTER = "LETTER"
    VISIT = "VISIT"
    AGENCY = "AGENCY"
    LEGAL_REVIEW = "LEGAL_REVIEW"


#: Kinds that reach a person, and therefore count as attempts.
CONTACT_KINDS = frozenset(ActionKind) - {ActionKind.AGENCY, ActionKind.LEGAL_REVIEW}


class Actor(StrEnum):
    """Who acts: a member of staff, a machine, or an outside agency."""

    HUMAN = "HUMAN"
    BOT = "BOT"
    AGENCY = "AGENCY"


class Party(StrEnum):
    """Toward whom: the debtor, a person related to the debt (债务相关第三人), or an unrelated one (无关第三人)."""

    DEBTOR = "DEBTOR"
    RELATED = "RELATED"
    UNRELATED = "UNRELATED"


class Purpose(StrEnum):
    """Why: remind before the due date, collect, find the debtor, relay a message, offer forbearance, serve a notice."""

    REMIND = "REMIND"
    COLLECT = "COLLECT"
    LOCATE = "LOCATE"
    RELAY = "RELAY"
    FORBEARANCE = "FORBEARANCE"
    NOTICE = "NOTICE"


class HoldKind(StrEnum):
    """Why contact pauses. The first ten arrive as `hold_set`; DISPUTE and COMPLAINT follow from their own events."""

    VULNERABILITY = "VULNERABILITY"
    FORBEARANCE = "FORBEARANCE"
    BREATHING_SPACE = "BREATHING_SPACE"
    BANKRUPTCY = "BANKRUPTCY"
    DECEASED = "DECEASED"
    ATTORNEY = "ATTORNEY"
    CEASE_REQUEST = "CEASE_REQUEST"
    DISASTER = "DISASTER"
    FRAUD_VICTIM = "FRAUD_VICTIM"
    OTHER = "OTHER"
    DISPUTE = "DISPUTE"
    COMPLAINT = "COMPLAINT"


class NoticeKind(StrEnum):
    """Formal notices that start a period."""

    VALIDATION = "VALIDATION"
    DEFAULT = "DEFAULT"
    LEGAL = "LEGAL"
    VISIT = "VISIT"


class Disclosure(StrEnum):
    """What the script or the collector must say or show."""

    IDENTITY = "IDENTITY"
    PURPOSE = "PURPOSE"
    RECORDING = "RECORDING"
    COLLECTOR_STATUS = "COLLECTOR_STATUS"
    OPT_OUT = "OPT_OUT"
    CONSENT_TO_ENTER = "CONSENT_TO_ENTER"


class Content(StrEnum):
    """What a message or script contains that a rule may forbid."""

    DEBT_DETAIL = "DEBT_DETAIL"
    THREAT = "THREAT"
    LEGAL_THREAT = "LEGAL_THREAT"
    PUBLIC_DISPLAY = "PUBLIC_DISPLAY"
    NEW_BORROWING = "NEW_BORROWING"


class Result(IntEnum):
    """How an attempt ended, as far as a counting rule cares. PENDING counts as unanswered until it is known."""

    PENDING = 0
    UNANSWERED = 1
    CONVERSATION = 2
    THIRD_PARTY = 3
    UNDELIVERABLE = 4
    DELIVERED = 5


class Verdict(StrEnum):
    """The gate's answer, from the most permissive to the least."""

    ALLOW = "ALLOW"
    DEFER = "DEFER"
    DENY = "DENY"


class Stage(StrEnum):
    """The ladder of measures, mildest first; CLEAR means that nothing is owed and no measure runs."""

    CLEAR = "CLEAR"
    REMINDER = "REMINDER"
    SMS = "SMS"
    CALL = "CALL"
    VISIT = "VISIT"
    AGENCY = "AGENCY"
    LEGAL_REVIEW = "LEGAL_REVIEW"


#: Severity by position.
LADDER = tuple(Stage)


class Tier(StrEnum):
    """Risk tiers as plans name them, lowest first."""

    NORMAL = "NORMAL"
    WATCH = "WATCH"
    ELEVATED = "ELEVATED"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


#: Severity by name.
TIER_RANKS = {tier: rank for rank, tier in enumerate(Tier)}

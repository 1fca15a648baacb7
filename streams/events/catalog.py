"""Which messages the outer topics carry, for the generated contract. What the topics are made of is in `topics.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from streams.events.decode import TYPES_BY_TOPIC
from streams.events.outputs import (
    CollectionAction,
    CollectionActionWithdrawn,
    DeadLetter,
    DelinquencyChanged,
    PortfolioAlert,
    RiskTierChanged,
)

if TYPE_CHECKING:
    from msgspec import Struct

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1


class Channel(NamedTuple):
    """One topic that a lender's own programs write to or read from."""

    topic: str
    summary: str
    key: str
    messages: tuple[type[Struct], ...]


_BORROWER = "borrower_id, as UTF-8"
_NONE = "none (the record's key is ignored)"

INPUTS = (
    Channel("loans", "What is agreed with the borrower, and how it ends.", _BORROWER, TYPES_BY_TOPIC["loans"]),
    Channel("payments", "Money received, failed and reversed.", _BORROWER, TYPES_BY_TOPIC["payments"]),
    Channel(
        "missed-installments",
        "The platform's own view of missed installments.",
        _BORROWER,
        TYPES_BY_TOPIC["missed-installments"],
    ),
    Channel(
        "contacts",
        "Contacts, promises, disputes, complaints, holds, consents, notices and decisions on legal steps.",
        _BORROWER,
        TYPES_BY_TOPIC["contacts"],
    ),
    Channel("business-dates", "The lender's logical day advances.", _NONE, TYPES_BY_TOPIC["business-dates"]),
    Channel("models", "Model versions, also a lender's own or an earlier one.", _NONE, TYPES_BY_TOPIC["models"]),
    Channel(
        "controls",
        "Policy packs and plans, reserves and sign-offs that hold from here on.",
        _NONE,
        TYPES_BY_TOPIC["controls"],
    ),
)

#: A channel without messages is reserved: the topic exists, and nothing is published on it yet.
OUTPUTS = (
    Channel("risk-tier-changes", "The alerts: each tier change once, in order.", _BORROWER, (RiskTierChanged,)),
    Channel("delinquency-changes", "Loans moving between buckets.", _BORROWER, (DelinquencyChanged,)),
    Channel(
        "collection-actions",
        "Proposed measures and the conduct gate's decision.",
        _BORROWER,
        (CollectionAction, CollectionActionWithdrawn),
    ),
    Channel("portfolio-alerts", "Stages of stress for the whole book.", "the segment", (PortfolioAlert,)),
    Channel("evidence", "Checkpoints of the tamper-evident log.", _NONE, ()),
    Channel("dead-letters", "Records that were not taken, and why.", "the refused record's key", (DeadLetter,)),
)

MESSAGES = tuple(message for channel in (*INPUTS, *OUTPUTS) for message in channel.messages)


def tag_of(struct: type[Struct]) -> str:
    """The event type as it stands in the field `type`."""
    return str(struct.__struct_config__.tag)

"""What a caller hands to the log: one envelope for every kind of evidence.

Decides the fields of an entry and the chain it belongs to. A chain is a gap-free sequence with each entry naming the
hash of the one before: `loan/ID` for what concerns one loan, `borrower/ID` for what concerns the person, `keys` for
signing keys, `policy` for policy packs, `log` for the rest.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import msgspec

from streams.evidence.errors import EntryError

KEYS_CHAIN = "keys"
POLICY_CHAIN = "policy"
LOG_CHAIN = "log"


class Kind(enum.StrEnum):
    """What an entry is evidence of."""

    EVENT = "event"
    ALERT = "alert"
    ACTION = "action"
    DECISION = "decision"
    DELINQUENCY = "delinquency"
    POLICY_ACTIVATION = "policy_activation"
    PORTFOLIO_ALERT = "portfolio_alert"
    HUMAN_DECISION = "human_decision"
    REFUSAL = "refusal"
    EXHIBIT = "exhibit"
    ERASURE = "erasure"
    KEY = "key"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the record stood: the position that makes an append happen once. `offset` rises within a partition."""

    topic: str
    partition: int
    offset: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be kept.

    Attributes:
        kind: what it is evidence of.
        body: the record itself as a JSON object.
        recorded_at: when the record was put down, RFC 3339 in UTC ("...Z"), by the clock named in `clock`.
        actor: the part of the system, or the person, that did it; an opaque id, never a name.
        borrower_id: opaque; None for what concerns no borrower.
        loan_id: opaque; None for what concerns the borrower as a whole.
        source: the record's Kafka position; None for what is made here (an erasure, an exhibit, a key).
        clock: state of the clock behind `recorded_at`, for example `ntp`, `unsynchronized`, `unknown`.
    """

    kind: Kind
    body: dict[str, Any]
    recorded_at: str
    actor: str
    borrower_id: str | None = None
    loan_id: str | None = None
    source: Source | None = None
    clock: str = "unknown"

    def chain(self) -> str:
        """The chain this entry is counted in."""
        if self.kind is Kind.KEY:
            return KEYS_CHAIN
        if self.kind is Kind.POLICY_ACTIVATION:
            return POLICY_CHAIN
        if self.loan_id:
            return loan_chain(self.loan_id)
        return borrower_chain(self.borrower_id) if self.borrower_id else LOG_CHAIN


def loan_chain(loan_id: str) -> str:
    """Name of a loan's chain."""
    return f"loan/{loan_id}"


def borrower_chain(borrower_id: str) -> str:
    """Name of the chain of what concerns a borrower but no single loan."""
    return f"borrower/{borrower_id}"


def entry_from_record(
    kind: Kind, body: dict[str, Any], source: Source, recorded_at: str, actor: str, clock: str = "unknown"
) -> Entry:
    """An entry from a record's JSON object, taking borrower and loan from the fields of the same name."""
    return Entry(
        kind=kind,
        body=body,
        recorded_at=recorded_at,
        actor=actor,
        borrower_id=_identifier(body, "borrower_id"),
        loan_id=_identifier(body, "loan_id"),
        source=source,
        clock=clock,
    )


def check_instant(text: str) -> None:
    """Refuse a time that is not an RFC 3339 instant in UTC, written with Z.

    Raises:
        EntryError: with the text and the form that is needed.
    """
    try:
        good = text.endswith("Z") and dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        good = False
    if not good:
        raise EntryError(f"{text!r} is not an instant: write it as 2026-01-31T09:30:00Z, in UTC.")


def instant(moment: dt.datetime) -> str:
    """RFC 3339 text of an aware moment, in UTC, to the microsecond."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _identifier(body: dict[str, Any], name: str) -> str | None:
    """The body's field if it is a non-empty string."""
    value = body.get(name)
    return value if isinstance(value, str) and value else None

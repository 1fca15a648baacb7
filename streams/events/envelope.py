"""The one envelope that every input event carries, flat beside the event's own fields."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from streams.events.fields import Identifier, Instant, Word


class Event(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """What every event says about itself.

    `business_date` is the lender's logical day on which the event is booked: all counting uses it, never
    `occurred_at`. `idempotency_key` names the fact, not the attempt to send it: the same key again is dropped.
    """

    event_id: Identifier
    schema_version: Literal[1]
    source: Word
    occurred_at: Instant
    business_date: dt.date
    idempotency_key: Annotated[
        Identifier, Meta(description="Names the fact itself; derive it from the content, so a retry has the same key.")
    ]


class BorrowerEvent(Event, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event about one borrower; `borrower_id` is also the Kafka key of the record."""

    borrower_id: Identifier


class LoanEvent(BorrowerEvent, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event about one loan of one borrower."""

    loan_id: Identifier

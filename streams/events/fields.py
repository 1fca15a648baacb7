"""Field types shared by all events, with the bounds that a value must keep.

Bounds are part of the contract: they appear in the JSON Schemas, and a value outside becomes a dead letter.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from msgspec import Meta, Struct

#: The largest amount accepted, in minor units: 10^15 is ten trillion in a two-decimal currency. More is a mistake.
AMOUNT_MINOR_MAX = 10**15
#: Long enough for a UUID, a hash or a composed natural key.
IDENTIFIER_LENGTH_MAX = 128
#: 60 years of monthly installments.
INSTALLMENTS_MAX = 720

Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=IDENTIFIER_LENGTH_MAX,
        pattern=r"^[!-~]+\Z",
        description="Opaque id: 1 to 128 visible ASCII characters, no spaces, no personal data.",
    ),
]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217 code, upper case.")]
Instant = Annotated[
    dt.datetime,
    Meta(tz=True, description="RFC 3339 instant in UTC.", extra_json_schema={"pattern": r"(Z|z|[+-]00:00)$"}),
]
Count = Annotated[int, Meta(ge=1, le=INSTALLMENTS_MAX)]
PositiveMinor = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
NonNegativeMinor = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
BasisPoints = Annotated[int, Meta(ge=0, le=1_000_000)]
GraceDays = Annotated[int, Meta(ge=0, le=90)]
CreditScore = Annotated[int, Meta(ge=0, le=2000)]


class Money(Struct, frozen=True, forbid_unknown_fields=True):
    """A positive amount of money: integer minor units and a currency, never a float."""

    amount_minor: PositiveMinor
    currency: Currency


class NonNegativeMoney(Struct, frozen=True, forbid_unknown_fields=True):
    """An amount that may be zero (a settled balance, a shortfall that vanished)."""

    amount_minor: NonNegativeMinor
    currency: Currency


class Installment(Struct, frozen=True, forbid_unknown_fields=True):
    """One due date of a schedule: its number (from 1), the day, and what is due that day in minor units."""

    number: Count
    due_date: dt.date
    amount_minor: PositiveMinor

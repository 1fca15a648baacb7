"""A borrower's row as of the lender's day: what the state topic says, and what the ledger derives from it."""

from __future__ import annotations

import datetime as dt

import msgspec
from msgspec import Struct

from streams.borrower import state
from streams.borrower.shard import SHARD_VERSION, ShardRow
from streams.engine import rows as frame
from streams.ledger import derive
from streams.risk.tiers import TIERS


class Present(Struct, frozen=True):
    """The present summary. Dates are ISO dates, None is never or none; money is minor units of `currency`.

    Attributes:
        as_of: the lender's day.
        tier: the risk tier.
        tier_since: the day it was entered.
        probability_ppm: of default within 90 days, parts per million, as last computed.
        days_past_due: the most over the loans, as of `as_of`.
        arrears_minor: what is overdue.
        exposure_minor: what is outstanding, overdue or not yet due.
        currency: of the two; XXX before the first loan.
        loans_active: loans that run.
        next_due_on: the next due date.
        next_wake_on: the next day on which something may change by time alone.
        alerts_sent: how many alerts there were, retractions included.
        journal_records: how many events of this borrower were folded.
        model_version: the weights that score now.
    """

    as_of: dt.date
    tier: str
    tier_since: dt.date | None
    probability_ppm: int
    days_past_due: int
    arrears_minor: int
    exposure_minor: int
    currency: str
    loans_active: int
    next_due_on: dt.date | None
    next_wake_on: dt.date | None
    alerts_sent: int
    journal_records: int
    model_version: str


def present(row: bytes, shard: bytes | None) -> Present:
    """Summarize a framed row of the state topic.

    Args:
        row: the borrower's.
        shard: the partition's own; says what day it is for the lender.

    Raises:
        Misconfigured: a newer Forewarn wrote the row.
    """
    frame.check_version(row, state.VERSION, b"borrower")
    borrower = state.decode(frame.unpack(row)[3])
    own = ShardRow() if shard is None else _own(shard)
    today = max(own.business_day, borrower.business_day)
    derived = derive(borrower.account, today)
    standing = derived.standing
    return Present(
        as_of=dt.date.fromordinal(today),
        tier=TIERS[borrower.tier],
        tier_since=_date(borrower.tier_since),
        probability_ppm=borrower.ppm,
        days_past_due=standing.days_past_due,
        arrears_minor=standing.arrears_minor,
        exposure_minor=standing.exposure_minor,
        currency=borrower.currency,
        loans_active=standing.loans_active,
        next_due_on=_date(standing.next_due_day),
        next_wake_on=_date(borrower.wake_day),
        alerts_sent=borrower.alerts_sent,
        journal_records=borrower.sequence,
        model_version=own.weights.version,
    )


def _own(shard: bytes) -> ShardRow:
    frame.check_version(shard, SHARD_VERSION, b"shard")
    return msgspec.msgpack.decode(frame.unpack(shard)[3], type=ShardRow)


def _date(day: int) -> dt.date | None:
    return dt.date.fromordinal(day) if day else None

"""A borrower's row: everything that is remembered between two events, and its bytes.

Layout: msgpack, every struct an array in field order, fields only ever added at the end (with a default). A breaking
change takes a new `VERSION` and keeps the old decoder beside it.
Rule: what can be derived (days past due, arrears, present behavior) is not stored, so a late fact cannot leave it stale.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from streams.collections.facts import NO_FACTS, Facts
from streams.ledger.account import Account
from streams.portfolio.book import Booked
from streams.risk.behavior import BehaviorState
from streams.risk.model import new_state

#: Codec version of a row's body.
VERSION = 1


class LiveAlert(Struct, array_like=True, gc=False):
    """An upward alert that still stands, with what is needed to take it back.

    `since_day` is when the tier before it had been entered.
    """

    sequence: int
    day: int
    from_tier: int
    to_tier: int
    since_day: int


class Observation(Struct, array_like=True, gc=False):
    """The model's inputs at a month-end, waiting for their labels. Days are ordinals, 0 is never.

    Attributes:
        day: first day of the month that began.
        inputs: as `risk.model.kept_inputs` encoded them.
        ppm: the scores given then, in the order of `labels.HEADS`.
        version: of the weights that gave them.
        delinquent: 30 or more days past due already.
        reached_30_on: first day at 30 days past due since.
        reached_90_on: first day at 90 days past due, or written off, since.
        alerted_on: when the tier of then was entered; 0 for NORMAL.
        treated: whether the borrower was contacted since.
        moved: tier changes since the observation before this one.
        moved_back: of those, how many took back a change of the last `decide.FLIP_DAYS`.
    """

    day: int
    inputs: bytes
    ppm: tuple[int, ...]
    version: str
    delinquent: bool = False
    reached_30_on: int = 0
    reached_90_on: int = 0
    alerted_on: int = 0
    treated: bool = False
    moved: int = 0
    moved_back: int = 0


class Borrower(Struct, array_like=True):
    """One row.

    Attributes:
        business_day: the row's own clock; it never goes back.
        wake_day: next day on which something happens by time alone; 0 never.
        sequence: records of this borrower in the journal so far.
        account: the ledger's facts.
        base: behavior up to the periods that are older than the ledger's window.
        base_through: the last day whose periods are in `base`.
        recent: `base` and every period since, up to `recent_through`: a cache that a late fact resets.
        recent_through: the last day whose periods are in `recent`.
        tier: index into `tiers.TIERS`.
        tier_since: the day it was entered.
        ppm: the last probability, parts per million.
        alerts_sent: sequence number of the last alert.
        alerts: upward alerts that stand, oldest first.
        observations: waiting for labels, oldest first.
        keys: idempotency keys seen lately, see `repeats`.
        buckets: delinquency bucket by loan, where not M0.
        changes_sent: sequence number of the last delinquency change.
        currency: of the borrower's loans; ISO 4217's "no currency" before the first, and kept when all are gone.
        booked: what of each active loan is in the portfolio's sums, see `portfolio.booking`.
        facts: what the conduct gate and the collection plan know.
        risk_day: next day on which time alone changes what the model or the ledger says; 0 never.
        look_day: next day on which the collections desk looks; 0 never. `wake_day` is the earlier of the two.
        moved: tier changes since the newest observation.
        moved_back: of those, how many took back a change of the last `decide.FLIP_DAYS`.
    """

    business_day: int
    wake_day: int = 0
    sequence: int = 0
    account: Account = msgspec.field(default_factory=Account)
    base: BehaviorState = msgspec.field(default_factory=new_state)
    base_through: int = 0
    recent: BehaviorState = msgspec.field(default_factory=new_state)
    recent_through: int = 0
    tier: int = 0
    tier_since: int = 0
    ppm: int = 0
    alerts_sent: int = 0
    alerts: list[LiveAlert] = msgspec.field(default_factory=list)
    observations: list[Observation] = msgspec.field(default_factory=list)
    keys: bytes = b""
    buckets: dict[str, int] = msgspec.field(default_factory=dict)
    changes_sent: int = 0
    currency: str = "XXX"
    booked: dict[str, Booked] = msgspec.field(default_factory=dict)
    facts: Facts = NO_FACTS
    risk_day: int = 0
    look_day: int = 0
    moved: int = 0
    moved_back: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Borrower)


def encode(borrower: Borrower) -> bytes:
    """The row's body."""
    return _encoder.encode(borrower)


def decode(body: bytes) -> Borrower:
    """Read a body back.

    Raises:
        msgspec.DecodeError: the bytes are no row of this version; the engine ends the process.
    """
    return _decoder.decode(body)

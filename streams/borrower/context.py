"""What a fold may use besides the row, and where it puts what it decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from streams.borrower.freezes import Freeze
from streams.collections.policies import NO_POLICIES, Policies
from streams.events.outputs import LabelMatured, MeasureConcluded
from streams.portfolio.book import Delta
from streams.risk.heads import Weights
from streams.risk.tiers import Policy


class Refused(Exception):
    """The event cannot be folded: it becomes a dead letter and changes nothing."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Context:
    """The partition's present weights and policy, and the outputs of the event at hand.

    Attributes:
        emit: takes (topic, output struct) in order.
        label: takes a matured label.
        concluded: takes what became of a measure.
        count: takes the name of something worth counting.
        closed_day: the last business date that the partition has closed; labels of it can no longer be learned.
        score: takes (borrower_id, month-end day, ppm by head, tier, days past due, model inputs) at each observation.
        policies: conduct packs and collection plans in force.
        book: gathers changes of the portfolio's sums.
        freezes: what must wait while rails or feeds are broken.
    """

    __slots__ = (
        "book",
        "closed_day",
        "concluded",
        "count",
        "emit",
        "freezes",
        "label",
        "policies",
        "policy",
        "score",
        "weights",
    )

    def __init__(
        self,
        weights: Weights,
        policy: Policy,
        emit: Callable[[str, Any], None],
        label: Callable[[LabelMatured], None],
        count: Callable[[str], None] = lambda name: None,
        score: Callable[[str, int, tuple[int, ...], int, int, bytes], None] | None = None,
        concluded: Callable[[MeasureConcluded], None] = lambda outcome: None,
    ) -> None:
        self.weights = weights
        self.policy = policy
        self.emit = emit
        self.label = label
        self.count = count
        self.score = score
        self.concluded = concluded
        self.book = Delta()
        self.freezes: tuple[Freeze, ...] = ()
        self.policies: Policies = NO_POLICIES
        self.closed_day = 0


def date(day: int) -> dt.date:
    """The date of an ordinal day."""
    return dt.date.fromordinal(day)

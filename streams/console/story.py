"""One borrower's whole story: the journal's records folded again, by the very fold that the workers run.

The fold is pure, so this gives what was decided at the time, to the part per million, and also what is on no topic: the
probability between two alerts. Ids of alerts and measures are functions of the journal, so what is folded here and what
was published are compared by id, and the page says if they differ.

Rule 1: published records win; what only the fold has is older than its topic keeps, or was not published yet.
Rule 2: a day before the first record of the borrower cannot matter, but the model and policies in force then do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from streams.borrower import state
from streams.borrower.context import Context, Refused
from streams.borrower.shard import POLICY_KEY, SHARD_KEY, Shard
from streams.borrower.state import Borrower
from streams.events.control import BusinessDateAdvanced, ModelActivated
from streams.events.decode import decode
from streams.events.envelope import BorrowerEvent, Event
from streams.events.outputs import CollectionAction, CollectionActionWithdrawn, DelinquencyChanged, RiskTierChanged
from streams.ledger import derive
from streams.risk.heads import Weights
from streams.risk.tiers import DEFAULT, Policy

Said = RiskTierChanged | DelinquencyChanged | CollectionAction | CollectionActionWithdrawn


class Point(Struct, frozen=True):
    """The borrower as of a day (ordinal). Money is minor units of the story's currency."""

    day: int
    ppm: int
    tier: int
    days_past_due: int
    arrears_minor: int
    exposure_minor: int


class Told(Struct, frozen=True):
    """One event of the journal and what became of it."""

    offset: int
    event: Event
    refused: str = ""
    repeats: bool = False


class Story(Struct):
    """Everything about a borrower.

    Attributes:
        borrower_id: whose.
        partition: of the journal.
        day: the lender's day (ordinal); 0 before the first.
        told: events in the journal's order.
        said: what followed, in the order in which it was decided.
        points: one a day on which anything changed, oldest first.
        row: the state after the last record; None if nothing was taken.
        model: version of the weights that score now.
    """

    borrower_id: str
    partition: int
    day: int = 0
    told: list[Told] = msgspec.field(default_factory=list)
    said: list[Said] = msgspec.field(default_factory=list)
    points: list[Point] = msgspec.field(default_factory=list)
    row: Borrower | None = None
    model: str = ""


#: (offset, record's bytes)
Line = tuple[int, bytes]
#: (offset, event)
Heard = tuple[int, Event]


def tell(borrower_id: str, partition: int, own: list[Line], broadcast: Iterable[Heard]) -> Story:
    """Fold a borrower's records among those that went to everybody.

    Args:
        borrower_id: whose.
        partition: of the journal.
        own: the borrower's records, in order of offset.
        broadcast: dates, models and policies of the same partition, in order of offset.
    """
    return _Teller(Story(borrower_id, partition)).run(own, broadcast)


class _Teller:
    def __init__(self, story: Story) -> None:
        self._story = story
        self._keys: set[str] = set()
        self._wake_day = 0
        self._shard = Shard(DEFAULT, self._context)

    def _context(self, weights: Weights, policy: Policy) -> Context:
        self._story.model = weights.version
        return Context(weights, policy, self._emit, lambda label: None)

    def _emit(self, topic: str, output: Any) -> None:  # noqa: ANN401  the fold's own signature
        del topic
        self._story.said.append(output)

    def run(self, own: list[Line], broadcast: Iterable[Heard]) -> Story:
        first = own[0][0] if own else 0
        for offset, event in _relevant(broadcast, own, first):
            if isinstance(event, BorrowerEvent):
                self._own(offset, event)
                self._look()
                continue
            self._shard.fold(event)
            if isinstance(event, BusinessDateAdvanced):
                day = event.business_date.toordinal()
                self._story.day = max(self._story.day, day)
                if 0 < self._wake_day <= day:  # else it has not touched the row
                    self._look()
        return self._story

    def _own(self, offset: int, event: BorrowerEvent) -> None:
        repeats = event.idempotency_key in self._keys
        self._keys.add(event.idempotency_key)
        refused = ""
        try:
            self._shard.fold(event)
        except Refused as error:
            refused = error.reason
        self._story.told.append(Told(offset, event, refused, repeats and not refused))

    def _look(self) -> None:
        """Note the row if the event touched it."""
        for stored in self._shard.flush():
            if stored.key in {SHARD_KEY, POLICY_KEY}:
                continue
            self._wake_day = stored.wake_day
            row = self._story.row = state.decode(stored.body)
            standing = derive(row.account, row.business_day).standing
            point = Point(
                row.business_day, row.ppm, row.tier, standing.days_past_due, standing.arrears_minor,
                standing.exposure_minor,
            )  # fmt: skip
            points = self._story.points
            if points and points[-1].day == point.day:
                points.pop()
            if not points or msgspec.structs.replace(points[-1], day=point.day) != point:
                points.append(point)


def _relevant(broadcast: Iterable[Heard], own: list[Line], first: int) -> Iterator[Heard]:
    """Both in order of offset; of dates and models before the first record, only the last."""
    before: dict[type[Event], Heard] = {}
    after: list[Heard] = []
    kept: list[Heard] = []
    for offset, event in broadcast:
        if offset > first:
            after.append((offset, event))
        elif isinstance(event, BusinessDateAdvanced | ModelActivated):
            before[type(event)] = (offset, event)
        else:
            kept.append((offset, event))
    told = [(offset, decode(value)) for offset, value in own]
    yield from sorted([*kept, *before.values(), *after, *told], key=lambda line: line[0])


def date(day: int) -> dt.date:
    """The date of an ordinal day."""
    return dt.date.fromordinal(day)

"""What one journal partition holds: the rows, when they want to be woken, the active weights, and the lender's day.

Rows stay bytes until they are touched; within a batch a touched row stays decoded. The wake index maps a day to the
keys to look at; an entry may be stale (the row itself says when it wants to wake), never missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import Struct

from streams.borrower import collect, freezes, state
from streams.borrower.context import Context, Refused
from streams.borrower.fold import advance, handle
from streams.borrower.freezes import Freeze
from streams.borrower.state import Borrower
from streams.collections.policies import Policies
from streams.engine.rows import UNDECODABLE
from streams.events import control
from streams.events.envelope import BorrowerEvent, Event
from streams.events.portfolio import FreezeChanged, ProposalDecided, ReserveStated, StageSignedOff
from streams.portfolio.book import Delta
from streams.risk import versions
from streams.risk.heads import Weights
from streams.risk.model import prior_weights
from streams.risk.tiers import Policy

#: The partition's own row. No borrower id can be this: ids are visible ASCII.
SHARD_KEY = b"\0shard"
SHARD_VERSION = 1
#: Rows that a date may wake at once, for whoever writes no transactions.
UNBOUNDED = sys.maxsize
#: Texts of the policies in force, once any was activated; a row of its own because it is large and rarely changes.
POLICY_KEY = b"\0policies"
POLICY_VERSION = 1


class ShardRow(Struct, array_like=True):
    """The partition's own row: its clock, active weights, what it has read of each input (see `engine.source`), freezes.

    `active_since` is the journal offset at which the weights became active (-1: the prior, from the start), `pinned`
    whether a person has pinned them.
    """

    business_day: int = 0
    weights: Weights = msgspec.field(default_factory=prior_weights)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    active_since: int = -1
    pinned: bool = False
    freezes: tuple[Freeze, ...] = ()


class Stored(Struct, frozen=True):
    """A row to write: key, codec version, wake day and body."""

    key: bytes
    version: int
    wake_day: int
    body: bytes


class Damaged(Exception):
    """A borrower's row cannot be decoded; the cause says why. Nothing can go on: the next fold would start from nothing."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.key = key


def _decode(key: bytes, body: bytes) -> Borrower:
    try:
        return state.decode(body)
    except UNDECODABLE as error:
        raise Damaged(key) from error


class Shard:
    """All borrowers of one partition. Not thread-safe; deterministic in the order of what it is given."""

    def __init__(self, policy: Policy, context: Callable[[Weights, Policy], Context]) -> None:
        self.own = ShardRow()
        self.book = Delta()
        self._policy = policy
        self._policies = collect.shipped_policies()
        self._make_context = context
        self.context = self._new_context()
        self._rows: dict[bytes, bytes] = {}
        self._index: dict[int, list[bytes]] = {}
        #: Keys of the day whose rows are being woken, last first.
        self._due: list[bytes] = []
        self._touched: dict[bytes, Borrower] = {}
        self._own_touched = self._policies_touched = False

    def __len__(self) -> int:
        """How many borrowers there are."""
        return len(self._rows.keys() | self._touched.keys())

    def restore(
        self,
        bodies: dict[bytes, bytes],
        wakes: dict[int, list[bytes]],
        own: ShardRow | None,
        policies: Policies | None = None,
    ) -> None:
        """Take over rows read back from the state topic, and the keys to wake by day. Neither is copied."""
        if policies is not None:
            self._policies = policies
        if own is not None:
            self.own = own
        self.context = self._new_context()
        self._rows, self._index = bodies, wakes

    def fold(self, event: Event) -> None:
        """Fold one journal event; a date with all that it wakes, see `tick`.

        Raises:
            Refused: for the caller to make a dead letter of.
            Damaged: a row that the event touches is none.
        """
        match event:
            case BorrowerEvent():
                self._fold_borrower(event)
            case control.BusinessDateAdvanced():
                self.tick(event.business_date.toordinal(), UNBOUNDED)
            case control.ModelActivated():
                self._activate(event)
            case control.PolicyActivated():
                self._take_policies(collect.activated(self._policies, event))
            case control.MeasuresActivated():
                self._take_policies(collect.with_scores(self._policies, event))
            case FreezeChanged():
                self._freeze(event)
            case ReserveStated() | StageSignedOff() | ProposalDecided():
                pass  # about the whole book: assess hands it on to the portfolio
            case _:
                raise AssertionError(f"{type(event).__name__} is no event of the journal")

    def _fold_borrower(self, event: BorrowerEvent) -> None:
        key = event.borrower_id.encode()
        borrower = self._load(key)
        if borrower is None:
            borrower = self._touched[key] = Borrower(event.business_date.toordinal())
        before = borrower.wake_day
        try:
            handle(borrower, event.borrower_id, event, self.context)
        finally:
            self._note_wake(key, borrower, before)

    def _load(self, key: bytes) -> Borrower | None:
        borrower = self._touched.get(key)
        if borrower is None and (body := self._rows.get(key)) is not None:
            borrower = self._touched[key] = _decode(key, body)
        return borrower

    def _note_wake(self, key: bytes, borrower: Borrower, before: int) -> None:
        if borrower.wake_day and borrower.wake_day != before:
            self._index.setdefault(borrower.wake_day, []).append(key)

    def tick(self, day: int, rows_max: int) -> int:
        """The lender's day advances: wake the rows that asked for a day up to this one, day by day, by key.

        Args:
            day: ordinal.
            rows_max: how many at most; call again, with no other event before, until `has_begun` says that all are awake.

        Returns:
            How many were woken.
        """
        if self.has_begun(day):
            self.context.count("tick_repeated")
            return 0
        woken = 0
        while self._due or self._take_due(day):
            if woken == rows_max:
                return woken
            self._wake(self._due.pop(), day)
            woken += 1
        self.own.business_day = self.context.closed_day = day
        self._own_touched = True
        return woken

    def has_begun(self, day: int) -> bool:
        """Whether every row knows that this day has come."""
        return day <= self.own.business_day

    def _take_due(self, day: int) -> bool:
        """Line up the rows of the earliest day up to this one; False if there are none."""
        earliest = min([due for due in self._index if due <= day], default=0)
        if earliest:
            self._due = sorted(set(self._index.pop(earliest)), reverse=True)
        return earliest > 0

    def _wake(self, key: bytes, day: int) -> None:
        borrower = self._load(key)
        assert borrower is not None, "the index names a row that does not exist"
        if 0 < borrower.wake_day <= day:
            before = borrower.wake_day
            advance(borrower, key.decode(), day, self.context)
            self._note_wake(key, borrower, before)

    def _activate(self, event: control.ModelActivated) -> None:
        try:
            how = versions.activation(event.provenance)
            weights = Weights.from_event(event.version, event.learned_through, event.heads)
        except ValueError as error:
            raise Refused("model_refused", f"{error} The version that was active still is.") from error
        if not versions.takes_over(how, pinned=self.own.pinned):
            self.context.count("model_waits")
            return
        self.own.weights, self.own.pinned = weights, how is versions.Activation.PINNED
        self.context = self._new_context()
        self._own_touched = True

    def _take_policies(self, policies: Policies) -> None:
        self._policies = policies
        self.context = self._new_context()
        self._policies_touched = True

    def _freeze(self, event: FreezeChanged) -> None:
        self.own.freezes = self.context.freezes = freezes.changed(self.own.freezes, event)
        self._own_touched = True

    def _new_context(self) -> Context:
        context = self._make_context(self.own.weights, self._policy)
        context.closed_day, context.book = self.own.business_day, self.book
        context.policies, context.freezes = self._policies, self.own.freezes
        return context

    def mark_own(self) -> None:
        """Have the partition's own row written with the batch."""
        self._own_touched = True

    def flush(self) -> Iterator[Stored]:
        """The rows touched since the last flush, encoded; they become the kept bytes."""
        for key, borrower in self._touched.items():
            body = state.encode(borrower)
            self._rows[key] = body
            yield Stored(key, state.VERSION, borrower.wake_day, body)
        self._touched.clear()
        if self._own_touched:
            self._own_touched = False
            yield Stored(SHARD_KEY, SHARD_VERSION, 0, msgspec.msgpack.encode(self.own))
        if self._policies_touched:
            self._policies_touched = False
            yield Stored(POLICY_KEY, POLICY_VERSION, 0, self._policies.encode())

    @property
    def rows(self) -> int:
        """How many borrowers there are, without those of a batch that is under way."""
        return len(self._rows)

    def copies(self) -> list[bytes]:
        """All rows as of some moment, in no order; for another thread, so it is one step of the interpreter."""
        return list(self._rows.values())

    def bodies(self) -> Iterable[tuple[bytes, bytes]]:
        """All rows as of the last flush, in key order: what two runs are compared by."""
        return sorted(self._rows.items())

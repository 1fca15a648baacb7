"""One borrower's loan and what happens to it, folded by a shard without Kafka."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from streams.borrower import state
from streams.borrower.context import Context, Refused
from streams.borrower.shard import POLICY_KEY, SHARD_KEY, Shard, ShardRow
from streams.borrower.state import Borrower
from streams.collections.policies import Policies
from streams.events import contacts, loans, payments
from streams.events.control import BusinessDateAdvanced, ModelActivated, PolicyActivated
from streams.events.envelope import BorrowerEvent, Event
from streams.events.fields import Installment, Money
from streams.events.outputs import CollectionAction, CollectionActionWithdrawn, LabelMatured, MeasureConcluded
from streams.risk.design import LENGTH, TERMS
from streams.risk.features import INDEX
from streams.risk.heads import HEADS, Weights, prior_head
from streams.risk.tiers import DEFAULT, Policy

E = TypeVar("E", bound=Event)
BORROWER, LOAN, AMOUNT = "B1", "L1", 20_600
OPENED = dt.date(2026, 1, 5)
_numbers = itertools.count(1)


def event(kind: type[E], day: str, /, *, hour: int = 9, **fields: object) -> E:
    """An event booked on a day, at nine in the morning UTC unless told."""
    number, date = next(_numbers), dt.date.fromisoformat(day)
    envelope: dict[str, object] = {
        "event_id": f"e{number}",
        "schema_version": 1,
        "source": "test",
        "occurred_at": dt.datetime(date.year, date.month, date.day, hour, tzinfo=dt.UTC),
        "business_date": date,
        "idempotency_key": f"k{number}",
    }
    if issubclass(kind, BorrowerEvent):
        envelope["borrower_id"] = BORROWER
    return kind(**{**envelope, **fields})  # type: ignore[arg-type]  # a test may change any field


def loan(borrower_id: str = BORROWER, *, product: str = "phone") -> list[Event]:
    """Twelve monthly installments, due on the fifth from February on."""
    dates = [dt.date(2026 + (1 + n) // 13, (1 + n - 1) % 12 + 1, 5) for n in range(1, 13)]
    installments = [Installment(n, day, AMOUNT) for n, day in enumerate(dates, 1)]
    own: dict[str, Any] = {"borrower_id": borrower_id, "loan_id": LOAN}
    day = OPENED.isoformat()
    return [
        event(
            loans.LoanOpened, day, **own, opened_on=OPENED, principal=Money(240_000, "CNY"), installment_count=12,
            product=product,
        ),
        event(loans.ScheduleSet, day, **own, schedule_version=1, currency="CNY", installments=installments),
    ]  # fmt: skip


def paid(day: str, amount_minor: int = AMOUNT, **fields: object) -> payments.PaymentReceived:
    """Money on the loan."""
    made = event(
        payments.PaymentReceived, day, payment_id=f"p{next(_numbers)}", amount=Money(amount_minor, "CNY"), loan_id=LOAN,
        method="WALLET",
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def promise(day: str, due_on: str, amount_minor: int = AMOUNT) -> contacts.PromiseMade:
    """A promise to pay."""
    amount = Money(amount_minor, "CNY")
    return event(contacts.PromiseMade, day, promise_id="P1", amount=amount, due_on=dt.date.fromisoformat(due_on))


def hold(day: str, kind: str = "VULNERABILITY", hold_id: str = "H1") -> contacts.HoldSet:
    """A hold without end."""
    return event(contacts.HoldSet, day, hold_id=hold_id, kind=kind, from_date=dt.date.fromisoformat(day))


def policy(kind: str, name: str, text: str, day: str = "2026-01-05") -> PolicyActivated:
    """An activation."""
    return event(PolicyActivated, day, kind=kind, name=name, version="1", text=text)


def model(weight: float) -> ModelActivated:
    """The prior, but with this weight on each broken promise (before anything was learned, it has none)."""
    heads = {name: list(prior_head(name)) for name in HEADS}
    for vector in heads.values():
        for start in range(0, LENGTH, TERMS):
            vector[start + 1 + INDEX["broken_promises"]] = weight  # after the scorecard's intercept
    return event(ModelActivated, "2026-01-05", version="test", learned_through=OPENED, heads=heads)


def tick(day: dt.date) -> BusinessDateAdvanced:
    """The lender's day."""
    return event(BusinessDateAdvanced, day.isoformat())


class Folded:
    """A shard, and everything it said."""

    def __init__(self) -> None:
        self.outputs: list[tuple[str, Any]] = []
        self.labels: list[LabelMatured] = []
        self.scores: list[tuple[Any, ...]] = []
        self.concluded: list[MeasureConcluded] = []
        self.refused: list[Refused] = []
        self.rows: dict[bytes, tuple[int, bytes]] = {}
        self.shard = Shard(DEFAULT, self._context)

    def _context(self, weights: Weights, policy: Policy) -> Context:
        return Context(
            weights,
            policy,
            lambda topic, output: self.outputs.append((topic, output)),
            self.labels.append,
            score=lambda *score: self.scores.append(score),
            concluded=self.concluded.append,
        )

    def fold(self, *events: Event) -> Folded:
        """Fold in this order."""
        for each in events:
            try:
                self.shard.fold(each)
            except Refused as refused:
                self.refused.append(refused)
        return self

    def live(self, events: Iterable[Event], until: str, *, every_days: int = 1) -> Folded:
        """Fold events day by day, each day after its tick; only every so many days have one."""
        by_day: dict[dt.date, list[Event]] = {}
        for each in events:
            by_day.setdefault(each.business_date, []).append(each)
        day, end = OPENED, dt.date.fromisoformat(until)
        while day <= end:
            if (day - OPENED).days % every_days == 0 or day == end:
                self.fold(tick(day))
            self.fold(*by_day.get(day, ()))
            day += dt.timedelta(days=1)
        return self

    def taken_over(self) -> Folded:
        """Another worker takes the partition over from its rows."""
        for row in self.shard.flush():
            self.rows[row.key] = (row.wake_day, row.body)
        kept = {key: row for key, row in self.rows.items() if key not in {SHARD_KEY, POLICY_KEY}}
        wakes: dict[int, list[bytes]] = {}
        for key, (wake_day, _) in kept.items():
            if wake_day:
                wakes.setdefault(wake_day, []).append(key)
        own, policies = (self.rows.get(key, (0, None))[1] for key in (SHARD_KEY, POLICY_KEY))
        self.shard = Shard(DEFAULT, self._context)
        self.shard.restore(
            {key: body for key, (_, body) in kept.items()},
            wakes,
            None if own is None else msgspec.msgpack.decode(own, type=ShardRow),
            None if policies is None else Policies.decode(policies),
        )
        return self

    def row(self, borrower_id: str = BORROWER) -> Borrower:
        """The borrower's row, as it is written."""
        for row in self.shard.flush():
            self.rows[row.key] = (row.wake_day, row.body)
        return state.decode(self.rows[borrower_id.encode()][1])

    def on(self, topic: str) -> list[Any]:
        """What was said on a topic."""
        return [output for said_on, output in self.outputs if said_on == topic]

    @property
    def actions(self) -> list[CollectionAction]:
        """What the desk proposed."""
        return [said for said in self.on("collection-actions") if isinstance(said, CollectionAction)]

    @property
    def withdrawn(self) -> list[CollectionActionWithdrawn]:
        """What the desk took back."""
        return [said for said in self.on("collection-actions") if isinstance(said, CollectionActionWithdrawn)]

    def risk(self) -> bytes:
        """Everything the model and the ledger said, as bytes: alerts, changes of bucket, labels, scores."""
        # That the borrower was contacted stands on a label, for figures without them; nobody learns from it.
        labels = [msgspec.structs.replace(label, treated=False) for label in self.labels]
        said = [self.on("risk-tier-changes"), self.on("delinquency-changes"), labels, self.scores]
        # An alert counts the borrower's records, which a contact event is, too.
        said[0] = [msgspec.structs.replace(alert, journal_sequence=0) for alert in said[0]]
        return msgspec.json.encode(said)


def lived(*events: Event, until: str = "2026-07-01", every_days: int = 1) -> Folded:
    """The loan and these events, to a day."""
    return Folded().live([*loan(), *events], until, every_days=every_days)

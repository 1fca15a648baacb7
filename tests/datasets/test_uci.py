from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from streams.events.decode import TYPES_BY_TOPIC, accept
from streams.events.envelope import BorrowerEvent, Event
from streams.events.loans import ScheduleSet
from streams.events.payments import PaymentReceived
from streams.sandbox.datasets import uci
from tests.datasets.contract import live

DATA = Path(__file__).parents[1] / "data" / "uci"
TOPIC_BY_TYPE = {struct: topic for topic, structs in TYPES_BY_TOPIC.items() for struct in structs}
#: Enough for every status that occurs; the whole set takes 15 s.
CLIENTS = 3_000


@pytest.fixture(scope="module")
def clients() -> list[uci.Client]:
    """The first clients of the set."""
    return uci.read_clients(DATA / "clients.csv.gz", CLIENTS)


@pytest.fixture(scope="module")
def events(clients: list[uci.Client]) -> list[Event]:
    """Their events."""
    return uci.events(clients)


@pytest.fixture(scope="module")
def by_borrower(events: list[Event]) -> dict[str, list[BorrowerEvent]]:
    """The same by borrower."""
    grouped: dict[str, list[BorrowerEvent]] = {}
    for event in events:
        if isinstance(event, BorrowerEvent):
            grouped.setdefault(event.borrower_id, []).append(event)
    return grouped


def test_protected_attributes_are_not_bundled() -> None:
    """Neither the file nor, therefore, any event can carry them."""
    with gzip.open(DATA / "clients.csv.gz", "rt") as text:
        columns = next(text).upper()

    assert not [name for name in ("SEX", "EDUCATION", "MARRIAGE", "AGE", "DEFAULT") if name in columns]


def test_the_sequencer_takes_every_event(events: list[Event]) -> None:
    """Each event is accepted, and no idempotency key stands twice."""
    for event in events:
        key = event.borrower_id.encode() if isinstance(event, BorrowerEvent) else None
        accept(TOPIC_BY_TYPE[type(event)], key, msgspec.json.encode(event), int(event.occurred_at.timestamp() * 1000))

    assert len({event.idempotency_key for event in events}) == len(events)


def test_each_statement_leaves_what_the_bank_calls_late(
    clients: list[uci.Client], by_borrower: dict[str, list[BorrowerEvent]]
) -> None:
    """After each statement, exactly PAY_x installments stand unmet: the days past due say how many months."""
    for client in clients:
        of = by_borrower[f"client-{client.client}"]
        for month, late in enumerate(client.months_late):
            day = pd.Timestamp(2005, 4 + month, 1) + pd.offsets.MonthEnd(0)
            known = [event for event in of if event.business_date <= day.date()]
            if not any(isinstance(event, ScheduleSet) for event in known):
                continue
            due = (day + pd.DateOffset(months=1 - late)).replace(day=20) if late > 0 else day
            assert live(known, day.date()).days_past_due[-1] == (day - due).days


def test_money_is_the_filed_money(clients: list[uci.Client], by_borrower: dict[str, list[BorrowerEvent]]) -> None:
    """What came in from May to September, to the dollar."""
    for client in clients:
        told = [e.amount.amount_minor for e in by_borrower[f"client-{client.client}"] if isinstance(e, PaymentReceived)]
        assert told == [paid for paid in client.paid[1:] if paid]


def test_days_past_due_rank_as_published(by_borrower: dict[str, list[BorrowerEvent]]) -> None:
    """Days past due at the end of September rank the defaults of October at AUC 0.70, as the bank's status does."""
    outcomes = uci.read_outcomes(DATA / "outcomes.csv.gz")
    days = pd.Series({b: live(of, dt.date(2005, 9, 30)).days_past_due[-1] for b, of in by_borrower.items()})
    defaulted = pd.Series(outcomes).reindex(days.index)
    ranks, positives = days.rank(), int(defaulted.sum())
    auc = (ranks[defaulted].sum() - positives * (positives + 1) / 2) / (positives * (len(days) - positives))

    assert len(outcomes) == 30_000
    assert sum(outcomes.values()) == 6_636
    assert 0.67 < auc < 0.73

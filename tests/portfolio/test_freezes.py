"""What waits while a rail or a feed is broken, and for whom."""

from __future__ import annotations

import datetime as dt

import pytest

from streams.borrower import freezes
from streams.borrower.freezes import Freeze
from streams.events.portfolio import FreezeChanged, Scope
from streams.files.assess import Assessed, assess
from streams.files.events import from_events
from streams.files.holds import spans
from streams.ledger.account import Account
from streams.ledger.failed_debits import FAILURES
from tests.whole import crowd
from tests.whole.conduct import event

SINCE = dt.date(2018, 5, 2)
TECHNICAL, FUNDS = FAILURES.index("TECHNICAL"), FAILURES.index("INSUFFICIENT_FUNDS")


def change(*affected: str, scopes: tuple[Scope, ...] = ("ESCALATION", "LEARNING")) -> FreezeChanged:
    """A freeze as the guard publishes it."""
    return event(FreezeChanged, "f", "2018-05-03", incident_id="i", since=SINCE, scopes=scopes, affected=affected)


@pytest.mark.parametrize(
    ("affected", "failed", "reached"),
    [
        (("processor:p",), (), False),
        (("processor:p",), (SINCE.toordinal(), TECHNICAL), True),
        (("processor:p",), (SINCE.toordinal() - 1, TECHNICAL), False),
        (("processor:p",), (SINCE.toordinal(), FUNDS), False),
        (("processor:p",), (SINCE.toordinal() - 9, TECHNICAL, SINCE.toordinal() + 1, TECHNICAL), True),
        (("feed:f", "processor:p"), (), True),
    ],
)
def test_whom_an_incident_reaches(affected: tuple[str, ...], failed: tuple[int, ...], reached: bool) -> None:
    """A processor's: those whose debit failed technically since it began. A feed's: everyone."""
    held = freezes.changed((), change(*affected))

    assert freezes.holds(held, "ESCALATION", Account(failed_debits=failed)) is reached
    assert freezes.holds(held, "LEARNING", Account(failed_debits=failed)) is reached


def test_a_freeze_is_replaced_and_lifted_by_its_id() -> None:
    """Again with more affected: one freeze. Without scopes: none."""
    once = freezes.changed((), change("processor:p", scopes=("LEARNING",)))
    wider = freezes.changed(once, change("feed:f", "processor:p"))

    assert once == (Freeze("i", SINCE.toordinal(), ("LEARNING",), everyone=False),)
    assert wider == (Freeze("i", SINCE.toordinal(), ("ESCALATION", "LEARNING"), everyone=True),)
    assert not freezes.holds(once, "ESCALATION", Account(failed_debits=(SINCE.toordinal(), TECHNICAL)))
    assert freezes.changed(wider, change("feed:f", scopes=())) == ()


@pytest.fixture(scope="module")
def assessed() -> Assessed:
    """The book whose acquirer is down for two days."""
    return assess(from_events(crowd.story()), keep_actions=True)


def test_nobody_is_asked_for_money_that_the_rail_lost(assessed: Assessed) -> None:
    """Once the incident is known, those who are reached get no measure, and what was proposed is taken back."""
    said = [action for action in assessed.actions if b'"type":"collection_action"' in action]
    taken_back = [action for action in assessed.actions if b'"cause":"FROZEN"' in action]
    days = {action.split(b'"business_date":"')[1][:10] for action in said}

    assert assessed.counts["assess.escalation_frozen"] > 50
    assert days == {b"2018-05-03"}  # the very tick on which the incident showed
    assert len(taken_back) == len(said)


def test_the_replay_waits_where_the_guard_acted() -> None:
    """The dates on which a freeze was set and lifted are among those that are held, and not every date is."""
    held = {dt.date.fromordinal(span[-1].day) for span, hold in spans(from_events(crowd.story())) if hold.judged}

    assert {dt.date(2018, 5, 3), dt.date(2018, 5, 12)} <= held
    assert len(held) < 20

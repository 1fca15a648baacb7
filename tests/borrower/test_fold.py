"""The fold's three rules: who brings the day does not matter, corrections re-derive, and the past is not decided anew."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.borrower import state, view
from streams.borrower.decide import FLIP_DAYS
from streams.borrower.view import View, forget_recent
from streams.events import payments
from streams.events.envelope import Event
from streams.events.fields import Money
from streams.events.outputs import RiskTierChanged
from streams.risk.model import prior_weights
from streams.risk.tiers import TIERS
from tests.borrower.book import AMOUNT, BORROWER, Folded, event, lived, loan, paid, tick

END = "2026-12-01"
ON_TIME = [paid(f"2026-{month:02}-04") for month in range(2, 13)]


def history(kept: list[bool], late_days: int) -> list[Event]:
    """Some of the installments, each so many days late."""
    return [
        paid((each.business_date + dt.timedelta(days=late_days)).isoformat())
        for each, keep in zip(ON_TIME, kept, strict=True)
        if keep
    ]


def said(folded: Folded) -> bytes:
    """Everything that was published, in order."""
    return msgspec.json.encode([folded.outputs, folded.labels, folded.scores])


HISTORIES = st.builds(history, st.lists(st.booleans(), min_size=11, max_size=11), st.integers(0, 40))


@settings(max_examples=30, deadline=None)
@given(HISTORIES, st.integers(2, 45))
def test_ticks_may_come_seldom(made: list[Event], every_days: int) -> None:
    """A row advances by its own events as by ticks: daily, weekly or monthly ones leave the same outputs and row."""
    events = [*loan(), *made]
    daily, seldom = Folded().live(events, END), Folded().live(events, END, every_days=every_days)
    assert said(daily) == said(seldom)
    assert state.encode(daily.row()) == state.encode(seldom.row())


@settings(max_examples=30, deadline=None)
@given(HISTORIES)
def test_each_tier_change_is_told_with_one_month_end(made: list[Event]) -> None:
    """What labels say of flapping adds up to the alerts, and what was taken back to those that went against one before."""
    folded = Folded().live([*loan(), *made], "2027-06-01")
    labels = [each for each in folded.labels if each.head == "default_90d"]
    last = max(each.observed_on for each in labels) + dt.timedelta(days=1)
    alerts = [
        each for each in folded.on("risk-tier-changes") if each.direction != "RETRACT" and each.business_date <= last
    ]
    back = [
        later
        for earlier, later in itertools.pairwise(alerts)
        if earlier.direction != later.direction and (later.business_date - earlier.business_date).days <= FLIP_DAYS
    ]
    assert sum(each.moved for each in labels) == len(alerts)
    assert sum(each.moved_back for each in labels) == len(back)


@settings(max_examples=15, deadline=None)
@given(HISTORIES)
def test_a_row_is_all_there_is(made: list[Event]) -> None:
    """Written and read back after every event, by another worker each time: nothing changes."""
    events = [*loan(), *made, tick(dt.date.fromisoformat(END))]
    once, moved = Folded().fold(*events), Folded()
    for each in events:
        moved.fold(each).taken_over()
    assert said(once) == said(moved)
    assert state.encode(once.row()) == state.encode(moved.row())


@settings(max_examples=30, deadline=None)
@given(HISTORIES)
def test_the_cache_of_recent_behavior_is_what_deriving_gives(made: list[Event]) -> None:
    """`recent` is a cache: forgetting it changes no score."""
    row = lived(*made, until=END).row()
    weights, day = prior_weights(), row.business_day
    cached = View(row, day, weights)
    kept = msgspec.structs.replace(cached.behavior)
    forget_recent(row)
    assert View(row, day, weights).behavior == kept
    assert View(row, day, weights).ppm == cached.ppm


def test_skipping_periods_is_seen_by_the_test_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the fold always believed that no due date has passed, the cache would go stale."""
    monkeypatch.setattr(view, "_is_up_to_date", lambda borrower, standing: True)
    row = lived(*ON_TIME[:6], until=END).row()
    assert row.recent.periods == 0


def alerts(folded: Folded) -> list[RiskTierChanged]:
    """Tier changes, in order."""
    return folded.on("risk-tier-changes")


def unpaid_until(day: str) -> Folded:
    """On time until July, nothing since: 30 days past due in September."""
    return lived(*ON_TIME[:6], until=day)


def test_a_backdated_payment_takes_the_alert_back_once() -> None:
    """The money had come on the due date; the bank file came late."""
    folded = unpaid_until("2026-09-20")
    sent = alerts(folded)
    assert [alert.direction for alert in sent] == ["UP"] * len(sent)
    assert sent
    folded.fold(paid("2026-09-20", 2 * AMOUNT, value_date=dt.date(2026, 8, 5)))
    new = alerts(folded)[len(sent) :]
    assert [alert.direction for alert in new] == ["RETRACT"] * len(sent)
    assert [alert.supersedes for alert in new] == [alert.alert_id for alert in reversed(sent)]
    assert new[-1].to_tier == "NORMAL"
    # Another correction about the same days finds nothing left to take back.
    folded.fold(paid("2026-09-20", 1, value_date=dt.date(2026, 8, 6)))
    assert len(alerts(folded)) == len(sent) + len(new)


def test_a_payment_of_today_is_no_correction() -> None:
    """Money that comes late is a recovery, not a proof that the alert was wrong."""
    folded = unpaid_until("2026-09-20").fold(paid("2026-09-20"))
    assert not [alert for alert in alerts(folded) if alert.direction == "RETRACT"]


def test_a_reversal_brings_the_arrears_back() -> None:
    """July's debit is returned: the money of August and September pays the older installments, and September's lacks."""
    july = paid("2026-07-04", payment_id="july")
    folded = lived(*ON_TIME[:5], july, *ON_TIME[6:8], until="2026-09-20")
    assert not alerts(folded)
    back = event(
        payments.PaymentReversed, "2026-09-20", reversal_id="R1", payment_id="july", amount=Money(AMOUNT, "CNY"),
        kind="RETURN",
    )  # fmt: skip
    folded.fold(back)
    change = folded.on("delinquency-changes")[-1]
    assert (change.cause, change.days_past_due) == ("CORRECTION", (dt.date(2026, 9, 20) - dt.date(2026, 9, 5)).days)


def test_alert_sequences_have_no_gap() -> None:
    """Consumers see a lost alert as a gap: 1, 2, 3 … whatever happened."""
    folded = unpaid_until("2026-11-01").fold(paid("2026-11-01", value_date=dt.date(2026, 8, 5)))
    sent = alerts(folded)
    assert [alert.alert_sequence for alert in sent] == list(range(1, len(sent) + 1))
    assert {alert.alert_id for alert in sent} == {f"{BORROWER}/{number}" for number in range(1, len(sent) + 1)}
    for before, after in itertools.pairwise(sent):
        assert before.to_tier == after.from_tier
    assert TIERS[folded.row().tier] == sent[-1].to_tier


def test_the_same_key_again() -> None:
    """A repeat is dropped and counted; the same key with another amount is refused and changes nothing."""
    folded = lived(*ON_TIME[:3], until="2026-05-01")
    payment = paid("2026-05-01")
    folded.fold(payment)
    row = folded.row()
    folded.fold(msgspec.structs.replace(payment, event_id="sent-again"))
    assert folded.row().account == row.account
    folded.fold(msgspec.structs.replace(payment, amount=Money(1, "CNY")))
    assert [refused.code for refused in folded.refused] == ["key_conflict"]
    assert folded.row().account == row.account

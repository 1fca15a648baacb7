"""Contact events become facts: what each leaves behind, out of order, twice, late, and in bounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.collections.facts import (
    ATTEMPTS_KEPT_DAYS,
    ATTEMPTS_MAX,
    NO_FACTS,
    POINTS_MAX,
    PROMISES_MAX,
    Facts,
    SignOff,
    StageMark,
)
from streams.collections.fold import RESULTS, apply
from streams.collections.gate import evaluate
from streams.collections.instants import to_us, token
from streams.collections.terms import HoldKind, NoticeKind, Result, Verdict
from streams.events import contacts
from streams.events.fields import Money
from tests.collections.helpers import BASE, CN, US, call, event, fold, instant

AT = "2026-03-04T12:00:00+08:00"
TODAY = dt.date(2026, 3, 4)


def attempted(at: str = AT, **fields: object) -> contacts.ContactAttempted:
    """A call on loan L1 at P1, changed as told."""
    known = {"attempt_id": "A1", "channel": "CALL", "contact_point_id": "P1", "loan_id": "L1", **fields}
    return event(contacts.ContactAttempted, at, **known)


def ended(outcome: str, at: str = AT, attempt_id: str = "A1") -> contacts.ContactOutcome:
    """How attempt A1 ended."""
    return event(contacts.ContactOutcome, at, attempt_id=attempt_id, outcome=outcome)


def promised(promise_id: str = "R1", **fields: object) -> contacts.PromiseMade:
    """A promise of 10.00 CNY by the 10th."""
    known = {"amount": Money(1000, "CNY"), "due_on": dt.date(2026, 3, 10), **fields}
    return event(contacts.PromiseMade, AT, promise_id=promise_id, **known)


def test_an_attempt_counts_before_its_outcome() -> None:
    """It is on file as soon as it is announced."""
    facts = fold(attempted())

    assert ([a.result for a in facts.attempts], facts.made) == ([Result.PENDING], {"CALL": 1})


@pytest.mark.parametrize(("outcome", "result"), RESULTS.items())
def test_every_outcome_has_a_result(outcome: str, result: Result) -> None:
    """Each outcome of the topic is understood."""
    assert [result] == [a.result for a in fold(attempted(), ended(outcome)).attempts]


def test_all_outcomes_of_the_topic_are_known() -> None:
    """A new outcome on the topic fails here first."""
    declared = get_type_hints(contacts.ContactOutcome)["outcome"]

    assert set(get_args(declared)) == set(RESULTS)


def test_all_events_of_the_topic_are_folded() -> None:
    """A new event on the topic fails here first."""
    from streams.collections.fold import _FOLDS  # noqa: PLC0415 - the table under test

    assert set(contacts.ContactTopicEvent.__args__) == set(_FOLDS)


def test_a_conversation_is_remembered_per_debt_and_channel() -> None:
    """The latest one counts."""
    facts = fold(
        attempted(),
        ended("CONVERSATION"),
        attempted("2026-03-05T12:00:00+08:00", attempt_id="A2"),
        ended("CONVERSATION", "2026-03-05T12:10:00+08:00", "A2"),
        attempted("2026-03-05T13:00:00+08:00", attempt_id="A3", loan_id="L2"),
        ended("CONVERSATION", "2026-03-05T13:05:00+08:00", "A3"),
    )
    talks = {(t.debt, t.channel, t.at_us) for t in facts.conversations}

    assert {
        (token("L1"), "CALL", to_us(instant("2026-03-05T12:10:00+08:00"))),
        (token("L2"), "CALL", to_us(instant("2026-03-05T13:05:00+08:00"))),
    } == talks


def test_an_older_conversation_reported_late_does_not_replace_a_newer_one() -> None:
    """Reports may come in any order."""
    newer: list[contacts.ContactTopicEvent] = [attempted(attempt_id="A2"), ended("CONVERSATION", AT, "A2")]
    older: list[contacts.ContactTopicEvent] = [
        attempted("2026-03-01T12:00:00+08:00"),
        ended("CONVERSATION", "2026-03-01T12:00:00+08:00"),
    ]

    assert [to_us(instant(AT))] == [t.at_us for t in fold(*newer, *older).conversations]


def test_an_outcome_without_its_attempt_blocks_every_debt() -> None:
    """A conversation nobody announced is still a conversation, about nobody knows which debt."""
    facts = fold(ended("CONVERSATION", "2026-03-04T12:00:00-05:00"), facts=Facts(zones=("America/New_York",)))
    decision = evaluate(call(loan_id="L7"), facts, [US], instant("2026-03-05T12:00:00-05:00"))

    assert (decision.verdict, decision.rule_ids) == (Verdict.DEFER, ("US-F2",))


def test_an_attempt_that_comes_after_its_outcome_is_the_same_attempt() -> None:
    """It keeps its result, and is counted once."""
    facts = fold(ended("CONVERSATION"), attempted())

    assert [(Result.CONVERSATION, token("L1"))] == [(a.result, a.debt) for a in facts.attempts]
    assert facts.made == {"CALL": 1}
    assert token("L1") in {t.debt for t in facts.conversations}


def test_an_attempt_told_twice_is_one_attempt() -> None:
    """Another event with the same attempt id changes no count."""
    facts = fold(attempted(), attempted())

    assert (len(facts.attempts), facts.made) == (1, {"CALL": 1})


def test_third_party_answers_and_refuses() -> None:
    """The contact point becomes theirs; a refusal there closes it for good."""
    answered = fold(attempted(), ended("THIRD_PARTY"))
    refused = fold(
        attempted("2026-03-05T12:00:00+08:00", attempt_id="A2"), ended("REFUSED", attempt_id="A2"), facts=answered
    )

    assert ((token("P1"),), ()) == (answered.third_party_points, answered.refused_points)
    assert ((token("P1"),), ()) == (refused.refused_points, refused.conversations)


def test_a_refusal_by_the_debtor_is_a_conversation() -> None:
    """They spoke; the quiet days after a conversation begin."""
    facts = fold(attempted(), ended("REFUSED"))

    assert (len(facts.conversations), facts.refused_points) == (1, ())


def test_a_reservation_is_replaced_by_its_attempt() -> None:
    """What was counted before it was made is not counted twice when it is made."""
    reserved = Facts(
        attempts=(
            msgspec.structs.replace(fold(attempted(attempt_id="X")).attempts[0], key=token("ACT"), expires_us=2**60),
        )
    )
    facts = fold(attempted(action_id="ACT"), facts=reserved)

    assert [(token("A1"), 0)] == [(a.key, a.expires_us) for a in facts.attempts]


@pytest.mark.parametrize(
    "wrong", ["1970-01-02T00:00:00+00:00", "2099-01-01T00:00:00+00:00", "2026-03-06T00:00:00+00:00"]
)
def test_an_attempt_with_a_wrong_clock_counts_on_its_business_date(wrong: str) -> None:
    """Neither a clock of 1970 nor one of 2099 takes an attempt out of the count, or blocks for decades."""
    facts = fold(attempted(occurred_at=instant(wrong)))

    assert [to_us(instant("2026-03-04T00:00:00+00:00"))] == [a.at_us for a in facts.attempts]


def test_a_time_zone_that_does_not_exist_denies() -> None:
    """Several zones of which one is unknown: the debtor may be there, so nobody calls."""
    facts = fold(event(contacts.ContactPreferenceSet, AT, time_zones=["Asia/Shanghai", "Mars/Base"]))
    decision = evaluate(call(), facts, [CN], instant(AT))

    assert (decision.verdict, decision.rule_ids) == (Verdict.DENY, ("CN-H1", "CN-H2"))


def test_preferences_are_replaced_as_a_whole() -> None:
    """A second wish without hours takes the hours back."""
    first = event(
        contacts.ContactPreferenceSet,
        AT,
        time_zones=["Asia/Shanghai"],
        not_before="09:30",
        not_after="18:00",
        channels=["SMS"],
    )
    second = event(contacts.ContactPreferenceSet, AT, time_zones=["Asia/Urumqi"])
    facts = fold(first)

    assert (facts.not_before_minute, facts.not_after_minute, facts.channels) == (570, 1080, ("SMS",))
    assert Facts(zones=("Asia/Urumqi",)) == apply(facts, second)


def test_holds_are_set_changed_and_cleared_by_id() -> None:
    """The same id again replaces; clearing needs no more than the id."""
    hold = {"hold_id": "H1", "kind": "FORBEARANCE", "from_date": TODAY, "until_date": dt.date(2026, 4, 4)}
    facts = fold(event(contacts.HoldSet, AT, **hold), event(contacts.HoldSet, AT, **{**hold, "until_date": None}))
    cleared = fold(event(contacts.HoldCleared, AT, hold_id="H1"), facts=facts)

    assert [h.until_day for h in facts.holds] == [0]
    assert cleared.holds == ()


def test_disputes_and_complaints_hold_until_they_end() -> None:
    """Each by its own id; only a dispute about an amount leaves a rest."""
    facts = fold(
        event(contacts.DisputeRaised, AT, dispute_id="D1", scope="AMOUNT", loan_id="L1", amount=Money(300, "CNY")),
        event(contacts.DisputeRaised, AT, dispute_id="D2", scope="FRAUD", amount=Money(300, "CNY")),
        event(contacts.ComplaintReceived, AT, complaint_id="C1", category="conduct"),
        event(contacts.HoldCleared, AT, hold_id="D1"),
    )
    kinds = [(h.hold_id, h.kind, h.amount_minor) for h in facts.holds]
    after = fold(
        event(contacts.DisputeResolved, AT, dispute_id="D1", result="UPHELD"),
        event(contacts.DisputeResolved, AT, dispute_id="D2", result="REJECTED"),
        event(contacts.ComplaintClosed, AT, complaint_id="C1"),
        facts=facts,
    )

    assert kinds == [("D1", HoldKind.DISPUTE, 300), ("D2", HoldKind.DISPUTE, 0), ("C1", HoldKind.COMPLAINT, 0)]
    assert after.holds == ()


def test_a_dispute_holds_at_once_in_every_zone() -> None:
    """Where it is still yesterday, too."""
    facts = fold(
        event(contacts.DisputeRaised, "2026-03-04T00:30:00+00:00", dispute_id="D1", scope="FRAUD"),
        facts=Facts(zones=("Pacific/Pago_Pago",)),
    )

    assert Verdict.DENY is evaluate(call(), facts, [BASE], instant("2026-03-04T00:30:01+00:00")).verdict


def test_the_latest_notice_of_a_kind_counts() -> None:
    """A second notice gives the whole time to pay again."""
    facts = fold(
        event(contacts.NoticeSent, AT, kind="LEGAL", delivered_on=TODAY),
        event(contacts.NoticeSent, AT, kind="LEGAL", delivered_on=dt.date(2026, 3, 9)),
    )

    assert [(NoticeKind.LEGAL, dt.date(2026, 3, 9).toordinal())] == [(n.kind, n.delivered_day) for n in facts.notices]


def test_promises_are_kept_in_bounds_and_broken_ones_stay_counted() -> None:
    """The oldest goes; that it was broken is remembered."""
    broken: list[contacts.ContactTopicEvent] = [
        promised("R0"),
        event(contacts.PromiseResolved, AT, promise_id="R0", result="BROKEN"),
    ]
    facts = fold(*broken, *[promised(f"R{n}") for n in range(1, PROMISES_MAX + 1)])

    assert (len(facts.promises), facts.broken_before) == (PROMISES_MAX, 1)


def test_old_facts_go_by_business_date() -> None:
    """An attempt and a conversation go when no window can reach them; an ended hold too; an open one stays."""
    facts = fold(
        attempted(),
        ended("CONVERSATION"),
        event(contacts.HoldSet, AT, hold_id="H1", kind="OTHER", from_date=TODAY, until_date=dt.date(2026, 3, 6)),
        event(contacts.HoldSet, AT, hold_id="H2", kind="DECEASED", from_date=TODAY),
    )
    late = f"{TODAY + dt.timedelta(days=ATTEMPTS_KEPT_DAYS + 4)}T12:00:00+00:00"
    pruned = fold(event(contacts.ConsentGiven, late, channel="SMS"), facts=facts)

    assert (pruned.attempts, pruned.conversations, [h.hold_id for h in pruned.holds]) == ((), (), ["H2"])
    assert pruned.made == {"CALL": 1}


def test_more_attempts_than_fit_fail_closed() -> None:
    """The row stays small, and the gate knows that it does not know."""
    debts = ["L1"] + ["L2"] * ATTEMPTS_MAX
    calls = [
        attempted(
            f"2026-03-04T{8 + n // 60:02}:{n % 60:02}:00-05:00",
            attempt_id=f"A{n}",
            loan_id=debt,
            channel="SMS" if n else "CALL",
        )
        for n, debt in enumerate(debts)
    ]
    facts = fold(*calls, facts=Facts(zones=("America/New_York",)))
    decision = evaluate(call(), facts, [US], instant("2026-03-04T12:00:00-05:00"))

    assert len(facts.attempts) == ATTEMPTS_MAX
    assert (decision.verdict, decision.rule_ids) == (Verdict.DEFER, ("US-F1",))


def test_contact_points_of_others_are_bounded() -> None:
    """A flood of numbers does not grow the row without end."""
    events = [
        each
        for n in range(POINTS_MAX + 5)
        for each in (attempted(attempt_id=f"A{n}", contact_point_id=f"P{n}"), ended("THIRD_PARTY", attempt_id=f"A{n}"))
    ]

    assert len(fold(*events).third_party_points) == POINTS_MAX


def test_nobody_costs_three_bytes() -> None:
    """Most borrowers are never contacted; their facts must not fill the store."""
    assert len(msgspec.msgpack.encode(NO_FACTS)) == 3


def test_a_call_costs_less_than_fifty_bytes() -> None:
    """Ids are tokens, defaults are left out."""
    one = len(msgspec.msgpack.encode(fold(attempted())))
    two = len(msgspec.msgpack.encode(fold(attempted(), attempted(attempt_id="A2"))))

    assert two - one < 50


@given(st.lists(st.sampled_from(["attempt", "talk", "hold", "consent", "promise"]), max_size=30))
def test_facts_survive_their_bytes(kinds: list[str]) -> None:
    """Whatever happened, the stored row is the same facts."""
    makers: dict[str, Callable[[int], contacts.ContactTopicEvent]] = {
        "attempt": lambda n: attempted(attempt_id=f"A{n}"),
        "talk": lambda n: ended("CONVERSATION", attempt_id=f"A{n - 1}"),
        "hold": lambda n: event(contacts.HoldSet, AT, hold_id=f"H{n}", kind="OTHER", from_date=TODAY),
        "consent": lambda _: event(contacts.ConsentGiven, AT, channel="SMS"),
        "promise": lambda n: promised(f"R{n}"),
    }
    facts = fold(*[makers[kind](n) for n, kind in enumerate(kinds)])

    assert facts == msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts)


def test_a_sign_off_is_about_one_debt_and_a_refusal_takes_it_back() -> None:
    """The latest decision of a person counts."""
    decided = {"decided_by": "staff-1", "decision": "SIGNED_OFF"}
    signed = [
        event(contacts.LegalStepDecided, f"2026-03-0{day}T09:00:00+08:00", decision_id="D", loan_id=loan, **decided)
        for day, loan in ((1, "L1"), (2, "L2"), (3, "L1"))
    ]
    declined = event(
        contacts.LegalStepDecided, "2026-03-05T09:00:00+08:00", decision_id="D", loan_id="L1", decided_by="staff-2",
        decision="DECLINED", finding="UNABLE",
    )  # fmt: skip

    assert fold(*signed).sign_offs == (SignOff("L2", 739_677), SignOff("L1", 739_678))
    assert fold(*signed, declined).sign_offs == (SignOff("L2", 739_677),)


def test_asking_the_gate_changes_nothing() -> None:
    """Not even that a refused stage is asked about again: it would be refused again."""
    asked = event(
        contacts.GateConsulted, AT, action="CALL", asked_about=dt.datetime(2026, 3, 4, tzinfo=dt.UTC), verdict="DENY",
        rule_ids=["BASE-STOP"], packs=["base@2026.1"],
    )  # fmt: skip
    refused = Facts(stages=(StageMark("CALL:DENIED", 1, 1),))

    assert fold(asked, facts=refused) == refused

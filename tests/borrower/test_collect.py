"""Collections in the fold: when the desk looks, what it says, and that it never touches the score."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import msgspec
import pytest

from streams.borrower import collect, promised
from streams.borrower.collect import shipped_policies
from streams.cli_policy import shipped
from streams.collections.day import Day, look
from streams.collections.facts import NO_FACTS, Facts
from streams.collections.instants import token
from streams.collections.policies import NO_POLICIES, Policies
from streams.collections.situation import Situation
from streams.events import contacts, loans, payments
from streams.events.contacts import ContactAttempted, PromiseResolved
from streams.events.control import MeasuresActivated
from streams.events.envelope import Event
from streams.events.fields import Money
from streams.events.outputs import CollectionAction
from streams.events.portfolio import FreezeChanged
from tests.borrower.book import (
    AMOUNT,
    BORROWER,
    LOAN,
    Folded,
    event,
    hold,
    lived,
    loan,
    model,
    paid,
    policy,
    promise,
    tick,
)

CN = shipped("packs")["cn-2026.1"].decode()
PLAN = shipped("plans")["installment-2026.1"].decode()
ON_TIME = [paid(f"2026-{month:02}-04") for month in range(2, 8)]
#: What people said and did, without promises: none of it may touch the score.
SAID: list[Event] = [
    hold("2026-02-10"),
    hold("2026-04-03", "BANKRUPTCY", "H2"),
    event(contacts.ComplaintReceived, "2026-02-11", complaint_id="C1", category="conduct"),
    event(contacts.DisputeRaised, "2026-02-12", dispute_id="D1", scope="AMOUNT", amount=Money(500, "CNY")),
    event(contacts.ConsentWithdrawn, "2026-02-13", channel="SMS"),
    event(contacts.ContactPreferenceSet, "2026-02-14", time_zones=["Asia/Shanghai"]),
    event(ContactAttempted, "2026-02-15", attempt_id="A1", channel="CALL", contact_point_id="T1", loan_id=LOAN),
    event(contacts.ContactOutcome, "2026-02-15", attempt_id="A1", outcome="REFUSED"),
    event(contacts.HoldCleared, "2026-05-02", hold_id="H1"),
]


def stages(actions: list[CollectionAction]) -> dict[str, str]:
    """First day of each stage that was not refused."""
    first: dict[str, str] = {}
    for action in actions:
        if action.decision.verdict != "DENY":
            first.setdefault(action.stage, action.business_date.isoformat())
    return first


def test_an_overdue_borrower_climbs_the_ladder() -> None:
    """Nobody pays: reminder the day after the due date, then one stage at a time, with relief offered on the way."""
    folded = lived(until="2026-06-01")

    seen = stages(folded.actions)
    assert seen["REMINDER"] == "2026-02-06"
    assert list(seen)[:3] == ["REMINDER", "SMS", "CALL"]
    assert seen["FORBEARANCE_OFFER"] > seen["REMINDER"]
    assert [action.business_date for action in folded.actions] == sorted(a.business_date for a in folded.actions)


def test_an_action_says_what_it_rests_on() -> None:
    """Plan, packs, every rule asked, and why."""
    action = lived(until="2026-02-06").actions[0]

    assert (action.plan, action.decision.packs, action.loan_id) == ("installment@2026.1", ("base@2026.1",), LOAN)
    assert len(action.decision.trail) > 5
    assert f"arrears_minor={AMOUNT}" in action.reasons
    assert action.not_before == dt.datetime(2026, 2, 6, tzinfo=dt.UTC)
    assert action.action_id == f"{BORROWER}/2/{action.business_date.toordinal()}-0"


def test_ids_are_unique() -> None:
    """However often the desk looks."""
    ids = [action.action_id for action in lived(*SAID, paid("2026-03-20", 9_000), until="2026-08-01").actions]

    assert len(ids) > 30
    assert Counter(ids).most_common(1)[0][1] == 1


@pytest.mark.parametrize("every_days", [7, 400])
def test_it_does_not_matter_whether_the_tick_or_the_event_comes_first(every_days: int) -> None:
    """A row that only hears of days from its own events passes through the same looks."""
    happens = [*SAID, paid("2026-03-20", 9_000), promise("2026-04-01", "2026-04-10"), paid("2026-05-30", 50_000)]
    daily, seldom = (lived(*happens, until="2026-08-01", every_days=days) for days in (1, every_days))

    assert seldom.actions == daily.actions
    assert seldom.risk() == daily.risk()
    assert seldom.row() == daily.row()


def test_a_partition_that_is_taken_over_goes_on_as_before() -> None:
    """Policies, facts and wake days come back from the rows."""
    first, second = [policy("pack", "cn", CN), *loan()], [hold("2026-02-20")]
    whole = Folded().live([*first, *second], "2026-06-01")
    halves = Folded().live(first, "2026-02-14").taken_over()
    day = dt.date(2026, 2, 15)
    while day <= dt.date(2026, 6, 1):
        halves.fold(tick(day), *[each for each in second if each.business_date == day])
        day += dt.timedelta(days=1)

    assert halves.actions == whole.actions
    assert halves.row() == whole.row()


def test_nothing_said_touches_the_score() -> None:
    """A vulnerability disclosure, a dispute, a refusal: alerts, scores, labels and buckets stay to the byte."""
    late = [paid("2026-02-25"), paid("2026-04-20", 2 * AMOUNT)]
    silent, told = lived(*late, until="2026-12-31"), lived(*late, *SAID, until="2026-12-31")

    assert len(silent.on("risk-tier-changes")) >= 3
    assert silent.labels
    assert told.risk() == silent.risk()
    assert told.actions != silent.actions


def test_collections_does_not_change_what_the_model_says() -> None:
    """With no plan at all the same alerts, labels and scores come, at the same days."""
    withdrawn = [policy("plan", "installment", ""), policy("pack", "base", "")]
    late = [paid("2026-02-25"), paid("2026-04-20", 2 * AMOUNT)]
    without = Folded().live([*withdrawn, *loan(), *late], "2026-12-31")

    assert without.actions == []
    assert lived(*late, until="2026-12-31").risk() == without.risk()


def test_a_vulnerable_borrower_meets_no_machine() -> None:
    """The gate refuses it, and the refusal is published with its rule and the whole trail."""
    actions = [a for a in lived(hold("2026-01-20"), until="2026-02-20").actions if a.actor == "BOT"]

    assert {a.decision.verdict for a in actions} == {"DENY"}
    assert actions[0].decision.rule_ids == ("BASE-VULNERABLE-BOT",)
    assert {f.verdict for f in actions[0].decision.trail} == {"ALLOW", "DENY"}


def test_a_calm_borrower_costs_nothing() -> None:
    """Paying on time: no facts, no look, no action, and no wake that the risk model did not ask for."""
    folded = lived(*ON_TIME, until="2026-06-20")
    row = folded.row()

    assert folded.actions == []
    assert (row.facts, row.look_day, row.wake_day) == (NO_FACTS, 0, row.risk_day)
    assert len(msgspec.msgpack.encode(row.facts)) == 3


EARLY = PLAN.replace('tier_at_least = "WATCH"\n    tier_rose_within_days = 30\n    days_to_due_at_most = 5', "{}")


@pytest.mark.parametrize(
    "condition",
    [
        'tier_at_least = "WATCH"\ntier_rose_within_days = 30\ndays_to_due_at_most = 5',
        'tier_at_least = "WATCH"\ntier_rose_within_days = 90\ndays_to_due_at_most = 12',
        "days_to_due_at_most = 3",
        'tier_at_least = "ELEVATED"\ndays_to_due_at_most = 9',
    ],
    ids=["shipped", "longer", "everybody", "by tier"],
)
def test_sparing_calm_rows_a_look_changes_nothing(condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk that looks at every chance proposes the same."""
    happens = [
        policy("plan", "installment", EARLY.format(condition)),
        paid("2026-02-05"),
        paid("2026-05-25", 3 * AMOUNT),
    ]
    happens += [paid(f"2026-{month:02}-04") for month in range(6, 12)]
    sparing = lived(*happens, until="2026-12-31")
    monkeypatch.setattr(collect, "_is_idle", lambda *_: False)
    eager = lived(*happens, until="2026-12-31")

    assert "REMIND" in {action.purpose for action in eager.actions}
    assert sparing.actions == eager.actions


def test_the_next_wake_is_the_earlier_of_two() -> None:
    """A hold that ends tomorrow has the desk look tomorrow, whatever else is due when."""
    ending = msgspec.structs.replace(hold("2026-02-13", "FORBEARANCE"), until_date=dt.date(2026, 2, 14))
    rows = [lived(*said, until="2026-02-13").row() for said in ([], [ending])]

    assert [row.wake_day == min(row.risk_day, row.look_day) for row in rows] == [True, True]
    assert dt.date.fromordinal(rows[0].wake_day) > dt.date(2026, 2, 14) == dt.date.fromordinal(rows[1].wake_day)


def test_a_rise_of_the_tier_brings_a_reminder_before_the_due_date() -> None:
    """The arrears are paid, the tier still stands: five days before the next due date."""
    cured = lived(paid("2026-04-25", 3 * AMOUNT), until="2026-05-04")
    reminders = [action for action in cured.actions if action.purpose == "REMIND"]

    assert cured.row().tier > 0
    assert [action.business_date.isoformat() for action in reminders] == ["2026-04-30"]
    assert "days_to_due=5" in reminders[0].reasons


def test_a_broken_promise_reaches_the_model() -> None:
    """The day after its due day has passed without money, the score rises by it."""
    made = promise("2026-02-10", "2026-02-20")
    days = ("2026-02-20", "2026-02-21")
    heeding, ignoring = ([lived(model(weight), made, until=day).row() for day in days] for weight in (3.0, 0.0))

    assert [promised.broken_promises(row, row.business_day) for row in heeding] == [0, 1]
    assert heeding[0].ppm == ignoring[0].ppm
    assert heeding[1].ppm > 2 * ignoring[1].ppm


def test_a_promise_pauses_the_ladder_until_its_day_has_passed() -> None:
    """Between the promise and its day nothing of the ladder is proposed."""
    actions = lived(promise("2026-02-10", "2026-02-20"), until="2026-03-01").actions
    ladder = [a.business_date.isoformat() for a in actions if a.stage != "FORBEARANCE_OFFER"]

    assert not [day for day in ladder if "2026-02-10" <= day <= "2026-02-20"]
    assert "2026-02-21" in ladder


def test_money_in_time_keeps_a_promise_even_when_it_is_booked_late() -> None:
    """Judged broken, then the payment with a value date before its day arrives; reversing it breaks it again."""
    late = paid("2026-02-24", value_date=dt.date(2026, 2, 19))
    back = event(
        payments.PaymentReversed, "2026-02-26", payment_id=late.payment_id, reversal_id="R1", kind="CHARGEBACK"
    )
    made = promise("2026-02-10", "2026-02-20")
    results = [
        lived(made, late, back, until=day).row().facts.promises[0].derived
        for day in ("2026-02-23", "2026-02-25", "2026-02-27")
    ]

    assert results == ["BROKEN", "KEPT", "BROKEN"]


def test_the_platforms_own_judgement_wins_at_once() -> None:
    """Also before the promise's day."""
    said = event(PromiseResolved, "2026-02-12", promise_id="P1", result="BROKEN")
    made = promise("2026-02-10", "2026-02-20")
    heeding, ignoring = (lived(model(weight), made, said, until="2026-02-12").row() for weight in (3.0, 0.0))

    assert promised.broken_promises(heeding, heeding.business_day) == 1
    assert heeding.ppm > 2 * ignoring.ppm


def test_a_judgement_outlives_the_payments_it_rests_on() -> None:
    """The ledger folds payments after 130 days; the promise they kept stays kept."""
    kept = paid("2026-02-15")
    folded = lived(promise("2026-02-10", "2026-02-20"), kept, until="2026-12-01")

    assert folded.row().account.folded_through > dt.date(2026, 2, 20).toordinal()
    assert folded.row().facts.promises[0].derived == "KEPT"


def test_an_act_answers_its_proposal() -> None:
    """`action_id` turns the place that the proposal held into the attempt."""
    proposed = lived(until="2026-02-06").actions[0]
    act = event(
        ContactAttempted, "2026-02-06", hour=11, attempt_id="A1", channel="IM", contact_point_id="T1",
        loan_id=LOAN, action_id=proposed.action_id,
    )  # fmt: skip
    attempts = lived(act, until="2026-02-06").row().facts.attempts

    assert [(attempt.key, attempt.expires_us) for attempt in attempts] == [(token("A1"), 0)]


def test_a_pack_holds_from_its_place_in_the_journal() -> None:
    """Decisions before it rest on the house pack alone, those after it on both; its day begins with a tick before it."""
    folded = lived(policy("pack", "cn", CN, "2026-03-20"), until="2026-05-01")
    packs = {(action.business_date > dt.date(2026, 3, 20), action.decision.packs) for action in folded.actions}

    assert packs == {(False, ("base@2026.1",)), (True, ("base@2026.1", "cn@2026.1"))}


@pytest.mark.parametrize(
    ("kind", "name", "text", "said"),
    [
        ("pack", "cn", "pack = ", "not TOML"),
        ("recipe", "cake", "flour", "recipe cannot be activated"),
        ("plan", "installment", PLAN.replace("priority = 10", 'priority = "high"'), "priority"),
    ],
    ids=["no TOML", "no policy", "bad field"],
)
def test_a_refused_policy_changes_nothing_and_says_why(kind: str, name: str, text: str, said: str) -> None:
    """It becomes a dead letter; what held before still holds."""
    folded = lived(policy(kind, name, text), until="2026-02-06")

    assert [refused.code for refused in folded.refused] == ["policy_refused"]
    assert said in folded.refused[0].reason
    assert folded.actions[0].plan == "installment@2026.1"


def test_a_plan_for_every_product_takes_the_place_of_the_shipped_one() -> None:
    """A second one of another name is refused: nobody could say which holds."""
    own = PLAN.replace('plan = "installment"', 'plan = "zeta"')
    folded = lived(policy("plan", "zeta", own), policy("plan", "omega", own), until="2026-02-06")

    assert [action.plan for action in folded.actions] == ["zeta@2026.1"]
    assert [refused.code for refused in folded.refused] == ["policy_refused"]
    assert "both name product *" in folded.refused[0].reason


def test_without_any_pack_everything_is_refused_and_said() -> None:
    """The gate fails closed."""
    folded = lived(policy("pack", "base", ""), until="2026-02-06")

    assert [action.decision.rule_ids for action in folded.actions] == [("GATE-NO-PACK",)]


def test_what_is_shipped_holds_on_any_day() -> None:
    """Also in a replay of loans older than the pack."""
    assert shipped_policies().packs[0].from_us < 0
    assert NO_POLICIES.packs == ()


def test_an_action_id_fits_into_the_event_that_answers_it() -> None:
    """Even when the borrower's id has the greatest length."""
    borrower_id = "x" * 128
    action = Folded().live(loan(borrower_id), "2026-02-06").actions[0]
    answer = event(
        ContactAttempted, "2026-02-06", borrower_id=borrower_id, attempt_id="A", channel="IM", contact_point_id="T",
        action_id=action.action_id,
    )  # fmt: skip

    assert msgspec.json.decode(msgspec.json.encode(answer), type=ContactAttempted) == answer


@pytest.mark.parametrize(
    ("happened", "looked"),
    [
        ("2026-02-06T09:30:00+00:00", "2026-02-06T09:30:00+00:00"),
        ("2026-02-07T03:00:00+00:00", "2026-02-07T03:00:00+00:00"),
        ("2026-02-05T22:00:00+00:00", "2026-02-06T00:00:00+00:00"),
        ("2026-02-08T00:00:00+00:00", "2026-02-06T00:00:00+00:00"),
    ],
    ids=["that day", "that day farther west", "late fact", "wrong clock"],
)
def test_the_instant_of_a_look(happened: str, looked: str) -> None:
    """An event's own, if it can be an instant of the row's business day."""
    made = msgspec.structs.replace(paid("2026-02-06"), occurred_at=dt.datetime.fromisoformat(happened))

    assert collect.event_instant(made, dt.date(2026, 2, 6).toordinal()) == dt.datetime.fromisoformat(looked)


def test_what_became_of_each_measure_is_told_to_the_learner() -> None:
    """Once each, on the day after it was known: cured by the payment, or not when two weeks were over."""
    folded = lived(paid("2026-02-12", 4 * AMOUNT), until="2026-03-20")
    told = {each.action_id: each for each in folded.concluded}
    proposed = [action for action in folded.actions if action.decision.verdict != "DENY"]

    assert len(told) == len(folded.concluded)
    assert set(told) == {action.action_id for action in proposed}
    assert {(each.cured, each.matured_on.isoformat()) for each in told.values() if not each.early} == {
        (True, "2026-02-13")
    }
    one = told[proposed[0].action_id]
    assert (one.chosen_on, one.measure, one.propensity_ppm) == (proposed[0].business_date, "IM", 1_000_000)
    assert (one.segment, one.permitted) == ("phone:NORMAL:OVERDUE", proposed[0].choice.permitted)


def test_an_outcome_whose_day_is_closed_is_counted_and_not_told() -> None:
    """An event that was booked days late cannot change what was learned from days that are closed."""
    counted: list[str] = []
    folded = Folded().live(loan(), "2026-02-06")
    folded.fold(tick(dt.date(2026, 2, 9)))
    folded.shard.context.count = counted.append
    folded.shard.context.closed_day = dt.date(2026, 2, 12).toordinal()
    folded.fold(paid("2026-02-09"))

    assert folded.concluded == []
    assert counted.count("outcome_too_late") == 1


def test_learned_scores_act_from_their_place_in_the_journal() -> None:
    """The fixed order before, the scores after, and a partition that is taken over goes on with them."""
    scores = {"*": {"EMAIL": 900_000, "IM": -1, "SMS": 0}}
    learned = event(
        MeasuresActivated, "2026-01-20", version="m1", learned_through=dt.date(2026, 1, 19), scores_ppm=scores
    )
    certain = policy(
        "plan", "installment", PLAN.replace("exploration_floor_ppm = 100_000", "exploration_floor_ppm = 0")
    )
    before = Folded().live([*loan(), certain], "2026-02-06")
    after = Folded().live([*loan(), certain, learned], "2026-01-25").taken_over().live([], "2026-02-06")

    assert [(a.kind, a.choice.policy) for a in before.actions] == [("IM", "FIXED")]
    assert [(a.kind, a.choice.policy, a.choice.version) for a in after.actions] == [("EMAIL", "LEARNED", "m1")]
    assert after.row().facts.trials[0].propensity_ppm == 1_000_000


def test_paying_takes_the_standing_proposal_off_the_list() -> None:
    """Said once on the same topic, under the id of what was proposed."""
    folded = lived(paid("2026-02-20", 4 * AMOUNT), until="2026-03-01")
    standing = [action.action_id for action in folded.actions if action.stage == "CALL"]

    assert standing
    assert {(each.action_id, each.cause) for each in folded.withdrawn} >= {(standing[-1], "NOTHING_OVERDUE")}
    assert {each.business_date.isoformat() for each in folded.withdrawn} == {"2026-02-20"}


@pytest.mark.parametrize(
    ("zones", "begins"),
    [
        (["America/Los_Angeles"], "2026-02-06T08:00:00+00:00"),
        (["Asia/Shanghai"], "2026-02-05T16:00:00+00:00"),
        (["America/New_York", "America/Los_Angeles"], "2026-02-06T08:00:00+00:00"),
        (None, "2026-02-06T00:00:00+00:00"),
    ],
    ids=["west", "east", "not known which", "nothing known"],
)
def test_a_day_that_passed_is_looked_at_from_its_start_where_the_debtor_lives(
    zones: list[str] | None, begins: str
) -> None:
    """In every zone they may be in; without one on file, those of the packs in force, else UTC."""
    lives = [event(contacts.ContactPreferenceSet, "2026-01-10", time_zones=zones)] if zones else []
    first = Folded().live([*loan(), *lives], "2026-02-06").actions[0]

    assert first.business_date == dt.date(2026, 2, 6)
    assert first.decision.at == dt.datetime.fromisoformat(begins)


def test_the_packs_zones_stand_in_for_an_unknown_one() -> None:
    """China has one clock: a borrower of whom nothing is known is asked about from midnight there."""
    text = CN.replace("effective_from = 20", "effective_from = 2000-01-01 # 20")
    first = Folded().live([*loan(), policy("pack", "cn", text)], "2026-02-06").actions[0]

    assert first.decision.at == dt.datetime(2026, 2, 5, 16, tzinfo=dt.UTC)


def test_a_claim_that_was_written_off_stays_on_the_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of its days past due at the write-off; the next threshold is never reached, so the desk does not wait for it."""
    looks: list[int] = []

    def noted(policies: Policies, situation: Situation, facts: Facts, instant: dt.datetime) -> Day:
        looks.append(situation.business_day)
        return look(policies, situation, facts, instant)

    monkeypatch.setattr(collect, "look_at", noted)
    day = dt.date(2026, 6, 4)
    gone = event(loans.LoanWrittenOff, day.isoformat(), loan_id=LOAN, written_off_on=day, amount=Money(200_000, "CNY"))
    folded = lived(gone, until="2026-12-31")
    after = [action for action in folded.actions if action.business_date > day]

    assert {action.stage for action in after} == {"AGENCY"}
    assert all("days_past_due=119" in action.reasons for action in after)
    assert len([looked for looked in looks if looked > day.toordinal()]) < 40


def test_an_incident_of_the_lender_takes_back_what_stands() -> None:
    """Nobody is called while the lender's own feed is broken; once it is mended, what is still due is proposed again."""
    feed: dict[str, Any] = {"incident_id": "feed", "since": dt.date(2026, 2, 18), "affected": ("feed:core",)}
    broken = event(FreezeChanged, "2026-02-20", scopes=("ESCALATION",), **feed)
    mended = event(FreezeChanged, "2026-02-25", scopes=(), **feed)
    folded = lived(broken, mended, until="2026-03-05")
    called = [action.business_date.isoformat() for action in folded.actions if action.stage == "CALL"]
    frozen = [(each.stage, each.cause) for each in folded.withdrawn]

    assert ("CALL", "FROZEN") in frozen
    assert {cause for _, cause in frozen} == {"FROZEN"}
    assert not [day for day in called if "2026-02-20" < day < "2026-02-25"]
    assert [day for day in called if day >= "2026-02-25"]

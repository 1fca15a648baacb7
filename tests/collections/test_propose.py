"""The ladder: one stage at a time, at the right day, by a permitted measure, and cleared when nothing is owed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.collections.choice import HOLDOUT, LEARNED, MeasureScores
from streams.collections.facts import Consent, Facts, Hold, Promise, StageMark
from streams.collections.gate import evaluate
from streams.collections.instants import from_us, to_us, utc_day_start_us
from streams.collections.plans import FORBEARANCE_OFFER, Plan, load_plan, plan_for
from streams.collections.progress import next_wake_day, record, stage_of
from streams.collections.propose import propose
from streams.collections.rules.base import Action, Finding, Inquiry
from streams.collections.rules.rate_limit import RateLimitRule
from streams.collections.rules.staffing import StaffingRule
from streams.collections.situation import Situation
from streams.collections.terms import LADDER, ActionKind, HoldKind, Purpose, Stage, Tier, Verdict
from streams.collections.trials import mature
from tests.collections.helpers import BASE, CN, US, instant, pack_of, shipped_plan
from tests.collections.strategies import histories as anyones_facts

if TYPE_CHECKING:
    from streams.collections.packs import Pack
    from streams.collections.proposal import Proposal

DUE = dt.date(2026, 3, 1).toordinal()
IN_CHINA = Facts(zones=("Asia/Shanghai",))
LOADED = shipped_plan()
PLAN = LOADED.plan
PACKS: list[Pack] = [BASE, CN]
PACKS_IN_FORCE: tuple[tuple[Pack, ...], ...] = ((BASE,), (BASE, CN), (BASE, US), ())


def situation(late_days: int, /, **fields: object) -> Situation:
    """A borrower at high risk whose installment of 1 March is so many days late; negative is before it."""
    overdue = late_days > 0
    known: dict[str, object] = {
        "borrower_id": "B1",
        "loan_id": "L1",
        "product": "phone",
        "position": f"0-{DUE + late_days}",
        "business_day": DUE + late_days,
        "tier": Tier.HIGH,
        "days_past_due": max(late_days, 0),
        "arrears_minor": 500_000 if overdue else 0,
        "currency": "CNY",
        "next_due_day": DUE + 30 if overdue else DUE,
        **fields,
    }
    return Situation(**known)  # type: ignore[arg-type]  # a test may change any field


def noon(day: int) -> dt.datetime:
    """Noon in Shanghai."""
    return from_us(utc_day_start_us(day)) + dt.timedelta(hours=4)


def walk(
    plan: Plan, facts: Facts, days: range, packs: list[Pack] = PACKS, **fields: object
) -> tuple[Facts, list[Proposal]]:
    """Look at one borrower day by day and carry out nothing."""
    made: list[Proposal] = []
    for day in days:
        today = situation(day, **fields)
        proposals = propose(plan, today, facts, packs, noon(today.business_day))
        facts = record(facts, today, proposals)
        made.extend(proposals)
    return facts, made


def test_a_borrower_climbs_the_ladder_in_order() -> None:
    """Each stage follows the one before it, on the days the plan says."""
    _, made = walk(PLAN, replace(IN_CHINA, made={"CALL": 6}), range(1, 125), tier=Tier.CRITICAL)
    first: dict[str, int] = {}
    for proposal in made:
        first.setdefault(proposal.stage, proposal.not_before.date().toordinal() - DUE)

    assert first == {
        "REMINDER": 1,
        "SMS": 3,
        "FORBEARANCE_OFFER": 5,
        "CALL": 5,
        "VISIT": 45,
        "AGENCY": 90,
        "LEGAL_REVIEW": 120,
    }
    assert {p.decision.verdict for p in made if p.stage == "LEGAL_REVIEW"} == {Verdict.DENY}


def test_a_borrower_found_late_still_climbs_step_by_step() -> None:
    """Ninety days late on the first look: a reminder first, no leap to the agency."""
    _, made = walk(PLAN, replace(IN_CHINA, made={"CALL": 6}), range(95, 130))
    ladder = [p.stage for p in made if p.stage != FORBEARANCE_OFFER]

    assert list(dict.fromkeys(ladder))[:3] == ["REMINDER", "SMS", "CALL"]


def test_a_stage_denied_by_a_hold_is_no_step() -> None:
    """Days of a dispute do not carry the borrower up; the ladder goes on where it stood."""
    dispute = Hold("D1", HoldKind.DISPUTE, 0)
    facts, before = walk(PLAN, IN_CHINA, range(4))
    disputed, during = walk(PLAN, replace(facts, holds=(dispute,)), range(4, 40))
    _, after = walk(PLAN, replace(disputed, holds=()), range(40, 42))

    assert {Verdict.DENY} == {p.decision.verdict for p in during if p.stage != FORBEARANCE_OFFER}
    assert (stage_of(facts, PLAN), stage_of(disputed, PLAN)) == (Stage.SMS, Stage.SMS)
    assert next(p.stage for p in after if p.stage != FORBEARANCE_OFFER) == "CALL"
    assert before


def test_a_stage_whose_channels_the_borrower_closed_is_passed() -> None:
    """Who reads neither messages nor mail can still be called; the closed channels stay closed."""
    closed = tuple(Consent(channel, "CHANNEL", given=False) for channel in ("IM", "SMS", "EMAIL"))
    facts, made = walk(PLAN, replace(IN_CHINA, consents=closed), range(9))

    assert stage_of(facts, PLAN) == Stage.CALL
    assert {"CALL"} == {p.kind for p in made if p.decision.verdict is not Verdict.DENY and p.stage in LADDER}


def test_a_closed_channel_gives_way_to_the_next_measure() -> None:
    """The plan's next preference is proposed when the first is closed."""
    closed = (Consent("IM", "CHANNEL", given=False),)
    proposals = propose(PLAN, situation(1), replace(IN_CHINA, consents=closed), PACKS, noon(DUE + 1))

    assert [p.kind for p in proposals] == ["SMS"]


def test_the_preferred_measure_waits_for_the_morning() -> None:
    """A day ends at night; a message at eight beats a letter at once."""
    night = noon(DUE + 1) + dt.timedelta(hours=11)
    proposal = propose(PLAN, situation(1), IN_CHINA, PACKS, night)[0]

    assert (proposal.kind, proposal.decision.verdict) == (ActionKind.IM, Verdict.DEFER)
    assert dt.datetime(2026, 3, 3, 0, 0, tzinfo=dt.UTC) == proposal.not_before
    assert proposal.not_before + dt.timedelta(days=3) == proposal.expires_at


def test_a_reminder_before_the_due_date_only_where_the_tier_rose() -> None:
    """The cheapest early intervention, for those whose risk rose, five days ahead."""
    rose = {"tier_rose_day": DUE - 10}
    early = [propose(PLAN, situation(-day, **rose), IN_CHINA, PACKS, noon(DUE - day)) for day in (6, 5, 0)]
    steady = propose(PLAN, situation(-5), IN_CHINA, PACKS, noon(DUE - 5))

    assert [[p.stage for p in made] for made in early] == [[], ["REMINDER"], ["REMINDER"]]
    assert early[1][0].purpose == Purpose.REMIND
    assert steady == ()


def test_a_reminder_is_not_sent_twice() -> None:
    """Sent before the due date, it is not sent again on the first day after it."""
    _, made = walk(PLAN, IN_CHINA, range(-5, 2), tier_rose_day=DUE - 10)

    assert [p.stage for p in made].count("REMINDER") == 1


def test_paying_clears_the_ladder() -> None:
    """Nothing owed: the spell is over, and the next one begins at its foot."""
    late, _ = walk(PLAN, IN_CHINA, range(10))
    paid = record(replace(late, made={"CALL": 3}), situation(0, next_due_day=DUE + 30), ())

    assert (stage_of(late, PLAN), stage_of(paid, PLAN)) == (Stage.CALL, Stage.REMINDER)
    assert paid.made == {}
    assert record(paid, situation(90, days_past_due=0, arrears_minor=0), ()).stages == ()


def test_an_open_promise_pauses_the_ladder() -> None:
    """Nobody presses a borrower who promised, until the day has passed."""
    promise = Promise("R1", 1000, "CNY", DUE + 1, DUE + 8, "L1")
    facts, _ = walk(PLAN, IN_CHINA, range(4))
    _, made = walk(PLAN, replace(facts, promises=(promise,)), range(4, 12))
    ladder = [p for p in made if p.stage != FORBEARANCE_OFFER]

    assert min(p.not_before.date().toordinal() for p in ladder) == DUE + 9


def test_relief_is_offered_early_and_again_only_after_a_month() -> None:
    """Between day 5 and day 60, at most once in thirty days."""
    _, made = walk(PLAN, IN_CHINA, range(90))
    offers = [p.not_before.date().toordinal() - DUE for p in made if p.stage == FORBEARANCE_OFFER]

    assert offers == [5, 35]


def test_an_allowed_contact_holds_its_place() -> None:
    """The gate counts a proposed call before it is made, for everybody but the proposal itself."""
    facts, made = walk(PLAN, Facts(zones=("America/New_York",)), range(6), [US])
    proposed = next(p for p in made if p.kind is ActionKind.CALL)
    reserved = [a for a in facts.attempts if a.expires_us and a.channel == "CALL"]
    seven = replace(facts, attempts=tuple(replace(reserved[0], key=n) for n in range(1, 8)))
    call = Action(kind=ActionKind.CALL, loan_id="L1", action_id=proposed.action_id)

    assert [to_us(proposed.expires_at)] == [a.expires_us for a in reserved]
    assert evaluate(call, seven, [US], proposed.not_before).rule_ids == ("US-F1",)


def test_two_proposals_of_one_day_do_not_share_one_place() -> None:
    """One message a day: the offer of relief takes the place, the ladder waits for the morrow."""
    limit = RateLimitRule(id="R", source="t", trust="house", max=1, window_days=1, scope=("borrower",))
    facts = replace(
        IN_CHINA, stages=(StageMark("REMINDER", DUE, DUE), StageMark("SMS", DUE, DUE), StageMark("CALL", DUE, DUE))
    )
    offer, call = propose(PLAN, situation(7), facts, [pack_of(limit)], noon(DUE + 7))

    assert (offer.stage, offer.decision.verdict) == (FORBEARANCE_OFFER, Verdict.ALLOW)
    assert (call.stage, call.decision.rule_ids) == ("CALL", ("R",))
    assert call.not_before == instant("2026-03-09T00:00:00+08:00")


def test_after_the_due_date_a_reminder_is_collection() -> None:
    """A dispute lets a reminder pass before the due date, and stops it after."""
    disputed = replace(IN_CHINA, holds=(Hold("D1", HoldKind.DISPUTE, 0),))
    early = propose(PLAN, situation(-5, tier_rose_day=DUE - 10), disputed, PACKS, noon(DUE - 5))[0]
    late = propose(PLAN, situation(1), disputed, PACKS, noon(DUE + 1))[0]

    assert (early.purpose, early.decision.verdict) == (Purpose.REMIND, Verdict.ALLOW)
    assert (late.purpose, late.decision.verdict) == (Purpose.COLLECT, Verdict.DENY)


def test_reasons_and_ids_are_those_of_the_situation() -> None:
    """What a person reads, and what a replay repeats."""
    proposal = propose(PLAN, situation(7, broken_promises=2), replace(IN_CHINA, made={"SMS": 3}), PACKS, noon(DUE + 7))[
        1
    ]

    assert f"0-{DUE + 7}-1" == proposal.action_id
    assert proposal.reasons == (
        "tier=HIGH",
        "days_past_due=7",
        "arrears_minor=500000",
        "broken_promises=2",
        "attempts=3",
    )
    assert (proposal.plan, proposal.decision.packs) == ("installment@2026.1", ("base@2026.1", "cn@2026.1"))


def test_a_holdout_withholds_only_early_reminders() -> None:
    """Everybody in the hold-out: the reminder is recorded as withheld; after the due date nothing is."""
    plan = replace(PLAN, holdout_ppm=1_000_000)
    facts, early = walk(plan, IN_CHINA, range(-5, -4), tier_rose_day=DUE - 10)
    _, late = walk(plan, IN_CHINA, range(10))

    assert [(p.withheld, p.choice.policy) for p in early] == [(True, HOLDOUT)]
    assert ([t.measure for t in facts.trials], facts.attempts) == (["NONE"], ())
    assert not any(p.withheld for p in late)


def test_a_learned_choice_stays_among_the_permitted() -> None:
    """The best measure is closed by the borrower: another is taken, whatever the scores say."""
    scores = MeasureScores("v1", {"*": {"EMAIL": 1, "SMS": 900_000, "IM": 5}})
    plan = replace(PLAN, exploration_floor_ppm=0)
    free = propose(plan, situation(1), IN_CHINA, PACKS, noon(DUE + 1), scores)[0]
    closed = (Consent("SMS", "CHANNEL", given=False),)
    bound = propose(plan, situation(1), replace(IN_CHINA, consents=closed), PACKS, noon(DUE + 1), scores)[0]

    assert [(p.kind, p.choice.policy) for p in (free, bound)] == [(ActionKind.SMS, LEARNED), (ActionKind.IM, LEARNED)]
    assert bound.choice.permitted == (ActionKind.IM, ActionKind.EMAIL)


scores_of_measures = st.dictionaries(
    st.sampled_from(["*", "phone:HIGH:OVERDUE", "phone:CRITICAL:OVERDUE"]),
    st.dictionaries(st.sampled_from(sorted(ActionKind)), st.integers(-1_000_000, 1_000_000)),
)


@given(
    anyones_facts, scores_of_measures, st.integers(0, 1_000_000), st.integers(1, 130), st.sampled_from(PACKS_IN_FORCE)
)
def test_no_score_makes_the_desk_choose_what_the_gate_denies(
    facts: Facts, table: dict[str, dict[str, int]], floor_ppm: int, late_days: int, packs: tuple[Pack, ...]
) -> None:
    """Whatever was learned and happened: a measure is refused only if all are, and else permitted when it may begin.

    And every question that was put to the gate is in the proposal, taken or not.
    """
    plan = replace(PLAN, exploration_floor_ppm=floor_ppm)
    today = situation(late_days, tier=Tier.CRITICAL)
    steps = {step.stage: step for step in plan.stages}
    for proposal in propose(plan, today, facts, packs, noon(today.business_day), MeasureScores("v1", table)):
        asked = [(proposal.kind, proposal.decision), *[(each.kind, each.decision) for each in proposal.alternatives]]
        step = steps.get(Stage(proposal.stage)) if proposal.stage in Stage.__members__ else plan.forbearance_offer

        assert step is not None
        assert sorted(kind for kind, _ in asked) == sorted(measure.kind for measure in step.measures)
        if proposal.decision.verdict is Verdict.DENY:
            assert {decision.verdict for _, decision in asked} == {Verdict.DENY}
        else:
            assert proposal.not_before == (proposal.decision.until or proposal.decision.at)
        if proposal.choice.policy == LEARNED:
            assert proposal.kind in proposal.choice.permitted


def test_a_crash_while_weighing_another_measure_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails closed for that measure; the one that was taken does not hide it."""

    def crash(inquiry: Inquiry) -> Finding:
        if inquiry.action.kind is ActionKind.EMAIL:
            raise ZeroDivisionError
        return Finding("X", "staffing", Verdict.ALLOW)

    pack = pack_of(StaffingRule(id="X", source="s", trust="house", min_staff=1))
    monkeypatch.setattr(pack, "checks", dict.fromkeys(pack.checks, (("X", crash),)))
    proposal = propose(PLAN, situation(1), IN_CHINA, [pack], noon(DUE + 1))[0]
    others = {other.kind: other.decision for other in proposal.alternatives}

    assert proposal.decision.verdict is Verdict.ALLOW
    assert [finding.subject for finding in others[ActionKind.EMAIL].trail] == ["X:ZeroDivisionError"]
    assert others[ActionKind.EMAIL].rule_ids == ("GATE-CRASH",)
    assert others[ActionKind.SMS].verdict is Verdict.ALLOW


def test_trials_mature_when_cured_or_when_time_is_up() -> None:
    """A cure closes the trial at once; without one it closes after two weeks."""
    facts, _ = walk(PLAN, IN_CHINA, range(2))
    waiting, none = mature(facts, situation(14))
    _, failed = mature(facts, situation(15))
    _, cured = mature(facts, situation(5, days_past_due=0, arrears_minor=0))

    assert (facts, ()) == (waiting, none)
    assert [[o.cured for o in failed], [o.cured for o in cured]] == [[False], [True]]


def test_an_early_trial_is_judged_at_its_horizon() -> None:
    """Nothing was overdue when it was chosen, so being current the next day says nothing."""
    facts, _ = walk(PLAN, IN_CHINA, range(-5, -4), tier_rose_day=DUE - 10)
    _, next_day = mature(facts, situation(-4))
    _, current = mature(facts, situation(9, days_past_due=0, arrears_minor=0))
    _, overdue = mature(facts, situation(9))

    assert [next_day, [o.cured for o in current], [o.cured for o in overdue]] == [(), [True], [False]]


@pytest.mark.parametrize(("product", "expected"), [("phone", "mine"), ("car", "general")])
def test_a_product_s_own_plan_comes_first(product: str, expected: str) -> None:
    """The plan for * serves the rest."""
    text = '[[stages]]\nstage="SMS"\npriority=1\nwhen=[{}]\nmeasures=[{kind="SMS"}]'
    plans = tuple(
        load_plan(f'plan="{name}"\nversion="1"\nproducts=["{what}"]\n{text}'.encode(), name)
        for name, what in (("general", "*"), ("mine", "phone"))
    )
    plan = plan_for(plans, product)

    assert plan is not None
    assert expected == plan.plan.plan
    assert plan_for(plans[1:], "car") is None


histories = st.lists(
    st.tuples(
        st.integers(0, 150),
        st.sampled_from(Tier),
        st.sampled_from([0, 50_000, 500_000]),
        st.sampled_from([None, HoldKind.DISPUTE, HoldKind.FORBEARANCE]),
        st.sampled_from([(), ("SMS",), ("SMS", "IM", "EMAIL"), ("CALL",)]),
    ),
    min_size=1,
    max_size=25,
)


@given(histories)
def test_no_stage_is_ever_skipped(history: list[tuple[int, Tier, int, HoldKind | None, tuple[str, ...]]]) -> None:
    """However lateness, risk, holds and wishes jump: stage n is proposed only after stage n - 1 in the same spell."""
    facts = replace(IN_CHINA, made={"CALL": 9})
    names = [step.stage for step in PLAN.stages]
    for number, (late, tier, arrears, hold, closed) in enumerate(history):
        today = situation(
            0, days_past_due=late, arrears_minor=arrears if late else 0, tier=tier, business_day=DUE + number * 3
        )
        facts = replace(
            facts,
            holds=(Hold("H", hold, 0),) if hold else (),
            consents=tuple(Consent(channel, "CHANNEL", given=False) for channel in closed),
        )
        marked = {mark.name for mark in facts.stages}
        proposals = propose(PLAN, today, facts, PACKS, noon(today.business_day))
        for proposal in proposals:
            if proposal.stage in names and names.index(Stage(proposal.stage)):
                assert names[names.index(Stage(proposal.stage)) - 1] in marked
            assert proposal.decision.verdict is Verdict.DENY or proposal.kind not in closed
        assert proposals == propose(PLAN, today, facts, PACKS, noon(today.business_day))
        facts = record(facts, today, proposals)


@given(st.integers(1, 100), st.integers(2, 60))
def test_looking_on_wake_days_proposes_what_looking_every_day_does(first: int, span: int) -> None:
    """A system that was down, and looks only on the days the plan names, misses nothing and is late for nothing."""
    start = replace(IN_CHINA, made={"CALL": 9})
    daily, every_day = walk(PLAN, start, range(first, first + span), tier=Tier.CRITICAL)
    woken: list[Proposal] = []
    facts, day = start, first
    while day < first + span:
        facts, made = walk(PLAN, facts, range(day, day + 1), tier=Tier.CRITICAL)
        woken.extend(made)
        day = next_wake_day(LOADED, situation(day, tier=Tier.CRITICAL), facts) - DUE

    assert [(p.stage, p.kind, p.not_before) for p in every_day] == [(p.stage, p.kind, p.not_before) for p in woken]
    assert stage_of(daily, PLAN) == stage_of(facts, PLAN)


def test_risk_alone_is_no_reason_to_collect() -> None:
    """While nothing is overdue, only a condition about the days before the due date can open a stage."""
    text = 'plan="p"\nversion="1"\nproducts=["*"]\n[[stages]]\nstage="SMS"\npriority=1\n'
    plan = load_plan(f'{text}when=[{{tier_at_least="HIGH"}}]\nmeasures=[{{kind="SMS"}}]'.encode(), "p").plan
    stages = [[p.stage for p in propose(plan, situation(day), IN_CHINA, PACKS, noon(DUE + day))] for day in (-1, 1)]

    assert stages == [[], ["SMS"]]


def test_a_stage_that_a_new_plan_puts_in_between_is_not_skipped() -> None:
    """Marks from an older plan without that stage do not carry the borrower over it."""
    marks = tuple(StageMark(name, DUE + 1, DUE + 1) for name in ("REMINDER", "CALL"))
    facts = replace(IN_CHINA, stages=marks)

    assert stage_of(facts, PLAN) == Stage.REMINDER
    assert [p.stage for p in propose(PLAN, situation(70), facts, PACKS, noon(DUE + 70))] == ["SMS"]


def test_the_ladder_has_six_stages_and_a_clear_state() -> None:
    """As the lender speaks of them."""
    assert LADDER == ("CLEAR", "REMINDER", "SMS", "CALL", "VISIT", "AGENCY", "LEGAL_REVIEW")
    assert list(LADDER[1:]) == [step.stage for step in PLAN.stages]

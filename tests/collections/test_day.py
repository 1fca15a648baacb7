"""The desk: what is in force, and one look at one borrower."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from msgspec.structs import replace

from streams.cli_policy import shipped
from streams.collections.choice import FIXED, LEARNED, MeasureScores
from streams.collections.day import Day, look
from streams.collections.facts import TRIALS_MAX, Facts, StageMark
from streams.collections.instants import token
from streams.collections.packs import PolicyError
from streams.collections.policies import LEARNED_SCORES, NO_POLICIES, Policies
from streams.collections.situation import Situation
from streams.collections.terms import HoldKind, Tier, Verdict
from streams.collections.trials import HORIZON_DAYS
from streams.events import contacts
from streams.events.fields import Money
from tests.collections.helpers import event, fold
from tests.collections.test_propose import DUE, IN_CHINA, noon, situation

PLAN_TEXT = shipped("plans")["installment-2026.1"].decode()
POLICIES = NO_POLICIES.activated("plan", "installment", PLAN_TEXT)
for name in ("base", "cn"):
    POLICIES = POLICIES.activated("pack", name, shipped("packs")[f"{name}-2026.1"].decode())


def looked(today: Situation, facts: Facts = IN_CHINA, policies: Policies = POLICIES) -> Day:
    """One look at noon."""
    return look(policies, today, facts, noon(today.business_day))


def test_what_is_in_force_survives_its_bytes() -> None:
    """A partition that is taken over decides by the same texts."""
    restored = Policies.decode(POLICIES.encode())

    assert [pack.digest for pack in restored.packs] == [pack.digest for pack in POLICIES.packs]
    assert looked(situation(1), policies=restored) == looked(situation(1))


def test_a_refused_activation_changes_nothing() -> None:
    """What held before still holds."""
    with pytest.raises(PolicyError, match="not TOML"):
        POLICIES.activated("pack", "cn", "pack = ")
    with pytest.raises(PolicyError, match="a recipe cannot be activated"):
        POLICIES.activated("a recipe", "x", "y")
    with pytest.raises(PolicyError, match="not a table of scores"):
        POLICIES.activated("scores", "measures", "{")

    assert [pack.label for pack in POLICIES.packs] == ["base@2026.1", "cn@2026.1"]


def test_the_same_name_replaces_and_an_empty_text_withdraws() -> None:
    """One pack of a name at a time."""
    text = shipped("packs")["cn-2026.1"].decode().replace('version = "2026.1"', 'version = "2026.2"')
    newer = POLICIES.activated("pack", "cn", text)

    assert [pack.label for pack in newer.packs] == ["base@2026.1", "cn@2026.2"]
    assert [pack.label for pack in newer.activated("pack", "cn", "").packs] == ["base@2026.1"]


def test_scores_switch_the_choice_on_and_off() -> None:
    """Learned while they are in force, fixed before and after, and fixed where the plan says so."""
    scores = MeasureScores("v1", {"*": {"EMAIL": 9}})
    plan = (
        shipped("plans")["installment-2026.1"]
        .decode()
        .replace("exploration_floor_ppm = 100_000", "exploration_floor_ppm = 0")
    )
    learned = POLICIES.activated("plan", "installment", plan)
    on = learned.activated("scores", "measures", msgspec.json.encode(scores).decode())
    off = on.activated("scores", "measures", "")
    fixed = on.activated("plan", "installment", plan.replace('measure_choice = "LEARNED"', 'measure_choice = "FIXED"'))
    chosen = [looked(situation(1), policies=each).proposals[0] for each in (learned, on, off, fixed)]

    assert [(p.kind, p.choice.policy) for p in chosen] == [
        ("IM", FIXED),
        ("EMAIL", LEARNED),
        ("IM", FIXED),
        ("IM", FIXED),
    ]


def test_a_persons_table_is_used_before_what_was_learned() -> None:
    """Until it is withdrawn, however often a new one is learned."""
    own, learned = (msgspec.json.encode(MeasureScores(name, {"*": {}})).decode() for name in ("own", "learned"))
    both = POLICIES.activated("scores", "mine", own).activated("scores", LEARNED_SCORES, learned)

    assert both.scores.version == "own"
    assert both.activated("scores", "mine", "").scores.version == "learned"
    assert Policies.decode(both.encode()).scores.version == "own"


def test_looking_twice_a_day_proposes_once() -> None:
    """Every event of the day may look; the day's proposals are made once."""
    first = looked(situation(3))
    again = looked(situation(3), first.facts)

    assert (len(first.proposals), again.proposals) == (1, ())
    assert again.facts == first.facts


def test_a_calm_borrower_is_looked_at_again_when_a_reminder_could_be_due() -> None:
    """Nothing due, nothing under way: nothing changes, and the next look is five days before the due date."""
    calm = looked(situation(-20))
    reminded = looked(situation(-5, tier_rose_day=DUE - 20))

    assert calm == Day(IN_CHINA, wake_day=DUE - 5)
    assert [p.stage for p in reminded.proposals] == ["REMINDER"]


def test_paying_ends_the_spell() -> None:
    """The first look after everything was paid forgets the ladder, so the next spell begins at its foot."""
    marks = tuple(StageMark(name, DUE, DUE) for name in ("SMS", "CALL"))
    paid = looked(situation(-20), replace(IN_CHINA, stages=marks))

    assert paid.facts.stages == ()


def called(facts: Facts = IN_CHINA) -> tuple[Day, str]:
    """A look at which a call is proposed, and the proposal's id."""
    marks = tuple(StageMark(name, DUE + 1, DUE + 9) for name in ("REMINDER", "SMS"))
    day = looked(situation(10, tier=Tier.WATCH), replace(facts, stages=marks))
    assert [proposal.stage for proposal in day.proposals] == ["CALL"]
    return day, day.proposals[0].action_id


def stages_proposed(facts: Facts, days: range) -> list[tuple[int, str]]:
    """What is proposed when the desk looks day after day, and nothing happens."""
    made: list[tuple[int, str]] = []
    for number in days:
        day = looked(situation(number, tier=Tier.WATCH, arrears_minor=500), facts)
        facts = day.facts
        made += [(number, proposal.stage) for proposal in day.proposals]
    return made


def test_a_proposal_stands_until_it_lapses() -> None:
    """Nobody calls: the call is on the list once for its two weeks, not once for every three days."""
    day, _ = called()

    assert stages_proposed(day.facts, range(11, 40)) == [(24, "CALL"), (38, "CALL")]


def test_a_proposal_that_was_carried_out_is_repeated_after_the_act() -> None:
    """Called on the fifth day without an answer: three days after that, again."""
    day, action_id = called()
    tried = event(
        contacts.ContactAttempted, "2026-03-16T02:00:00+00:00", attempt_id="A", channel="CALL", contact_point_id="P",
        action_id=action_id,
    )  # fmt: skip
    answered = fold(tried, facts=day.facts)

    assert stages_proposed(answered, range(15, 20)) == [(18, "CALL")]


def test_paying_takes_back_what_stands() -> None:
    """Nobody calls a borrower who has paid; what was carried out or has lapsed is not taken back, nor is it twice."""
    day, action_id = called()
    paid = looked(situation(-20), day.facts)
    lapsed = looked(situation(11 + 14, days_past_due=0, arrears_minor=0), day.facts)

    assert [(each.action_id, each.cause) for each in paid.withdrawn] == [(action_id, "NOTHING_OVERDUE")]
    assert token(action_id) not in {attempt.key for attempt in paid.facts.attempts}
    assert looked(situation(-19), paid.facts).withdrawn == ()
    assert lapsed.withdrawn == ()


def test_a_promise_takes_back_the_ladder_and_not_the_relief() -> None:
    """While a promise is open nobody calls about it; an offer of relief stays."""
    offered = looked(situation(10), IN_CHINA)
    made = event(
        contacts.PromiseMade, "2026-03-11T12:00:00+00:00", promise_id="P1", amount=Money(1, "CNY"),
        due_on=noon(DUE + 20).date(),
    )  # fmt: skip
    promised = looked(situation(10), fold(made, facts=offered.facts))

    assert {proposal.stage for proposal in offered.proposals} == {"FORBEARANCE_OFFER", "REMINDER"}
    assert [(each.stage, each.cause) for each in promised.withdrawn] == [("REMINDER", "PROMISE_OPEN")]


@pytest.mark.parametrize(
    ("kind", "from_day", "first"), [("DECEASED", "2026-03-12", 11), ("CEASE_REQUEST", "2026-03-15", 14)]
)
def test_a_hold_takes_back_what_stands(kind: str, from_day: str, first: int) -> None:
    """Nobody is left on a list whom nobody may call; a hold that begins later takes it back when it begins."""
    day, action_id = called()
    hold = event(
        contacts.HoldSet, "2026-03-12T01:00:00+00:00", hold_id="H", kind=kind, from_date=dt.date.fromisoformat(from_day)
    )
    facts, found = fold(hold, facts=day.facts), []
    for number in (11, 12, 13, 14, 15):
        seen = looked(situation(number, tier=Tier.WATCH), facts)
        facts = seen.facts
        found += [(number, each.action_id, each.cause, each.rule_ids) for each in seen.withdrawn]

    rule = "BASE-DECEASED" if kind == "DECEASED" else "BASE-STOP"
    assert found == [(first, action_id, "REFUSED", (rule,))]
    assert token(action_id) not in {attempt.key for attempt in facts.attempts}


def test_an_early_reminder_is_not_taken_back_for_being_early() -> None:
    """Nothing is overdue when it is sent: that is its purpose."""
    reminded = looked(situation(-5, tier_rose_day=DUE - 20))

    assert [proposal.stage for proposal in reminded.proposals] == ["REMINDER"]
    assert looked(situation(-4, tier_rose_day=DUE - 20), reminded.facts).withdrawn == ()


def test_a_refusal_is_said_once_until_something_happens() -> None:
    """The same denial is not published every day; a contact event asks the question again at once."""
    held = fold(
        event(
            contacts.HoldSet,
            "2026-03-01T12:00:00+00:00",
            hold_id="H",
            kind=HoldKind.CEASE_REQUEST,
            from_date=noon(DUE).date(),
        ),
        facts=IN_CHINA,
    )
    denied = looked(situation(1), held)
    quiet = looked(situation(2), denied.facts)
    cleared = fold(event(contacts.HoldCleared, "2026-03-03T01:00:00+00:00", hold_id="H"), facts=quiet.facts)

    assert [p.decision.verdict for p in denied.proposals] == [Verdict.DENY]
    assert quiet.proposals == ()
    assert [p.decision.verdict for p in looked(situation(2), cleared).proposals] == [Verdict.ALLOW]


def test_without_a_plan_nothing_is_proposed() -> None:
    """No plan for the product, no proposal; trials under way still end."""
    facts = looked(situation(1)).facts
    bare = looked(situation(2), facts, NO_POLICIES)
    over = looked(situation(1 + HORIZON_DAYS), facts, NO_POLICIES)

    assert (bare.proposals, bare.wake_day) == ((), DUE + 1 + HORIZON_DAYS)
    assert (over.outcomes[0].cured, over.wake_day) == (False, 0)


def test_without_a_pack_everything_is_refused() -> None:
    """A plan alone does not allow anything."""
    only_plan = NO_POLICIES.activated("plan", "installment", PLAN_TEXT)

    assert [p.decision.rule_ids for p in looked(situation(1), policies=only_plan).proposals] == [("GATE-NO-PACK",)]


def test_wake_days_lead_through_the_whole_course() -> None:
    """From a rise of the tier before the due date to the agency, looking only when told to."""
    seen: list[tuple[int, str]] = []
    facts, day = replace(IN_CHINA, made={"CALL": 6}), -20
    while day < 100:
        today = situation(day, tier=Tier.HIGH, tier_rose_day=DUE - 20)
        result = looked(today, facts)
        facts = replace(result.facts, made={"CALL": 6})
        seen.extend((day, p.stage) for p in result.proposals)
        assert result.wake_day > today.business_day
        day = result.wake_day - DUE

    stages = dict(reversed([(stage, day) for day, stage in seen]))
    assert stages == {"REMINDER": -5, "SMS": 1, "FORBEARANCE_OFFER": 5, "CALL": 3, "VISIT": 45, "AGENCY": 90}


def test_trials_do_not_pile_up() -> None:
    """When enough are awaited no new one begins, so that failures are not forgotten."""
    facts = IN_CHINA
    for day in range(1, 15):
        facts = looked(situation(day), facts).facts
    days = [trial.day for trial in facts.trials]

    assert len(days) <= TRIALS_MAX
    assert min(days) == DUE + 1

"""Which measure works: learned from outcomes, chosen with a known probability, evaluated offline from the log."""

from __future__ import annotations

import random
from collections import Counter
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.collections.choice import (
    ANY_SEGMENT,
    FIXED,
    FIXED_ORDER,
    HOLDOUT,
    LEARNED,
    PPM,
    MeasureScores,
    choose,
    draw_ppm,
    held_out,
)
from streams.collections.facts import Trial
from streams.collections.terms import CONTACT_KINDS, ActionKind
from streams.collections.trials import NO_MEASURE, TrialOutcome
from streams.learning.measures import (
    INTRUSION_COST_PPM,
    SEGMENTS_MAX,
    IntrusionAwareUCB,
    MeasureLearner,
    holdout_effect,
    ips_estimate,
)

SEGMENT = "phone:HIGH:OVERDUE"
SMS, CALL, EMAIL, VISIT = ActionKind.SMS, ActionKind.CALL, ActionKind.EMAIL, ActionKind.VISIT


def outcome(measure: str, *, cured: bool, **fields: object) -> TrialOutcome:
    """A matured trial in the segment, changed as told."""
    known: dict[str, object] = {
        "day": 1,
        "action_id": "A",
        "segment": SEGMENT,
        "measure": measure,
        "permitted": (SMS, CALL),
        "propensity_ppm": PPM,
        "policy": LEARNED,
        **fields,
    }
    return TrialOutcome(Trial(**known), cured, 15)  # type: ignore[arg-type]  # a test may change any field


def learner(counts: dict[ActionKind, tuple[int, int]]) -> MeasureLearner:
    """A learner that saw so many (cured, not cured) of each."""
    known = MeasureLearner()
    for measure, (cured, failed) in counts.items():
        for number in range(cured + failed):
            known.learn(outcome(measure, cured=number < cured))
    return known


def scores(table: dict[str, int]) -> MeasureScores:
    """Scores of the segment."""
    return MeasureScores("v1", {SEGMENT: table})


permitted = st.lists(st.sampled_from(sorted(CONTACT_KINDS)), min_size=1, max_size=6, unique=True)


@given(
    permitted,
    st.text(max_size=9),
    st.integers(0, PPM),
    st.dictionaries(st.sampled_from(sorted(CONTACT_KINDS)), st.integers(-PPM, PPM)),
)
def test_only_a_permitted_measure_is_ever_chosen(
    allowed: list[ActionKind], position: str, floor_ppm: int, table: dict[ActionKind, int]
) -> None:
    """Whatever was learned; twice the same for the same position; with a probability that can be divided by."""
    known = scores({str(kind): value for kind, value in table.items()})
    first, again = (choose(known, SEGMENT, allowed, position, floor_ppm) for _ in range(2))

    assert first == again
    assert first.measure in allowed
    assert 0 < first.propensity_ppm <= PPM
    assert first.permitted == tuple(allowed)


def test_every_permitted_measure_keeps_its_share_of_chances() -> None:
    """A floor of 30 % over three measures: a tenth each for the two that are not best, and the log says so."""
    known = scores({"SMS": 500_000, "CALL": 1, "EMAIL": 2})
    choices = [choose(known, SEGMENT, (CALL, SMS, EMAIL), f"0-{n}", 300_000) for n in range(5_000)]
    shares = {kind: count / 5_000 for kind, count in Counter(c.measure for c in choices).items()}

    assert shares == pytest.approx({SMS: 0.8, CALL: 0.1, EMAIL: 0.1}, abs=0.02)
    assert {(c.measure, c.propensity_ppm) for c in choices} == {(SMS, 800_000), (CALL, 100_000), (EMAIL, 100_000)}


@pytest.mark.parametrize(
    "known",
    [FIXED_ORDER, MeasureScores("v1"), MeasureScores("v1", {"other:HIGH:OVERDUE": {"CALL": PPM}})],
    ids=["nothing learned", "an empty table", "a table of other segments"],
)
def test_fixed_order_is_the_fallback(known: MeasureScores) -> None:
    """The plan's first permitted measure, with certainty."""
    choice = choose(known, SEGMENT, (SMS, CALL), "0-1", PPM)

    assert (choice.measure, choice.propensity_ppm, choice.policy) == (SMS, PPM, FIXED)


def test_a_segment_without_experience_uses_all_segments() -> None:
    """What works elsewhere is the best guess."""
    known = MeasureScores("v1", {ANY_SEGMENT: {"CALL": 9}})

    assert choose(known, "new:HIGH:OVERDUE", (SMS, CALL), "0-1", 0).measure is CALL


def test_equal_scores_follow_the_plan() -> None:
    """A tie is decided by the plan's order, not by an alphabet."""
    assert choose(scores({"SMS": 5, "CALL": 5}), SEGMENT, (CALL, SMS), "0-1", 0).measure is CALL


def test_draws_are_even_and_repeatable() -> None:
    """A tenth of positions falls into each tenth; nothing but the position decides."""
    tenths = Counter(draw_ppm(f"3-{n}", "measure") * 10 // PPM for n in range(5_000))

    assert all(0.085 < count / 5_000 < 0.115 for count in tenths.values())
    assert draw_ppm("3-7", "measure") == 82_056


def test_a_borrower_is_always_in_or_out_of_the_holdout() -> None:
    """The share is right, stays nested when it grows, and is another one under another salt."""
    people = [f"B{n}" for n in range(5_000)]
    tenth, fifth, other = (
        {p for p in people if held_out(p, share, salt)}
        for share, salt in ((100_000, "a"), (200_000, "a"), (100_000, "b"))
    )

    assert len(tenth) / 5_000 == pytest.approx(0.1, abs=0.02)
    assert tenth < fifth
    assert len(tenth & other) / 5_000 == pytest.approx(0.01, abs=0.005)
    assert not any(held_out(p, 0, "a") for p in people)


def test_the_measure_that_cures_most_wins() -> None:
    """Where intrusion costs the same, the cure rate decides."""
    table = learner({SMS: (150, 350), EMAIL: (100, 400)}).scores("v1")

    assert choose(table, SEGMENT, (EMAIL, SMS), "0-1", 0).measure is SMS


def test_a_small_gain_does_not_buy_a_visit() -> None:
    """Five points more cures are not worth a knock on the door; thirty are."""
    small = learner({SMS: (300, 700), VISIT: (350, 650)}).scores("v1")
    large = learner({SMS: (300, 700), VISIT: (600, 400)}).scores("v1")

    assert choose(small, SEGMENT, (VISIT, SMS), "0-1", 0).measure is SMS
    assert choose(large, SEGMENT, (SMS, VISIT), "0-1", 0).measure is VISIT


def test_what_was_never_tried_is_worth_trying() -> None:
    """An untried measure has an optimistic score, so that it gets its chance."""
    table = learner({SMS: (10, 90)}).scores("v1")

    assert choose(table, SEGMENT, (SMS, EMAIL), "0-1", 0).measure is EMAIL


def test_learning_does_not_depend_on_order_or_restarts() -> None:
    """Shuffled, and stopped halfway with its state through bytes: the same table."""
    chance = random.Random(7)
    log = [outcome(chance.choice([SMS, CALL, EMAIL]), cured=chance.random() < 0.3) for _ in range(300)]
    straight, shuffled = MeasureLearner(), MeasureLearner()
    for each in log:
        straight.learn(each)
    for each in chance.sample(log, len(log)):
        shuffled.learn(each)
    half = MeasureLearner()
    for each in log[:150]:
        half.learn(each)
    resumed = MeasureLearner.from_bytes(half.to_bytes())
    for each in log[150:]:
        resumed.learn(each)

    tables = [known.scores("v1") for known in (straight, shuffled, resumed)]
    assert tables[0] == tables[1] == tables[2]
    assert straight.tallies() == resumed.tallies()


def test_the_holdout_and_what_is_no_contact_teach_nothing() -> None:
    """Neither an untreated borrower nor a legal review is a measure to compare."""
    known = MeasureLearner()
    known.learn(outcome(NO_MEASURE, cured=True, policy=HOLDOUT))
    known.learn(outcome("LEGAL_REVIEW", cured=True))

    assert known.scores("v1").scores_ppm == {}
    assert MeasureLearner.from_bytes(known.to_bytes()).scores("v1").scores_ppm == {}


def test_the_figures_of_a_table_compare_reminders_with_the_holdout() -> None:
    """How many outcomes it rests on; early reminders beside those withheld, and nothing that came after the due date."""
    known = MeasureLearner()
    early = "phone:WATCH:CURRENT"
    for cured in (True, False, True):
        known.learn(outcome(SMS, cured=cured, segment=early, early=True))
    known.learn(outcome(NO_MEASURE, cured=False, segment=early, early=True, policy=HOLDOUT))
    known.learn(outcome(CALL, cured=True))

    assert known.figures() == {
        "treated.outcomes": "4",
        "treated.cured": "3",
        "reminded_early.outcomes": "3",
        "reminded_early.cured": "2",
        "withheld.outcomes": "1",
        "withheld.cured": "0",
    }


def test_a_table_stays_small_enough_for_one_event() -> None:
    """The segments with the most experience are published; the rest rely on what works everywhere."""
    known = MeasureLearner()
    for number in range(SEGMENTS_MAX + 5):
        for _ in range(2 if number >= 5 else 1):
            known.learn(outcome(SMS, cured=True, segment=f"p{number}:HIGH:OVERDUE"))
    table = known.scores("v1").scores_ppm

    assert len(table) == SEGMENTS_MAX
    assert ANY_SEGMENT in table
    assert not {f"p{number}:HIGH:OVERDUE" for number in range(5)} & set(table)


def test_the_policy_is_a_river_policy() -> None:
    """It pulls and updates like any other, and breaks ties toward peace."""
    policy = IntrusionAwareUCB()

    assert policy.pull([VISIT, CALL, EMAIL]) is EMAIL
    for _ in range(20):
        policy.update(EMAIL, 0)  # type: ignore[no-untyped-call]
        policy.update(VISIT, 1)  # type: ignore[no-untyped-call]
    assert policy.pull([EMAIL, VISIT]) is VISIT


def test_every_contact_has_a_cost_of_intrusion() -> None:
    """A new channel without a cost would be free; nothing is more intrusive than a visit."""
    assert set(INTRUSION_COST_PPM) == CONTACT_KINDS
    assert max(INTRUSION_COST_PPM, key=lambda kind: INTRUSION_COST_PPM[kind]) is VISIT


def logged(count: int, seed: int) -> list[TrialOutcome]:
    """A log of choices by a known policy: SMS with 80 %, CALL with 20 %; cure rates .2 and .5."""
    chance = random.Random(seed)
    log = []
    for _ in range(count):
        called = chance.random() < 0.2
        cured = chance.random() < (0.5 if called else 0.2)
        log.append(outcome(CALL if called else SMS, cured=cured, propensity_ppm=200_000 if called else 800_000))
    return log


def test_ips_finds_the_value_of_a_policy_that_never_ran() -> None:
    """From the log of a policy that mostly wrote, what calling everybody would have cured."""
    log = logged(5_000, seed=3)
    calls, messages = (ips_estimate(log, lambda _, __, kind=kind: kind) for kind in (CALL, SMS))  # type: ignore[misc]

    assert calls.value == pytest.approx(0.5, abs=4 * calls.standard_error)
    assert messages.value == pytest.approx(0.2, abs=4 * messages.standard_error)
    assert calls.self_normalized == pytest.approx(0.5, abs=0.06)
    assert 0 < calls.standard_error < 0.05
    assert calls.effective_count == pytest.approx(1_000, rel=0.15)
    assert calls.count == 5_000


def test_the_error_of_an_estimate_is_how_much_it_scatters() -> None:
    """Over many logs of the same world, the normed estimate scatters as much as each log says of itself."""
    found = [ips_estimate(logged(300, seed=seed), lambda _, __: CALL) for seed in range(200)]
    said = sum(one.self_normalized_error for one in found) / len(found)

    assert said == pytest.approx(stdev(one.self_normalized for one in found), rel=0.15)
    assert said < 0.8 * sum(one.standard_error for one in found) / len(found)


def test_ips_says_when_it_has_nothing_to_go_on() -> None:
    """No outcomes, or only withheld ones: an error; a measure that was never chosen: no effective observation."""
    with pytest.raises(ValueError, match="No outcomes"):
        ips_estimate([outcome(NO_MEASURE, cured=True, policy=HOLDOUT)], lambda _, __: CALL)

    assert ips_estimate(logged(50, seed=1), lambda _, __: VISIT).effective_count == 0


def test_the_holdout_tells_what_reminders_achieve() -> None:
    """Cure rate with a reminder less cure rate without; both groups are needed."""
    treated = [outcome("IM", cured=n < 80, early=True) for n in range(100)]
    withheld = [outcome(NO_MEASURE, cured=n < 60, early=True, policy=HOLDOUT) for n in range(100)]
    effect = holdout_effect([*treated, *withheld, outcome(SMS, cured=True)])

    assert (effect.treated, effect.withheld) == (100, 100)
    assert effect.difference == pytest.approx(0.2)
    assert effect.standard_error == pytest.approx(0.0632, abs=0.001)
    with pytest.raises(ValueError, match="100 treated and 0 withheld"):
        holdout_effect(treated)

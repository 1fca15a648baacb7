from __future__ import annotations

import datetime as dt
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from streams.agents.portfolio import shipped_playbook
from streams.events.fields import NonNegativeMoney
from streams.events.outputs import Stage
from streams.events.portfolio import ProposalDecided, ReserveStated, StageSignedOff
from streams.portfolio import playbook, stages
from streams.portfolio.indicators import Figure
from streams.portfolio.stages import BELOW, LEVEL, SIGNED, StageState
from tests.portfolio.builders import Days

PLAN = shipped_playbook()
#: The same plan with short periods, so that short histories reach every stage.
QUICK = structs.replace(
    PLAN,
    periods=playbook.Periods(
        enter={"WATCH": 1, "CONTAIN": 2, "CRISIS": 2},
        leave={"WATCH": 2, "CONTAIN": 2, "CRISIS": 2, "RECOVERY": 2},
    ),
)
NONE = Figure(0, 0, 0, 0, 0)


def day_with(*ids: str) -> dict[str, Figure]:
    """Figures on which exactly these triggers, and what they need, hold."""
    figures: dict[str, Figure] = {}
    for trigger in PLAN.triggers:
        if trigger.id in ids:
            value = trigger.above_ppm if trigger.above_ppm is not None else trigger.below_ppm
            assert value is not None
            figures[trigger.indicator] = Figure(value, value, value, 1_000, 10_000)
            for name, level in trigger.also.items():
                figures.setdefault(name, Figure(level, level, level, 1_000, 10_000))
    return figures


CALM, WATCH = day_with(), day_with("new-miss-drift")
CONTAIN, CRISIS = day_with("past-due-90-average-contain"), day_with("past-due-90-average-crisis")


def run(state: StageState, days: list[dict[str, Figure]], *, signs: bool = False) -> list[Stage]:
    """The stage after each day."""
    seen = []
    for number, figures in enumerate(days):
        stages.look(state, QUICK, figures, whole=True)
        if signs:
            stages.sign_off(state, state.stage, "chief risk officer")
        stages.step(state, QUICK, number)
        seen.append(state.stage)
    return seen


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([CALM, WATCH, CONTAIN, CRISIS]), st.booleans()), max_size=60))
def test_never_a_double_step_back_and_no_exit_without_a_person(
    history: list[tuple[dict[str, Figure], bool]],
) -> None:
    """Whatever happens: down only to the next lower stage, and from CONTAIN, CRISIS and RECOVERY only when signed."""
    state = StageState()
    for number, (figures, signs) in enumerate(history):
        stages.look(state, QUICK, figures, whole=True)
        if signs:
            stages.sign_off(state, state.stage, "chief risk officer")
        signed = bool(state.signed_by)
        before = stages.step(state, QUICK, number)
        after = state.stage
        if LEVEL[after] < LEVEL[before] or (before, after) == ("CONTAIN", "RECOVERY"):
            assert after == BELOW[before]
            assert signed or before not in SIGNED
        if after != before:
            assert state.signed_by == ""


def test_one_hard_or_two_soft_triggers() -> None:
    """A hard one enters; one soft one does not; two do."""
    soft = [t.id for t in PLAN.triggers if t.stage == "WATCH" and t.strength == "SOFT" and t.above_ppm is not None]

    assert run(StageState(), [WATCH]) == ["WATCH"]
    assert run(StageState(), [day_with(soft[0])] * 3) == ["NORMAL"] * 3
    assert run(StageState(), [day_with(*soft[1:3])]) == ["WATCH"]


def test_the_way_up_and_down() -> None:
    """Up at once as far as it goes; down step by step, each after its own quiet days."""
    seen = run(StageState(), [CRISIS, CRISIS, *[CALM] * 7], signs=True)

    assert seen == ["WATCH", "CRISIS", "CRISIS", "RECOVERY", "RECOVERY", "WATCH", "WATCH", "NORMAL", "NORMAL"]


def test_crisis_waits_for_a_person() -> None:
    """Quiet for as long as one likes: without a signature it stays."""
    assert set(run(StageState(), [CRISIS, CRISIS, *[CALM] * 50])[1:]) == {"CRISIS"}


def test_a_signature_is_for_the_stage_it_names() -> None:
    """Signing off WATCH, or a stage that is not the present one, does nothing."""
    state = StageState(stage="CRISIS")

    assert not stages.sign_off(state, "CONTAIN", "someone")
    assert not stages.sign_off(StageState(stage="WATCH"), "WATCH", "someone")
    assert stages.sign_off(state, "CRISIS", "someone")


def test_recovery_relapses() -> None:
    """From RECOVERY triggers lead back to CONTAIN or CRISIS."""
    assert run(StageState(stage="RECOVERY"), [CONTAIN] * 2)[-1] == "CONTAIN"
    assert run(StageState(stage="RECOVERY"), [CRISIS] * 2)[-1] == "CRISIS"


def test_a_trigger_needs_counts_and_certainty_and_stops_past_its_exit() -> None:
    """Hysteresis: it starts at the lower limit of the interval, and ends only when the value is back past the exit."""
    trigger = next(t for t in PLAN.triggers if t.id == "past-due-90-average-contain")
    assert trigger.above_ppm is not None
    over = trigger.above_ppm + 1

    assert stages.holds(trigger, Figure(over, over, over, 50, 1_000), held=False)
    assert not stages.holds(trigger, Figure(over, over - 2, over, 50, 1_000), held=False)
    assert not stages.holds(trigger, Figure(over, over, over, 7, 7), held=False)
    assert stages.holds(trigger, Figure(trigger.exit_ppm + 1, 0, over, 50, 1_000), held=True)
    assert not stages.holds(trigger, Figure(trigger.exit_ppm, 0, over, 50, 1_000), held=True)


ENVELOPE = {"schema_version": 1, "source": "test", "occurred_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}


def said(name: str, day: int) -> dict[str, object]:
    """An envelope."""
    return {**ENVELOPE, "event_id": name, "idempotency_key": name, "business_date": dt.date.fromordinal(day)}


def test_reserves_stages_proposals_and_sign_off_end_to_end() -> None:
    """A reserve that does not cover the loss: CRISIS with proposals; decided, topped up and signed, it goes to RECOVERY."""
    days = Days({"N": 3_000})
    days.monitor._playbook = structs.replace(QUICK, views=())
    days.monitor.hear(ReserveStated(**said("r1", days.day), reserve=NonNegativeMoney(100, "CNY")))  # type: ignore[arg-type]
    days.live(3, lambda region: 0.05)

    alert = days.alerts[-1]
    assert (alert.kind, alert.stage, alert.sign_off_required, alert.coverage_bps) == ("STAGE", "CRISIS", True, 0)
    assert {p.area for p in alert.proposals if p.state == "PROPOSED"} == {
        *("CREDIT", "RESERVES", "ASSETS", "COLLECTIONS", "COMMUNICATION")
    }
    assert all(p.owner and p.due_on > alert.business_date for p in alert.proposals if p.state == "PROPOSED")

    first = next(p for p in alert.proposals if p.state == "PROPOSED")
    decided = ProposalDecided(
        **said("p1", days.day),  # type: ignore[arg-type]
        segment="CNY",
        proposal_id=first.proposal_id,
        decision="ENACTED",
        decided_by="board",
    )
    days.monitor.hear(decided)
    days.monitor.hear(ReserveStated(**said("r2", days.day), reserve=NonNegativeMoney(10**12, "CNY")))  # type: ignore[arg-type]
    days.live(10, lambda region: 0.05)

    assert days.alerts[-1].proposals[0].state == "ENACTED"
    assert days.monitor.book.parts["CNY"].stage.stage == "CRISIS"

    days.monitor.hear(StageSignedOff(**said("s1", days.day), segment="CNY", stage="CRISIS", signed_by="board"))  # type: ignore[arg-type]
    days.live(1, lambda region: 0.05)
    days.live(1, lambda region: 0.05)

    assert str(days.monitor.book.parts["CNY"].stage.stage) == "RECOVERY"


def test_a_reserve_in_another_currency_covers_nothing() -> None:
    """Coverage is of one currency; a reserve in dollars says nothing of a book in yuan."""
    days = Days({"N": 3_000})
    days.monitor.hear(ReserveStated(**said("r1", days.day), reserve=NonNegativeMoney(1, "USD")))  # type: ignore[arg-type]
    days.live(10, lambda region: 0.05)

    assert "coverage" not in days.monitor.book.parts["CNY"].figures
    assert days.alerts == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('indicator = "coverage"', 'indicator = "mood"', "no indicator 'mood'"),
        ("exit_ppm = 1_000_000\ncount_min", "exit_ppm = 9_000_000\ncount_min", "must not be above"),
        ("enter = { WATCH = 3,", "enter = {", "could never be entered"),
        ('"product", "vintage"', '"product", "zodiac"', "no dimension 'zodiac'"),
        ("below_ppm = 700_000", "below_ppm = 700_000\nabove_ppm = 950_000", "one of the two"),
        ("loans_min = 50", "loans_min = 50\nsurprise = 1", "surprise"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(old: str, new: str, words: str) -> None:
    """With a sentence that names what is wrong."""
    text = files("streams.portfolio").joinpath("playbooks", "installment-2026.1.toml").read_text(encoding="utf-8")
    assert old in text

    with pytest.raises(ValueError, match=words):
        playbook.load(text.replace(old, new))

"""The stage of stress of a part of the book, one closed day after another.

    NORMAL -> WATCH -> CONTAIN -> CRISIS      up as far as triggers say, at once
    CRISIS -> RECOVERY -> WATCH -> NORMAL     down one step at a time
    CONTAIN -> WATCH

Rule 1: a stage is entered when one hard trigger or two soft triggers for it (or for a worse one) held on k days in a row.
Rule 2: it is left for the next lower one when they were quiet on m days in a row; the count then begins anew, so there is
never a double step back.
Rule 3: CONTAIN, CRISIS and RECOVERY are left only if a person has signed that off. A signature is for one exit, of the
stage in which it was given; it lapses when the stage changes.
Rule 4: a day inside a data or rail incident counts for nothing: no step, no count.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from streams.events.outputs import Stage
from streams.portfolio.indicators import Figure
from streams.portfolio.playbook import EntryStage, Playbook, Trigger

LEVEL: dict[Stage, int] = {"NORMAL": 0, "WATCH": 1, "CONTAIN": 2, "RECOVERY": 2, "CRISIS": 3}
BELOW: dict[Stage, Stage] = {"CRISIS": "RECOVERY", "RECOVERY": "WATCH", "CONTAIN": "WATCH", "WATCH": "NORMAL"}
SIGNED: frozenset[Stage] = frozenset(("CONTAIN", "CRISIS", "RECOVERY"))
ENTERED: tuple[EntryStage, ...] = ("CRISIS", "CONTAIN", "WATCH")


class StageState(Struct):
    """Where a part stands.

    Attributes:
        stage: the present stage.
        since: the day it was entered (ordinal; 0 at the beginning).
        held: triggers that hold, by id, in the order of the playbook: once holding, a trigger stops only past its exit threshold.
        days: for how many days in a row each stage's entry condition held.
        quiet: for how many days in a row nothing spoke for the present stage.
        signed_by: who signed off the exit from the present stage; empty for nobody.
    """

    stage: Stage = "NORMAL"
    since: int = 0
    held: list[str] = field(default_factory=list)
    days: dict[EntryStage, int] = field(default_factory=dict)
    quiet: int = 0
    signed_by: str = ""


def holds(trigger: Trigger, figure: Figure | None, *, held: bool) -> bool:
    """Whether a trigger holds today.

    A new one needs enough loans and certainty; one that held yesterday goes on until its value is past the exit.
    """
    if figure is None or figure.of < max(1, trigger.count_min):
        return False
    if trigger.above_ppm is not None:
        return figure.value_ppm > trigger.exit_ppm if held else figure.low_ppm >= trigger.above_ppm
    assert trigger.below_ppm is not None, "a trigger has one of two thresholds"
    return figure.value_ppm < trigger.exit_ppm if held else figure.high_ppm <= trigger.below_ppm


def look(state: StageState, playbook: Playbook, figures: Mapping[str, Figure], *, whole: bool) -> None:
    """Find which triggers hold."""
    state.held = [
        trigger.id
        for trigger in playbook.triggers
        if (whole or not trigger.whole)
        and holds(trigger, figures.get(trigger.indicator), held=trigger.id in state.held)
        and all(name in figures and figures[name].value_ppm >= level for name, level in trigger.also.items())
    ]


def speaks_for(state: StageState, playbook: Playbook, stage: Stage) -> bool:
    """Whether one hard or two soft triggers hold for a stage or a worse one."""
    level = LEVEL[stage]
    strengths = [t.strength for t in playbook.triggers if t.id in state.held and LEVEL[t.stage] >= level]
    return "HARD" in strengths or len(strengths) >= 2


def step(state: StageState, playbook: Playbook, day: int) -> Stage:
    """Let one closed day pass, after `look`; changes the state. Returns the stage before."""
    before = state.stage
    for stage in ENTERED:
        state.days[stage] = state.days.get(stage, 0) + 1 if speaks_for(state, playbook, stage) else 0
    for stage in ENTERED:
        relapse = state.stage == "RECOVERY" and stage == "CONTAIN"
        worse = LEVEL[stage] > LEVEL[state.stage] or relapse
        if worse and state.days[stage] >= playbook.periods.enter[stage]:
            _enter(state, stage, day)
            return before
    if state.stage == "NORMAL":
        return before
    state.quiet = 0 if speaks_for(state, playbook, state.stage) else state.quiet + 1
    if state.quiet >= playbook.periods.leave[state.stage] and (state.signed_by or state.stage not in SIGNED):
        _enter(state, BELOW[state.stage], day)
    return before


def sign_off(state: StageState, stage: Stage, signed_by: str) -> bool:
    """A person allows the exit from a stage. Returns whether it is the present one; otherwise nothing is signed."""
    if stage != state.stage or stage not in SIGNED:
        return False
    state.signed_by = signed_by
    return True


def _enter(state: StageState, stage: Stage, day: int) -> None:
    state.stage, state.since, state.quiet, state.signed_by = stage, day, 0, ""

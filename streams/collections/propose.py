"""Proposes measures: which stage a borrower is at today, which measures the gate permits there, and one of them.

Pure: the same plan, situation, facts, packs and instant give the same proposals. People and dialers act on proposals
and answer on `contacts`; before acting they ask the gate again, because facts change.

Rule 1: the most severe open stage is the target, and one stage at a time is climbed: stage n needs stage n - 1 to have
been proposed in this spell, `after_previous_days` ago (see `progress`).
Rule 2: the gate is asked about every measure of a stage; the choice is made among those it allows at once or while the
proposal is still valid (a day ends at night, so the preferred measure is often allowed only next morning).
Rule 3: only a reminder before the due date is ever withheld for a hold-out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.collections.choice import FIXED, FIXED_ORDER, HOLDOUT, PPM, Choice, MeasureScores, choose, held_out
from streams.collections.facts import DENIED, Facts, StageMark
from streams.collections.gate import Decision, evaluate
from streams.collections.instants import token
from streams.collections.packs import Pack
from streams.collections.plans import FORBEARANCE_OFFER, Measure, Plan, StageStep, Step, steps_of
from streams.collections.progress import (
    Withdrawal,
    due_day,
    mark_of,
    reached_index,
    reserved,
    standing_marks,
    taken_back,
)
from streams.collections.promises import open_promise
from streams.collections.proposal import Proposal, Weighed, only_consent
from streams.collections.rules.base import Action
from streams.collections.situation import Situation
from streams.collections.terms import Purpose, Stage, Verdict


class _Day(Struct, frozen=True, gc=False):
    """Everything one borrower's proposals of one day are made from."""

    plan: Plan
    situation: Situation
    facts: Facts
    packs: Sequence[Pack]
    instant: dt.datetime
    scores: MeasureScores


def propose(
    plan: Plan,
    situation: Situation,
    facts: Facts,
    packs: Sequence[Pack],
    instant: dt.datetime,
    scores: MeasureScores = FIXED_ORDER,
) -> tuple[Proposal, ...]:
    """What to do about one borrower today; empty when nothing is due.

    Args:
        plan: of the borrower's product.
        situation: on this business day.
        facts: about the borrower; fold the result back with `record`.
        packs: policy packs in force; the strictest wins.
        instant: when the proposal would be carried out at the earliest, with a UTC offset.
        scores: learned scores of measures.

    Raises:
        NaiveInstantError: `instant` has no offset.
    """
    made: list[Proposal] = []
    for number, (name, step) in enumerate(_open_steps(plan, situation, facts)):
        day = _Day(plan, situation, facts, packs, instant, scores)
        proposal = _proposal(day, name, step, f"{situation.position}-{number}")
        facts = reserved(facts, proposal)  # the next proposal of the day counts this one
        made.append(proposal)
    return tuple(made)


def withdraw_refused(
    plan: Plan, situation: Situation, facts: Facts, packs: Sequence[Pack], instant: dt.datetime
) -> tuple[Facts, tuple[Withdrawal, ...]]:
    """Take back what stands and what the gate now refuses: since it was proposed, a hold may have been set."""
    found: list[Withdrawal] = []
    for mark in standing_marks(facts, situation.business_day, plan):
        measure, purpose = _proposed(plan, situation, facts, mark)
        if measure is None:
            continue
        decision = evaluate(_action(measure, purpose, situation, mark.action), facts, packs, instant)
        if decision.verdict is Verdict.DENY:
            found.append(Withdrawal(mark.action, mark.name, "REFUSED", decision.rule_ids))
    return taken_back(facts, found)


def _proposed(plan: Plan, situation: Situation, facts: Facts, mark: StageMark) -> tuple[Measure | None, Purpose]:
    """Which measure stands, by the place held for it (a placement or review holds none and is the only one), and why."""
    measures = steps_of(plan)[mark.name].measures
    purpose = _purpose(mark.name, situation)
    key = token(mark.action)
    held = [attempt.channel for attempt in facts.attempts if attempt.key == key and attempt.expires_us]
    for measure in measures:
        if held and measure.kind == held[0]:
            return measure, purpose
    return measures[0] if len(measures) == 1 else None, purpose


def _purpose(name: str, situation: Situation) -> Purpose:
    if name == FORBEARANCE_OFFER:
        return Purpose.FORBEARANCE
    return Purpose.REMIND if situation.is_clear else Purpose.COLLECT


def _open_steps(plan: Plan, situation: Situation, facts: Facts) -> list[tuple[str, Step]]:
    attempts = sum(facts.made.values())
    steps: list[tuple[str, Step]] = []
    offer = plan.forbearance_offer
    if offer is not None and offer.is_open(situation, attempts) and _is_due(FORBEARANCE_OFFER, offer, situation, facts):
        steps.append((FORBEARANCE_OFFER, offer))
    stage = _next_stage(plan, situation, facts, attempts)
    if stage is not None:
        steps.append((stage.stage, stage))
    return steps


def _next_stage(plan: Plan, situation: Situation, facts: Facts, attempts: int) -> StageStep | None:
    if plan.promise_pauses and open_promise(facts, situation.business_day):
        return None
    target = len(plan.stages) - 1
    while target >= 0 and not plan.stages[target].is_open(situation, attempts):
        target -= 1
    if target < 0:
        return None
    reached = reached_index(facts, plan)
    climbs = target > reached and _may_climb(plan, reached, situation, facts)
    step = plan.stages[reached + 1] if climbs else plan.stages[min(target, reached)]
    return step if _is_due(step.stage, step, situation, facts) else None


def _may_climb(plan: Plan, reached: int, situation: Situation, facts: Facts) -> bool:
    if reached < 0:
        return True
    mark = mark_of(facts, plan.stages[reached].stage)
    step = plan.stages[reached + 1]
    return mark is None or mark.closed or situation.business_day >= mark.first_day + step.after_previous_days


def _is_due(name: str, step: Step, situation: Situation, facts: Facts) -> bool:
    """Whether the step was neither proposed nor refused within its `repeat_days`, and no proposal of it stands."""
    names = (name, name + DENIED)
    day = situation.business_day
    return not [mark for mark in facts.stages if mark.name in names and day < due_day(mark, step)]


def _proposal(day: _Day, name: str, step: Step, action_id: str) -> Proposal:
    purpose = _purpose(name, day.situation)
    actions = [(measure, _action(measure, purpose, day.situation, action_id)) for measure in step.measures]
    judged = [(measure, evaluate(action, day.facts, day.packs, day.instant)) for measure, action in actions]
    measure, decision, choice = _choose(judged, day, step.valid_days)
    others = tuple([Weighed(other.kind, other.actor, said) for other, said in judged if other is not measure])
    withheld = _is_withheld(day, name)
    not_before = decision.until or decision.at
    return Proposal(
        action_id=action_id,
        stage=name,
        kind=measure.kind,
        actor=measure.actor,
        purpose=purpose,
        template=measure.template,
        loan_id=day.situation.loan_id,
        reasons=_reasons(day.situation, day.facts),
        priority=step.priority,
        not_before=not_before,
        expires_at=not_before + dt.timedelta(days=step.valid_days),
        decision=decision,
        choice=replace(choice, policy=HOLDOUT) if withheld else choice,
        plan=day.plan.label,
        withheld=withheld,
        alternatives=others,
    )


def _is_withheld(day: _Day, name: str) -> bool:
    early = name == Stage.REMINDER and day.situation.is_clear
    return early and held_out(day.situation.borrower_id, day.plan.holdout_ppm, day.plan.plan)


def _action(measure: Measure, purpose: Purpose, situation: Situation, action_id: str) -> Action:
    return Action(
        kind=measure.kind,
        actor=measure.actor,
        purpose=purpose,
        loan_id=situation.loan_id,
        action_id=action_id,
        staff_count=measure.staff_count,
        disclosures=measure.disclosures,
        content=measure.content,
        owed_minor=situation.arrears_minor,
        currency=situation.currency,
    )


Judged = tuple[Measure, Decision]


def _choose(judged: Sequence[Judged], day: _Day, valid_days: int) -> tuple[Measure, Decision, Choice]:
    """One of the measures allowed while the proposal is valid, else the one allowed soonest, else a refused one.

    Of the refused ones, one that something else than the borrower's own word refuses, if there is any.
    """
    by_kind = {measure.kind: (measure, decision) for measure, decision in judged}
    allowed = [measure.kind for measure, decision in judged if _is_allowed_within(decision, valid_days)]
    if allowed:
        scores = day.scores if day.plan.measure_choice == "LEARNED" else FIXED_ORDER
        floor_ppm = day.plan.exploration_floor_ppm
        choice = choose(scores, day.situation.segment, allowed, day.situation.position, floor_ppm)
        return (*by_kind[choice.measure], choice)
    waits = [(decision.until, n) for n, (_, decision) in enumerate(judged) if decision.until is not None]
    refused = next((pair for pair in judged if not only_consent(pair[1])), judged[0])
    measure, decision = judged[min(waits)[1]] if waits else refused
    return measure, decision, Choice(measure.kind, PPM, FIXED)


def _is_allowed_within(decision: Decision, days: int) -> bool:
    if decision.until is None:
        return decision.verdict is Verdict.ALLOW
    return decision.until - decision.at <= dt.timedelta(days=days)


def _reasons(situation: Situation, facts: Facts) -> tuple[str, ...]:
    reasons = [f"tier={situation.tier}", f"days_past_due={situation.days_past_due}"]
    if situation.arrears_minor:
        reasons.append(f"arrears_minor={situation.arrears_minor}")
    if situation.broken_promises:
        reasons.append(f"broken_promises={situation.broken_promises}")
    if situation.is_clear and situation.next_due_day:
        reasons.append(f"days_to_due={situation.next_due_day - situation.business_day}")
    attempts = sum(facts.made.values())
    if attempts:
        reasons.append(f"attempts={attempts}")
    return tuple(reasons)

"""A borrower's progress on the ladder: stages proposed in this spell, reserved attempts, measures on trial.

Rule 1: a stage counts as proposed when a measure of it was allowed or deferred, or when the borrower has closed all its
channels. A stage that a hold forbids does not count: a dispute is not a staircase.
Rule 2: nothing owed is a clear state: the marks of the spell go, except a reminder's, so that it is not sent twice.
Rule 3: an allowed contact holds a place in every count until it is carried out or lapses.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.collections.facts import DENIED, TRIALS_MAX, Attempt, Facts, StageMark, Trial
from streams.collections.fold import prune, with_attempt
from streams.collections.instants import to_us, token
from streams.collections.plans import FORBEARANCE_OFFER, LoadedPlan, Plan, StageStep
from streams.collections.proposal import Proposal, only_consent
from streams.collections.situation import Situation
from streams.collections.terms import CONTACT_KINDS, Stage, Verdict
from streams.collections.trials import NO_MEASURE

#: A reminder's mark outlives the spell so long: more than any sensible repeat, less than a quarter.
REMINDER_KEPT_DAYS = 60


def stage_of(facts: Facts, plan: Plan) -> Stage:
    """The most severe stage reached in this spell without a gap; CLEAR when none."""
    reached = reached_index(facts, plan)
    return plan.stages[reached].stage if reached >= 0 else Stage.CLEAR


def record(facts: Facts, situation: Situation, proposals: Sequence[Proposal]) -> Facts:
    """The facts after proposals were made: marks of stages, reserved attempts, measures whose effect is awaited.

    Call it on every business day that is looked at, also with no proposals: it clears the spell when nothing is owed.
    """
    facts = prune(facts, situation.business_day)
    if situation.is_clear:
        facts = _cleared(facts, situation)
    for proposal in proposals:
        facts = _recorded(facts, situation, proposal)
    return facts


def next_wake_day(loaded: LoadedPlan, situation: Situation, facts: Facts) -> int:
    """The next day on which the plan could propose something new if nothing happens; 0 when there is none.

    Thresholds of days past due are anchored to the oldest unmet due date, so a caller that looks on these days, in
    order, skips no stage however long it was down.
    """
    today = situation.business_day
    days = _due_days(loaded, situation) + _marked_days(loaded.plan, facts)
    return min([day for day in days if day > today], default=0)


def _due_days(loaded: LoadedPlan, situation: Situation) -> list[int]:
    """Days on which a threshold counted from the oldest unmet due date, or from the next one, is reached."""
    due_day = situation.next_due_day
    if situation.days_past_due:
        oldest_day = situation.business_day - situation.days_past_due
        return [oldest_day + offset for offset in loaded.overdue_offsets]
    return [due_day + offset for offset in (*loaded.early_offsets, *loaded.overdue_offsets)] if due_day else []


def _marked_days(plan: Plan, facts: Facts) -> list[int]:
    """Days that follow from what was proposed, promised or held."""
    days = [promise.due_day + 1 for promise in facts.promises]
    days += [hold.until_day for hold in facts.holds]
    if facts.stages:
        days += [mark.last_day + _repeat_days(plan, mark.name) for mark in facts.stages]
        days += [mark.first_day + step.after_previous_days for mark, step in _successors(plan, facts)]
    return days


def _repeat_days(plan: Plan, name: str) -> int:
    offer, name = plan.forbearance_offer, name.removesuffix(DENIED)
    if name == FORBEARANCE_OFFER:
        return offer.repeat_days if offer is not None else 0
    return next((step.repeat_days for step in plan.stages if step.stage == name), 0)


def _successors(plan: Plan, facts: Facts) -> list[tuple[StageMark, StageStep]]:
    marks = {mark.name: mark for mark in facts.stages}
    pairs = zip(plan.stages, plan.stages[1:], strict=False)
    return [(marks[before.stage], after) for before, after in pairs if before.stage in marks]


def mark_of(facts: Facts, name: str) -> StageMark | None:
    """The mark of a stage or offer in this spell, if it was proposed."""
    return next((mark for mark in facts.stages if mark.name == name), None)


def reached_index(facts: Facts, plan: Plan) -> int:
    """Index of the most severe stage marked without a gap below it; -1 when none."""
    reached = -1
    for index, step in enumerate(plan.stages):
        if mark_of(facts, step.stage) is None:
            break
        reached = index
    return reached


def _cleared(facts: Facts, situation: Situation) -> Facts:
    """Nothing owed: the spell is over. A reminder's mark stays until it may be repeated, so it is not sent twice."""
    kept = tuple(
        [
            m
            for m in facts.stages
            if m.name == Stage.REMINDER and situation.business_day - m.last_day < REMINDER_KEPT_DAYS
        ]
    )
    if kept == facts.stages and not facts.made:
        return facts
    return replace(facts, stages=kept, made={})


def _recorded(facts: Facts, situation: Situation, proposal: Proposal) -> Facts:
    if proposal.decision.verdict is Verdict.DENY:
        closed = _closed(proposal)
        name = proposal.stage if closed else proposal.stage + DENIED
        return _marked(facts, name, situation.business_day, closed=closed)
    day = max(situation.business_day, proposal.not_before.date().toordinal())
    facts = _marked(facts, proposal.stage, day, closed=False)
    if len(facts.trials) < TRIALS_MAX:
        facts = replace(facts, trials=(*facts.trials, _trial(situation, proposal)))
    return reserved(facts, proposal)


def _trial(situation: Situation, proposal: Proposal) -> Trial:
    return Trial(
        day=situation.business_day,
        action_id=proposal.action_id,
        segment=situation.segment,
        measure=NO_MEASURE if proposal.withheld else proposal.kind,
        permitted=tuple(proposal.choice.permitted),
        propensity_ppm=proposal.choice.propensity_ppm,
        policy=proposal.choice.policy,
        early=situation.is_clear,
    )


def _closed(proposal: Proposal) -> bool:
    """Whether only the borrower's own word about channels stands in the way."""
    return only_consent(proposal.decision)


def _marked(facts: Facts, name: str, day: int, *, closed: bool) -> Facts:
    known = mark_of(facts, name)
    if known is None:
        return replace(facts, stages=(*facts.stages, StageMark(name, day, day, 1, closed)))
    mark = StageMark(name, known.first_day, max(day, known.last_day), known.count + 1, closed)
    return replace(facts, stages=tuple([mark if m is known else m for m in facts.stages]))


def reserved(facts: Facts, proposal: Proposal) -> Facts:
    """The facts with a place held for a contact that was allowed or deferred, until it is carried out or lapses."""
    refused = proposal.withheld or proposal.decision.verdict is Verdict.DENY
    if refused or proposal.kind not in CONTACT_KINDS:
        return facts
    return with_attempt(
        facts,
        Attempt(
            key=token(proposal.action_id),
            at_us=to_us(proposal.not_before),
            channel=proposal.kind,
            debt=token(proposal.loan_id),
            expires_us=to_us(proposal.expires_at),
        ),
    )

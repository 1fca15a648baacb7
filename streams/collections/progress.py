"""A borrower's progress on the ladder: stages proposed in this spell, reserved attempts, measures on trial.

Rule 1: a stage counts as proposed when a measure of it was allowed or deferred, or when the borrower has closed all its
channels. A stage that a hold forbids does not count: a dispute is not a staircase.
Rule 2: nothing owed is a clear state: the marks of the spell go, except a reminder's, so that it is not sent twice.
Rule 3: an allowed contact holds a place in every count until it is carried out or lapses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from streams.collections.facts import DENIED, TRIALS_MAX, Attempt, Facts, StageMark, Trial
from streams.collections.fold import prune, with_attempt
from streams.collections.instants import to_us, token
from streams.collections.plans import FORBEARANCE_OFFER, LoadedPlan, Plan, Step, followers_of, steps_of
from streams.collections.promises import open_promise
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
    next_day = situation.next_due_day
    if situation.is_written_off:
        return []
    if situation.days_past_due:
        oldest_day = situation.business_day - situation.days_past_due
        return [oldest_day + offset for offset in loaded.overdue_offsets]
    return [next_day + offset for offset in (*loaded.early_offsets, *loaded.overdue_offsets)] if next_day else []


def _marked_days(plan: Plan, facts: Facts) -> list[int]:
    """Days that follow from what was proposed, promised or held."""
    days = [promise.due_day + 1 for promise in facts.promises] if facts.promises else []
    for hold in facts.holds:
        days += (hold.from_day, hold.until_day)
    steps, followers = steps_of(plan), followers_of(plan)
    for mark in facts.stages:
        name = mark.name
        step = steps.get(name.removesuffix(DENIED))
        if step is not None:
            days.append(due_day(mark, step))
        if name in followers:
            days.append(mark.first_day + followers[name].after_previous_days)
    return days


def due_day(mark: StageMark, step: Step) -> int:
    """The day from which a step that was proposed may be proposed again.

    `repeat_days` after it was proposed or carried out; and while a proposal stands, because nobody has carried it out
    yet, not before it lapses: a person's list holds one entry for it, not one for each day that nobody got to it.
    """
    return mark.last_day + (max(step.repeat_days, step.valid_days) if mark.action else step.repeat_days)


Cause = Literal["NOTHING_OVERDUE", "PROMISE_OPEN", "FROZEN", "REFUSED"]


class Withdrawal(Struct, frozen=True, gc=False):
    """A proposal that stood, and is no longer wanted; `rule_ids` are those by which the gate now refuses it."""

    action_id: str
    stage: str
    cause: Cause
    rule_ids: tuple[str, ...] = ()


def withdraw(facts: Facts, situation: Situation, plan: Plan) -> tuple[Facts, tuple[Withdrawal, ...]]:
    """Take back what stands and is no longer wanted; the places held for it are free again.

    Once nothing is overdue that is all but an early reminder; while a promise to pay is open, the ladder's proposals.
    """
    if not facts.stages:
        return facts, ()
    paused = plan.promise_pauses and open_promise(facts, situation.business_day)
    if not situation.is_clear and not paused:
        return facts, ()
    early = {trial.action_id for trial in facts.trials if trial.early}
    standing = [
        mark
        for mark in standing_marks(facts, situation.business_day, plan)
        if (mark.action not in early if situation.is_clear else mark.name != FORBEARANCE_OFFER)
    ]
    cause: Cause = "NOTHING_OVERDUE" if situation.is_clear else "PROMISE_OPEN"
    return taken_back(facts, [Withdrawal(mark.action, mark.name, cause) for mark in standing])


def withdraw_frozen(facts: Facts, business_day: int, plan: Plan) -> tuple[Facts, tuple[Withdrawal, ...]]:
    """Take back all that stands, because nobody may be asked for money while an incident lasts."""
    standing = standing_marks(facts, business_day, plan)
    return taken_back(facts, [Withdrawal(mark.action, mark.name, "FROZEN") for mark in standing])


def standing_marks(facts: Facts, business_day: int, plan: Plan) -> list[StageMark]:
    """Steps whose proposal neither was carried out nor has lapsed."""
    steps = steps_of(plan)
    marks = [mark for mark in facts.stages if mark.action and mark.name in steps]
    return [mark for mark in marks if business_day <= mark.last_day + steps[mark.name].valid_days]


def taken_back(facts: Facts, found: Sequence[Withdrawal]) -> tuple[Facts, tuple[Withdrawal, ...]]:
    """The facts without these proposals and the places held for them."""
    if not found:
        return facts, ()
    gone = {each.action_id for each in found}
    keys = {token(action_id) for action_id in gone}
    stages = tuple([replace(mark, action="") if mark.action in gone else mark for mark in facts.stages])
    attempts = tuple([a for a in facts.attempts if not (a.expires_us and a.key in keys)])
    return replace(facts, stages=stages, attempts=attempts), tuple(found)


def mark_of(facts: Facts, name: str) -> StageMark | None:
    """The mark of a stage or offer in this spell, if it was proposed."""
    for mark in facts.stages:
        if mark.name == name:
            return mark
    return None


def reached_index(facts: Facts, plan: Plan) -> int:
    """Index of the most severe stage marked without a gap below it; -1 when none."""
    marked = {mark.name for mark in facts.stages}
    reached = -1
    for step in plan.stages:
        if step.stage not in marked:
            break
        reached += 1
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
        return _marked(facts, name, situation.business_day, "", closed=closed)
    day = max(situation.business_day, proposal.not_before.date().toordinal())
    action = "" if proposal.withheld else proposal.action_id
    facts = _marked(facts, proposal.stage, day, action, closed=False)
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


def _marked(facts: Facts, name: str, day: int, action: str, *, closed: bool) -> Facts:
    known = mark_of(facts, name)
    if known is None:
        return replace(facts, stages=(*facts.stages, StageMark(name, day, day, 1, closed, action)))
    mark = StageMark(name, known.first_day, max(day, known.last_day), known.count + 1, closed, action)
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

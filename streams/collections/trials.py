"""What became of the measures that were chosen: cured within the horizon or not. This is what the bandit learns from.

Rule 1: by intention. A measure counts as tried when it was proposed, whether or not somebody carried it out; that is
the question a plan asks, and it needs no report to be complete.
Rule 2: an overdue borrower is cured as soon as nothing is overdue; an early reminder is judged only when its horizon is
over, because nothing was overdue to begin with.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from streams.collections.facts import Facts, Trial
from streams.collections.situation import Situation

#: Stands in for the measure of a borrower in the hold-out.
NO_MEASURE = "NONE"
#: Two weeks: long enough for a payday, short enough that a measure still explains the payment.
HORIZON_DAYS = 14


class TrialOutcome(Struct, frozen=True, gc=False):
    """A trial and its outcome, for learning and for offline evaluation."""

    trial: Trial
    cured: bool
    closed_day: int


def mature(
    facts: Facts, situation: Situation, horizon_days: int = HORIZON_DAYS
) -> tuple[Facts, tuple[TrialOutcome, ...]]:
    """The facts without the trials whose outcome is known today, and those outcomes, oldest first.

    Args:
        facts: before; call this before `progress.record` of the same day.
        situation: on this business day.
        horizon_days: days within which a measure must have worked.
    """
    if not facts.trials:
        return facts, ()
    outcomes = [_outcome(trial, situation) for trial in facts.trials if _is_known(trial, situation, horizon_days)]
    if not outcomes:
        return facts, ()
    known = {outcome.trial.action_id for outcome in outcomes}
    left = tuple([trial for trial in facts.trials if trial.action_id not in known])
    return replace(facts, trials=left), tuple(outcomes)


def _is_known(trial: Trial, situation: Situation, horizon_days: int) -> bool:
    over = situation.business_day >= trial.day + horizon_days
    return over or (situation.is_clear and not trial.early)


def _outcome(trial: Trial, situation: Situation) -> TrialOutcome:
    return TrialOutcome(trial, situation.is_clear, situation.business_day)

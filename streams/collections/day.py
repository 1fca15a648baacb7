"""One borrower's business day at the collections desk: trials that ended, proposals, and when to look again.

This is the one call that the borrower's fold makes; `gate.evaluate` is the other, for an act about to happen.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from streams.collections.facts import Facts
from streams.collections.plans import LoadedPlan, plan_for
from streams.collections.policies import Policies
from streams.collections.progress import Withdrawal, next_wake_day, record, withdraw
from streams.collections.proposal import Proposal
from streams.collections.propose import propose, withdraw_refused
from streams.collections.situation import Situation
from streams.collections.trials import HORIZON_DAYS, TrialOutcome, mature


class Day(Struct, frozen=True, gc=False):
    """What one look at a borrower gave.

    Attributes:
        facts: to keep in the row.
        proposals: to publish, with the gate's decision, also the refused ones.
        withdrawn: proposals of earlier days that are no longer wanted.
        outcomes: to learn from.
        wake_day: look again on this day (ordinal) if nothing happens before; 0 never.
    """

    facts: Facts
    proposals: tuple[Proposal, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    outcomes: tuple[TrialOutcome, ...] = ()
    wake_day: int = 0


def look(policies: Policies, situation: Situation, facts: Facts, instant: dt.datetime) -> Day:
    """Look at one borrower on one business day. Looking twice on a day proposes nothing twice.

    Args:
        policies: in force at this position of the journal.
        situation: of the borrower, today.
        facts: from the row, contact events already folded.
        instant: when a proposal could be carried out at the earliest, with a UTC offset.

    Raises:
        NaiveInstantError: `instant` has no offset.
    """
    loaded = plan_for(policies.plans, situation.product)
    if loaded is not None and _is_calm(loaded, situation, facts):
        return Day(facts, wake_day=next_wake_day(loaded, situation, facts))
    if loaded is None:
        facts, outcomes = mature(facts, situation)
        return Day(facts, (), (), outcomes, _trials_day(facts))
    facts, withdrawn = withdraw(facts, situation, loaded.plan)
    facts, refused = withdraw_refused(loaded.plan, situation, facts, policies.packs, instant)
    facts, outcomes = mature(facts, situation)
    proposals = propose(loaded.plan, situation, facts, policies.packs, instant, policies.scores)
    facts = record(facts, situation, proposals)
    days = [day for day in (next_wake_day(loaded, situation, facts), _trials_day(facts)) if day]
    return Day(facts, proposals, withdrawn + refused, outcomes, min(days, default=0))


def _is_calm(loaded: LoadedPlan, situation: Situation, facts: Facts) -> bool:
    """Nothing overdue, nothing under way, nothing to remind of: most borrowers on most days."""
    under_way = facts.stages or facts.trials or facts.attempts or facts.made
    return situation.is_clear and not under_way and not any(condition.holds(situation, 0) for condition in loaded.early)


def _trials_day(facts: Facts) -> int:
    """The day on which the oldest trial is over; 0 when none is awaited."""
    return min([trial.day + HORIZON_DAYS for trial in facts.trials], default=0)

"""Where collections meets the fold: when the desk looks at a borrower, at which instant, and what it publishes.

Rule 1: the desk never changes what the model says. It has wake days of its own (`Borrower.look_day`), on which nothing
is scored. All that contacts give to the model is the count of broken promises (`promised`).
Rule 2: no clock. An event is looked at as of the instant it names, a day that merely passed as of its start where the
debtor lives; the gate then defers to the first instant that is permitted. Whoever acts asks the gate again.
Rule 3: a look is named by borrower, records so far and business day, so action ids are the same in every replay, and
at any number of partitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from importlib.resources import files

import msgspec

from streams.borrower import actions
from streams.borrower.context import Context, Refused
from streams.borrower.freezes import holds
from streams.borrower.state import Borrower
from streams.collections.choice import MeasureScores
from streams.collections.day import look as look_at
from streams.collections.fold import AHEAD_DAYS_MAX, apply
from streams.collections.instants import DAY_US, day_start_us, from_us, to_us, utc_day_start_us, zones_of
from streams.collections.packs import PolicyError
from streams.collections.plans import Condition, LoadedPlan, plan_for
from streams.collections.policies import LEARNED_SCORES, NO_POLICIES, Policies
from streams.collections.progress import Withdrawal, withdraw_frozen
from streams.collections.situation import Situation
from streams.collections.terms import TIER_RANKS, Tier
from streams.collections.trials import TrialOutcome
from streams.events.contacts import ContactTopicEvent
from streams.events.control import MeasuresActivated, PolicyActivated
from streams.events.envelope import BorrowerEvent
from streams.ledger import Derived, Position, Standing

#: In force until an activation replaces or withdraws them: the lender's own standard, and the plan for every product.
SHIPPED_PACK, SHIPPED_PLAN = "base", "installment"
_SHIPPED = (
    ("pack", "packs", SHIPPED_PACK, "base-2026.1.toml"),
    ("plan", "plans", SHIPPED_PLAN, "installment-2026.1.toml"),
)
#: In a plan: every product without a plan of its own.
EVERY_PRODUCT = "*"
#: A longer borrower id stands in action ids as its hash: an action's id must fit into `ContactAttempted.action_id`.
_OWNER_LENGTH_MAX = 96
_NEVER_DUE = 10**7
_TIERS = tuple(Tier)


@cache
def shipped_policies() -> Policies:
    """What holds before anything was activated: the house pack and the plan that come with Forewarn."""
    policies = NO_POLICIES
    for kind, folder, name, file in _SHIPPED:
        text = files("streams.collections").joinpath(folder, file).read_text(encoding="utf-8")
        policies = policies.activated(kind, name, text)
    return policies


def activated(policies: Policies, event: PolicyActivated) -> Policies:
    """What holds after an activation. A plan of the lender's own for every product takes the place of the shipped one.

    Raises:
        Refused: the text was refused, or two plans name one product; what held before still holds.
    """
    try:
        after = policies.activated(event.kind, event.name, event.text)
    except PolicyError as error:
        reason = f"The {event.kind} {error.name} is refused: {'; '.join(error.problems)}. What held before still holds."
        raise Refused("policy_refused", reason) from error
    if event.kind == "plan":
        shipped = shipped_policies().plans[0].digest
        if any(each.digest != shipped and EVERY_PRODUCT in each.plan.products for each in after.plans):
            after = _without_plan(after, shipped)
        _check_products(after)
    return after


def with_scores(policies: Policies, event: MeasuresActivated) -> Policies:
    """What holds after a table of scores was learned; one that a person activated stays before it."""
    scores = MeasureScores(event.version, event.scores_ppm)
    return policies.activated("scores", LEARNED_SCORES, msgspec.json.encode(scores).decode())


def _without_plan(policies: Policies, digest: str) -> Policies:
    there = any(each.digest == digest for each in policies.plans)
    return policies.activated("plan", SHIPPED_PLAN, "") if there else policies


def _check_products(policies: Policies) -> None:
    plans: dict[str, str] = {}
    for each in policies.plans:
        for product in each.plan.products:
            if product in plans:
                raise Refused(
                    "policy_refused",
                    f"The plans {plans[product]} and {each.plan.label} both name product {product}. Withdraw one of them "
                    "first (activate its name with an empty text), or give the new one its name.",
                )
            plans[product] = each.plan.label


def contacted(borrower: Borrower, event: ContactTopicEvent) -> None:
    """Fold a contact event into the facts."""
    borrower.facts = apply(borrower.facts, event)


def day_instant(day: int) -> dt.datetime:
    """The instant as of which a business day is looked at when nothing but time has passed: its start in UTC."""
    return from_us(utc_day_start_us(day))


def local_day_instant(borrower: Borrower, policies: Policies) -> dt.datetime:
    """When the row's day has begun for the debtor: in every zone they may be in, on file or of the packs in force.

    A day that merely passed, or an event whose sender knows no more than its date, is looked at as of then: at the
    start of the day in UTC it would still be the evening before in the Americas.
    """
    day, facts = borrower.business_day, borrower.facts
    keys = facts.zones or tuple([zone for pack in policies.packs for zone in pack.file.zones])
    return from_us(max([day_start_us(zone, day) for zone in zones_of(keys) or ()], default=utc_day_start_us(day)))


def event_instant(event: BorrowerEvent, today: int) -> dt.datetime:
    """When an event happened; the start of the row's day for a late fact, or where the sender's clock cannot be right."""
    at_us, start_us = to_us(event.occurred_at), utc_day_start_us(today)
    return event.occurred_at if start_us <= at_us < start_us + AHEAD_DAYS_MAX * DAY_US else from_us(start_us)


def look(borrower: Borrower, borrower_id: str, derived: Derived, instant: dt.datetime, context: Context) -> None:
    """Look at the borrower: publish what is proposed, keep what must be remembered, set the day of the next look."""
    borrower.look_day = 0
    lead = _lead(derived.positions)
    if lead is None:
        return
    loaded = plan_for(context.policies.plans, lead.product)
    overdue = derived.standing.days_past_due or derived.standing.arrears_minor
    if overdue and context.freezes and holds(context.freezes, "ESCALATION", borrower.account):
        borrower.look_day = borrower.business_day + 1  # until it is lifted, day after day
        context.count("escalation_frozen")
        if loaded is not None and borrower.facts.stages:
            borrower.facts, withdrawn = withdraw_frozen(borrower.facts, borrower.business_day, loaded.plan)
            _take_back(withdrawn, borrower, borrower_id, context)
        return
    if _is_idle(borrower, derived.standing, loaded):
        return
    situation = _situation(borrower, borrower_id, derived, lead)
    if instant == day_instant(borrower.business_day):
        instant = local_day_instant(borrower, context.policies)
    day = look_at(context.policies, situation, borrower.facts, instant)
    borrower.facts, borrower.look_day = day.facts, day.wake_day
    if day.outcomes:
        _conclude(day.outcomes, borrower_id, borrower.business_day, context)
    _take_back(day.withdrawn, borrower, borrower_id, context)
    for proposal in day.proposals:
        action = actions.published(proposal, borrower_id, borrower.business_day, borrower.sequence, situation.tier)
        context.emit("collection-actions", action)


def _take_back(withdrawn: Sequence[Withdrawal], borrower: Borrower, borrower_id: str, context: Context) -> None:
    for withdrawal in withdrawn:
        gone = actions.withdrawn(withdrawal, borrower_id, borrower.business_day, borrower.sequence)
        context.emit("collection-actions", gone)


def _conclude(outcomes: Sequence[TrialOutcome], borrower_id: str, today: int, context: Context) -> None:
    """Tell the learner what became of measures, unless the day they would count on is closed already."""
    if today < context.closed_day:
        context.count("outcome_too_late")
        return
    for outcome in outcomes:
        context.concluded(actions.concluded(outcome, borrower_id))


def _lead(positions: Sequence[Position]) -> Position | None:
    """The loan that leads: active, with the oldest unmet installment, else the next to fall due."""
    if len(positions) == 1:  # most borrowers
        return positions[0]
    return max(positions, key=lambda p: (p.active, p.days_past_due, -(p.next_due_day or _NEVER_DUE)), default=None)


def _is_idle(borrower: Borrower, standing: Standing, loaded: LoadedPlan | None) -> bool:
    """Nothing overdue, nothing under way, and no reminder can become due before something happens: most borrowers.

    Says no more than `day.look` would, but spares most rows a wake before each due date.
    """
    facts = borrower.facts
    if standing.days_past_due or standing.arrears_minor or facts.stages or facts.trials or facts.attempts or facts.made:
        return False
    if loaded is None or not standing.next_due_day:
        return True
    rose_day = _rose_day(borrower)
    return not any([_may_remind(each, borrower.tier, rose_day, standing.next_due_day) for each in loaded.early])  # noqa: C419


def _may_remind(condition: Condition, tier: int, rose_day: int, due_day: int) -> bool:
    if tier < TIER_RANKS[condition.tier_at_least]:
        return False
    within = condition.tier_rose_within_days
    return within is None or (rose_day > 0 and rose_day + within >= due_day - (condition.days_to_due_at_most or 0))


def _rose_day(borrower: Borrower) -> int:
    """The day on which the tier last rose to where it still stands; 0 if that is long ago or never was."""
    return borrower.alerts[-1].day if borrower.alerts else 0


def _situation(borrower: Borrower, borrower_id: str, derived: Derived, lead: Position) -> Situation:
    standing, today = derived.standing, borrower.business_day
    return Situation(
        borrower_id=borrower_id,
        loan_id=lead.loan_id,
        product=lead.product,
        position=f"{_owner(borrower_id)}/{borrower.sequence}/{today}",
        business_day=today,
        tier=_TIERS[borrower.tier],
        tier_rose_day=_rose_day(borrower),
        probability_ppm=borrower.ppm,
        days_past_due=standing.days_past_due,
        arrears_minor=standing.arrears_minor,
        exposure_minor=standing.exposure_minor,
        currency=derived.currency,
        next_due_day=standing.next_due_day,
        broken_promises=standing.broken_promises,
        is_written_off=standing.written_off and not standing.loans_active,
    )


def _owner(borrower_id: str) -> str:
    if len(borrower_id) <= _OWNER_LENGTH_MAX:
        return borrower_id
    return blake2b(borrower_id.encode(), digest_size=16).hexdigest()

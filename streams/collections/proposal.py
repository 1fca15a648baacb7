"""A proposal: one measure for one borrower, with the gate's decision and everything it rests on."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from streams.collections.choice import Choice
from streams.collections.gate import Decision
from streams.collections.terms import ActionKind, Actor, Purpose, Verdict


class Weighed(Struct, frozen=True, gc=False):
    """Another measure of the step, and what the gate said of it."""

    kind: ActionKind
    actor: Actor
    decision: Decision


class Proposal(Struct, frozen=True, kw_only=True, gc=False):
    """One measure proposed, or refused by the gate, or withheld for the hold-out.

    Attributes:
        action_id: derives from the journal position; the act refers to it.
        stage: of the ladder, or FORBEARANCE_OFFER.
        kind: what to do.
        actor: who.
        purpose: why.
        template: the lender's template.
        loan_id: the debt that leads.
        reasons: why this stage is open, as `name=value`.
        priority: higher first.
        not_before: the first instant at which it is permitted.
        expires_at: it lapses then.
        decision: the gate's.
        choice: how the measure was chosen among the permitted ones.
        plan: `name@version`.
        withheld: in the hold-out: not to be carried out, recorded for comparison.
        alternatives: the step's other measures, in the plan's order: every question put to the gate is on record.
    """

    action_id: str
    stage: str
    kind: ActionKind
    actor: Actor
    purpose: Purpose
    template: str
    loan_id: str
    reasons: tuple[str, ...]
    priority: int
    not_before: dt.datetime
    expires_at: dt.datetime
    decision: Decision
    choice: Choice
    plan: str
    withheld: bool = False
    alternatives: tuple[Weighed, ...] = ()


def only_consent(decision: Decision) -> bool:
    """Whether nothing but the borrower's own word about channels denies it."""
    denials = [finding for finding in decision.trail if finding.verdict is Verdict.DENY]
    return bool(denials) and all(finding.kind == "consent" for finding in denials)

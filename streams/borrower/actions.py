"""A proposal as it is published on `collection-actions`, with the gate's whole answer."""

from __future__ import annotations

from functools import lru_cache

from streams.borrower.context import date
from streams.collections.gate import Decision
from streams.collections.instants import from_us
from streams.collections.progress import Withdrawal
from streams.collections.proposal import Proposal, Weighed
from streams.collections.rules.base import Finding
from streams.collections.terms import Tier, Verdict
from streams.collections.trials import TrialOutcome
from streams.events.outputs import (
    CollectionAction,
    CollectionActionWithdrawn,
    ConductDecision,
    ConductFinding,
    MeasureChoice,
    MeasureConcluded,
    MeasureWeighed,
)


def published(proposal: Proposal, borrower_id: str, day: int, sequence: int, tier: Tier) -> CollectionAction:
    """The output.

    Args:
        proposal: made, refused or withheld.
        borrower_id: whose.
        day: business day of the look, ordinal.
        sequence: records of the borrower in the journal so far.
        tier: the borrower's at the look.
    """
    choice = proposal.choice
    return CollectionAction(
        borrower_id=borrower_id,
        business_date=date(day),
        action_id=proposal.action_id,
        journal_sequence=sequence,
        loan_id=proposal.loan_id,
        stage=proposal.stage,  # type: ignore[arg-type]  # a Stage or FORBEARANCE_OFFER, spelled as on the topic
        kind=proposal.kind.value,
        actor=proposal.actor.value,
        purpose=proposal.purpose.value,
        template=proposal.template,
        tier=tier.value,
        reasons=proposal.reasons,
        priority=proposal.priority,
        not_before=proposal.not_before,
        expires_at=proposal.expires_at,
        withheld=proposal.withheld,
        plan=proposal.plan,
        choice=MeasureChoice(
            policy=choice.policy,  # type: ignore[arg-type]  # FIXED, LEARNED or HOLDOUT
            propensity_ppm=choice.propensity_ppm,
            permitted=tuple([kind.value for kind in choice.permitted]),
            version=choice.version,
        ),
        decision=_decision(proposal.decision),
        alternatives=tuple([_weighed(other) for other in proposal.alternatives]),
    )


def withdrawn(withdrawal: Withdrawal, borrower_id: str, day: int, sequence: int) -> CollectionActionWithdrawn:
    """A proposal taken back, as it is published."""
    return CollectionActionWithdrawn(
        borrower_id=borrower_id,
        business_date=date(day),
        action_id=withdrawal.action_id,
        journal_sequence=sequence,
        stage=withdrawal.stage,  # type: ignore[arg-type]  # a Stage or FORBEARANCE_OFFER, spelled as on the topic
        cause=withdrawal.cause,
        rule_ids=withdrawal.rule_ids,
    )


def _weighed(other: Weighed) -> MeasureWeighed:
    return MeasureWeighed(kind=other.kind.value, actor=other.actor.value, decision=_decision(other.decision))


def concluded(outcome: TrialOutcome, borrower_id: str) -> MeasureConcluded:
    """What became of a measure, as the learner is told. It belongs to the day after: its own is closed already."""
    trial = outcome.trial
    return MeasureConcluded(
        borrower_id=borrower_id,
        action_id=trial.action_id,
        chosen_on=date(trial.day),
        matured_on=date(outcome.closed_day + 1),
        segment=trial.segment,
        measure=trial.measure,
        permitted=trial.permitted,
        propensity_ppm=trial.propensity_ppm,
        policy=trial.policy,
        early=trial.early,
        cured=outcome.cured,
    )


def _decision(decision: Decision) -> ConductDecision:
    return ConductDecision(
        verdict=decision.verdict.value,
        at=decision.at,
        until=decision.until,
        rule_ids=decision.rule_ids,
        packs=decision.packs,
        trail=tuple([_finding(finding) for finding in decision.trail]),
    )


@lru_cache(maxsize=1024)
def _allowed(rule_id: str, kind: str) -> ConductFinding:
    """Most findings are this: nine in ten, and always the same ones."""
    return ConductFinding(rule_id=rule_id, kind=kind, verdict="ALLOW")


def _finding(finding: Finding) -> ConductFinding:
    plain = not (finding.until_us or finding.observed or finding.limit or finding.subject)
    if plain and finding.verdict is Verdict.ALLOW:
        return _allowed(finding.rule_id, finding.kind)
    return ConductFinding(
        rule_id=finding.rule_id,
        kind=finding.kind,
        verdict=finding.verdict.value,
        until=from_us(finding.until_us) if finding.until_us else None,
        observed=finding.observed,
        limit=finding.limit,
        subject=finding.subject,
    )

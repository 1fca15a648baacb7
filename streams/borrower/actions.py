"""A proposal as it is published on `collection-actions`, with the gate's whole answer."""

from __future__ import annotations

from streams.borrower.context import date
from streams.collections.gate import Decision
from streams.collections.instants import from_us
from streams.collections.proposal import Proposal
from streams.collections.rules.base import Finding
from streams.collections.terms import Tier
from streams.events.outputs import CollectionAction, ConductDecision, ConductFinding, MeasureChoice


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


def _finding(finding: Finding) -> ConductFinding:
    return ConductFinding(
        rule_id=finding.rule_id,
        kind=finding.kind,
        verdict=finding.verdict.value,
        until=from_us(finding.until_us) if finding.until_us else None,
        observed=finding.observed,
        limit=finding.limit,
        subject=finding.subject,
    )

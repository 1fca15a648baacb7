"""What people say of the book: a reserve, a signature under a stage, a decision on a proposal. When it counts, and for what.

Rule: what is said under a date counts when that date is closed, in order of dates and then of ids, so it does not matter
when it arrived.
"""

from __future__ import annotations

from msgspec import structs

from streams.events.outputs import PortfolioAlert
from streams.events.portfolio import ProposalDecided, ReserveStated, StageSignedOff
from streams.portfolio import alerts, stages
from streams.portfolio.alerts import Subject
from streams.portfolio.playbook import Playbook
from streams.portfolio.state import Book


def heed(book: Book, playbook: Playbook, day: int) -> list[PortfolioAlert]:
    """Let what was said under dates before `day` (ordinal) count; returns what is told of it."""
    due = [each for each in book.said if each[0] < day]
    book.said = [each for each in book.said if each[0] >= day]
    found = []
    for _, said in sorted(due, key=lambda each: (each[0], each[1].business_date, each[1].event_id)):
        match said:
            case ReserveStated():
                book.reserves[said.reserve.currency] = said.reserve.amount_minor
            case StageSignedOff():
                if (part := book.parts.get(said.segment)) is not None:
                    stages.sign_off(part.stage, said.stage, said.signed_by)
            case ProposalDecided():
                found += _decide(book, playbook, day, said)
    return found


def _decide(book: Book, playbook: Playbook, day: int, said: ProposalDecided) -> list[PortfolioAlert]:
    part = book.parts.get(said.segment)
    if part is None:
        return []
    for place, proposal in enumerate(part.proposals):
        if proposal.proposal_id == said.proposal_id:
            decided = structs.replace(proposal, state=said.decision, decided_by=said.decided_by)
            part.proposals[place] = decided
            words = f"{said.proposal_id}: {said.decision} by {said.decided_by}."
            subject = Subject(said.segment, day, part.stage.stage, part.stage.stage)
            alert = alerts.make(subject, "PROPOSALS", playbook, (words, words), proposals=[decided])
            return [structs.replace(alert, alert_id=f"{said.proposal_id}/{said.decision}")]
    return []

"""Topic `controls`: what people tell the portfolio (reserves, sign-offs, decisions), and what its outage guard holds back."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta

from streams.events.envelope import Event
from streams.events.fields import Identifier, NonNegativeMoney

Part = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=512,
        pattern=r"^[!-~]+\Z",
        description="`USD` for the whole book in a currency, or a part of it as alerts name it.",
    ),
]


class ReserveStated(Event, tag="reserve_stated", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The loss reserve held against the whole book in one currency, from this business date on."""

    reserve: NonNegativeMoney


class StageSignedOff(Event, tag="stage_signed_off", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person allows a part of the book to leave its stage once the triggers are quiet. Good for one exit."""

    segment: Part
    stage: Literal["CONTAIN", "CRISIS", "RECOVERY"]
    signed_by: Identifier


class ProposalDecided(Event, tag="proposal_decided", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person enacts, declines or finishes a proposed measure."""

    segment: Part
    proposal_id: Annotated[str, Meta(min_length=1, max_length=640)]
    decision: Literal["ENACTED", "DECLINED", "DONE"]
    decided_by: Identifier


Scope = Literal["ESCALATION", "LEARNING"]


class FreezeChanged(Event, tag="freeze_changed", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From here on, this waits for those whom an incident reaches; without scopes, nothing of it does any more.

    Published by the outage guard. A person may publish it too, and lift a freeze by its `incident_id`.
    """

    incident_id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[!-~]+\Z")]
    since: dt.date
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=2)]
    affected: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=160)], ...],
        Meta(max_length=64, description="`processor:NAME`, or `feed:SOURCE` of the payments."),
    ]


#: What is about the whole book, and nothing to a borrower's row.
PortfolioControl = ReserveStated | StageSignedOff | ProposalDecided

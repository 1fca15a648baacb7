"""What the running system holds about conduct: a borrower's facts, the policies in force, and activating others."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

import click
import msgspec

from streams.borrower import collect, state
from streams.borrower.shard import POLICY_KEY, POLICY_VERSION
from streams.collections.policies import Policies
from streams.engine import reading
from streams.engine import rows as frame
from streams.engine.sending import Outgoing, send_all
from streams.events.contacts import GateConsulted
from streams.events.control import PolicyActivated

if TYPE_CHECKING:
    from streams.collections.facts import Facts
    from streams.collections.gate import Decision
    from streams.collections.rules.base import Action
    from streams.settings import Settings

#: Version of an event that withdraws: there is no text to have one.
_WITHDRAWN = "withdrawn"


def on_file(settings: Settings, borrower_id: str) -> tuple[Facts, Policies]:
    """The borrower's facts as of the last committed record, and the policies in force for their partition.

    Raises:
        click.ClickException: there is no such borrower.
        Misconfigured, Inconsistent: as `reading.read`.
    """
    key = borrower_id.encode()
    partition = crc32(key) % len(reading.places(settings, ["state"]))
    place = [("state", partition)]
    records = reading.read(settings, place, until=reading.ends(settings, place), keys=(key, POLICY_KEY))
    rows = {record.key: record.value for record in records}
    if (row := rows.get(key)) is None:
        raise click.ClickException(
            f"No borrower {borrower_id!r} on topic state (partition {partition}). "
            "Give what has happened with --facts, or say --no-facts if nothing has."
        )
    frame.check_version(row, state.VERSION, key)
    return state.decode(frame.unpack(row)[3]).facts, _policies(rows.get(POLICY_KEY))


def _policies(row: bytes | None) -> Policies:
    if row is None:
        return collect.shipped_policies()
    frame.check_version(row, POLICY_VERSION, POLICY_KEY)
    return Policies.decode(frame.unpack(row)[3])


def activation(kind: str, name: str, version: str, text: str, now: dt.datetime) -> PolicyActivated:
    """The event that activates a text, or with an empty text withdraws what has this name.

    Args:
        kind: `pack`, `plan` or `scores`.
        name: the same name again replaces.
        version: of the text.
        text: all of it.
        now: when; its UTC date is the business date.
    """
    digest = sha256(f"{kind}\0{name}\0{text}".encode()).hexdigest()[:16]
    event_id = f"policy-{kind}-{name}-{digest}-{now:%Y%m%dT%H%M%S}"
    return PolicyActivated(
        event_id=event_id,
        schema_version=1,
        source="forewarn.policy",
        occurred_at=now.astimezone(dt.UTC),
        business_date=now.astimezone(dt.UTC).date(),
        idempotency_key=event_id,
        kind=kind,
        name=name,
        version=version if text else _WITHDRAWN,
        text=text,
    )


def consultation(borrower_id: str, action: Action, decision: Decision, now: dt.datetime) -> GateConsulted:
    """The event that records what the gate answered about an act.

    Args:
        borrower_id: whom the act would reach.
        action: as it was asked about.
        decision: the answer.
        now: when it was asked. The business date is that of the act, so that a question about an old loan in a replay
            does not age its row.
    """
    asked = now.astimezone(dt.UTC)
    event_id = f"gate-{uuid4()}"
    return GateConsulted(
        event_id=event_id,
        schema_version=1,
        source="forewarn.gate",
        occurred_at=asked,
        business_date=decision.at.date(),
        idempotency_key=event_id,
        borrower_id=borrower_id,
        action=action.kind.value,
        asked_about=decision.at,
        verdict=decision.verdict.value,
        rule_ids=list(decision.rule_ids),
        packs=list(decision.packs),
        until=decision.until,
        loan_id=action.loan_id or None,
        contact_point_id=action.contact_point_id or None,
        action_id=action.action_id or None,
    )


def record(settings: Settings, event: GateConsulted) -> None:
    """Send a consultation to topic `contacts`.

    Raises:
        Misconfigured, Inconsistent: it could not be sent.
    """
    reading.places(settings, ["contacts"])  # says within seconds if it cannot be sent
    send_all(settings, [Outgoing("contacts", event.borrower_id.encode(), msgspec.json.encode(event))])


def publish(settings: Settings, event: PolicyActivated) -> None:
    """Send an activation to topic `controls`.

    Raises:
        Misconfigured, Inconsistent: it could not be sent.
    """
    reading.places(settings, ["controls"])  # says within seconds if it cannot be sent
    send_all(settings, [Outgoing("controls", None, msgspec.json.encode(event))])

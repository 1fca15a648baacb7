"""Canonical files: alerts, actions, states and scores in an order, and with a content, that no way of folding can change.

Two files are equal if and only if the same was decided. Alerts carry the borrower's own sequence instead of partition and
offset (those are in the record's headers), states are the rows without their frame.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson

from streams.engine import reading
from streams.engine import rows as frame
from streams.events.outputs import RiskTierChanged
from streams.settings import Settings


class _AlertHead(msgspec.Struct):
    business_date: str
    borrower_id: str
    alert_sequence: int


_heads = msgspec.json.Decoder(_AlertHead)
_alerts = msgspec.json.Decoder(RiskTierChanged)


def alert_order(alert: bytes) -> tuple[str, str, int]:
    """By date, borrower and the borrower's own sequence."""
    head = _heads.decode(alert)
    return (head.business_date, head.borrower_id, head.alert_sequence)


def alerts_of(settings: Settings) -> list[bytes]:
    """All committed alerts on the topic, in canonical order."""
    found = [record.value for record in reading.read_all(settings, ["risk-tier-changes"]) if record.value is not None]
    return sorted(found, key=alert_order)


class _ActionHead(msgspec.Struct):
    business_date: str
    borrower_id: str
    journal_sequence: int
    action_id: str


_action_heads = msgspec.json.Decoder(_ActionHead)


def action_order(action: bytes) -> tuple[str, str, int, str]:
    """By date, borrower, the borrower's own records so far, and the place in the look that proposed it."""
    head = _action_heads.decode(action)
    return (head.business_date, head.borrower_id, head.journal_sequence, head.action_id)


def actions_of(settings: Settings) -> list[bytes]:
    """All committed collection actions on the topic, in canonical order."""
    found = [record.value for record in reading.read_all(settings, ["collection-actions"]) if record.value is not None]
    return sorted(found, key=action_order)


def portfolio_alerts_of(settings: Settings) -> list[bytes]:
    """All committed portfolio alerts, in the order in which they were said: the topic has one partition."""
    return [record.value for record in reading.read_all(settings, ["portfolio-alerts"]) if record.value is not None]


def states_of(settings: Settings) -> dict[bytes, bytes]:
    """The present row of every borrower, without its frame."""
    states: dict[bytes, bytes] = {}
    for record in reading.read_all(settings, ["state"]):
        if record.key is not None and record.value is not None and not record.key.startswith(b"\0"):
            states[record.key] = frame.unpack(record.value)[3]
    return states


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """One record a line."""
    with path.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")


def write_alerts(path: Path, alerts: Iterable[bytes]) -> None:
    """Alerts as they stand on the topic."""
    write_lines(path, sorted(alerts, key=alert_order))


def write_actions(path: Path, actions: Iterable[bytes]) -> None:
    """Collection actions as they stand on the topic."""
    write_lines(path, sorted(actions, key=action_order))


def write_states(path: Path, states: Mapping[bytes, bytes]) -> None:
    """`{"borrower_id": …, "row": base64}`, by borrower."""
    lines = ({"borrower_id": key.decode(), "row": base64.b64encode(states[key]).decode()} for key in sorted(states))
    write_lines(path, map(orjson.dumps, lines))


def write_scores(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Month-end scores, as `assess.Score.line` makes them."""
    write_lines(path, (orjson.dumps(dict(line)) for line in lines))

"""`forewarn trace`: follow one event from input to journal, state, alert, action and evidence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click
import msgspec

from streams.commands.action_lines import gone, measure
from streams.commands.alert_lines import change
from streams.commands.context import with_settings
from streams.commands.event_words import delinquency, sentence
from streams.commands.options import json_option
from streams.commands.printing import counted, print_json, print_lines
from streams.commands.tracing import Step, trace
from streams.events.decode import decode
from streams.events.outputs import CollectionAction, CollectionActionWithdrawn, DelinquencyChanged, RiskTierChanged

if TYPE_CHECKING:
    from streams.commands.printing import Segment
    from streams.settings import Settings

_STYLES = {"input": "bold", "journal": "cyan", "refused": "bold red", "state": "dim", "output": "", "evidence": "green"}
_COLUMNS = max(map(len, _STYLES))


@click.command("trace", epilog="Example: forewarn trace l-42/opened --borrower c-7f3a")
@click.argument("event_id", metavar="EVENT_ID")
@click.option("--borrower", "borrower_id", default="", metavar="ID", help="Whose event it is: a much shorter search.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Lines at most; 0 for all.")
@json_option
@with_settings
def command(settings: Settings, *, event_id: str, borrower_id: str, limit: int, as_json: bool) -> None:
    """Follow one event through everything that came of it.

    Where it came in, where it stands in the journal, whether and why it was refused, the row that has it, each bucket
    change, alert and measure that it caused, and the evidence that keeps them. A business date causes what its day brings
    to every borrower: then there are many lines.
    """
    steps = trace(settings, event_id, borrower_id)
    if not steps:
        raise click.ClickException(_unknown(event_id, borrower_id))
    if as_json:
        print_json({"event_id": event_id, "steps": steps})
        return
    shown = steps[: limit or None]
    print_lines([_line(step) for step in shown])
    if len(shown) < len(steps):
        print_lines([[(f"… and {counted(len(steps) - len(shown), 'more line')}: --limit 0 shows all.", "dim")]])


def _unknown(event_id: str, borrower_id: str) -> str:
    where = f"of borrower {borrower_id} " if borrower_id else ""
    return (
        f"No event {event_id!r} {where}is in the journal, nor on an input topic as far back as Kafka keeps them. "
        "An event_id is compared whole, with its case."
    )


def _line(step: Step) -> list[Segment]:
    moment = ""
    if step.timestamp_ms:
        moment = dt.datetime.fromtimestamp(step.timestamp_ms / 1000, dt.UTC).isoformat(" ", "milliseconds")[:23]
    return [
        (f"{moment:<23}  ", "dim"),
        (f"{step.stage:<{_COLUMNS}}  ", _STYLES[step.stage]),
        (f"{step.place}  ", "bold"),
        *_words(step),
    ]


def _words(step: Step) -> list[Segment]:
    body = bytes(step.record)
    match step.stage, step.topic:
        case "output", "risk-tier-changes":
            alert = msgspec.json.decode(body, type=RiskTierChanged)
            return [(f"{alert.alert_id}  ", ""), *change(alert)]
        case "output", "delinquency-changes":
            return [(delinquency(msgspec.json.decode(body, type=DelinquencyChanged)), "")]
        case "output", _:
            said = msgspec.json.decode(body, type=CollectionAction | CollectionActionWithdrawn)
            return gone(said) if isinstance(said, CollectionActionWithdrawn) else measure(said)
        case "input", _:
            return [(_sentence(body), "")]
        case _:
            return [(step.note, "")]


def _sentence(body: bytes) -> str:
    try:
        return sentence(decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "not an event that Forewarn knows"

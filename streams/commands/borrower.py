"""`forewarn borrower`: one borrower's timeline and present state, from the topics alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from streams.commands.context import with_settings
from streams.commands.options import json_option
from streams.commands.present import Present, present
from streams.commands.printing import TIER_STYLES, counted, percent, print_json, print_lines
from streams.commands.timeline import Entry, Found, find
from streams.evidence.money import money_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.commands.printing import Segment
    from streams.settings import Settings


@click.command(epilog="Example: forewarn borrower ally-2019-000123")
@click.argument("borrower_id", metavar="ID")
@json_option
@with_settings
def borrower(settings: Settings, *, borrower_id: str, as_json: bool) -> None:
    """One borrower's timeline and present state.

    Events, changes of bucket, alerts and proposed measures, in the order in which they took effect, each with its
    business date. An indented line follows from the event above it, or from a day that passed. Kafka keeps the
    journal for ever, and the outputs for 30 days unless you set it otherwise.
    """
    found = find(settings, borrower_id)
    if not found.entries and found.row is None:
        raise click.ClickException(_unknown(borrower_id, found))
    now = present(found.row, found.shard) if found.row is not None else None
    if as_json:
        print_json(_document(borrower_id, found, now))
        return
    print_lines([_line(entry) for entry in found.entries])
    print_lines(_summary(borrower_id, found, now))


def _unknown(borrower_id: str, found: Found) -> str:
    where = f"partition {found.partition} of the journal, where the borrower would be, was read to its end"
    return f"No borrower {borrower_id!r}: {where}. {_refused(found)}".rstrip()


def _refused(found: Found) -> str:
    """What never reached the journal; empty if nothing."""
    count = found.refused_before
    return f"{counted(count, 'record')} with this key refused: see `forewarn dead-letters`." if count else ""


def _line(entry: Entry) -> list[Segment]:
    is_event = entry.topic == "journal"
    line: list[Segment] = [(f"{entry.business_date}  ", "dim"), ("" if is_event else "  ", ""), *entry.text]
    if entry.repeats:
        line.append((" (Sent before, with the same idempotency key.)", "dim"))
    if entry.refused is not None:
        line.append((f" REFUSED: {entry.refused}", "bold red"))
    return line


def _summary(borrower_id: str, found: Found, now: Present | None) -> Iterator[list[Segment]]:
    yield []
    if now is None:
        yield [(f"{borrower_id} is in the journal; no worker has folded it yet.", "bold")]
    else:
        since = f" since {now.tier_since}" if now.tier_since else ""
        yield [
            (f"{borrower_id} on {now.as_of}: ", "bold"),
            (now.tier, TIER_STYLES[now.tier]),
            (f"{since}, probability of default {percent(now.probability_ppm)} (model {now.model_version})", ""),
        ]
        yield [
            (
                f"  {counted(now.days_past_due, 'day')} past due, {money_text(now.arrears_minor, now.currency)} in arrears",
                "",
            )
        ]
        yield [
            (
                f"  {counted(now.loans_active, 'active loan')}, {money_text(now.exposure_minor, now.currency)} outstanding",
                "",
            )
        ]
        yield [(f"  next due {now.next_due_on or 'never'}, looked at again {now.next_wake_on or 'never'}", "")]
    if found.refused_before:
        yield [(f"  {_refused(found)}", "red")]


def _document(borrower_id: str, found: Found, now: Present | None) -> dict[str, Any]:
    return {
        "borrower_id": borrower_id,
        "partition": found.partition,
        "present": now,
        "refused_before_journal": found.refused_before,
        "timeline": [{**msgspec.structs.asdict(entry), "text": _plain(entry)} for entry in found.entries],
    }


def _plain(entry: Entry) -> str:
    """The text without styles and column padding."""
    return " ".join("".join(text for text, _ in entry.text).split())

"""`forewarn alerts`: the topic risk-tier-changes as a person reads it, or untouched for a program."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

import click
import msgspec

from streams.commands.alert_lines import line
from streams.commands.context import with_settings
from streams.commands.options import json_option
from streams.commands.printing import TIER_STYLES, print_bytes, print_lines
from streams.engine import merging, reading
from streams.events.outputs import RiskTierChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streams.engine.reading import Place, Record
    from streams.settings import Settings

TOPIC = "risk-tier-changes"
_BATCH = 1_000
_decoder = msgspec.json.Decoder(RiskTierChanged)


class _Day(msgspec.Struct):
    business_date: str


_day_decoder = msgspec.json.Decoder(_Day)


@click.command(epilog="Example: forewarn alerts --from-start --tier HIGH --tier CRITICAL")
@click.option("--from-start", is_flag=True, help="All alerts that the topic still holds, then the new ones.")
@click.option("--follow/--no-follow", default=True, help="Wait for new alerts, or stop after those that are there.")
@click.option("--borrower", "borrower_id", metavar="ID", help="Only this borrower's.")
@click.option(
    "--tier",
    "tiers",
    type=click.Choice(list(TIER_STYLES), case_sensitive=False),
    multiple=True,
    help="Only changes to this tier, and retractions of such. May be given several times.",
)
@json_option
@with_settings
def alerts(
    settings: Settings,
    *,
    from_start: bool,
    follow: bool,
    borrower_id: str | None,
    tiers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Follow the alerts: every change of a borrower's risk tier, once, with its reasons.

    A line has the business date, the borrower, the tiers, the probability of default within 90 days before and after,
    the days past due, and the strongest reasons with their contribution to the log-odds. Alerts from before now come
    in order of business date. --no-follow prints what is there and stops. With --json, each alert is printed exactly
    as it stands on the topic (JSON Lines; see schemas/).
    """
    key = borrower_id.encode() if borrower_id is not None else None
    places = reading.places(settings, [TOPIC], key)
    if sys.stderr.isatty() and follow:
        click.echo(f"Following {TOPIC} at {settings.bootstrap}; Ctrl-C ends.", err=True)
    show = _print_json if as_json else _print_lines
    for batch in _batches(settings, places, key, from_start=from_start or not follow, follow=follow):
        show(batch, frozenset(tiers))


def _batches(
    settings: Settings, places: list[Place], key: bytes | None, *, from_start: bool, follow: bool
) -> Iterator[Iterable[Record]]:
    keys = None if key is None else (key,)
    now = reading.ends(settings, places)
    if from_start:
        records = merging.merged(settings, places, _business_date, until=now, keys=keys)
        while batch := list(islice(records, _BATCH)):
            yield batch
    if follow:
        yield from reading.batches(settings, places, start=now, keys=keys)


def _business_date(record: Record) -> str:
    return _day_decoder.decode(record.value or b"").business_date


def _print_json(records: Iterable[Record], tiers: frozenset[str]) -> None:
    values = (record.value for record in records if record.value is not None)
    print_bytes(value for value in values if not tiers or _matches(_decoder.decode(value), tiers))


def _print_lines(records: Iterable[Record], tiers: frozenset[str]) -> None:
    alerts = (_decoder.decode(record.value) for record in records if record.value is not None)
    print_lines(line(alert) for alert in alerts if not tiers or _matches(alert, tiers))


def _matches(alert: RiskTierChanged, tiers: frozenset[str]) -> bool:
    return alert.to_tier in tiers or (alert.direction == "RETRACT" and alert.from_tier in tiers)

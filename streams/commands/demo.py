"""`forewarn demo`: real loans on a real Kafka, alerts as they happen, and what it came to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.commands.options import json_option
from streams.commands.printing import TIER_STYLES, print_json
from streams.commands.progress import progress_bar
from streams.events.envelope import BorrowerEvent

if TYPE_CHECKING:
    from streams.files.events import FileEvent
    from streams.files.stressed import Stressed
    from streams.sandbox.demo import Demo
    from streams.sandbox.summary import Summary

_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
_QUIET_TIERS = frozenset({"WATCH", "NORMAL"})


@click.command(epilog="Example: forewarn demo --loans 300")
@click.option(
    "--loans",
    type=click.IntRange(min=1),
    default=1_500,
    show_default=True,
    help="How many of the 2,130 loans. All of them take two to three minutes on two cores.",
)
@click.option("--partitions", type=click.IntRange(1, 64), default=4, show_default=True, help="Of the journal.")
@click.option(
    "--all-alerts",
    is_flag=True,
    help="Show every alert and action; else alerts to ELEVATED and worse, and severe or refused actions.",
)
@click.option(
    "--directory", type=click.Path(file_okay=False, path_type=Path), default=Path(".forewarn/demo"), show_default=True
)
@click.option("--alerts", type=_OUT, help="Also write the alerts in canonical order.")
@click.option("--states", type=_OUT, help="Also write every borrower's final row.")
@json_option
def demo(
    loans: int,
    partitions: int,
    directory: Path,
    alerts: Path | None,
    states: Path | None,
    *,
    all_alerts: bool,
    as_json: bool,
) -> None:
    """Replay real loans (Ally, US used cars, 2017-2020) through a Kafka of its own, faster than time.

    It starts Kafka and the agents, shows the alerts with their reasons and the measures proposed, and ends with a
    summary. Ctrl-C leaves nothing behind.
    """
    from streams.commands import action_lines, alert_lines
    from streams.events.outputs import CollectionAction, CollectionActionWithdrawn, RiskTierChanged
    from streams.files import export
    from streams.sandbox.demo import Demo

    console = Console(stderr=as_json, highlight=False)
    decoder = msgspec.json.Decoder(RiskTierChanged | CollectionAction | CollectionActionWithdrawn)

    def show(value: bytes) -> None:
        said = decoder.decode(value)
        if isinstance(said, CollectionActionWithdrawn):
            return
        if isinstance(said, CollectionAction):
            shown = all_alerts or action_lines.is_severe(said)
            line = action_lines.line(said)
        else:
            up = said.direction == "UP" and said.to_tier not in _QUIET_TIERS
            shown = all_alerts or up or said.direction == "RETRACT"
            line = alert_lines.line(said)
        if shown:
            console.print(Text.assemble(*line), soft_wrap=True)

    console.print("reading the loans")
    events = _events(loans)
    with Demo(directory, partitions=partitions, say=console.print) as run:
        with progress_bar(console, len(events), "replaying") as progress:
            summary = run.run(events, show, progress)
        if alerts:
            export.write_alerts(alerts, export.alerts_of(run.settings))
        if states:
            export.write_states(states, export.states_of(run.settings))
        told = _stressed(run)
        console.print("stopping the agents and Kafka")
    if as_json:
        stress = [] if told is None else told.results
        head = {**msgspec.to_builtins(summary), "events_per_second": round(summary.events_per_second)}
        print_json(head | {"stress": stress})
    else:
        _print(console, summary)
        if told is not None:
            _print_stress(console, told)


def _stressed(run: Demo) -> Stressed | None:
    """The book as it stands at the end, under stress; None if no loan is active any more."""
    from streams.files.stressed import NoBook

    try:
        return run.stress()
    except NoBook:
        return None


def _events(loans: int) -> list[FileEvent]:
    from streams.files.events import from_events
    from streams.sandbox.datasets import ally

    events = ally.events()
    borrowers = sorted({event.borrower_id for event in events if isinstance(event, BorrowerEvent)})
    kept = set(borrowers[:loans])
    return from_events(event for event in events if not isinstance(event, BorrowerEvent) or event.borrower_id in kept)


def _print(console: Console, summary: Summary) -> None:
    table = Table(
        title="What happened", box=None, show_header=False, title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column(style="dim")
    table.add_column()
    share = f"{summary.warned / summary.defaulters:.0%}" if summary.defaulters else "none"
    tiers = Text("   ").join(
        Text.assemble((tier, TIER_STYLES[tier]), f" {n}") for tier, n in summary.alerts_by_tier.items()
    )
    table.add_row("events", f"{summary.events:,} of {summary.borrowers:,} borrowers in {summary.seconds:.1f} s")
    table.add_row(
        "speed",
        f"{summary.events_per_second:,.0f} events/s, with {summary.model_versions} model versions learned on the way",
    )
    table.add_row("alerts upward", tiers)
    table.add_row("downgrades", f"{summary.downgrades:,}")
    table.add_row("retractions", f"{summary.retractions:,}")
    stages = "   ".join(f"{stage} {n:,}" for stage, n in summary.actions_by_stage.items())
    table.add_row("measures proposed", stages or "none")
    table.add_row("measures refused", f"{summary.actions_refused:,}, by the conduct gate")
    table.add_row("the whole book", f"{summary.book_alerts:,} alerts, worst stage of any part {summary.book_stage}")
    table.add_row("dead letters", f"{summary.dead_letters:,}")
    table.add_row("defaulters", f"{summary.defaulters:,} (over 90 days past due, or written off)")
    table.add_row(
        "warned before", f"{summary.warned:,} ({share}), half of them {summary.lead_days_median} days before or more"
    )
    table.add_row(
        "warned while current", f"{summary.warned_while_current:,}, before the arrears that led to the default began"
    )
    console.print()
    console.print(table)


def _print_stress(console: Console, told: Stressed) -> None:
    """The last scene: what would become of the book."""
    start, days = told.start, told.results[0].days
    title = f"The book of {dt.date.fromordinal(start.day)} under stress, {days} days on"
    table = Table(title=title, box=None, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("scenario")
    for name in ("loss", "30+ days late", "coverage", "days to breach"):
        table.add_column(name, justify="right")
    for result in told.results:
        coverage = "-" if result.coverage_end_ppm is None else f"{result.coverage_end_ppm / 10_000:.0f} %"
        table.add_row(
            result.scenario,
            f"{result.loss_minor[1] / 100:,.0f} {start.currency}",
            f"{result.points[-1].past_due_30_ppm / 10_000:.1f} %",
            coverage,
            "none" if result.breach_day is None else str(result.breach_day),
        )
    console.print()
    console.print(table)
    reserve = f"{told.reserve_minor / 100:,.0f} {start.currency}"
    assumed = ", assumed: none was stated" if told.assumed else ""
    console.print(f"expected loss today {start.loss_minor / 100:,.0f} {start.currency}; reserve {reserve}{assumed}")

"""`forewarn assess`: the same folds over event files, with no broker."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from streams.commands.options import json_option
from streams.commands.printing import counted, print_json
from streams.commands.progress import progress_bar

_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(epilog="Example: forewarn assess ally.jsonl.gz --alerts alerts.jsonl --scores scores.jsonl")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--alerts", type=_OUT, help="Write the alerts, as they would stand on the topic.")
@click.option(
    "--scores", type=_OUT, help="Write one line a borrower and month-end: each head's probability, tier, days past due."
)
@click.option("--actions", type=_OUT, help="Write the collection actions, as they would stand on the topic.")
@click.option("--portfolio-alerts", type=_OUT, help="Write what is said of the whole book, in that order.")
@click.option("--states", type=_OUT, help="Write every borrower's final row.")
@json_option
def assess(
    files: tuple[Path, ...],
    alerts: Path | None,
    scores: Path | None,
    actions: Path | None,
    portfolio_alerts: Path | None,
    states: Path | None,
    *,
    as_json: bool,
) -> None:
    """Fold event files (JSON Lines, .gz allowed, in any order) through the same agents as a cluster, without one.

    The files written are byte for byte those that the same events give on Kafka, at any number of partitions.
    """
    from streams.files import export
    from streams.files.assess import assess as fold
    from streams.files.events import read

    events = read(files)
    with progress_bar(Console(stderr=True), len(events), "assessing") as progress:
        result = fold(events, progress=progress, keep_actions=actions is not None)
    if alerts:
        export.write_alerts(alerts, result.alerts)
    if scores:
        export.write_scores(scores, (score.line() for score in result.scores))
    if actions:
        export.write_actions(actions, result.actions)
    if portfolio_alerts:
        export.write_lines(portfolio_alerts, result.portfolio_alerts)
    if states:
        export.write_states(states, result.states)
    if as_json:
        summary = {"events": len(events), "borrowers": len(result.states), "alerts": len(result.alerts)}
        summary |= {"portfolio_alerts": len(result.portfolio_alerts)}
        summary |= {"actions": result.outputs["collection-actions"], "dead_letters": len(result.dead_letters)}
        print_json(summary | {"counts": dict(sorted(result.counts.items()))})
        return
    click.echo(
        f"{counted(len(events), 'event')}, {counted(len(result.states), 'borrower')}, "
        f"{counted(len(result.alerts), 'alert')}, {counted(result.outputs['collection-actions'], 'collection action')}, "
        f"{counted(len(result.dead_letters), 'dead letter')}."
    )

"""`forewarn export`: what is on the topics as canonical files, to compare two runs by `cmp`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands.context import with_settings

if TYPE_CHECKING:
    from streams.settings import Settings

_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(epilog="Example: forewarn export --alerts live.jsonl && cmp live.jsonl alerts.jsonl")
@click.option("--alerts", type=_OUT, help="Write all alerts in canonical order.")
@click.option("--actions", type=_OUT, help="Write all collection actions in canonical order.")
@click.option("--portfolio-alerts", type=_OUT, help="Write all that was said of the whole book, in that order.")
@click.option("--states", type=_OUT, help="Write every borrower's present row.")
@with_settings
def export(
    settings: Settings,
    *,
    alerts: Path | None,
    actions: Path | None,
    portfolio_alerts: Path | None,
    states: Path | None,
) -> None:
    """Write what is on the topics, byte for byte as `forewarn assess` writes it for the same events."""
    from streams.files import export as files

    if alerts:
        files.write_alerts(alerts, files.alerts_of(settings))
    if actions:
        files.write_actions(actions, files.actions_of(settings))
    if portfolio_alerts:
        files.write_lines(portfolio_alerts, files.portfolio_alerts_of(settings))
    if states:
        files.write_states(states, files.states_of(settings))

"""`forewarn replay`: event files into the topics."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from streams.commands.context import with_settings
from streams.commands.printing import counted
from streams.commands.progress import progress_bar

if TYPE_CHECKING:
    from streams.settings import Settings


@click.command(epilog="Example: forewarn dataset ally --out ally.jsonl.gz && forewarn replay ally.jsonl.gz")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--days-per-second", type=click.FloatRange(min=0), default=0.0, help="Pace of the business dates; 0: flat out."
)
@click.option(
    "--hold/--no-hold", default=True, help="Wait where labels must be learned first (see docs/guarantees.md)."
)
@with_settings
def replay(settings: Settings, *, files: tuple[Path, ...], days_per_second: float, hold: bool) -> None:
    """Send event files (JSON Lines, .gz allowed, in any order) to the topics.

    With --hold two replays of the same files decide the same, at any number of partitions and workers; it needs workers
    that run. Without, events are sent as fast as the broker takes them.
    """
    from streams.engine import topics_admin, topics_found
    from streams.files.events import read
    from streams.files.replay import Replay

    events = read(files)
    topics_found.found(settings)  # says within seconds that no Kafka answers
    topics_admin.require(settings)
    sending = Replay(settings, hold=hold, days_per_second=days_per_second)
    started = time.monotonic()
    try:
        with progress_bar(Console(stderr=True), len(events), "replaying") as progress:
            sending.run(events, progress)
    finally:
        sending.close()
    elapsed_s = time.monotonic() - started
    click.echo(f"{counted(len(events), 'event')} sent in {elapsed_s:.1f} s ({len(events) / elapsed_s:,.0f} a second).")

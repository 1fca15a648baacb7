"""The progress bar of long work over event files: events done, and the business date reached."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar(console: Console, total: int, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on `console`; yields a function to call with (business day as ordinal, events done)."""
    columns = (
        TextColumn("{task.description}"),
        TextColumn("[bold]{task.fields[date]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total, date="")

        def advance(day: int, done: int) -> None:
            progress.update(task, completed=done, date=dt.date.fromordinal(day).isoformat())

        yield advance

"""`forewarn prove`: faults against real processes, and a judge that folds everything again."""

from __future__ import annotations

import random
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.commands.options import json_option
from streams.commands.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.sandbox.proof import run

_DIRECTORY = Path(".forewarn/prove")
_SEED_MAX = 999_999


@click.command(epilog="Example: forewarn prove --seed 7        Exit code 1 says that the proof failed.")
@click.option(
    "--long", is_flag=True, help="A million events, many more faults, and three brokers of which one is lost."
)
@click.option(
    "--events", type=click.IntRange(min=1_000), help="How many events; default 15,000, with --long 1,000,000."
)
@click.option("--seed", type=click.IntRange(0, _SEED_MAX), help="Repeats a run; default a new one, which is printed.")
@click.option(
    "--latency", is_flag=True, help="Measure produce to committed alert at 500 events/s for two minutes instead."
)
@click.option(
    "--restore",
    "restore_rows",
    type=click.IntRange(min=1_000),
    metavar="ROWS",
    help="Measure the restore of so many rows instead.",
)
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), default=_DIRECTORY, show_default=True)
@json_option
def prove(
    events: int | None,
    seed: int | None,
    restore_rows: int | None,
    directory: Path,
    *,
    long: bool,
    latency: bool,
    as_json: bool,
) -> None:
    """Prove that nothing is lost and nothing comes twice, on a Kafka of its own.

    Workers are killed, frozen and started; brokers are stopped and killed; disks are full. Meanwhile real loans are
    sent, with duplicates, reorderings, reversals and poison records. Then the journal is folded again by one process
    alone, and everything on the topics must be equal.
    """
    console = Console(stderr=as_json, highlight=False)
    seed = random.SystemRandom().randrange(_SEED_MAX) if seed is None else seed
    if latency or restore_rows:
        _measure(console, directory, restore_rows, as_json=as_json)
        return
    from streams.sandbox.proof.forms import forms
    from streams.sandbox.proof.result import show
    from streams.sandbox.proof.run import Run
    from streams.sandbox.proof.scenarios import run_all

    results = []
    for number, form in enumerate(forms(events, long=long)):
        with _progress(console) as progress:
            results.append(Run(form, seed + number, directory, console.print, progress).run())
        show(console, results[-1])
    outcomes = run_all(directory, console.print)
    green = all(result.green for result in results) and all(outcome.green for outcome in outcomes)
    if as_json:
        figures = ("lost", "twice", "reordered", "states_differing")
        totals = {name: sum(getattr(result, name) for result in results) for name in figures}
        faults: dict[str, int] = {}
        for result in results:
            for kind, count in result.faults.items():
                faults[kind] = faults.get(kind, 0) + count
        print_json({"green": green, "seed": seed, **totals, "faults": faults, "runs": results, "scenarios": outcomes})
    if not green:
        raise SystemExit(1)


def _measure(console: Console, directory: Path, restore_rows: int | None, *, as_json: bool) -> None:
    from streams.sandbox.proof import measuring

    figures = (
        measuring.restore(directory, restore_rows, console.print)
        if restore_rows
        else measuring.latency(directory, console.print)
    )
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' '):<32} {value:>14,.1f}")


@contextmanager
def _progress(console: Console) -> Iterator[run.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield advance

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
    from collections.abc import Iterator, Mapping

    from streams.sandbox.proof import run

_DIRECTORY = Path(".forewarn/prove")
_SEED_MAX = 999_999


@click.command(epilog="Exit code 1 says that the proof failed. Example: forewarn prove --seed 7")
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
@click.option(
    "--pressure",
    "pressure_s",
    type=click.IntRange(min=5),
    metavar="SECONDS",
    help="Send three times what the workers take, for so long, instead; they must catch up, and nothing be lost.",
)
@click.option(
    "--record",
    "page",
    type=click.Path(exists=True, dir_okay=False, writable=True, path_type=Path),
    help="Write the tables into this page, between its two marks.",
)
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), default=_DIRECTORY, show_default=True)
@json_option
def prove(
    events: int | None,
    seed: int | None,
    page: Path | None,
    directory: Path,
    *,
    long: bool,
    as_json: bool,
    **instead: int | bool | None,
) -> None:
    """Prove that nothing is lost and nothing comes twice, on a Kafka of its own.

    Workers are killed, frozen and started; brokers are stopped and killed; disks are full. Meanwhile real loans are
    sent, with duplicates, reorderings, reversals and poison records. Then the journal is folded again by one process
    alone, and everything on the topics must be equal.
    """
    console = Console(stderr=as_json, highlight=False)
    seed = random.SystemRandom().randrange(_SEED_MAX) if seed is None else seed
    if any(instead.values()):
        _measure(console, directory, instead, as_json=as_json)
        return
    from streams.sandbox.proof.forms import forms
    from streams.sandbox.proof.record import record
    from streams.sandbox.proof.result import show
    from streams.sandbox.proof.run import Run
    from streams.sandbox.proof.scenarios import run_all

    results = []
    for number, form in enumerate(forms(events, long=long)):
        with _progress(console) as progress:
            place = directory / form.name.replace(" ", "-")
            results.append(Run(form, seed + number, place, console.print, progress).run())
        show(console, results[-1])
    outcomes = run_all(directory, console.print)
    if page is not None:
        record(page, _told(events, seed, long=long), results, outcomes)
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


def _told(events: int | None, seed: int, *, long: bool) -> str:
    """The command that repeats a run."""
    words = ["forewarn prove", *(["--long"] if long else []), *([f"--events {events}"] if events else [])]
    return " ".join([*words, f"--seed {seed}"])


def _measure(console: Console, directory: Path, what: Mapping[str, int | bool | None], *, as_json: bool) -> None:
    from streams.sandbox.proof import measuring, pressure

    green = True
    figures: Mapping[str, object]
    if seconds := what["pressure_s"]:
        seen = pressure.pressure(directory, seconds, console.print)
        figures, green = seen.figures(), seen.green
    elif rows := what["restore_rows"]:
        figures = measuring.restore(directory, rows, console.print)
    else:
        with _progress(console) as progress:
            figures = measuring.latency(directory, progress)
    if as_json:
        print_json(figures)
    else:
        for name, value in figures.items():
            shown = f"{value:,.1f}" if isinstance(value, float) else f"{value}"
            console.print(f"{name.replace('_', ' '):<32} {shown:>14}")
    if not green:
        raise SystemExit(1)


@contextmanager
def _progress(console: Console) -> Iterator[run.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield advance

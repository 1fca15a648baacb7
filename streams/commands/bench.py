"""`forewarn bench`: how fast, beside what a Python team would pick instead, and what each promises at that speed."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.commands.options import json_option
from streams.commands.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.sandbox.bench.session import Outcome
    from streams.sandbox.bench.stage import Progress as Told

_DIRECTORY = Path(".forewarn/bench")
_DAYS_MAX = 1_311
_PAGE, _FIGURES, _PICTURE = "benchmarks.md", "benchmarks.json", "benchmarks.svg"
_START, _END = "<!-- generated: benchmarks -->\n", "<!-- end -->"


@click.command(epilog="Example: forewarn bench --borrowers 2000 --only forewarn_1,bare --rounds 5")
@click.option(
    "--borrowers",
    type=click.IntRange(1, 10_000_000),
    default=10_000,
    show_default=True,
    help="The real loans under so many names.",
)
@click.option(
    "--days",
    type=click.IntRange(1, _DAYS_MAX),
    default=365,
    show_default=True,
    help="How many business dates; a borrower has about 15 events in the first 365.",
)
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Each by turns, so often.")
@click.option("--partitions", type=click.IntRange(1, 64), default=4, show_default=True, help="Of the journal.")
@click.option("--only", metavar="NAME[,…]", help="Only these contenders.")
@click.option("--measure", metavar="NAME[,…]", help="Further measures: rows, latency, scaling, or all.")
@click.option("--list", "listed", is_flag=True, help="Name the contenders and what they promise, and stop.")
@click.option(
    "--docs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=f"Write the result into {_PAGE}, {_FIGURES} and {_PICTURE} of this folder.",
)
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), default=_DIRECTORY, show_default=True)
@json_option
def bench(  # noqa: PLR0913  one argument an option
    borrowers: int,
    days: int,
    rounds: int,
    partitions: int,
    only: str | None,
    measure: str | None,
    docs: Path | None,
    directory: Path,
    *,
    listed: bool,
    as_json: bool,
) -> None:
    """Run the same journal of real loans through Forewarn and its peers, by turns, on a Kafka of its own.

    All call the same fold and keep the same rows. Speed, CPU and memory are shown with what each one guarantees. Needs
    the extra `bench`; a peer that cannot be installed is left out by name. Ctrl-C leaves nothing behind.
    """
    from streams.sandbox.bench.contenders import BY_NAME
    from streams.sandbox.bench.measures import MEASURES

    console = Console(stderr=as_json, highlight=False)
    if listed:
        for contender in BY_NAME.values():
            click.echo(f"{contender.name:<14} {contender.title.strip()}\n{'':<14} {contender.guarantee}")
        return
    names = _chosen("contender", only, list(BY_NAME))
    measures = _chosen("measure", measure, list(MEASURES)) if measure else []
    outcome = _run(console, directory, (borrowers, days), rounds, partitions, names, measures)
    if as_json:
        print_json(outcome)
    else:
        _print(console, outcome)
    if docs is not None:
        _write(docs, outcome)


def _chosen(what: str, text: str | None, known: list[str]) -> list[str]:
    if text is None or text == "all":
        return known
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"There is no {what} {', '.join(unknown)}; there are {', '.join(known)}.")
    return names


def _run(
    console: Console,
    directory: Path,
    size: tuple[int, int],
    rounds: int,
    partitions: int,
    names: list[str],
    measures: list[str],
) -> Outcome:
    from streams.sandbox.bench import session
    from streams.sandbox.bench.contenders import BY_NAME
    from streams.sandbox.bench.measures import MEASURES
    from streams.sandbox.bench.workload import Workload
    from streams.sandbox.broker import Cluster

    def say(line: str) -> None:
        console.print(line, soft_wrap=True)

    place = session.emptied(directory.resolve())
    with ExitStack() as stack:
        progress = stack.enter_context(_progress(console))
        workload = Workload(*size, lambda done, of: progress("folding the loans once", done, of))
        stack.callback(session.discard, place)  # of a million borrowers it is gigabytes
        cluster = stack.enter_context(Cluster(place / "kafka", session.CLUSTER, say))
        outcome = session.compare(
            [BY_NAME[name] for name in names],
            workload,
            cluster,
            place,
            partitions=partitions,
            rounds=rounds,
            say=say,
            progress=progress,
        )
        for name in measures:
            progress(f"measuring {name}", 0, 0)
            outcome.measures |= MEASURES[name](workload, cluster, place, partitions, progress)
    return outcome


def _print(console: Console, outcome: Outcome) -> None:
    from streams.sandbox.bench import show

    console.print()
    console.print(show.table(outcome))
    for line in show.lines(outcome):
        console.print(line, soft_wrap=True)


def _write(docs: Path, outcome: Outcome) -> None:
    import msgspec

    from streams.sandbox.bench import show

    (docs / _FIGURES).write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=1) + b"\n")
    (docs / _PICTURE).write_text(show.picture(outcome))
    page = docs / _PAGE
    before, _, rest = (page.read_text() if page.exists() else f"# Benchmarks\n\n{_START}{_END}\n").partition(_START)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_START}{show.page(outcome)}{_END}{after}")


@contextmanager
def _progress(console: Console) -> Iterator[Told]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield advance

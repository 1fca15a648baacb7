"""`forewarn evaluate`: what the scores and alerts were worth on event files, or on the bundled loans."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from streams.commands.options import json_option
from streams.commands.printing import PIPE_COLUMNS, print_bytes
from streams.commands.progress import progress_bar

_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(epilog="Example: forewarn evaluate --html report.html --scores scores.jsonl")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scores", type=_OUT, help="Write one line a borrower and month-end, to recompute the figures from.")
@click.option("--html", type=_OUT, help="Write the report as a page with curves.")
@click.option(
    "--compare/--no-compare", default=False, help="Refit LightGBM monthly on the same features (extra: compare)."
)
@click.option(
    "--challengers",
    is_flag=True,
    help="Learn River's adaptive trees in the shadow and show them beside the model. Slow.",
)
@click.option("--warm-up-months", type=click.IntRange(min=0), default=12, show_default=True)
@json_option
def evaluate(
    files: tuple[Path, ...],
    scores: Path | None,
    html: Path | None,
    warm_up_months: int,
    *,
    compare: bool,
    challengers: bool,
    as_json: bool,
) -> None:
    """Fold event files (the bundled loans if none is named) as `assess` does, and report what the model was worth.

    Every figure is prequential: each month-end is judged by the probability that stood then, learned only from labels
    that had matured. Several files are one stream.
    """
    import msgspec

    from streams.files import export
    from streams.files.assess import assess as fold
    from streams.files.evaluate import report as judge
    from streams.files.events import from_events, read
    from streams.learning import report_html, report_text
    from streams.learning.shadow import TREES
    from streams.sandbox.datasets import ally

    events = read(files) if files else from_events(ally.events())
    console = Console(stderr=True)
    with progress_bar(console, len(events), "evaluating") as progress:
        assessed = fold(events, progress=progress)
    if scores:
        export.write_scores(scores, (score.line() for score in assessed.scores))
    trees = tuple(TREES) if challengers else ()
    report = judge(assessed, warm_up_months=warm_up_months, compare=compare, challengers=trees)
    if html:
        html.write_text(report_html.page(report), encoding="utf-8")
    if as_json:
        print_bytes([msgspec.json.encode(report)])
    else:
        wide = None if sys.stdout.isatty() else PIPE_COLUMNS
        Console(width=wide, highlight=False).print(report_text.render(report))

"""`forewarn replay-check`: fold the journal again, from the start, and compare with what is on the topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console

from streams.commands.context import with_settings
from streams.commands.options import json_option
from streams.commands.printing import print_json, print_table

if TYPE_CHECKING:
    from streams.settings import Settings

_BATCHES = (100, 1_000, 9_000)


@click.command(epilog="Exit code 1: something differs. Example: forewarn replay-check --batch 137 --take-over 5")
@click.option(
    "--batch",
    "batches",
    type=click.IntRange(1, 100_000),
    multiple=True,
    help="Records a batch; may be given again. Default: 100, 1000 and 9000.",
)
@click.option(
    "--take-over",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Give each partition to a new worker, restored from its rows, after so many batches; 0: never.",
)
@json_option
@with_settings
def replay_check(settings: Settings, *, batches: tuple[int, ...], take_over: int, as_json: bool) -> None:
    """Fold the whole journal again and compare alerts and states, by hash, with what is on the topics.

    What was decided must not depend on batches, workers or restarts. Stop the producers first and let the workers come
    to the end: what is not yet folded would count as lost. Outputs must be whole: the topics keep them 30 days unless
    told otherwise.
    """
    from streams.sandbox.proof import compare
    from streams.sandbox.proof.refolding import refold

    console = Console(stderr=True, highlight=False)
    found = compare.Found(settings)
    rows, difference = [], ""
    for batch in batches or _BATCHES:
        with console.status(f"folding the journal in batches of {batch:,}") as status:
            wanted = refold(
                settings,
                batch_records=batch,
                take_over_every=take_over,
                progress=lambda done, b=batch: status.update(f"batches of {b:,}: {done:,} records folded"),  # type: ignore[misc]
            )
        checks = [
            *(compare.outputs(topic, wanted, found.outcome) for topic in compare.OUTPUTS),
            compare.states(wanted, found.outcome),
        ]
        rows += [(batch, check) for check in checks]
        if not all(check.green for check in checks) and not difference:
            difference = compare.first_difference(settings, wanted, found.outcome)
        difference = difference or next(iter(wanted.broken), "")
    green = not difference and all(check.green for _, check in rows)
    if as_json:
        print_json(
            {
                "green": green,
                "first_difference": difference,
                "checks": [{"batch_records": b, "check": c} for b, c in rows],
            }
        )
    else:
        columns = ("batch", "compared", "expected", "lost", "twice", "reordered", "differing")
        table = [
            (f"{b:,}", c.name, *(f"{n:,}" for n in (c.expected, c.lost, c.twice, c.reordered, c.differing)))
            for b, c in rows
        ]
        print_table(columns, table, right=[c for c in columns if c != "compared"])
        click.echo("The replay gives the same, byte for byte." if green else f"The replay differs. {difference}")
    if not green:
        raise SystemExit(1)

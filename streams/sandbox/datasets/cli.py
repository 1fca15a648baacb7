"""`dataset`: writes a bundled data set as an event file."""

from __future__ import annotations

from pathlib import Path

import click

from streams.sandbox.datasets import ally, eventfile


@click.group()
def dataset() -> None:
    """Write a bundled set of real loans as an event file."""


@dataset.command(
    "ally", short_help="2,130 US used-car loans.", epilog="Example: forewarn dataset ally --out ally.jsonl.gz"
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    help="Event file to write; compressed when its name ends in .gz.",
)
def ally_command(out: Path) -> None:
    """2,130 US used-car loans, June 2017 to December 2020, from public SEC filings."""
    try:
        out.touch()  # say at once that it cannot be written, not after the work
        count = eventfile.write(ally.events(), out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"{count:,} events written to {out}.")

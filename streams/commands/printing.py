"""How results look: JSON for programs, plain lines and tables for people, color only on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: A table in a file or a pipe may be wider than a terminal.
PIPE_COLUMNS = 200
TIER_STYLES = {
    "NORMAL": "green",
    "WATCH": "cyan",
    "ELEVATED": "yellow",
    "HIGH": "red",
    "CRITICAL": "bold white on red",
}

#: A piece of a line and its style for a terminal; an empty style is plain.
Segment = tuple[str, str]


def print_json(value: object) -> None:
    """Print one JSON value on a line of its own."""
    print_bytes([msgspec.json.encode(value)])


def print_bytes(lines: Iterable[bytes]) -> None:
    """Print lines that are JSON already, untouched."""
    out = click.get_binary_stream("stdout")
    out.write(b"".join(part for line in lines for part in (line, b"\n")))
    out.flush()


def print_lines(lines: Iterable[Sequence[Segment]]) -> None:
    """Print styled lines: through rich on a terminal, else as plain text, which is 50 times as fast."""
    if sys.stdout.isatty():
        console = Console(highlight=False, soft_wrap=True)
        for line in lines:
            console.print(Text.assemble(*line))
    else:
        click.echo("".join("".join(text for text, _ in line) + "\n" for line in lines), nl=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print a table; `right` names the columns of numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS, highlight=False).print(table)


def percent(probability_ppm: int) -> str:
    """Parts per million as a percentage a person can compare: 12345 is `1.23 %`."""
    return f"{probability_ppm / 10_000:.2f} %"


def counted(number: int, noun: str) -> str:
    """`1 record`, `2 records`, `1,234 records`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

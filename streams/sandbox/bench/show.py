"""The result for eyes: a table on the terminal, a page in Markdown, and the same bars as a picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from textwrap import fill

from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.terminal_theme import MONOKAI

from streams.sandbox.bench.result import Row, Spread
from streams.sandbox.bench.session import Outcome

_COLUMNS = 112
_BAR = 9
_DROPPED = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)
COMMAND = "forewarn bench"
#: Borrowers for which the path is told, and how many events each has a day: about two a month.
PATH = (1_000_000, 10_000_000, 100_000_000)
EVENTS_PER_BORROWER_DAY = 2 / 30
#: What each ratio means, in the order of the page.
RATIOS = {
    "plain_faust": "Forewarn ÷ Faust with a pickled River model a borrower (events/s)",
    "faust_table": "Forewarn ÷ Faust with a Table of the same rows (events/s)",
    "quix": "Forewarn ÷ Quix Streams, exactly once (events/s)",
    "bytewax": "Forewarn ÷ Bytewax with recovery (events/s)",
    "bare": "Forewarn ÷ the bare loop (events/s)",
    "cpu_over_bare_us": "Forewarn's CPU above the bare loop's (µs an event)",
    "workers_2_over_1": "two workers ÷ one, the broker's share of the cores given back",
    "workers_2_over_1_as_run": "two workers ÷ one, as run",
}


def table(outcome: Outcome) -> Table:
    """Speed as bars, CPU, and what is promised at that speed."""
    made = Table(title=_heading(outcome), title_justify="left", title_style="bold", box=None, pad_edge=False)
    made.add_column("", no_wrap=True, min_width=max(len(row.title) for row in outcome.rows) if outcome.rows else 0)
    made.add_column("events/s", justify="right", no_wrap=True, min_width=8)
    made.add_column("", width=_BAR)
    made.add_column("CPU µs", justify="right", no_wrap=True, min_width=7)
    made.add_column("guarantee", no_wrap=True, overflow="ellipsis")
    # The sequencer folds nothing: on its scale all others would look alike.
    folding = [row.events_per_second.median for row in outcome.rows if row.name != "sequence"]
    longest = max(folding, default=1.0)
    for row in outcome.rows:
        color = "green" if row.name.startswith("forewarn") else "cyan"
        speed = row.events_per_second.median
        made.add_row(
            row.title,
            f"{speed:,.0f}",
            Bar(longest, 0, min(speed, longest), width=_BAR, color=color),
            f"{row.cpu_us_per_event.median:,.1f}",
            row.guarantee.partition(":")[0],
        )
    return made


def picture(outcome: Outcome) -> str:
    """The table as SVG, with nothing in it that a viewer would have to fetch."""
    console = Console(width=_COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(table(outcome))
    svg = console.export_svg(title=COMMAND, theme=MONOKAI, unique_id="bench")
    return _DROPPED.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas")


def _heading(outcome: Outcome) -> str:
    return (
        f"{outcome.events:,} events of {outcome.borrowers:,} borrowers, {outcome.days} days, "
        f"{outcome.partitions} partitions, {outcome.rounds} rounds"
    )


def page(outcome: Outcome) -> str:
    """The generated part of docs/benchmarks.md."""
    return "\n".join(
        [
            *_measured_on(outcome),
            *_speeds(outcome),
            *_ratios(outcome),
            *_terms(outcome),
            *_measures(outcome),
            *_path(outcome),
        ]
    )


def _measured_on(outcome: Outcome) -> Iterator[str]:
    machine = outcome.machine
    yield f"{_heading(outcome)}. {machine.cores} cores ({machine.processor}), {machine.memory_gib} GiB, {machine.system},"
    yield f"Python {machine.python}, Apache Kafka {machine.kafka} on the same machine."
    yield ""


def _speeds(outcome: Outcome) -> Iterator[str]:
    yield "| | events/s: median (min to max) | CPU µs an event | beside it | broker | memory | alerts |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in outcome.rows:
        yield (
            f"| {_indented(row)} | {_spread(row.events_per_second, 0)} | {_spread(row.cpu_us_per_event, 1)} "
            f"| {_beside(row)} | {row.broker_cpu_us_per_event:,.1f} "
            f"| {row.resident_bytes_max / 2**20:,.0f} MiB | {row.alerts:,} |"
        )
    for skipped in outcome.skipped:
        yield f"| {skipped.title} | left out: {skipped.why} | | | | | |"
    yield ""


def _beside(row: Row) -> str:
    if not row.beside_cpu_us_per_event:
        return ""
    return f"{row.beside_cpu_us_per_event:,.1f}, {row.beside_behind_seconds:,.1f} s behind"


def _indented(row: Row) -> str:
    return "&nbsp;&nbsp;" + row.title.strip() if row.title.startswith(" ") else row.title


def _spread(spread: Spread, digits: int) -> str:
    return f"{spread.median:,.{digits}f} ({spread.min:,.{digits}f} to {spread.max:,.{digits}f})"


def _ratios(outcome: Outcome) -> Iterator[str]:
    if not outcome.ratios:
        return
    yield "| ratio of medians | |"
    yield "| --- | --- |"
    for name, meaning in RATIOS.items():
        if name in outcome.ratios:
            yield f"| {meaning} | {outcome.ratios[name]:,.2f} |"
    yield ""


def _terms(outcome: Outcome) -> Iterator[str]:
    yield "| | guarantee | a business date | settings | versions |"
    yield "| --- | --- | --- | --- | --- |"
    for row in outcome.rows:
        versions = ", ".join(f"{name} {version}" for name, version in row.versions.items())
        yield f"| {row.title.strip()} | {row.guarantee} | {row.ticks} | {row.settings} | {versions} |"
    yield ""


def _measures(outcome: Outcome) -> Iterator[str]:
    for title, figures in outcome.measures.items():
        yield f"| {title} | |"
        yield "| --- | --- |"
        yield from (f"| {name.replace('_', ' ')} | {value:,.1f} |" for name, value in figures.items())
        yield ""


def _path(outcome: Outcome) -> Iterator[str]:
    """What the largest measured worker's figures come to for more borrowers, if each worker has as many."""
    measured = [figures for figures in outcome.measures.values() if "bytes_per_borrower" in figures]
    if not measured:
        return
    found = measured[-1]
    each = round(found["rows"])
    yield f"| on paper, from a worker with {each:,} borrowers | workers | memory of all | CPU of a day's events, all |"
    yield "| --- | --- | --- | --- |"
    for borrowers in PATH:
        workers = max(1, -(-borrowers // each))
        gib = borrowers * found["bytes_per_borrower"] / 2**30
        minutes = borrowers * EVENTS_PER_BORROWER_DAY * found["cpu_us_per_event"] / 60e6
        yield f"| {borrowers:,} borrowers | {workers:,} | {gib:,.1f} GiB | {minutes:,.1f} min |"
    yield ""


def lines(outcome: Outcome) -> Iterator[str]:
    """What stands below the table on a terminal."""
    for name, value in outcome.ratios.items():
        yield f"{RATIOS[name]:<72} {value:>8,.2f}"
    for title, figures in outcome.measures.items():
        yield ""
        yield title
        yield from (f"  {name.replace('_', ' '):<70} {value:>8,.1f}" for name, value in figures.items())
    for skipped in outcome.skipped:
        yield fill(f"left out: {skipped.title}: {skipped.why}", _COLUMNS, subsequent_indent="  ")

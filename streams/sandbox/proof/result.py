"""What a run came to: a struct for programs, a table for people."""

from __future__ import annotations

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.sandbox.proof.verdict import Verdict


class Result(Struct, kw_only=True):
    """One run. `lost`, `twice` and `reordered` sum over everything that was compared."""

    name: str
    green: bool
    seed: int
    events: int
    brokers: int
    partitions: int
    lost: int
    twice: int
    reordered: int
    states_differing: int
    faults: dict[str, int]
    restarts: int
    seconds_workload: float
    seconds_total: float
    workload: dict[str, int]
    stopped: list[str]
    exit_codes: dict[str, int]
    verdict: Verdict


def sums(verdict: Verdict) -> dict[str, int]:
    """The figures a reader looks for first."""
    checks = verdict.checks
    return {
        "lost": sum(check.lost for check in checks),
        "twice": sum(check.twice for check in checks),
        "reordered": sum(check.reordered for check in checks),
        "states_differing": sum(check.differing for check in checks),
    }


def show(console: Console, result: Result) -> None:
    """Print the table."""
    faults = ", ".join(f"{number} {kind}" for kind, number in result.faults.items()) or "none"
    console.print(
        f"\n[bold]{result.name}[/bold], seed {result.seed}: {result.events:,} records, {result.partitions} partitions, "
        f"brokers {result.brokers}, {result.seconds_total:.0f} s ({result.seconds_workload:.0f} s with faults)"
    )
    console.print(f"faults: {faults}; {result.restarts} restarts")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("checked against the reference")
    for column in ("expected", "lost", "twice", "reordered", "differing"):
        table.add_column(column, justify="right")
    for check in result.verdict.checks:
        row = [check.lost, check.twice, check.reordered, check.differing]
        table.add_row(check.name, f"{check.expected:,}", *(Text(f"{n:,}", "" if n == 0 else "bold red") for n in row))
    console.print(table)
    verdict = result.verdict
    console.print(
        f"audits fired {verdict.audits}, rows gone back {verdict.rows_backward}, scattered over partitions {verdict.scattered}, "
        f"unexpected errors {verdict.bugs}, fetches lost and read again {verdict.lost_fetches}"
    )
    for line in [*verdict.broken, *result.stopped, verdict.first_difference]:
        if line:
            console.print(Text(line, "red"))
    console.print(Text("green: nothing lost, nothing twice", "bold green") if result.green else Text("RED", "bold red"))

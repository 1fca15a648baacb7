"""The last proof's tables on a page, written by the command that ran it: nobody copies figures by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streams.sandbox.proof.result import Result
from streams.sandbox.proof.scenarios import TIMED, Outcome

START, END = "<!-- proof: written by forewarn prove --record -->\n", "<!-- end of proof -->"


class NoPlace(ValueError):
    """The page has no place for a proof."""


def record(page: Path, command: str, results: Sequence[Result], outcomes: Sequence[Outcome]) -> None:
    """Replace what stands between the page's two marks.

    Raises:
        NoPlace: the page has no such marks; nothing is written.
    """
    before, start, rest = page.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise NoPlace(f"{page} has no lines {START.strip()} and {END}: they say where the tables go.")
    told = "\n".join([f"`{command}`\n", *map(_run, results), _scenarios(outcomes)])
    page.write_text(f"{before}{START}{told}{END}{after}", encoding="utf-8")


def _run(result: Result) -> str:
    faults = ", ".join(f"{number} {kind}" for kind, number in result.faults.items())
    head = (
        f"{result.name}, seed {result.seed}: {result.events:,} records, {result.partitions} partitions, "
        f"brokers {result.brokers}, {result.restarts} restarts"
    )
    lines = [f"| {head} | expected | lost | twice | reordered | differing |", "|---|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {c.name} | {c.expected:,} | {c.lost} | {c.twice} | {c.reordered} | {c.differing} |"
        for c in result.verdict.checks
    ]
    verdict = result.verdict
    colour = "green" if result.green else "RED"
    took = f"{colour} after {result.seconds_total:,.0f} s, {result.seconds_workload:,.0f} s of them with faults"
    return "\n".join([*lines, "", f"{took}: {faults}. Audits fired: {verdict.audits}.", ""])


def _scenarios(outcomes: Sequence[Outcome]) -> str:
    lines = ["| aimed fault | | seconds |", "|---|---|--:|"]
    lines += [f"| {o.name} | {'green' if o.green else 'RED'} | {o.seconds:.0f} |" for o in outcomes]
    timed = [f"\n{o.name.capitalize()}: {o.said}." for o in outcomes if o.name == TIMED and o.green]
    return "\n".join([*lines, *timed]) + "\n"

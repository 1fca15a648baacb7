"""What one evaluation of the gate costs; the aim is under 20 us, deferrals included.

Run `python -m tests.collections.bench_gate`. Prints processor time, the best of several repeats, because a busy machine
only ever adds to it, and how many plain Python calls cost as much: that figure holds on any machine, and a test bounds it.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from streams.collections.facts import NO_FACTS, Facts
from streams.collections.gate import evaluate
from streams.collections.packs import Pack
from tests.collections.helpers import BASE, CN, US, attempt, call, instant, talk

ROUNDS, REPEATS = 2_000, 15
NEW_YORK, SHANGHAI = ("America/New_York",), ("Asia/Shanghai",)
FIVE = tuple(attempt(f"2026-03-0{day}T12:00:00-05:00") for day in range(1, 6))
FULL = tuple(
    attempt(f"2026-03-0{1 + n // 16}T{8 + n % 16 // 2:02}:{30 * (n % 2):02}:00-05:00", debt=f"L{n % 9}")
    for n in range(64)
)
TALKED = Facts(zones=NEW_YORK, attempts=FIVE, conversations=(talk("2026-03-04T12:00:00-05:00"),))
ONCE = call()


class Case(NamedTuple):
    """One kind of evaluation."""

    name: str
    packs: Sequence[Pack]
    facts: Facts
    at: str


CASES = [
    Case("China: base + cn, allowed", (BASE, CN), Facts(zones=SHANGHAI), "2026-03-04T12:00:00+08:00"),
    Case("China: base + cn, deferred to the morning", (BASE, CN), Facts(zones=SHANGHAI), "2026-03-04T23:00:00+08:00"),
    Case("US: base + us-reg-f, nothing on file, allowed", (BASE, US), Facts(zones=NEW_YORK), "2026-03-05T12:00-05:00"),
    Case("US: five calls on file, allowed", (BASE, US), Facts(zones=NEW_YORK, attempts=FIVE), "2026-03-05T15:00-05:00"),
    Case("US: five calls and a conversation, deferred", (BASE, US), TALKED, "2026-03-05T15:00:00-05:00"),
    Case(
        "US: 64 attempts on file, deferred", (BASE, US), Facts(zones=NEW_YORK, attempts=FULL), "2026-03-05T12:00-05:00"
    ),
    Case("US: zone unknown, eleven candidates, allowed", (BASE, US), NO_FACTS, "2026-03-05T23:00:00+00:00"),
    Case("US: zone unknown, eleven candidates, deferred", (BASE, US), NO_FACTS, "2026-03-05T15:00:00+00:00"),
    Case(
        "three packs at once, allowed", (BASE, CN, US), Facts(zones=NEW_YORK, attempts=FIVE), "2026-03-05T15:00-05:00"
    ),
    Case("three packs at once, deferred", (BASE, CN, US), TALKED, "2026-03-05T15:00:00-05:00"),
]


def evaluation_s(case: Case, rounds: int = ROUNDS, repeats: int = REPEATS) -> float:
    """Seconds of processor time that one evaluation takes."""
    when = instant(case.at)
    return _least(lambda: evaluate(ONCE, case.facts, case.packs, when), rounds, repeats)


def plain_call_s(rounds: int = 10 * ROUNDS, repeats: int = REPEATS) -> float:
    """Seconds of processor time that a plain Python call takes, by which costs are compared between machines."""
    return _least(lambda: ONCE.kind, rounds, repeats)


def _least(work: Callable[[], object], rounds: int, repeats: int) -> float:
    return min(timeit.repeat(work, timer=time.process_time, number=rounds, repeat=repeats)) / rounds


def main() -> None:
    """Measure and print."""
    table = Table("case", "answer", "rules asked", "us an evaluation", "plain calls")
    plain = plain_call_s()
    for case in CASES:
        decision = evaluate(ONCE, case.facts, case.packs, instant(case.at))
        cost = evaluation_s(case)
        figures = f"{cost * 1e6:.1f}", f"{cost / plain:.0f}"
        table.add_row(case.name, decision.verdict, str(len(decision.trail)), *figures)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()

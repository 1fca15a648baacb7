"""What one evaluation of the gate costs; the aim is under 20 us.

Run `python -m tests.collections.bench_gate`. Prints processor time, the best of several repeats, because a busy machine
only ever adds to it.
"""

from __future__ import annotations

import time
import timeit

from rich.console import Console
from rich.table import Table

from streams.collections.facts import NO_FACTS, Facts
from streams.collections.gate import evaluate
from tests.collections.helpers import BASE, CN, US, attempt, call, instant, talk

ROUNDS, REPEATS = 2_000, 15
NEW_YORK = ("America/New_York",)
FIVE = tuple(attempt(f"2026-03-0{day}T12:00:00-05:00") for day in range(1, 6))
FULL = tuple(
    attempt(f"2026-03-0{1 + n // 16}T{8 + n % 16 // 2:02}:{30 * (n % 2):02}:00-05:00", debt=f"L{n % 9}")
    for n in range(64)
)
CASES = [
    ("China: base + cn, allowed", (BASE, CN), Facts(zones=("Asia/Shanghai",)), "2026-03-04T12:00:00+08:00"),
    (
        "China: base + cn, deferred to the morning",
        (BASE, CN),
        Facts(zones=("Asia/Shanghai",)),
        "2026-03-04T23:00:00+08:00",
    ),
    ("US: base + us-reg-f, nothing on file, allowed", (BASE, US), Facts(zones=NEW_YORK), "2026-03-05T12:00:00-05:00"),
    ("US: five calls on file, allowed", (BASE, US), Facts(zones=NEW_YORK, attempts=FIVE), "2026-03-05T15:00:00-05:00"),
    (
        "US: five calls and a conversation, deferred",
        (BASE, US),
        Facts(zones=NEW_YORK, attempts=FIVE, conversations=(talk("2026-03-04T12:00:00-05:00"),)),
        "2026-03-05T15:00:00-05:00",
    ),
    ("US: 64 attempts on file", (BASE, US), Facts(zones=NEW_YORK, attempts=FULL), "2026-03-05T12:00:00-05:00"),
    ("US: zone unknown, eleven candidates, allowed", (BASE, US), NO_FACTS, "2026-03-05T23:00:00+00:00"),
    ("US: zone unknown, eleven candidates, deferred", (BASE, US), NO_FACTS, "2026-03-05T15:00:00+00:00"),
    ("three packs at once", (BASE, CN, US), Facts(zones=NEW_YORK, attempts=FIVE), "2026-03-05T15:00:00-05:00"),
]


def main() -> None:
    """Measure and print."""
    table = Table("case", "answer", "rules asked", "us an evaluation")
    for name, packs, facts, at in CASES:
        when = instant(at)
        decision = evaluate(call(), facts, packs, when)
        times = timeit.repeat(
            lambda f=facts, p=packs, w=when: evaluate(call_once, f, p, w),  # type: ignore[misc]
            timer=time.process_time,
            number=ROUNDS,
            repeat=REPEATS,
        )
        table.add_row(name, decision.verdict, str(len(decision.trail)), f"{min(times) / ROUNDS * 1e6:.1f}")
    Console().print(table)


call_once = call()

if __name__ == "__main__":
    main()

"""Aimed faults that only a saboteur within the worker can hit, each with the mutation that it catches.

Each ends in the judge. With the product's own engine it must be green; with the mutation it must be red.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from streams.sandbox.proof.bench import Bench
from streams.sandbox.proof.settling import NotSettled
from streams.sandbox.proof.verdict import Verdict

#: (whether the workers came to the end, what the judge found)
Judged = tuple[bool, Verdict]
#: How long a run that may never settle is waited for; one that settles takes a few seconds.
_BROKEN_S = 40.0


def _mutated(mutation: str | None) -> list[str]:
    return ["--mutation", mutation] if mutation else []


def _once(bench: Bench) -> tuple[Path, list[str]]:
    done = bench.directory / "done"
    return done, ["--once", str(done)]


def _judge(bench: Bench, mutation: str | None) -> Judged:
    """Let the rest be folded, and compare. A broken engine may never come to the end: that is red, too."""
    settled = True
    try:
        bench.settle("assess", limit_s=_BROKEN_S if mutation else 180.0)
    except NotSettled:
        settled = False
    return settled, bench.judge()


def zombie(bench: Bench, mutation: str | None = None, *, step: str = "begin") -> Judged:
    """A worker freezes before its commit, beyond its session; another takes over and goes on; then it wakes up."""
    bench.sequence()
    _, once = _once(bench)
    frozen = bench.add("assess", "a", "--freeze-at", step, *once, *_mutated(mutation))
    bench.until(lambda: frozen.frozen, "the worker to freeze")
    bench.add("assess", "b")
    bench.settle("assess")
    frozen.signal(signal.SIGCONT)
    bench.until(lambda: not frozen.frozen, "the worker to wake up")
    bench.until(_after(4.0), "a few seconds to pass", 30)
    return _judge(bench, mutation)


def expired(bench: Bench, mutation: str | None = None) -> Judged:
    """The same with an open transaction: the broker ends it, and the worker must start anew, not give up."""
    return zombie(bench, mutation, step="commit")


def rebalanced(bench: Bench, mutation: str | None = None) -> Judged:
    """A worker's commit is slow to begin, and meanwhile the group gives its partitions to another."""
    bench.sequence()
    done, once = _once(bench)
    bench.add("assess", "a", "--stall-s", "14", *once, *_mutated(mutation))
    bench.until(done.exists, "the commit to stall")
    bench.add("assess", "b")
    return _judge(bench, mutation)


def killed_between(bench: Bench, mutation: str | None = None) -> Judged:
    """A worker is killed when its transaction is committed, before it knows."""
    bench.sequence()
    _, once = _once(bench)
    worker = bench.add("assess", "a", "--freeze-at", "committed", *once, *_mutated(mutation))
    bench.until(lambda: worker.frozen, "the worker to have committed")
    worker.signal(signal.SIGKILL)
    return _judge(bench, mutation)


def dropped(bench: Bench, mutation: str | None = None) -> Judged:
    """Nothing but work: what a dropped batch is caught by."""
    _, once = _once(bench)
    bench.sequence("--after-commits", "4", *once, *_mutated(mutation))
    bench.add("assess", "a")
    return _judge(bench, mutation)


def _after(seconds: float) -> Callable[[], bool]:
    over = time.monotonic() + seconds
    return lambda: time.monotonic() > over


#: (aimed fault, the mutation it must catch)
CAUGHT: dict[str, tuple[Callable[..., Judged], str]] = {
    "a zombie commits": (zombie, "no-fencing"),
    "a commit in a rebalance": (rebalanced, "late-metadata"),
    "killed after a commit": (killed_between, "offsets-outside"),
    "a batch dropped": (dropped, "drop-batch"),
}

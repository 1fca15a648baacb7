"""Aimed faults, one after the other on one broker: what must go on, and what must stop with one line that says why."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from streams.borrower import state
from streams.engine import client, reading, rows
from streams.engine.process import EXIT_CONFIG
from streams.sandbox.broker import Cluster
from streams.sandbox.proof import aimed
from streams.sandbox.proof.bench import CLUSTER, Bench, NotSeen
from streams.sandbox.proof.fleet import Member
from streams.sandbox.proof.settling import NotSettled

#: No codec will ever have it: one byte, and versions rise by one.
_NEWER_VERSION = 99
#: The one that says how long things take; its words go on the page that records a proof.
TIMED = "restart and takeover"
_QUIET_S = 3.0
#: Runs a program that can write to no regular file, as on a full disk.
_NO_FILES = ("/bin/sh", "-c", 'ulimit -f 0 && exec "$@"', "sh")


class Outcome(Struct, kw_only=True):
    """How a scenario ended."""

    name: str
    green: bool
    seconds: float
    said: str


def judged(fault: Callable[[Bench], aimed.Judged]) -> Callable[[Bench], str]:
    """Make a scenario of an aimed fault: the judge must be green."""

    def scenario(bench: Bench) -> str:
        settled, verdict = fault(bench)
        if not settled or not verdict.green:
            raise NotSeen(f"lost, twice or different: {verdict.checks} {verdict.broken} {verdict.first_difference}")
        return "nothing lost, nothing twice"

    return scenario


def disk_full(bench: Bench) -> str:
    """A worker that can write nothing locally, not even its log, does all its work: it keeps nothing on disk."""
    bench.sequence()
    bench.fleet.log = Path("/dev/full")
    bench.fleet.through = _NO_FILES
    member = bench.add("assess", "a")
    bench.settle("assess")
    if not member.alive or not bench.judge().green:
        raise NotSeen(f"The worker ended with {member.codes} or the results differ.")
    return "every write to a file fails, the log's too; all is folded"


def no_state_directory(bench: Bench) -> str:
    """A state directory that cannot be made stops a worker with one line."""
    blocker = bench.directory / "a-file"
    blocker.touch()
    member = bench.fleet.add("assess", "a", FOREWARN_STATE_DIR=str(blocker / "state"))
    return _one_line(bench, member, str(blocker))


def topic_deleted(bench: Bench) -> str:
    """The state topic is deleted while a worker runs: it stops with one line that names it."""
    bench.sequence()
    bench.add("sequence", "a")
    member = bench.add("assess", "a")
    bench.settle("sequence", "assess")
    name = f"{bench.settings.topic_prefix}state"
    admin = client.admin(bench.settings)  # must outlive its futures
    admin.delete_topics([name])[name].result(30)
    bench.send()
    return _one_line(bench, member, name, restarts=True)


def newer_version(bench: Bench) -> str:
    """A row of a codec version to come: a worker stops with one line, and touches nothing."""
    bench.sequence()
    producer = client.producer(bench.settings)
    row = rows.pack(_NEWER_VERSION, 0, 0, state.encode(state.Borrower(1)))
    producer.produce(f"{bench.settings.topic_prefix}state", row, b"from-the-future", 0)
    producer.flush(30)
    written = ("state", "risk-tier-changes", "labels", "dead-letters", "delinquency-changes")
    places = reading.places(bench.settings, written)
    before = reading.ends(bench.settings, places)
    member = bench.add("assess", "a")
    said = _one_line(bench, member, f"version {_NEWER_VERSION}")
    if reading.ends(bench.settings, places) != before:
        raise NotSeen("The worker wrote something before it stopped.")
    return said


def damaged_row(bench: Bench) -> str:
    """A row of which only rubbish is left: a worker stops with one line when it touches it, and names no borrower."""
    bench.sequence()
    first = bench.add("assess", "a")
    bench.settle("assess")
    bench.dismiss(first)
    place = next(r for r in reading.read_all(bench.settings, ["state"]) if r.key is not None and r.key[0])
    producer = client.producer(bench.settings)
    row = rows.pack(state.VERSION, 0, 0, b"rubbish")
    producer.produce(f"{bench.settings.topic_prefix}state", row, place.key, place.partition)
    producer.flush(30)
    bench.sequence()  # the same facts again: each touches its borrower's row
    member = bench.add("assess", "a")
    said = _one_line(bench, member, f"state/{place.partition} cannot be decoded")
    if (place.key or b"").decode() in bench.said:
        raise NotSeen(f"The log names a borrower: {said}")
    return said


def restart_and_takeover(bench: Bench) -> str:
    """How long after kill -9 a worker is ready again, and how long a dead one's partitions wait for another."""
    bench.sequence()
    first = bench.add("assess", "a")
    bench.settle("assess")
    borrowers = len({r.key for r in reading.read_all(bench.settings, ["state"])})
    first.signal(signal.SIGKILL)
    ready_s = _opened_after(bench, "the worker to be ready again")
    opened = _openings(bench)
    bench.add("assess", "b")
    bench.until(lambda: _openings(bench) > opened, "a second worker to share the partitions")
    bench.until(_settled(bench), "both to be at rest", 60)
    first.wanted = False
    first.signal(signal.SIGKILL)
    taken_s = _opened_after(bench, "the other worker to take over")
    if not bench.judge().green:
        raise NotSeen("What stands on the topics differs from the reference.")
    session_s = bench.settings.session_timeout_ms / 1000
    return (
        f"ready {ready_s:.1f} s after kill -9, with {borrowers} rows; the partitions of a worker that stayed dead had another "
        f"after {taken_s:.1f} s, of which {session_s:.0f} s are the session timeout"
    )


def _openings(bench: Bench) -> int:
    return bench.said.count("forewarn.assess: opened")


def _opened_after(bench: Bench, what: str) -> float:
    started, opened = time.monotonic(), _openings(bench)
    bench.until(lambda: _openings(bench) > opened, what)
    return time.monotonic() - started


def _settled(bench: Bench) -> Callable[[], bool]:
    """Whether nobody has opened a partition for a few seconds: a rebalance may be followed by another."""
    seen = [_openings(bench), time.monotonic()]

    def quiet() -> bool:
        if (now := _openings(bench)) != seen[0]:
            seen[:] = [now, time.monotonic()]
        return time.monotonic() - seen[1] > _QUIET_S

    return quiet


def _one_line(bench: Bench, member: Member, about: str, *, restarts: bool = False) -> str:
    """Wait until a worker has ended for good; its last line must be about what is wrong."""
    bench.until(lambda: not member.alive and member.last_code == EXIT_CONFIG, f"exit code {EXIT_CONFIG}")
    lines = bench.last_words
    if about not in lines[-1] or "Traceback" in bench.said or (len(lines) > 1 and not restarts):
        raise NotSeen(f"Expected one line about {about}; the workers said: {bench.said[-800:]}")
    return lines[-1]


SCENARIOS: dict[str, Callable[[Bench], str]] = {
    "zombie fenced": judged(aimed.zombie),
    "transaction expired": judged(aimed.expired),
    "commit in a rebalance": judged(aimed.rebalanced),
    "killed after a commit": judged(aimed.killed_between),
    "disk full": disk_full,
    "no state directory": no_state_directory,
    "topic deleted": topic_deleted,
    "newer codec version": newer_version,
    "damaged row": damaged_row,
    TIMED: restart_and_takeover,
}


def run_one(name: str, scenario: Callable[[Bench], str], bootstrap: str, directory: Path) -> Outcome:
    """Run one on topics of its own."""
    started = time.monotonic()
    with Bench(bootstrap, directory) as bench:
        try:
            said, green = scenario(bench), True
        except (NotSeen, NotSettled, TimeoutError) as error:
            said, green = f"{error} The workers' last words: {bench.last_words[-2:]}", False
    return Outcome(name=name, green=green, seconds=round(time.monotonic() - started, 1), said=said)


def run_all(directory: Path, say: Callable[[str], None]) -> list[Outcome]:
    """Run every scenario on one broker."""
    place = directory / "scenarios"
    outcomes = []
    with Cluster(place / "kafka", CLUSTER) as cluster:
        for name, scenario in SCENARIOS.items():
            outcome = run_one(name, scenario, cluster.bootstrap, place)
            say(f"{'green' if outcome.green else 'RED  '}  {name} ({outcome.seconds:.0f} s): {outcome.said}")
            outcomes.append(outcome)
    return outcomes

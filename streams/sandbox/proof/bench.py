"""A small stage for one aimed fault: a broker that serves all of them, topics of its own, a sequenced workload."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.engine import topics_admin
from streams.sandbox.broker_config import ClusterSettings
from streams.sandbox.proof.fleet import Fleet, Member, last_words
from streams.sandbox.proof.sending import Position, Sender
from streams.sandbox.proof.settling import Settling
from streams.sandbox.proof.verdict import Verdict, judge
from streams.sandbox.proof.workload import story
from streams.settings import Settings, load

#: A transaction that is left open is ended within 6 s instead of 15, so an expired one need not be waited for long.
CLUSTER = ClusterSettings(properties={"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000"})
_EVENTS, _DAYS = 1_200, 60
_PARTITIONS = 2
_LIMIT_S = 120.0
_LOOK_S = 0.05
#: Small batches make many commits, so that there is one to hit.
_BATCH_RECORDS = "100"


class NotSeen(AssertionError):
    """What the fault should cause was not seen."""


class Bench:
    """Use as a context manager: leaving it ends every worker."""

    def __init__(self, bootstrap: str, directory: Path, seed: int = 1) -> None:
        """Makes the topics; starts nothing."""
        name = uuid.uuid4().hex[:8]
        self.directory = directory / name
        self.directory.mkdir(parents=True)
        self.settings: Settings = load(
            {},
            bootstrap=bootstrap,
            topic_prefix=f"{name}.",
            partitions=_PARTITIONS,
            session_timeout_ms=6_000,
            transaction_timeout_ms=5_000,
            state_dir=str(self.directory / "state"),
        )
        topics_admin.create(self.settings)
        self.log = self.directory / "workers.log"
        self.fleet = Fleet(self.settings, self.log)
        self.poison: set[Position] = set()
        self._seed = seed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fleet.stop()

    @property
    def said(self) -> str:
        """What the workers have said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def last_words(self) -> list[str]:
        """The lines in which workers said why they end."""
        return last_words(self.said)

    def send(self) -> None:
        """Send the workload."""
        sender = Sender(self.settings, story(_EVENTS, self._seed, _DAYS))
        sender.run()
        if sender.error is not None:
            raise NotSeen(sender.error)
        self.poison = sender.poison

    def sequence(self, *options: str) -> None:
        """Send the workload and have it journaled; then the sequencer stops."""
        member = self.add("sequence", "a", *options)
        self.send()
        self.settle("sequence")
        self.dismiss(member)

    def add(self, agent: str, instance: str, *options: str) -> Member:
        """Start a worker, with options of the proof's own entry point if there are any."""
        return self.fleet.add(agent, instance, *options, FOREWARN_BATCH_RECORDS_MAX=_BATCH_RECORDS)

    def dismiss(self, member: Member) -> None:
        """Have a worker end, and not come back."""
        member.wanted = False
        member.signal(signal.SIGTERM)
        self.until(lambda: not member.alive, "a worker to end when asked")

    def settle(self, *agents: str, limit_s: float = _LIMIT_S) -> None:
        """Wait until the agents have come to the end of their topics."""
        Settling(self.settings, limit_s, self.fleet.look, agents).run()

    def until(self, seen: Callable[[], bool], what: str, limit_s: float = _LIMIT_S) -> None:
        """Wait for something to be seen, looking after the workers.

        Raises:
            NotSeen: it was not.
        """
        deadline = time.monotonic() + limit_s
        while not seen():
            self.fleet.look()
            if time.monotonic() > deadline:
                raise NotSeen(f"Waited {limit_s:.0f} s for {what}. The workers' last words: {self.last_words[-2:]}")
            time.sleep(_LOOK_S)

    def judge(self) -> Verdict:
        """End the workers and compare."""
        self.fleet.stop()
        return judge(self.settings, self.poison, self.log, learn=False)

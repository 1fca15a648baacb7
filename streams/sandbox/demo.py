"""The main job, whole, on this machine: a broker, the topics, the agents, real loans in, alerts out.

Everything lives in one directory and in child processes that cannot outlive this one.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from streams.agents.groups import EVERY, group_of
from streams.agents.preserve import KINDS as PRESERVED
from streams.agents.supervise import Supervisor
from streams.engine import reading, topics_admin
from streams.engine.barrier import Barrier
from streams.engine.errors import EngineError
from streams.evidence.keys import generate_key, write_key_file
from streams.files import stressed
from streams.files.events import FileEvent
from streams.files.export import alerts_of, states_of
from streams.files.replay import Progress, Replay
from streams.files.stressed import Stressed
from streams.sandbox.broker import Cluster
from streams.sandbox.summary import Summary, summarize
from streams.settings import PREFIX, Settings, load

#: Told one line about what is going on.
Say = Callable[[str], None]
#: Told each alert and collection action as it stands on its topic, as soon as it is committed.
OnAlert = Callable[[bytes], None]
_SETTLE_S = 60.0
#: What the last scene shows: nothing new, a bad year, and a part of the book that stops paying together.
STRESS_SCENE = ("baseline", "severe", "stop-pay")


class Demo:
    """One run. Use as a context manager: leaving it ends every process."""

    def __init__(self, directory: Path, *, partitions: int, say: Say) -> None:
        """Nothing is started yet.

        Args:
            directory: emptied first; holds the broker's data and the workers' log.
            partitions: of the journal.
        """
        self._directory = directory
        self._partitions = partitions
        self._say = say
        self._stack = ExitStack()
        self.settings: Settings = load()
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        """Start the broker, the topics and the agents."""
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        cluster = Cluster(self._directory / "kafka", progress=self._say)
        cluster.start()
        self._stack.callback(cluster.stop)
        self.settings = load(
            bootstrap=cluster.bootstrap,
            partitions=self._partitions,
            replication=1,
            instance="demo",
            state_dir=str(self._directory),
            evidence_dir=str(self._directory / "evidence"),
            evidence_key_file=str(self._directory / "evidence.key"),
        )
        write_key_file(self._directory / "evidence.key", generate_key("forewarn-demo"))
        created = topics_admin.create(self.settings)
        self._say(f"{len(created)} topics created, {self._partitions} journal partitions")
        log = self._directory / "workers.log"
        names = ("bootstrap", "instance", "state_dir", "evidence_dir", "evidence_key_file")
        environment = dict(os.environ) | {PREFIX + name.upper(): getattr(self.settings, name) for name in names}
        supervisor = Supervisor(list(EVERY), environment, log=log, say=self._say)
        supervisor.start()
        self._stack.callback(supervisor.stop)
        self._supervisor = supervisor
        self._say(f"started {', '.join(EVERY)} (log: {log})")

    def run(self, events: list[FileEvent], on_alert: OnAlert, progress: Progress) -> Summary:
        """Replay the events and wait until everything that follows from them is committed."""
        stopping = threading.Event()
        follower = threading.Thread(target=self._follow, args=(on_alert, stopping), daemon=True)
        follower.start()
        started = time.monotonic()
        replay = Replay(self.settings)
        try:
            replay.run(events, self._watched(progress))
            self._settle()
        finally:
            replay.close()
        seconds = time.monotonic() - started
        stopping.set()
        follower.join(5)
        return self._summary(len(events), seconds)

    def stress(self) -> Stressed:
        """Put the book that the portfolio agent keeps, as it stands now, under a few scenarios.

        Raises:
            NoBook: no loan is active any more.
        """
        monitor = stressed.live(self.settings)
        return stressed.stress(monitor, stressed.start(monitor), STRESS_SCENE, stressed.Asked())

    def _watched(self, progress: Progress) -> Progress:
        def advance(day: int, count: int) -> None:
            self._check()
            progress(day, count)

        return advance

    def _check(self) -> None:
        assert self._supervisor is not None
        if (code := self._supervisor.check()) is not None:
            log = self._directory / "workers.log"
            raise EngineError(f"An agent ended with {code} and would again. Its last words are in {log}.")

    def _settle(self) -> None:
        """Wait until the journal is folded to its end, and what came of it is kept as evidence."""
        read = (("assess", ("journal",)), ("portfolio", ("book",)), ("preserve", tuple(PRESERVED)))
        for agent, topics in read:
            barrier = Barrier(self.settings, group_of(agent, self.settings), topics)
            try:
                ends, deadline = barrier.ends(), time.monotonic() + _SETTLE_S
                while not barrier.passed(ends):
                    self._check()
                    if time.monotonic() > deadline:
                        raise EngineError(f"{agent} did not come to the end of its topics within {_SETTLE_S:.0f} s.")
                    time.sleep(0.02)
            finally:
                barrier.close()

    def _follow(self, on_alert: OnAlert, stopping: threading.Event) -> None:
        places = reading.places(self.settings, ["risk-tier-changes", "collection-actions"])
        with reading.Reader(self.settings, places) as reader:
            quiet = 0
            while quiet < 2:  # after the end, two empty polls mean that all has been shown
                found = reader.poll()
                quiet = quiet + 1 if stopping.is_set() and not found else 0
                for record in found:
                    if record.value is not None:
                        on_alert(record.value)

    def _summary(self, events: int, seconds: float) -> Summary:
        topics = ("delinquency-changes", "collection-actions", "portfolio-alerts")
        told: dict[str, list[bytes]] = {topic: [] for topic in topics}
        for record in reading.read_all(self.settings, topics):
            told[record.topic].append(record.value or b"")
        return summarize(
            events=events,
            borrowers=len(states_of(self.settings)),
            seconds=seconds,
            told=told | {"risk-tier-changes": alerts_of(self.settings)},
            dead_letters=sum(1 for _ in reading.read_all(self.settings, ["dead-letters"])),
            model_versions=sum(
                b'"model_activated"' in (r.value or b"") for r in reading.read_all(self.settings, ["models"])
            ),
        )

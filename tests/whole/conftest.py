"""A running Forewarn on the session's broker, for tests of the whole."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams.agents.groups import AGENTS, group_of
from streams.agents.supervise import Supervisor
from streams.engine import topics_admin
from streams.engine.barrier import Barrier
from streams.events.envelope import Event
from streams.files.events import FileEvent, from_events
from streams.files.replay import Replay
from streams.sandbox.datasets import ally
from streams.settings import PREFIX, Settings, load


@dataclass
class Running:
    """One deployment: its settings, and how to feed it."""

    settings: Settings

    def replay(self, events: list[FileEvent]) -> None:
        """Send the events as `forewarn replay` does and wait until the journal is folded."""
        replay = Replay(self.settings)
        try:
            replay.run(events)
        finally:
            replay.close()
        self.settle()

    def settle(self) -> None:
        """Wait until everything journaled is folded, and the book with it."""
        for agent, topic in (("assess", "journal"), ("portfolio", "book")):
            barrier = Barrier(self.settings, group_of(agent, self.settings), (topic,))
            try:
                ends = barrier.ends()
                while not barrier.passed(ends):
                    time.sleep(0.05)
            finally:
                barrier.close()


Deploy = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def deploy(broker: str, tmp_path: Path) -> Deploy:
    """Start agents on topics of their own; every process is gone when the context is left."""

    @contextmanager
    def start(partitions: int, workers: int = 1, **settings: object) -> Iterator[Running]:
        own = load({}, bootstrap=broker, topic_prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=partitions, **settings)
        topics_admin.create(own)
        environment = dict(os.environ) | {
            PREFIX + name.upper(): str(getattr(own, name))
            for name in ("bootstrap", "topic_prefix", "batch_records_max")
        }
        supervisors = []
        for number in range(workers):
            agents = list(AGENTS) if number == 0 else ["assess", "sequence"]
            mine = environment | {f"{PREFIX}INSTANCE": f"w{number}", f"{PREFIX}STATE_DIR": str(tmp_path)}
            supervisors.append(Supervisor(agents, mine, log=tmp_path / f"worker-{number}.log"))
        try:
            for supervisor in supervisors:
                supervisor.start()
            yield Running(own)
            assert [supervisor.check() for supervisor in supervisors] == [None] * workers
            assert sum(supervisor.restarts for supervisor in supervisors) == 0
        finally:
            for supervisor in supervisors:
                supervisor.stop()

    return start


def some_loans(
    count: int, until: str, also: Callable[[list[str]], Iterable[Event]] = lambda kept: ()
) -> list[FileEvent]:
    """Events of the first loans of the bundled set up to a business date (exclusive), and what `also` adds to them."""
    events = [event for event in ally.events() if event.business_date.isoformat() < until]
    borrowers = sorted({event.borrower_id for event in events if hasattr(event, "borrower_id")})
    chosen = borrowers[:: max(1, len(borrowers) // count)][:count]
    kept = {*chosen, None}
    real = [event for event in events if getattr(event, "borrower_id", None) in kept]
    return from_events([*real, *also(chosen)])

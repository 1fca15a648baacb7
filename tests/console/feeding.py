"""Event files through all agents into the console's file, without Kafka."""

from __future__ import annotations

import time
from collections import Counter

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.portfolio import PortfolioAgent
from streams.agents.sequence import Sequencer
from streams.console.projection import TOPICS, Projection
from streams.console.store import Store
from streams.engine.driver import LocalDriver
from streams.engine.reading import Record
from streams.engine.writes import Write
from streams.files.events import FileEvent
from streams.files.holds import spans
from streams.risk.tiers import DEFAULT

_BATCH = 5_000


class Fed:
    """A store, and what was written to each topic."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.projection = Projection(store)
        self.records: list[Record] = []
        self._next: Counter[tuple[str, int]] = Counter()
        self._taken = 0
        self._driver = LocalDriver(
            [Sequencer(1, None), Assessor(1, DEFAULT), LearningAgent(), PortfolioAgent()], self._take
        )

    def _take(self, write: Write) -> None:
        if write.topic not in TOPICS:
            return
        place = (write.topic, max(write.partition, 0))
        offset = self._next[place]
        self._next[place] += 1
        now = time.time_ns() // 1_000_000
        self.records.append(Record(*place, offset, now, write.key, write.value, write.headers or []))

    def fold(self, events: list[FileEvent]) -> Fed:
        """Run the agents over events, and file what they write."""
        for span, _hold in spans(events):
            for event in span:
                self.send(event.topic, event.key, event.value)
            self.pump()
        return self

    def send(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Send one record to an input topic."""
        self._driver.produce(topic, key, value)

    def pump(self) -> None:
        """Let the agents run, and file what they wrote."""
        self._driver.pump()
        for start in range(self._taken, len(self.records), _BATCH):
            self.projection.take(self.records[start : start + _BATCH])
        self._taken = len(self.records)

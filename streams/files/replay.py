"""Event files into the topics, in an order that makes every run decide the same.

Rule 1: events of one borrower on different topics are journaled before the next of them is sent.
Rule 2: a tick is sent when all before it is acknowledged (the sequencer then lets nothing of the day be overtaken).
Rule 3: a date on which labels matured is held until the version learned from them is in the journal.
Live producers need none of this; it is what makes a replay of files exact at any number of partitions and workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from confluent_kafka import TopicPartition

from streams.agents.groups import BORROWER_TOPICS, group_of
from streams.engine import client
from streams.engine.barrier import Barrier
from streams.engine.errors import EngineError
from streams.events.control import ModelActivated
from streams.files.events import FileEvent
from streams.files.holds import spans
from streams.settings import Settings

#: Told (business day as ordinal, events sent).
Progress = Callable[[int, int], None]
_STUCK_S = 120.0
_POLL_S = 0.004


class Stuck(EngineError):
    """Nothing moves: no worker sequences or learns."""


class Replay:
    """Sends one ordered stream of events."""

    def __init__(self, settings: Settings, *, hold: bool = True, days_per_second: float = 0.0) -> None:
        """
        Args:
            hold: apply rules 1 and 3; without it events are sent flat out, for load and not for comparison.
            days_per_second: pace of the business dates; 0 is as fast as possible.
        """
        self._settings = settings
        self._hold = hold
        self._pace = days_per_second
        group = group_of("sequence", settings)
        self._producer = client.producer(settings, **{"linger.ms": 1})
        self._journaled = Barrier(settings, group, BORROWER_TOPICS)
        self._activated = Barrier(settings, group, ("models",))
        self._models = client.consumer(settings, f"{group}.replay")
        self._models.assign([TopicPartition(settings.topic_prefix + "models", 0, 0)])
        self._learned_through = self._version_end = 0
        self._in_flight: dict[str, str] = {}
        self._unacknowledged = False
        self._failed: str | None = None

    def run(self, events: list[FileEvent], progress: Progress = lambda day, count: None) -> None:
        """Send everything.

        Raises:
            Stuck: the workers do not follow; the text says what waits for what.
        """
        started, first_day, sent = time.monotonic(), events[0].day, 0
        for span, hold_day in spans(events):
            for event in span:
                if event.is_tick:
                    self._before_tick(event, started, first_day)
                    progress(event.day, sent)
                elif self._hold:
                    self._keep_order(event)
                self._send(event)
                sent += 1
            if hold_day and self._hold:
                self._await_version(hold_day)
        self._flush()
        if self._hold:
            self._await_journaled()
        progress(events[-1].day, sent)

    def close(self) -> None:
        """Release the connections."""
        self._models.close()
        self._journaled.close()
        self._activated.close()

    def _send(self, event: FileEvent) -> None:
        topic = self._settings.topic_prefix + event.topic
        while True:
            try:
                self._producer.produce(topic, event.value, event.key, on_delivery=self._delivered)
                break
            except BufferError:
                self._producer.poll(0.05)
        self._unacknowledged = True
        self._producer.poll(0)

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self._failed = str(error)

    def _flush(self) -> None:
        if self._unacknowledged:
            self._producer.flush()
            self._unacknowledged = False
        if self._failed is not None:
            raise EngineError(f"The broker did not take an event: {self._failed}")

    def _before_tick(self, event: FileEvent, started: float, first_day: int) -> None:
        self._flush()
        if self._pace:
            due = started + (event.day - first_day) / self._pace
            time.sleep(max(0.0, due - time.monotonic()))

    def _keep_order(self, event: FileEvent) -> None:
        topic = self._in_flight.setdefault(event.borrower_id, event.topic)
        if topic != event.topic:
            self._await_journaled()
            self._in_flight[event.borrower_id] = event.topic

    def _await_journaled(self) -> None:
        self._flush()
        ends = self._journaled.ends()
        self._wait(lambda: self._journaled.passed(ends), "the events sent so far to be journaled (agent sequence)")
        self._in_flight.clear()

    def _await_version(self, day: int) -> None:
        self._await_journaled()
        self._wait(lambda: self._version_published(day), "labels to be learned (agents assess and learn)")
        models = (self._settings.topic_prefix + "models", 0)
        self._wait(lambda: self._activated.passed({models: self._version_end}), "a model version to be journaled (agent sequence)")

    def _version_published(self, day: int) -> bool:
        while self._learned_through < day and (message := self._models.poll(0)) is not None:
            if message.error() is None:
                version = msgspec.json.decode(message.value(), type=ModelActivated)
                self._learned_through = max(self._learned_through, version.learned_through.toordinal())
                self._version_end = message.offset() + 1
        return self._learned_through >= day

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _STUCK_S
        while not done():
            if time.monotonic() > deadline:
                raise Stuck(f"Waited {_STUCK_S:.0f} s for {what}. Does `forewarn worker` run against {self._settings.bootstrap}?")
            time.sleep(_POLL_S)

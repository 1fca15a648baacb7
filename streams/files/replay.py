"""Event files into the topics, in an order that makes every run decide the same.

Rule 1: an event is sent when the borrower's last one on another topic has been journaled: topics have no order
between them. Most often that has long happened, so nothing waits.
Rule 2: a tick is sent when all before it is acknowledged (the sequencer then lets nothing of the day be overtaken).
Events of later days may overtake a tick: a row advances by its own events too.
Rule 3: a date on which labels matured is held until the version learned from them is in the journal; not one before
the last date that the cluster has seen already: what belongs to a closed date is counted and not learned any more.
Rule 4: where the outage guard may act (`holds`), a date is held until the portfolio has judged it.
Rule 5: a policy, a freeze or a decision about model versions is sent when all before it is journaled, and all after it
waits for it, for it acts on every borrower.
Live producers need none of this; it is what makes a replay of files exact at any number of partitions and workers.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable

import msgspec
from confluent_kafka import KafkaError, Message, TopicPartition

from streams.agents.groups import BORROWER_TOPICS, group_of
from streams.engine import client, reading
from streams.engine.barrier import Barrier
from streams.engine.errors import EngineError
from streams.engine.transactions import Partition
from streams.events.control import MeasuresActivated, ModelActivated
from streams.files.events import FileEvent
from streams.files.holds import spans
from streams.settings import Settings

#: Told (business day as ordinal, events sent).
Progress = Callable[[int, int], None]
_STUCK_S = 120.0
#: How long to wait before asking again: at first, and at last. An event is mostly journaled within a few milliseconds.
_POLL_S = (0.001, 0.01)
#: Topics whose events act on every borrower.
_FOR_ALL = ("controls", "models")
_versions = msgspec.json.Decoder(ModelActivated | MeasuresActivated)


class _Dated(msgspec.Struct):
    """What counts of a tick here."""

    business_date: dt.date


class Stuck(EngineError):
    """Nothing moves: no worker sequences or learns."""


class _Trail:
    """Where a borrower's last event went: its topic, how many are unacknowledged, and the place of the newest known."""

    __slots__ = ("offset", "partition", "topic", "unacknowledged")

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.unacknowledged = 0
        self.partition: Partition = ("", 0)
        self.offset = -1

    def delivered(self, message: Message) -> None:
        self.unacknowledged -= 1
        self.partition, self.offset = (message.topic() or "", message.partition() or 0), message.offset() or 0


class Replay:
    """Sends one ordered stream of events."""

    def __init__(self, settings: Settings, *, hold: bool = True, days_per_second: float = 0.0) -> None:
        """Connect; nothing is sent yet.

        Args:
            hold: apply rules 1 and 3 to 5; without it events are sent flat out, for load and not for comparison.
            days_per_second: pace of the business dates; 0 is as fast as possible.
        """
        self._settings = settings
        self._hold = hold
        self._pace = days_per_second
        group = group_of("sequence", settings)
        self._producer = client.producer(settings, **{"linger.ms": 1})
        self._journaled = Barrier(settings, group, (*BORROWER_TOPICS, "business-dates", *_FOR_ALL))
        self._folded = Barrier(settings, group_of("assess", settings), ("journal",))
        self._judged = Barrier(settings, group_of("portfolio", settings), ("book",))
        self._models = client.consumer(settings, f"{group}.replay", **{"fetch.wait.max.ms": 500})
        self._models.assign([TopicPartition(settings.topic_prefix + "models", 0, 0)])
        self._learned_through = self._version_end = 0
        self._trails: dict[str, _Trail] = {}
        self._ticks: deque[tuple[FileEvent, int]] = deque()
        self._sent = self._acknowledged = 0
        self._failed: str | None = None

    def run(self, events: list[FileEvent], progress: Progress = lambda day, count: None) -> None:
        """Send everything.

        Raises:
            Stuck: the workers do not follow; the text says what waits for what.
        """
        started, first_day, done = time.monotonic(), events[0].day, 0
        closed = self._day_closed()
        for span, hold in spans(events):
            for event in span:
                if event.is_tick:
                    self._await_pace(started, event.day - first_day)
                    self._ticks.append((event, self._sent))
                    progress(event.day, done)
                elif event.topic in _FOR_ALL and self._hold:
                    self._await_all()
                    self._send(event)
                    self._await_all()
                else:
                    self._send(event)
                self._release_ticks()
                done += 1
            if hold.learned_day > closed and self._hold:
                self._flush()
                self._await_version(hold.learned_day, progress)
            if hold.judged and self._hold:
                self._await_judged()
        self._flush()
        if self._hold:
            self._await_all()
        progress(events[-1].day, done)

    def close(self) -> None:
        """Release the connections."""
        self._models.close()
        for barrier in (self._journaled, self._folded, self._judged):
            barrier.close()

    def _day_closed(self) -> int:
        """The last day that had begun, and so closed all before it, when this replay began; minus one."""
        days = [1]
        for record in reading.read_all(self._settings, ["business-dates"]):
            try:
                days.append(msgspec.json.decode(record.value or b"", type=_Dated).business_date.toordinal())
            except msgspec.DecodeError:
                continue  # a dead letter by now
        return max(days) - 1

    def _send(self, event: FileEvent) -> None:
        trail = self._trails.get(event.borrower_id)
        if trail is None:
            trail = self._trails[event.borrower_id] = _Trail(event.topic)
        elif trail.topic != event.topic:
            if self._hold:
                self._await_journaled(trail)
            trail.topic = event.topic
        trail.unacknowledged += 1

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._note(error)
            trail.delivered(message)

        self._produce(event, delivered)

    def _produce(self, event: FileEvent, delivered: Callable[[KafkaError | None, Message], None]) -> None:
        topic = self._settings.topic_prefix + event.topic
        self._sent += 1
        client.hand_over(self._producer, topic, event.value, event.key, on_delivery=delivered)
        self._producer.poll(0)

    def _note(self, error: KafkaError | None) -> None:
        self._acknowledged += 1
        if error is not None:
            self._failed = error.str()

    def _release_ticks(self) -> None:
        while self._ticks and self._ticks[0][1] <= self._acknowledged:
            tick, _ = self._ticks.popleft()
            self._produce(tick, lambda error, _message: self._note(error))

    def _flush(self) -> None:
        while self._ticks:
            self._producer.flush()
            self._release_ticks()
        self._producer.flush()
        if self._failed is not None:
            raise EngineError(f"The broker did not take an event: {self._failed}")

    def _await_pace(self, started: float, days: int) -> None:
        if self._pace:
            time.sleep(max(0.0, started + days / self._pace - time.monotonic()))

    def _await_all(self) -> None:
        self._flush()
        ends = self._journaled.ends()
        self._wait(lambda: self._journaled.passed(ends), "the events to be journaled (agent sequence)")

    def _await_judged(self) -> None:
        """Until everything sent is folded, the book is judged by it, and what follows for all is journaled."""
        self._await_all()
        for barrier, what in ((self._folded, "agent assess"), (self._judged, "agent portfolio")):
            ends = barrier.ends()
            self._wait(lambda b=barrier, e=ends: b.passed(e), f"a date to be judged ({what})")  # type: ignore[misc]
        self._await_all()

    def _await_journaled(self, trail: _Trail) -> None:
        if trail.unacknowledged:
            self._producer.flush()
        partition, end = trail.partition, trail.offset + 1
        if not self._journaled.known(partition, end):
            self._wait(lambda: self._journaled.reached(partition, end), "an event to be journaled (agent sequence)")

    def _await_version(self, day: int, progress: Progress) -> None:
        def published() -> bool:
            progress(day, self._sent)
            return self._version_published(day)

        self._wait(published, "labels to be learned (agents assess and learn)")
        models = (self._settings.topic_prefix + "models", 0)
        self._wait(
            lambda: self._journaled.reached(models, self._version_end),
            "a model version to be journaled (agent sequence)",
        )

    def _version_published(self, day: int) -> bool:
        while self._learned_through < day and (message := self._models.poll(0)) is not None:
            if message.error() is None:
                version = _versions.decode(message.value() or b"")
                if isinstance(version, ModelActivated):  # comes last of all that was learned on a day
                    self._learned_through = max(self._learned_through, version.learned_through.toordinal())
                    self._version_end = (message.offset() or 0) + 1
        return self._learned_through >= day

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline, pause_s = time.monotonic() + _STUCK_S, _POLL_S[0]
        while not done():
            if time.monotonic() > deadline:
                raise Stuck(
                    f"Waited {_STUCK_S:.0f} s for {what}. Does `forewarn worker` run against {self._settings.bootstrap}?"
                )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _POLL_S[1])

"""How far the workers are behind what was sent: asked again and again in a thread of its own, through all faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaException

from streams.agents.groups import group_of
from streams.engine.barrier import Barrier
from streams.engine.errors import EngineError
from streams.settings import Settings
from streams.topics import SEQUENCED

_PAUSE_S = 0.2


class Following(threading.Thread):
    """`behind` is in records that are sent or journaled and not folded. It stays as it is while nobody answers."""

    def __init__(self, settings: Settings, sent: Callable[[], int]) -> None:
        """Nothing is asked yet.

        Args:
            settings: which cluster.
            sent: how many records have been sent so far.
        """
        super().__init__(name="following", daemon=True)
        self._sent = sent
        self._barriers = [
            Barrier(settings, group_of("sequence", settings), SEQUENCED),
            Barrier(settings, group_of("assess", settings), ("journal",)),
        ]
        self._stopping = threading.Event()
        self.behind = 0
        #: How many had been sent when `behind` was asked for.
        self.asked_at = 0
        #: The most that was folded so far, of those that were sent.
        self.folded = 0
        #: When the last answer came that was not the same as the one before.
        self.moved_at = time.monotonic()

    def run(self) -> None:
        """Ask until stopped."""
        try:
            while not self._stopping.wait(_PAUSE_S):
                self._ask()
        finally:
            for barrier in self._barriers:
                barrier.close()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        self.join()

    def _ask(self) -> None:
        asked_at = self._sent()
        try:
            behind = sum(barrier.left(barrier.ends()) for barrier in self._barriers)
        except (EngineError, KafkaException):
            return  # a broker is down: it is a fault like the others
        if behind != self.behind or asked_at != self.asked_at:
            self.moved_at = time.monotonic()
        self.behind, self.asked_at = behind, asked_at
        self.folded = max(self.folded, asked_at - behind)

    def within(self, records_max: int) -> Callable[[int], bool]:
        """Whether one more may be sent if so many may be unfolded (for `Sender`)."""
        return lambda sent: self.behind + sent - self.asked_at < records_max

"""Sending the workload at a steady pace in a thread of its own, and remembering what the broker acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from confluent_kafka import KafkaError, Message

from streams.engine import client
from streams.sandbox.proof.workload import Sending
from streams.settings import Settings

#: A record must survive every fault of the broker: it is tried again for so long.
_PATIENCE_MS = 600_000
_SLICE_S = 0.02

#: (canonical topic, partition, offset)
Position = tuple[str, int, int]


def _unlimited(sent: int) -> bool:
    del sent
    return True


class Sender(threading.Thread):
    """Sends every record once. A tick goes out when all before it is acknowledged."""

    def __init__(
        self,
        settings: Settings,
        records: Iterable[Sending],
        pace: float = float("inf"),
    ) -> None:
        """Not started yet.

        Args:
            settings: where to.
            records: in this order; taken as they are sent.
            pace: records a second, at most; may be changed meanwhile.
        """
        super().__init__(name="sender", daemon=True)
        self._prefix = settings.topic_prefix
        self._records = records
        #: Asked whether to go on, with how many records were sent.
        self.may: Callable[[int], bool] = _unlimited
        self._producer = client.producer(settings, **{"linger.ms": 5, "message.timeout.ms": _PATIENCE_MS})
        self._stopping = threading.Event()
        self._due_at = 0.0
        self.pace = pace
        self.poison: set[Position] = set()
        self.sent = 0
        self.acknowledged = 0
        self.error: str | None = None

    def run(self) -> None:
        """Send all, or until told to stop; then wait until all that was sent is acknowledged."""
        try:
            self._send_all()
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; `error` is looked at
            self.error = repr(error)

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()

    def _send_all(self) -> None:
        for record in self._records:
            self._wait()
            if self._stopping.is_set():
                break
            if record.is_tick:
                self._producer.flush()
            self._send(record)
        self._producer.flush()

    def _wait(self) -> None:
        """Until the next record is due and allowed. What a stalled broker held up is not made up for in a burst."""
        while not self._stopping.is_set():
            now = time.monotonic()
            self._due_at = max(self._due_at, now - _SLICE_S)
            if self._due_at <= now and self.may(self.sent):
                self._due_at += 1 / self.pace
                return
            left_s = self._due_at - now
            self._producer.poll(min(left_s, _SLICE_S) if left_s > 0 else _SLICE_S)

    def _send(self, record: Sending) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            self.acknowledged += 1
            if error is not None:
                self.error = f"The broker did not take a record: {error.str()}"
            elif record.poison:
                self.poison.add((record.topic, message.partition() or 0, message.offset() or 0))

        client.hand_over(self._producer, self._prefix + record.topic, record.value, record.key, on_delivery=delivered)
        self.sent += 1
        self._producer.poll(0)

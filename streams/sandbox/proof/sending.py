"""Sending the workload at a steady pace in a thread of its own, and remembering what the broker acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, Message

from streams.engine import client
from streams.sandbox.proof.workload import Sending
from streams.settings import Settings

#: A record must survive every fault of the broker: it is tried again for so long.
_PATIENCE_MS = 600_000
_SLICE_S = 0.02

#: (canonical topic, partition, offset)
Position = tuple[str, int, int]


class Sender(threading.Thread):
    """Sends every record once. A tick goes out when all before it is acknowledged."""

    def __init__(self, settings: Settings, records: Sequence[Sending], seconds: float) -> None:
        """Not started yet.

        Args:
            settings: where to.
            records: in this order.
            seconds: how long to take, at least: 0 is as fast as possible.
        """
        super().__init__(name="sender", daemon=True)
        self._prefix = settings.topic_prefix
        self._records = records
        self._pace = len(records) / seconds if seconds else float("inf")
        self._producer = client.producer(settings, **{"linger.ms": 5, "message.timeout.ms": _PATIENCE_MS})
        self.poison: set[Position] = set()
        self.sent = 0
        self.acknowledged = 0
        self.error: str | None = None

    def run(self) -> None:
        """Send all, then wait until all is acknowledged."""
        try:
            self._send_all()
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; `error` is looked at
            self.error = repr(error)

    def _send_all(self) -> None:
        started = time.monotonic()
        for number, record in enumerate(self._records):
            while number > (time.monotonic() - started) * self._pace:
                self._producer.poll(_SLICE_S)
            if record.is_tick:
                self._producer.flush()
            self._send(record)
        self._producer.flush()

    def _send(self, record: Sending) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            self.acknowledged += 1
            if error is not None:
                self.error = f"The broker did not take a record: {error.str()}"
            elif record.poison:
                self.poison.add((record.topic, message.partition() or 0, message.offset() or 0))

        while True:
            try:
                self._producer.produce(self._prefix + record.topic, record.value, record.key, on_delivery=delivered)
                break
            except BufferError:
                self._producer.poll(0.05)
        self.sent += 1
        self._producer.poll(0)

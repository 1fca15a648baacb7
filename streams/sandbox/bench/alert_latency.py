"""How long an input took to become an alert that a committed reader has.

An alert names the journal record that caused it, and that one its input record, whose Kafka timestamp is the producer's.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from streams.engine import reading, source
from streams.settings import Settings
from streams.topics import SEQUENCED

_LOOK_S = 0.1


class Taken(NamedTuple):
    """One alert: the topic of the input that caused it, and milliseconds from the producer to the reader."""

    topic: str
    ms: int


class Watch(threading.Thread):
    """Notes when each alert could be read, read committed, and which journal record it names."""

    def __init__(self, settings: Settings) -> None:
        """Watches the alerts that come after `start`."""
        super().__init__(daemon=True)
        self._settings = settings
        self._alerts: list[tuple[bytes, int]] = []
        self._reading = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Returns when it is known from where it reads: no alert of what is sent from then on is missed."""
        super().start()
        while self.is_alive() and not self._reading.wait(_LOOK_S):
            pass

    def run(self) -> None:
        """Read until stopped."""
        places = reading.places(self._settings, ["risk-tier-changes"])
        with reading.Reader(self._settings, places, start=reading.ends(self._settings, places)) as reader:
            self._reading.set()
            while not self._stopping.is_set():
                found = reader.poll()
                now_ms = time.time_ns() // 1_000_000
                self._alerts.extend((dict(record.headers)["journal"], now_ms) for record in found)

    def stop(self) -> None:
        """Stop reading; also if it never began."""
        self._stopping.set()
        if self.is_alive():
            self.join(5)

    def taken(self) -> list[Taken]:
        """Of each alert seen, in the order in which they were read."""
        sent = {(r.topic, r.partition, r.offset): r.timestamp_ms for r in reading.read_all(self._settings, SEQUENCED)}
        origin: dict[bytes, tuple[str, int]] = {}
        for record in reading.read_all(self._settings, ["journal"]):
            came = source.parse(record.headers)
            place = b"%d/%d" % (record.partition, record.offset)
            origin[place] = (came.topic, sent[came.topic, came.partition, came.offset])
        return [Taken(origin[place][0], now_ms - origin[place][1]) for place, now_ms in self._alerts]

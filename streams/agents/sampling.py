"""What cannot be counted as it happens: lag, and what is in memory. A thread looks now and then, for about 1 % of its time.

It reads what the loop's thread owns: only lengths, single values and copies that the interpreter makes in one step. It
changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from confluent_kafka import IsolationLevel, TopicPartition

from streams.agents.looks import look_for
from streams.agents.measure import Meter
from streams.engine import client, reading
from streams.engine.processor import Processor
from streams.engine.transactions import Partition
from streams.settings import Settings
from streams.telemetry import metrics
from streams.telemetry.lag import Tracker

log = logging.getLogger("forewarn.telemetry")

SAMPLE_S = 3.0
#: So many versions back, the figures of twelve cohorts of every head are found.
_VERSIONS_BACK = 200


class Sampler:
    """Looks every `SAMPLE_S` seconds once it is started; ends with the process."""

    def __init__(self, settings: Settings, meter: Meter, processor: Processor) -> None:
        self._settings = settings
        self._meter = meter
        self._admin = client.admin(settings)
        self._tracker: Tracker[Partition] = Tracker()
        self._records, self._seconds = metrics.Series(metrics.LAG_RECORDS), metrics.Series(metrics.LAG_SECONDS)
        self._assignments = 0
        self._look: Callable[[], None] = look_for(meter.agent, processor)
        self._remembers = meter.agent == "learn"

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="sampler", daemon=True).start()

    def _run(self) -> None:
        while True:
            began = time.thread_time()
            try:
                if self._remembers:
                    self._remember()
                self.sample(time.monotonic())
            except Exception as error:  # noqa: BLE001  metrics must not end a worker; it is not ready until they are back
                log.warning("lag and state were not measured: %s: %s", type(error).__name__, error)
                metrics.LAG_UNKNOWN.inc()
                self._meter.health.waited_s = None
            metrics.SAMPLE_SECONDS.inc(time.thread_time() - began)
            time.sleep(SAMPLE_S)

    def _remember(self) -> None:
        """Set the learner's figures from what it published before this process began."""
        places = reading.places(self._settings, ["models"])
        ends = reading.ends(self._settings, places)
        start = {place: max(0, end - _VERSIONS_BACK) for place, end in ends.items()}
        for record in reading.read(self._settings, places, start=start, until=ends):
            self._meter.figures.take(record.value or b"")
        self._remembers = False

    def sample(self, now: float) -> None:
        """Measure lag and look at what is in memory.

        Raises:
            KafkaException: the ends are not to be had.
        """
        meter, health = self._meter, self._meter.health
        if meter.positions is None or not health.restored:
            return
        assignments, reached = meter.assignments, meter.positions()
        if assignments != self._assignments:
            self._tracker.forget()
            self._assignments = assignments
        behind = self._tracker.look(now, self._ends(reached), reached)
        prefix = self._settings.topic_prefix
        named = {(tp[0].removeprefix(prefix), str(tp[1])): lag for tp, lag in behind.items()}
        self._records.fill({name: lag.records for name, lag in named.items()})
        self._seconds.fill({name: lag.seconds for name, lag in named.items()})
        health.waited_s = max((lag.seconds for lag in behind.values()), default=0.0)
        if assignments == meter.assignments and health.restored:
            health.caught_up = health.caught_up or self._tracker.caught_up
        metrics.READY.set(health.ready(now).ok)
        self._look()

    def _ends(self, partitions: dict[Partition, int]) -> dict[Partition, int]:
        """Where the partitions end, undecided records included: a transaction that hangs is lag, too."""
        if not partitions:
            return {}
        wanted = [TopicPartition(*partition) for partition in partitions]
        return client.ends(self._admin, wanted, IsolationLevel.READ_UNCOMMITTED)

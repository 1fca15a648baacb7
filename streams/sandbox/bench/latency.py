"""How late an alert is: from an event's arrival on its input topic to the moment at which a committed reader has the alert.

Sequencer, assessor and learner run as they do in production; events come at a steady pace, dates among them. An alert names the
journal record that caused it, and that one its input record, whose Kafka timestamp is the producer's. What a date caused is
told apart: it waits until all that was published before it is journaled.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from streams.engine import client, topics_admin
from streams.sandbox.alert_latency import Taken, Watch
from streams.sandbox.bench.processes import Process, product
from streams.sandbox.bench.stage import Failed, Progress
from streams.sandbox.bench.workload import Workload
from streams.sandbox.broker import Cluster
from streams.settings import Settings, load

RATE_PER_S, SECONDS = 500, 60
_AGENTS = ("sequence", "assess", "learn")
_BORROWERS_MAX, _DAYS = 3_000, 365
#: Flat out, before the clock runs: loans are opened, and nothing can be said of them yet.
_WARM_SHARE = 0.4
_QUIET_S = 3.0
_STALL_S = 120.0
_TICKS = "business-dates"
#: (topic, key, value)
_Record = tuple[str, bytes | None, bytes]


def measure(
    workload: Workload, cluster: Cluster, place: Path, partitions: int, progress: Progress
) -> dict[str, dict[str, float]]:
    """Half a minute of loans flat out, then a minute at the pace."""
    own = place / "runs" / "latency"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    settings = load(
        {},
        bootstrap=cluster.bootstrap,
        topic_prefix=f"bench-{uuid.uuid4().hex[:8]}.",
        partitions=partitions,
        state_dir=str(own / "state"),
    )
    topics_admin.create(settings)
    paced = Workload(min(workload.borrowers, _BORROWERS_MAX), _DAYS)
    records = list(paced.inputs())
    warm = round(len(records) * _WARM_SHARE)
    last = min(len(records), warm + RATE_PER_S * SECONDS)
    workers = [product(agent, "w0", settings, own, own / "processes.log", timed=True) for agent in _AGENTS]
    watch = Watch(settings, from_now=True)
    try:
        for worker in workers:
            worker.start()
        _send(settings, records[:warm], 0.0, progress)
        _wait(workers, warm)
        watch.start()
        _send(settings, records[warm:last], RATE_PER_S, progress)
        _wait(workers, last)
    finally:
        watch.stop()
        for worker in workers:
            worker.ask_to_stop()
        for worker in workers:
            worker.stop()
    return _figures(watch.taken())


def _send(settings: Settings, records: Sequence[_Record], pace: float, progress: Progress) -> None:
    producer = client.producer(settings, **{"linger.ms": 1})
    started = time.monotonic()
    for number, (topic, key, value) in enumerate(records):
        while pace and number > (time.monotonic() - started) * pace:
            producer.poll(0.001)
        if topic == _TICKS:
            producer.flush()  # a date goes out when all before it is stored
        producer.produce(settings.topic_prefix + topic, value, key)
        producer.poll(0)
        if number % 1_000 == 0:
            progress(f"latency at {pace:,.0f}/s" if pace else "latency: loans so far", number, len(records))
    producer.flush()


def _wait(workers: Sequence[Process], sequenced: int) -> None:
    """Until the sequencer (the first) has done so many records and nothing has moved for a while."""
    done, since = -1, time.monotonic()
    while workers[0].done < sequenced or time.monotonic() - since < _QUIET_S:
        time.sleep(0.1)
        for worker in workers:
            worker.check()
        if (now := sum(worker.done for worker in workers)) != done:
            done, since = now, time.monotonic()
        if time.monotonic() - since > _STALL_S:
            raise Failed(
                f"Nothing moves: the sequencer has done {workers[0].done:,} of {sequenced:,}. {workers[0].log}"
            )


def _figures(alerts: Sequence[Taken]) -> dict[str, dict[str, float]]:
    taken: dict[bool, list[int]] = {False: [], True: []}
    for alert in alerts:
        taken[alert.topic == _TICKS].append(alert.ms)
    title = f"produce to committed alert at {RATE_PER_S} events/s for {SECONDS} s, milliseconds"
    return {title: _cuts("", taken[False]) | _cuts("of a date: ", taken[True])}


def _cuts(prefix: str, taken: Sequence[int]) -> dict[str, float]:
    found: dict[str, float] = {f"{prefix}alerts": len(taken)}
    if len(taken) > 1:
        cuts = quantiles(taken, n=100, method="inclusive")
        found |= {f"{prefix}p50": cuts[49], f"{prefix}p99": cuts[98], f"{prefix}max": max(taken)}
    return found

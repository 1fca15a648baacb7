"""Figures that a reader wants to see measured: restore speed and memory, and latency from produce to committed alert."""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from streams.agents.assess import Assessor
from streams.agents.groups import AGENTS
from streams.borrower import state
from streams.engine import client, reading, rows, topics_admin
from streams.engine.restore import Restorer
from streams.risk.tiers import DEFAULT
from streams.sandbox.alert_latency import Watch
from streams.sandbox.broker import Cluster
from streams.sandbox.proof.bench import Bench
from streams.sandbox.proof.fleet import Fleet
from streams.sandbox.proof.sending import Sender
from streams.sandbox.proof.settling import Settling
from streams.sandbox.proof.workload import story
from streams.settings import Settings, load

Say = Callable[[str], None]
Figures = dict[str, float]
_RATE_PER_S, _SECONDS = 500, 120
_WARM_RECORDS, _READY_S = 3_000, 600.0
#: About three dates a second, with many events on each.
_DAYS = 360
#: A quantile of fewer says nothing.
_ENOUGH = 2


def restore(directory: Path, count: int, say: Say) -> Figures:
    """Restore so many rows of real borrowers through the engine's own restorer and the agent's own shard."""
    shutil.rmtree(directory / "restore", ignore_errors=True)
    place = directory / "restore"
    with Cluster(place / "kafka", progress=say) as cluster:
        with Bench(cluster.bootstrap, place) as bench:
            bench.sequence()
            bench.add("assess", "a")
            bench.settle("assess")
            found = [r.value for r in reading.read_all(bench.settings, ["state"]) if r.key and r.key[0]]
            bodies = [value for value in found if value is not None]
        settings = load({}, bootstrap=cluster.bootstrap, partitions=1, topic_prefix=f"{uuid.uuid4().hex[:8]}.")
        topics_admin.create(settings)
        say(f"writing {count:,} rows")
        _write_rows(settings, bodies, count)
        return _restore(settings, count, sum(map(len, bodies)) / len(bodies))


def _write_rows(settings: Settings, bodies: list[bytes], count: int) -> None:
    producer = client.producer(settings)
    for number in range(count):
        version, _, wake_day, body = rows.unpack(bodies[number % len(bodies)])
        row = rows.pack(version, 0, wake_day, body)
        while True:
            try:
                producer.produce(f"{settings.topic_prefix}state", row, b"borrower-%d" % number, 0)
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
    producer.flush()


def _restore(settings: Settings, count: int, row_bytes: float) -> Figures:
    place = (f"{settings.topic_prefix}state", 0)
    before = _resident_bytes()
    started = time.monotonic()
    restored = Restorer(settings, "restore").rows([place])[place]
    read_s = time.monotonic() - started
    assert len(restored) == count, "every row must have been read"
    assessor = Assessor(1, DEFAULT)
    assessor.opened("journal", 0, restored, 1)
    total_s = time.monotonic() - started
    del restored
    return {
        "rows": count,
        "rows_per_second": count / total_s,
        "rows_per_second_read_only": count / read_s,
        "seconds": total_s,
        "row_bytes": row_bytes,
        "resident_bytes_per_borrower": (_resident_bytes() - before) / count,
        "codec_version": state.VERSION,
    }


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def latency(directory: Path, say: Say) -> Figures:
    """Produce at a steady pace; the time of each alert is from its event's arrival on the input to its committed reading.

    An alert names the journal record that caused it, and that one its input record, whose Kafka timestamp is the
    producer's. Alerts that a tick caused are measured from the tick, and told apart: a tick waits for all that was
    published before it, and then wakes many borrowers. The load of the machine before it began says how quiet it was.
    """
    shutil.rmtree(directory / "latency", ignore_errors=True)
    place, load_average = directory / "latency", os.getloadavg()[0]
    told = story(_WARM_RECORDS + _RATE_PER_S * _SECONDS, 1, _DAYS)
    records = iter(told)
    with Cluster(place / "kafka", progress=say) as cluster:
        settings = load({}, bootstrap=cluster.bootstrap, state_dir=str(place / "state"))
        topics_admin.create(settings)
        fleet = Fleet(settings, place / "workers.log")
        try:
            for agent in AGENTS:
                fleet.add(agent, "a")
            _send(Sender(settings, itertools.islice(records, _WARM_RECORDS), _RATE_PER_S), fleet)
            Settling(settings, _READY_S, fleet.look, ("sequence", "assess")).run()  # the workers are ready and warm
            seen = Watch(settings, from_now=True)
            seen.start()
            say(f"sending {told.expected - _WARM_RECORDS:,} records, {_RATE_PER_S} a second")
            _send(Sender(settings, records, _RATE_PER_S), fleet)
            Settling(settings, _READY_S, fleet.look, ("sequence", "assess")).run()
            seen.stop()
        finally:
            fleet.stop()
        taken = seen.taken()
    by_event = _quantiles("", [alert.ms for alert in taken if alert.topic != "business-dates"])
    by_tick = _quantiles("of_dates_", [alert.ms for alert in taken if alert.topic == "business-dates"])
    return by_event | by_tick | {"processors": os.cpu_count() or 0, "load_average_before": load_average}


def _send(sender: Sender, fleet: Fleet) -> None:
    sender.start()
    while sender.is_alive():
        fleet.look()
        time.sleep(0.1)
    assert sender.error is None, sender.error


def _quantiles(of: str, taken: list[int]) -> Figures:
    if len(taken) < _ENOUGH:
        return {f"alerts_{of}".rstrip("_"): len(taken)}
    cuts = quantiles(taken, n=100, method="inclusive")
    found = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": max(taken)}
    return {f"alerts_{of}".rstrip("_"): len(taken)} | {of + name: ms for name, ms in found.items()}

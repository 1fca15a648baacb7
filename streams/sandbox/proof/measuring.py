"""Figures that a reader wants to see measured: restore speed and memory, and latency from produce to committed alert."""

from __future__ import annotations

import os
import resource
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from streams.agents.assess import Assessor
from streams.borrower import state
from streams.engine import client, reading, rows, topics_admin
from streams.engine.restore import Restorer
from streams.risk.tiers import DEFAULT
from streams.sandbox.bench import latency as latencies
from streams.sandbox.bench.stage import Progress
from streams.sandbox.broker import Cluster
from streams.sandbox.proof.bench import Bench
from streams.settings import Settings, load

Say = Callable[[str], None]
Figures = dict[str, float]
_LATENCY_SECONDS = 120


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
        client.hand_over(producer, f"{settings.topic_prefix}state", row, b"borrower-%d" % number, 0)
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


def latency(directory: Path, progress: Progress) -> Figures:
    """From an event's arrival to its alert, at a steady pace, see `bench.latency`.

    The load of the machine before it began says how quiet it was.
    """
    place, load_average = directory / "latency", os.getloadavg()[0]
    shutil.rmtree(place, ignore_errors=True)
    with Cluster(place / "kafka", progress=lambda line: progress(line, 0, 0)) as cluster:
        found = latencies.taken(cluster, place, _LATENCY_SECONDS, progress)
    return found | {"processors": os.cpu_count() or 0, "load_average_before": load_average}

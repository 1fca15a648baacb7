"""Measures beside the comparison: what rows cost, how it scales, and how late an alert is."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from streams.borrower import state
from streams.engine import rows as frame
from streams.events.envelope import BorrowerEvent
from streams.files.events import from_events
from streams.sandbox.bench import latency
from streams.sandbox.bench.contenders import BY_NAME
from streams.sandbox.bench.probe import Found, Sample
from streams.sandbox.bench.processes import Died, environment
from streams.sandbox.bench.stage import Progress, Stage
from streams.sandbox.bench.workload import Workload
from streams.sandbox.broker import Cluster
from streams.sandbox.datasets import ally

#: What a measure found: figures by name, under a title.
Figures = dict[str, dict[str, float]]
Measure = Callable[[Workload, Cluster, Path, int, Progress], Figures]
BORROWERS = (10_000, 100_000, 1_000_000)
PARTITIONS = (1, 4, 12, 48)
_BASE_MAX = 2_130
_WINDOW_DAYS = 23
#: Rows are taken as of a fifth: no month begins on the next day, and the days after it end before the next one.
_DAY_OF_MONTH = 5


def sample(workload: Workload, progress: Progress) -> Sample:
    """Real rows as of a day within the workload, and the events of the days from it on."""
    typed = ally.events()
    first = typed[0].business_date
    wanted = first + dt.timedelta(days=max(40, workload.days - _WINDOW_DAYS))
    day = wanted.replace(day=_DAY_OF_MONTH).toordinal()
    base = Workload(
        min(workload.borrowers, _BASE_MAX),
        day - first.toordinal(),
        lambda done, of: progress("folding the rows", done, of),
    )
    late = {key for key, row in base.rows.items() if state.decode(frame.unpack(row)[3]).buckets}
    following = from_events(
        event
        for event in typed
        if day <= event.business_date.toordinal() < day + _WINDOW_DAYS
        and isinstance(event, BorrowerEvent)
        and event.borrower_id.encode() in base.rows
    )
    return Sample(
        [(key, _as_new(row)) for key, row in base.rows.items() if key not in late],
        [(key, _as_new(row)) for key, row in base.rows.items() if key in late],
        day,
        [(event.topic, event.key, event.value) for event in following if event.key is not None],
    )


def _as_new(row: bytes) -> bytes:
    version, _, wake_day, body = frame.unpack(row)
    return frame.pack(version, 0, wake_day, body)


def probe(path: Path, count: int) -> Found:
    """Measure so many rows in a process of their own.

    Raises:
        Died: it did not come to an end.
    """
    command = [sys.executable, "-m", "streams.sandbox.bench.probe", str(path), str(count)]
    done = subprocess.run(command, env=environment(), capture_output=True, check=False)
    if done.returncode:
        raise Died(f"The probe of {count:,} rows ended: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return msgspec.json.decode(done.stdout, type=Found)


def _sampled(workload: Workload, place: Path, progress: Progress) -> Path:
    path = place / "sample.msgpack"
    path.write_bytes(msgspec.msgpack.encode(sample(workload, progress)))
    return path


def rows(workload: Workload, cluster: Cluster, place: Path, partitions: int, progress: Progress) -> Figures:
    """Memory, cost of an event, and of a day, with as many rows as the workload has borrowers."""
    del cluster, partitions
    path = _sampled(workload, place, progress)
    progress(f"{workload.borrowers:,} rows", 0, 0)
    return _told(probe(path, workload.borrowers))


def _told(found: Found) -> Figures:
    title = f"{found.rows:,} borrowers in one process, 5 % in arrears, no Kafka"
    figures = {name: float(value) for name, value in msgspec.to_builtins(found).items() if value >= 0}
    return {title: figures}


def scaling(workload: Workload, cluster: Cluster, place: Path, partitions: int, progress: Progress) -> Figures:
    """The same for 10 thousand to a million rows; then the worker on 1 to 48 partitions."""
    del partitions
    path = _sampled(workload, place, progress)
    found: Figures = {}
    for count in BORROWERS:
        progress(f"{count:,} rows", 0, 0)
        found |= _told(probe(path, count))
    per_partitions: dict[str, float] = {}
    for number in PARTITIONS:
        stage = Stage(cluster, workload, place / "runs", partitions=number, pythons={}, progress=progress)
        run = stage.run(BY_NAME["assess"])
        per_partitions[f"{number} partitions, events per second"] = run.events_per_second
        per_partitions[f"{number} partitions, CPU us an event"] = run.cpu_us_per_event
    return found | {f"assess alone, {workload.borrowers:,} borrowers": per_partitions}


MEASURES: dict[str, Measure] = {"rows": rows, "latency": latency.measure, "scaling": scaling}

"""One run of one contender: topics of its own, the journal in them, its processes, the readings, and everything gone after.

A run's topics have a prefix of their own and are deleted after it, so no run finds anything of another.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from streams.engine import client, reading, topics_admin
from streams.engine.errors import EngineError
from streams.sandbox.bench import meter
from streams.sandbox.bench.contenders import Contender
from streams.sandbox.bench.job import Job
from streams.sandbox.bench.processes import Process, product
from streams.sandbox.bench.result import Run
from streams.sandbox.bench.workload import Workload
from streams.sandbox.broker import Cluster
from streams.settings import Settings, load

#: Told (what goes on, done, of).
Progress = Callable[[str, int, int], None]
_LOOK_S = 0.05
#: Without a new reading for so long, a run is given up.
_STALL_S = 180.0
_QUIET_S = 2.0
#: What runs beside may have nothing to do, or be slow to start on a busy machine.
_BEGIN_S = 15.0
#: What runs beside is waited for so long; what it has not done by then is missing in its CPU.
_BEHIND_MAX_S = 120.0
_STATE = "state"


class Failed(EngineError):
    """A contender did not come to the end; the text has its last words."""


class Stage:
    """The broker and the workload of one session."""

    def __init__(
        self,
        cluster: Cluster,
        workload: Workload,
        directory: Path,
        *,
        partitions: int,
        pythons: dict[str, str],
        progress: Progress,
    ) -> None:
        """Nothing is sent yet.

        Args:
            cluster: running.
            workload: that every run reads.
            directory: for logs and states; emptied run by run.
            partitions: of the journal.
            pythons: the interpreter of a contender with packages of its own, by name.
            progress: told as a run goes on.
        """
        self._cluster = cluster
        self._workload = workload
        self._directory = directory
        self._partitions = partitions
        self._pythons = pythons
        self._progress = progress

    def run(self, contender: Contender) -> Run:
        """Run it once.

        Raises:
            Failed: it ended early or stood still.
        """
        place = self._directory / contender.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        settings = load(
            {},
            bootstrap=self._cluster.bootstrap,
            topic_prefix=f"bench-{uuid.uuid4().hex[:8]}.",
            partitions=self._partitions,
            state_dir=str(place / _STATE),
        )
        with self._topics(settings):
            expected = self._fill(contender, settings)
            processes = self._processes(contender, settings, place, expected)
            try:
                for process in processes:
                    process.start()
                broker_cpu_s = self._follow(contender, processes, expected)
                _catch_up(processes)
            finally:
                for process in processes:
                    process.ask_to_stop()
                for process in processes:
                    process.stop()
            return self._measured(processes, settings, broker_cpu_s)

    @contextmanager
    def _topics(self, settings: Settings) -> Iterator[None]:
        topics_admin.create(settings)
        try:
            yield
        finally:
            admin = client.admin(settings)
            ours = [name for name in admin.list_topics(timeout=30).topics if settings.topic_prefix in name]
            for future in admin.delete_topics(ours, request_timeout=30).values():
                future.result()

    def _fill(self, contender: Contender, settings: Settings) -> int:
        """Write what it reads; returns how many records its timed agents have to do."""
        workload, count = self._workload, 0
        producer = client.producer(settings)
        journal = contender.reads == "journal"
        total = workload.journal_records(self._partitions) if journal else workload.input_records
        records = (
            ((r.partition, "journal", r.key, r.value, r.headers) for r in workload.journal(self._partitions))
            if journal
            else ((-1, topic, key, value, []) for topic, key, value in workload.inputs())
        )
        for partition, topic, key, value, headers in records:
            client.hand_over(producer, settings.topic_prefix + topic, value, key, partition, headers=headers)
            count += 1
            if count % 10_000 == 0:
                producer.poll(0)
                self._progress(f"{contender.title.strip()}: filling", count, total)
        producer.flush()
        assert count == total, "the workload counts its own records"
        if contender.name == "pipeline":  # the journal is made on the way, from the inputs
            total += workload.borrower_events + workload.dates * self._partitions
        return total

    def _processes(self, contender: Contender, settings: Settings, place: Path, expected: int) -> list[Process]:
        log = place / "processes.log"
        made = [
            product(agent, f"w{number}", settings, place, log, timed=not contender.program and agent in contender.timed)
            for number, agent in enumerate(contender.agents)
        ]
        if contender.program:
            own = place / "peer"
            own.mkdir()
            job = Job(
                bootstrap=settings.bootstrap,
                prefix=settings.topic_prefix,
                partitions=self._partitions,
                records=expected,
                directory=str(own),
                meter=str(place / "peer.meter"),
            )
            made.append(Process.of_peer(contender, job, self._pythons.get(contender.name), log))
        return made

    def _follow(self, contender: Contender, processes: list[Process], expected: int) -> float:
        """Wait for the end; returns the broker's CPU seconds from the first record to the last."""
        broker = psutil.Process(self._cluster.node().pid)
        timed = [process for process in processes if process.timed]
        before: float | None = None
        done, moved_at = -1, time.monotonic()
        # A pipeline learns while it runs, and nobody knows beforehand how many versions come on top: wait until it is quiet.
        quiet_s = _QUIET_S if contender.reads == "inputs" else 0.0
        while done < expected or time.monotonic() - moved_at < quiet_s:
            time.sleep(_LOOK_S)
            if before is None and any(process.readings() for process in timed):
                before = _cpu_s(broker)
            now = sum(process.done for process in timed)
            if now > done:
                done, moved_at = now, time.monotonic()
            self._progress(contender.title.strip(), max(done, 0), expected)
            for process in processes:
                process.check()
            if time.monotonic() - moved_at > _STALL_S:
                raise Failed(f"{contender.title.strip()} stands still at {done:,} of {expected:,}. {processes[0].log}")
        after = _cpu_s(broker)
        return after - (before or after)

    def _measured(self, processes: list[Process], settings: Settings, broker_cpu_s: float) -> Run:
        timed = [process.readings() for process in processes if process.timed]
        if not all(timed):
            raise Failed(f"A worker was given no partition. {processes[0].log}")
        ended_s = max(lines[-1].at_s for lines in timed)
        seconds = ended_s - min(lines[0].at_s for lines in timed)
        beside = [readings for process in processes if not process.timed and (readings := process.readings())]
        events = self._workload.events
        return Run(
            events=events,
            seconds=seconds,
            cpu_us_per_event=1e6 * sum(_cost_s(lines) for lines in timed) / events,
            beside_cpu_us_per_event=1e6 * sum(_cost_s(lines) for lines in beside) / events,
            beside_behind_seconds=max([0.0, *(lines[-1].at_s - ended_s for lines in beside)]),
            broker_cpu_us_per_event=1e6 * broker_cpu_s / events,
            resident_bytes_max=max(line.resident_bytes for lines in timed for line in lines),
            alerts=sum(1 for _ in reading.read_all(settings, ["risk-tier-changes"])),
        )


def _catch_up(processes: list[Process]) -> None:
    """What runs beside may be behind: its CPU belongs to the run, its lag is told, and is nobody's speed."""
    beside = [process for process in processes if not process.timed]
    done, moved_at, until = -1, time.monotonic(), time.monotonic() + _BEHIND_MAX_S
    while beside and time.monotonic() < until:
        quiet_s = _QUIET_S if all(process.readings() for process in beside) else _BEGIN_S
        if time.monotonic() - moved_at > quiet_s:
            break
        time.sleep(_LOOK_S)
        if (now := sum(process.done for process in beside)) > done:
            done, moved_at = now, time.monotonic()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cost_s(lines: list[meter.Line]) -> float:
    return lines[-1].cpu_s - lines[0].cpu_s

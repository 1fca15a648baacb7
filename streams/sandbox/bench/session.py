"""A session: the contenders by turns on one broker, round after round, and what came of it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field

from streams.sandbox.bench import environment
from streams.sandbox.bench.contenders import Contender
from streams.sandbox.bench.environment import Missing
from streams.sandbox.bench.processes import Died
from streams.sandbox.bench.result import Row, Run, Skipped, Spread, ratios
from streams.sandbox.bench.stage import Failed, Progress, Stage
from streams.sandbox.bench.workload import Workload
from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings
from streams.sandbox.broker_jars import KAFKA_VERSION

Say = Callable[[str], None]
#: Two workers that start together are given their partitions together, as after a deployment, and nobody joins a running one.
CLUSTER = ClusterSettings(properties={"group.initial.rebalance.delay.ms": "2000"})


class Machine(Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    cores: int
    processor: str
    memory_gib: float
    system: str
    python: str
    kafka: str


class Outcome(Struct, kw_only=True):
    """Everything that a session found."""

    borrowers: int
    days: int
    events: int
    partitions: int
    rounds: int
    machine: Machine
    rows: list[Row]
    skipped: list[Skipped]
    ratios: dict[str, float]
    measures: dict[str, dict[str, float]] = field(default_factory=dict)


def compare(
    contenders: Sequence[Contender],
    workload: Workload,
    cluster: Cluster,
    directory: Path,
    *,
    partitions: int,
    rounds: int,
    say: Say,
    progress: Progress,
) -> Outcome:
    """Run them by turns. One that cannot run, or fails, is named with the reason, and the others go on."""
    skipped: list[Skipped] = []
    pythons: dict[str, str] = {}
    able: list[Contender] = []
    for contender in contenders:
        try:
            if (python := environment.ready(contender, directory, say)) is not None:
                pythons[contender.name] = python
            able.append(contender)
        except Missing as missing:
            skipped.append(_skip(contender, missing, say))
    stage = Stage(cluster, workload, directory / "runs", partitions=partitions, pythons=pythons, progress=progress)
    runs: dict[str, list[Run]] = {contender.name: [] for contender in able}
    for number in range(rounds):
        first = number % max(1, len(able))  # nobody always runs first
        for contender in [*able[first:], *able[:first]]:
            if contender.name not in runs:
                continue
            try:
                run = stage.run(contender)
            except (Died, Failed) as failed:
                skipped.append(_skip(contender, failed, say))
                del runs[contender.name]
                continue
            runs[contender.name].append(run)
            say(
                f"round {number + 1}: {contender.title.strip()}: {run.events_per_second:,.0f} events/s, "
                f"{run.cpu_us_per_event:,.1f} µs CPU"
            )
    rows = [_row(c, runs[c.name], pythons.get(c.name)) for c in able if c.name in runs]
    found = machine()
    return Outcome(
        borrowers=workload.borrowers,
        days=workload.days,
        events=workload.events,
        partitions=partitions,
        rounds=rounds,
        machine=found,
        rows=rows,
        skipped=skipped,
        ratios=ratios({row.name: row for row in rows}, found.cores),
    )


def _skip(contender: Contender, why: Exception, say: Say) -> Skipped:
    say(f"left out: {contender.title.strip()}: {why}")
    return Skipped(name=contender.name, title=contender.title.strip(), why=str(why))


def _row(contender: Contender, runs: list[Run], python: str | None) -> Row:
    return Row(
        name=contender.name,
        title=contender.title,
        guarantee=contender.guarantee,
        settings=contender.settings,
        ticks=contender.ticks,
        versions=environment.versions(contender, python),
        events_per_second=Spread.of([run.events_per_second for run in runs]),
        cpu_us_per_event=Spread.of([run.cpu_us_per_event for run in runs]),
        beside_cpu_us_per_event=Spread.of([run.beside_cpu_us_per_event for run in runs]).median,
        beside_behind_seconds=Spread.of([run.beside_behind_seconds for run in runs]).median,
        broker_cpu_us_per_event=Spread.of([run.broker_cpu_us_per_event for run in runs]).median,
        resident_bytes_max=max(run.resident_bytes_max for run in runs),
        alerts=runs[-1].alerts,
        rounds=len(runs),
    )


def machine() -> Machine:
    """This one."""
    return Machine(
        cores=os.cpu_count() or 1,
        processor=_processor(),
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        kafka=KAFKA_VERSION,
    )


def _processor() -> str:
    """Linux names it here; elsewhere the architecture must do."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def emptied(directory: Path) -> Path:
    """The directory of a session: what the last one left is removed, but not the peers' environments."""
    discard(directory)
    shutil.rmtree(directory / "runs", ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def discard(directory: Path) -> None:
    """Remove what the broker kept."""
    shutil.rmtree(directory / "kafka", ignore_errors=True)

"""Back-pressure: producers send three times what the workers can take, and more. Memory must stay flat, the lag drain.

A first part of the workload lets the workers start and warm up; the rest is sent as fast as the brokers take it. What
the workers could take is known when the lag is gone. Then everything is compared with the reference, as after faults.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
from confluent_kafka import TopicPartition
from msgspec import Struct

from streams.agents.groups import AGENTS, group_of
from streams.engine import client, reading, topics_admin
from streams.sandbox.broker import Cluster
from streams.sandbox.proof.fleet import Fleet
from streams.sandbox.proof.sending import Sender
from streams.sandbox.proof.settling import Settling
from streams.sandbox.proof.verdict import judge
from streams.sandbox.proof.workload import Sending, story
from streams.settings import Settings, load
from streams.topics import SEQUENCED

Say = Callable[[str], None]
TIMES_MIN = 3.0
_WARM_SHARE = 0.15
#: Few dates with much on each: a date goes out when all before it is acknowledged, which would slow the producer down.
_DAYS = 180
_LOOK_S = 1.0
#: Whose inputs are compared. The story ends before its labels have matured, so `learn` does not come to an end.
_FOLDING = ("sequence", "assess")
_MEBIBYTE = 1024 * 1024
#: What one worker may hold on top: fetches, a batch, its writes. It does not depend on how far it is behind.
GROWTH_MIB_MAX = 192.0


class Pressure(Struct, kw_only=True):
    """What was seen. Memory is resident memory of the largest worker, in MiB; lag is in input records."""

    green: bool
    events: int
    sent_per_second: float
    taken_per_second: float
    times: float
    lag_max: int
    seconds_to_drain: float
    memory_before_mib: float
    memory_max_mib: float
    lost: int
    twice: int
    differing: int

    def figures(self) -> dict[str, object]:
        """By name."""
        return msgspec.structs.asdict(self)


def pressure(directory: Path, events: int, say: Say) -> Pressure:
    """Run it on a cluster of its own; leaves no process behind."""
    shutil.rmtree(directory / "pressure", ignore_errors=True)
    place = directory / "pressure"
    told = story(events, 1, _DAYS)
    warm = round(len(told.records) * _WARM_SHARE)
    with Cluster(place / "kafka", progress=say) as cluster:
        settings = load({}, bootstrap=cluster.bootstrap, state_dir=str(place / "state"))
        topics_admin.create(settings)
        fleet = Fleet(settings, place / "workers.log")
        try:
            for agent in AGENTS:
                fleet.add(agent, "a")
            return _Pressed(settings, fleet, say).run(told.records[:warm], told.records[warm:])
        finally:
            fleet.stop()


class _Pressed:
    """One run."""

    def __init__(self, settings: Settings, fleet: Fleet, say: Say) -> None:
        self._settings = settings
        self._fleet = fleet
        self._say = say
        self._inputs = reading.places(settings, SEQUENCED)
        self._group = client.consumer(settings, group_of("sequence", settings))
        self._memory_mib = 0.0
        self._lag_max = 0

    def run(self, warm: list[Sending], rest: list[Sending]) -> Pressure:
        poison = self._send(warm).poison
        self._lag_max = 0
        self._settle()  # the workers have started by now, and know the first borrowers
        before = self._memory_mib
        started = time.monotonic()
        poison |= self._send(rest).poison
        sent_s = time.monotonic() - started
        self._say(f"{len(rest):,} records are sent in {sent_s:.0f} s; at most {self._lag_max:,} behind")
        self._settle()
        took_s = time.monotonic() - started
        self._fleet.stop()
        verdict = judge(self._settings, poison, self._fleet.log, learn=False)
        lost = sum(check.lost for check in verdict.checks)
        flat = self._memory_mib - before < GROWTH_MIB_MAX
        return Pressure(
            green=verdict.green and flat and took_s / sent_s >= TIMES_MIN,
            events=len(warm) + len(rest),
            sent_per_second=round(len(rest) / sent_s, 1),
            taken_per_second=round(len(rest) / took_s, 1),
            times=round(took_s / sent_s, 1),
            lag_max=self._lag_max,
            seconds_to_drain=round(took_s - sent_s, 1),
            memory_before_mib=round(before, 1),
            memory_max_mib=round(self._memory_mib, 1),
            lost=lost,
            twice=sum(check.twice for check in verdict.checks),
            differing=sum(check.differing + check.reordered for check in verdict.checks),
        )

    def _send(self, records: list[Sending]) -> Sender:
        sender = Sender(self._settings, records, 0.0)
        sender.start()
        while sender.is_alive():
            self._look()
            self._lag_max = max(self._lag_max, self._lag())
            sender.join(_LOOK_S)
        self._lag_max = max(self._lag_max, self._lag())
        assert sender.error is None, sender.error
        return sender

    def _settle(self) -> None:
        Settling(self._settings, 3_600.0, self._look, _FOLDING).run()

    def _look(self) -> None:
        self._fleet.look()
        for member in self._fleet.members:
            if member.process is not None:
                self._memory_mib = max(
                    self._memory_mib, psutil.Process(member.process.pid).memory_info().rss / _MEBIBYTE
                )

    def _lag(self) -> int:
        ends = reading.ends(self._settings, self._inputs)
        prefix = self._settings.topic_prefix
        asked = [TopicPartition(prefix + topic, partition) for topic, partition in self._inputs]
        read = {
            (tp.topic.removeprefix(prefix), tp.partition): max(0, tp.offset) for tp in self._group.committed(asked, 30)
        }
        return sum(end - read[place] for place, end in ends.items())

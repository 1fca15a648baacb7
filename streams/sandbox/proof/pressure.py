"""Back-pressure: producers send three times what the workers take. Memory must stay flat, the lag grow and then drain.

A first part of the workload lets the workers start, and shows what they can take. Then the producer's pace follows what
is taken: always three times as much, and a little more, for as long as was asked. When the lag is gone, everything is
compared with the reference, as after faults.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from streams.agents.groups import AGENTS
from streams.engine import topics_admin
from streams.sandbox.broker import Cluster
from streams.sandbox.proof.fleet import Fleet
from streams.sandbox.proof.following import Following
from streams.sandbox.proof.sending import Position, Sender
from streams.sandbox.proof.settling import Settling
from streams.sandbox.proof.verdict import judge
from streams.sandbox.proof.workload import Sending, story
from streams.settings import Settings, load

Say = Callable[[str], None]
TIMES_MIN = 3.0
#: What the producer aims at, so that a measure of a moment does not decide.
_TIMES = 3.3
_WARM_RECORDS = 3_000
_WARM_UNFOLDED_MAX = 1_000
#: More than two cores take; a story is told as it is sent, so what is not needed costs nothing.
_FASTEST_PER_S = 5_000
#: Few dates with much on each: a date goes out when all before it is acknowledged, which would slow the producer down.
_DAYS = 180
_LOOK_S = 0.5
#: A machine that stalls may take longer to send as much; after so many times as long, it could not.
_PATIENCE = 3
#: So long the rate of the warm-up counts; then the one that is seen.
_WARM_S = 5.0
#: Whose inputs are compared. The story ends before its labels have matured, so `learn` does not come to an end.
_FOLDING = ("sequence", "assess")
_MEBIBYTE = 1024 * 1024
#: What a worker may hold on top: fetches, a batch, its writes. It does not depend on how far it is behind.
GROWTH_MIB_MAX = 192.0


class Pressure(Struct, kw_only=True):
    """What was seen. Memory is resident memory, in MiB, of the worker that grew most; lag is in records."""

    green: bool
    events: int
    seconds_sending: float
    sent_per_second: float
    taken_per_second: float
    times: float
    lag_max: int
    seconds_to_drain: float
    grew_most: str
    memory_before_mib: float
    memory_max_mib: float
    lost: int
    twice: int
    differing: int

    def figures(self) -> dict[str, object]:
        """By name."""
        return msgspec.structs.asdict(self)


def pressure(directory: Path, seconds: float, say: Say) -> Pressure:
    """Run it on a cluster of its own; leaves no process behind.

    Args:
        directory: emptied first.
        seconds: how long to send three times what is taken. Draining takes about twice as long again.
        say: told what goes on.
    """
    place = directory / "pressure"
    shutil.rmtree(place, ignore_errors=True)
    records = iter(story(round(_WARM_RECORDS + _TIMES * _FASTEST_PER_S * seconds), 1, _DAYS))
    with Cluster(place / "kafka", progress=say) as cluster:
        settings = load({}, bootstrap=cluster.bootstrap, state_dir=str(place / "state"))
        topics_admin.create(settings)
        fleet = Fleet(settings, place / "workers.log")
        try:
            for agent in AGENTS:
                fleet.add(agent, "a")
            return _Pressed(settings, fleet, say).run(records, seconds)
        finally:
            fleet.stop()


def _pace(taken: int, sent: int, passed_s: float, rate: float) -> float:
    """How fast to go on, so that in a moment `_TIMES` as much is sent as will be taken by then."""
    rate = taken / passed_s if taken and passed_s > _WARM_S else max(rate, taken / max(1.0, passed_s))
    return max(rate, (_TIMES * (taken + rate * _LOOK_S) - sent) / _LOOK_S)


class _Pressed:
    """One run."""

    def __init__(self, settings: Settings, fleet: Fleet, say: Say) -> None:
        self._settings = settings
        self._fleet = fleet
        self._say = say
        self._poison: set[Position] = set()
        self._sent = 0
        self._most_mib: dict[str, float] = {}

    def run(self, records: Iterable[Sending], seconds: float) -> Pressure:
        following = Following(self._settings, lambda: self._sent)
        following.start()
        try:
            rate = self._warm_up(itertools.islice(records, _WARM_RECORDS), following)
            before, warm = dict(self._most_mib), self._sent
            self._say(f"{rate:,.0f} records a second are taken; sending {_TIMES:.1f} times as much for {seconds:.0f} s")
            started = time.monotonic()
            taken, lag_max = self._press(records, rate, following, seconds)
            sent_s, sent = time.monotonic() - started, self._sent - warm
            self._say(f"{sent:,} records are sent in {sent_s:.0f} s, {taken:,} were taken; {lag_max:,} behind at most")
            self._settle()
            drained_s = time.monotonic() - started - sent_s
        finally:
            following.stop()
        self._fleet.stop()
        checks = (verdict := judge(self._settings, self._poison, self._fleet.log, learn=False)).checks
        grew = max(before, key=lambda agent: self._most_mib[agent] - before[agent])
        times = sent / max(1, taken)
        flat = self._most_mib[grew] - before[grew] < GROWTH_MIB_MAX
        return Pressure(
            green=verdict.green and flat and times >= TIMES_MIN,
            events=self._sent,
            seconds_sending=round(sent_s, 1),
            sent_per_second=round(sent / sent_s, 1),
            taken_per_second=round(taken / sent_s, 1),
            times=round(times, 2),
            lag_max=lag_max,
            seconds_to_drain=round(drained_s, 1),
            grew_most=grew,
            memory_before_mib=round(before[grew], 1),
            memory_max_mib=round(self._most_mib[grew], 1),
            lost=sum(check.lost for check in checks),
            twice=sum(check.twice for check in checks),
            differing=sum(check.differing + check.reordered for check in checks),
        )

    def _warm_up(self, records: Iterable[Sending], following: Following) -> float:
        """Workers start and know the first borrowers; returns records a second, from the first that was folded on."""
        sender = Sender(self._settings, records)
        sender.may = following.within(_WARM_UNFOLDED_MAX)
        sender.start()
        began, at = time.monotonic(), 0
        while sender.is_alive():
            self._look(sender, 0)
            if not at and following.folded:
                began, at = time.monotonic(), following.folded
            time.sleep(_LOOK_S / 5)
        folded, took_s = following.folded - at, time.monotonic() - began
        self._note(sender, 0)
        self._settle()
        return max(10.0, folded / took_s)

    def _press(self, records: Iterable[Sending], rate: float, following: Following, seconds: float) -> tuple[int, int]:
        """Returns (records taken meanwhile, the greatest lag)."""
        sender = Sender(self._settings, records, _TIMES * rate)
        warm, lag_max = self._sent, 0
        started = time.monotonic()
        sender.start()
        while sender.is_alive():
            self._look(sender, warm)
            passed_s = time.monotonic() - started
            lag_max = max(lag_max, following.behind)
            sender.pace = _pace(max(0, following.folded - warm), sender.sent, passed_s, rate)
            enough = sender.sent >= _TIMES * max(0, following.folded - warm)
            if passed_s > seconds and (enough or passed_s > _PATIENCE * seconds):
                sender.stop()
            sender.join(_LOOK_S)
        self._note(sender, warm)
        return max(0, following.folded - warm), max(lag_max, following.behind)

    def _note(self, sender: Sender, before: int) -> None:
        assert sender.error is None, sender.error
        self._sent = before + sender.sent
        self._poison |= sender.poison

    def _look(self, sender: Sender, before: int) -> None:
        self._sent = before + sender.sent
        self._measure()

    def _measure(self) -> None:
        self._fleet.look()
        for member in self._fleet.members:
            if member.process is not None:
                now_mib = psutil.Process(member.process.pid).memory_info().rss / _MEBIBYTE
                self._most_mib[member.agent] = max(self._most_mib.get(member.agent, 0.0), now_mib)

    def _settle(self) -> None:
        Settling(self._settings, 3_600.0, self._measure, _FOLDING).run()

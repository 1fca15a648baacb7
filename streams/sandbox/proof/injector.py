"""Makes the faults of a schedule happen, and undoes what must be undone.

A schedule's seconds are those of a run whose workers keep up. Where they do not, its clock waits for them: a fault hits
nothing when the workers have not come to work since the last one. It may run a little ahead, so that workers die while a
broker is down, too.
"""

from __future__ import annotations

import heapq
import random
import signal
import time
from collections import deque
from collections.abc import Callable
from itertools import count

from streams.sandbox.broker import Cluster
from streams.sandbox.proof.fleet import Fleet, Member
from streams.sandbox.proof.schedule import Fault

#: A commit has four places to die at; a worker commits several times a second.
_DEATH_CHANCE = 0.05
_SMALL_QUEUE_RECORDS = 300
#: Between the end of one broker's fault and the next: copies catch up, a leader is found.
_BROKER_REST_S = 10.0
#: How far the schedule's clock may be ahead of the work.
_AHEAD_S = 4.0


class Injector:
    """Call `look` often. `done` is what happened; `over` says that nothing is left to do or undo."""

    def __init__(
        self, fleet: Fleet, cluster: Cluster, faults: list[Fault], seed: int, worked_s: Callable[[], float]
    ) -> None:
        """Nothing is done yet.

        Args:
            fleet: the workers.
            cluster: the brokers.
            faults: in order of time.
            seed: of who is hit, and of moments that depend on it.
            worked_s: for how many seconds of the schedule the work is done.
        """
        self._fleet = fleet
        self._worked_s = worked_s
        self._cluster = cluster
        self._chance = random.Random(f"{seed}/victims")
        self._started = time.monotonic()
        self._number = count()
        self._broker_back_at = 0.0
        self._faults = deque(faults)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.done: list[Fault] = []

    @property
    def over(self) -> bool:
        """Whether every fault is done and undone."""
        return not self._faults and not self._due

    def look(self) -> None:
        """Do what is due; look after the workers."""
        now = time.monotonic() - self._started
        clock = min(now, self._worked_s() + _AHEAD_S)
        while self._faults and self._faults[0].at_s <= clock and not self._waits(self._faults[0]):
            self._do(self._faults.popleft())
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
        self._fleet.look()

    def _waits(self, fault: Fault) -> bool:
        """One broker fault at a time: the loss of two is another promise."""
        return fault.kind.startswith("broker") and time.monotonic() < self._broker_back_at

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        at_s = time.monotonic() - self._started + seconds
        heapq.heappush(self._due, (at_s, next(self._number), act))

    def _do(self, fault: Fault) -> None:
        match fault.kind:
            case "join":
                self._join(fault)
            case "leave":
                self._leave(fault)
            case "broker pause" | "broker kill":
                self._broker(fault)
            case _:
                self._worker(fault, self._chance.choice(self._fleet.of(fault.agent)))
        self.done.append(fault)

    def _worker(self, fault: Fault, victim: Member) -> None:
        match fault.kind:
            case "kill":
                victim.signal(signal.SIGKILL)
            case "term":
                victim.signal(signal.SIGTERM)
                victim.restart_after_stop = True
            case "kill in restore":  # killed, started again at once, and killed while it starts and reads its rows
                victim.signal(signal.SIGKILL)
                victim.kill_at = time.monotonic() + self._chance.uniform(1.5, 5.0)
            case "kill in rebalance":  # one leaves the group, which rebalances; another is killed in the midst
                others = [m for m in self._fleet.of(fault.agent) if m is not victim]
                victim.signal(signal.SIGTERM)
                victim.restart_after_stop = True
                for other in others[:1]:
                    other.kill_at = time.monotonic() + self._chance.uniform(0.05, 2.0)
            case "freeze":
                victim.signal(signal.SIGSTOP)
                self._after(fault.seconds, lambda: victim.signal(signal.SIGCONT))
            case "die in commit":
                seed = str(self._chance.randrange(2**31))
                victim.options_once = ("--die-in-commit", str(_DEATH_CHANCE), "--seed", seed)
                victim.signal(signal.SIGKILL)
            case "small queue":
                victim.options_once = ("--queue-records", str(_SMALL_QUEUE_RECORDS))
                victim.signal(signal.SIGKILL)
            case kind:
                raise ValueError(f"There is no fault {kind!r}.")

    def _join(self, fault: Fault) -> None:
        self._fleet.add(fault.agent, fault.instance)

    def _leave(self, fault: Fault) -> None:
        for member in self._fleet.of(fault.agent):
            if member.instance == fault.instance:
                member.wanted = False
                member.signal(signal.SIGTERM)

    def _broker(self, fault: Fault) -> None:
        node = self._cluster.node(fault.node)
        self._broker_back_at = time.monotonic() + fault.seconds + _BROKER_REST_S
        if fault.kind == "broker pause":
            node.pause()
            self._after(fault.seconds, node.resume)
        else:
            node.kill()
            self._after(fault.seconds, node.launch)
            self._after(fault.seconds + 0.5, node.wait_ready)

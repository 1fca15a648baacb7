"""Makes the faults of a schedule happen, and undoes what must be undone."""

from __future__ import annotations

import heapq
import random
import signal
import time
from collections.abc import Callable
from itertools import count

from streams.sandbox.broker import Cluster
from streams.sandbox.proof.fleet import Fleet, Member
from streams.sandbox.proof.schedule import Fault

#: A commit has four places to die at; a worker commits several times a second.
_DEATH_CHANCE = 0.05
_SMALL_QUEUE_RECORDS = 300


class Injector:
    """Call `look` often. `done` is what happened; `over` says that nothing is left to do or undo."""

    def __init__(self, fleet: Fleet, cluster: Cluster, faults: list[Fault], seed: int) -> None:
        self._fleet = fleet
        self._cluster = cluster
        self._chance = random.Random(f"{seed}/victims")
        self._started = time.monotonic()
        self._number = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.done: list[Fault] = []
        for fault in faults:
            self._later(fault.at_s, lambda f=fault: self._do(f))  # type: ignore[misc]

    @property
    def over(self) -> bool:
        """Whether every fault is done and undone."""
        return not self._due

    def look(self) -> None:
        """Do what is due; look after the workers."""
        now = time.monotonic() - self._started
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
        self._fleet.look()

    def _later(self, at_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at_s, next(self._number), act))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._later(time.monotonic() - self._started + seconds, act)

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
        if fault.kind == "broker pause":
            node.pause()
            self._after(fault.seconds, node.resume)
        else:
            node.kill()
            self._after(fault.seconds, node.launch)
            self._after(fault.seconds + 0.5, node.wait_ready)

"""Which fault happens when: a function of a seed, so that what a run prints is enough to repeat it."""

from __future__ import annotations

import random
from collections import Counter

from msgspec import Struct

from streams.agents.groups import AGENTS

#: Two instances of every agent may run at a time, three of assess.
HOSTS = ("a", "b", "c")


class Fault(Struct, frozen=True, kw_only=True):
    """One fault: `at_s` seconds after the start. What the other fields mean depends on the kind."""

    at_s: float
    kind: str
    agent: str = ""
    instance: str = ""
    node: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        """As it is printed."""
        who = f" {self.agent}" if self.agent else ""
        where = f" on {self.instance}" if self.instance else f" {self.node}" if self.node else ""
        long = f" for {self.seconds:.0f} s" if self.seconds else ""
        return f"{self.at_s:6.1f} s  {self.kind}{who}{where}{long}"


class Plan(Struct, frozen=True, kw_only=True):
    """How many faults of each kind, spread over so many seconds."""

    seconds: float
    kill: int
    term: int
    kill_in_restore: int
    kill_in_rebalance: int
    die_in_commit: int
    freeze: int
    small_queue: int
    broker_pauses_s: tuple[float, ...]
    broker_kills: int
    session_timeout_s: float


SHORT = Plan(
    seconds=60.0,
    kill=5,
    term=2,
    kill_in_restore=2,
    kill_in_rebalance=1,
    die_in_commit=2,
    freeze=1,
    small_queue=1,
    broker_pauses_s=(3.0,),
    broker_kills=1,
    session_timeout_s=6.0,
)
#: What every test run can afford: deaths, a death in a commit and in a restore, a zombie, a broker that is killed.
SMALL = Plan(
    seconds=24.0,
    kill=3,
    term=1,
    kill_in_restore=1,
    kill_in_rebalance=1,
    die_in_commit=1,
    freeze=1,
    small_queue=0,
    broker_pauses_s=(),
    broker_kills=1,
    session_timeout_s=6.0,
)
LONG = Plan(
    seconds=300.0,
    kill=20,
    term=8,
    kill_in_restore=6,
    kill_in_rebalance=4,
    die_in_commit=6,
    freeze=3,
    small_queue=2,
    broker_pauses_s=(3.0, 7.0, 12.0),
    broker_kills=2,
    session_timeout_s=6.0,
)
#: With three brokers: what the loss of one does; the workers' own faults are in the other part.
BROKERS = Plan(
    seconds=120.0,
    kill=3,
    term=1,
    kill_in_restore=1,
    kill_in_rebalance=1,
    die_in_commit=1,
    freeze=1,
    small_queue=0,
    broker_pauses_s=(12.0,),
    broker_kills=3,
    session_timeout_s=6.0,
)


def schedule(plan: Plan, brokers: int, seed: int) -> list[Fault]:
    """Lay the faults out in time."""
    chance = random.Random(f"{seed}/{brokers}/faults")
    drawn: list[Fault] = []

    def spread(kind: str, count: int, *, agents: tuple[str, ...] = AGENTS, seconds: float = 0.0) -> None:
        for _ in range(count):
            at_s = chance.uniform(0.1, 0.95) * plan.seconds
            drawn.append(Fault(at_s=at_s, kind=kind, agent=chance.choice(agents), seconds=seconds))

    busy = ("assess", "assess", "sequence", "learn")  # assess has the most to lose
    spread("kill", plan.kill, agents=busy)
    spread("term", plan.term, agents=busy)
    spread("kill in restore", plan.kill_in_restore, agents=busy)
    spread("kill in rebalance", plan.kill_in_rebalance, agents=("assess", "sequence"))
    spread("die in commit", plan.die_in_commit, agents=("assess", "sequence"))
    spread("freeze", plan.freeze, agents=("assess", "sequence"), seconds=plan.session_timeout_s * 1.7)
    spread("small queue", plan.small_queue, agents=("assess",))
    drawn += _membership(plan, chance)
    drawn += _brokers(plan, brokers, chance)
    return sorted(drawn, key=lambda fault: fault.at_s)


def _membership(plan: Plan, chance: random.Random) -> list[Fault]:
    """Workers two and three join and leave, so the run has 1, 2 and 3 of them."""
    times = {"b": (0.12, 0.80), "c": (0.35, 0.60)}
    return [
        Fault(at_s=(share + chance.uniform(-0.03, 0.03)) * plan.seconds, kind=kind, agent=agent, instance=instance)
        for instance, shares in times.items()
        for kind, share in zip(("join", "leave"), shares, strict=True)
        for agent in (AGENTS if instance == "b" else ("assess",))
    ]


def _brokers(plan: Plan, brokers: int, chance: random.Random) -> list[Fault]:
    """Broker faults never overlap: two of three brokers lost is another promise."""
    what = [("broker pause", seconds) for seconds in plan.broker_pauses_s]
    what += [("broker kill", chance.uniform(1.0, 4.0)) for _ in range(plan.broker_kills)]
    chance.shuffle(what)
    each = 0.75 * plan.seconds / max(1, len(what))
    return [
        Fault(
            at_s=0.15 * plan.seconds + each * (number + chance.uniform(0.0, 0.3)),
            kind=kind,
            node=1 + number % brokers,
            seconds=seconds,
        )
        for number, (kind, seconds) in enumerate(what)
    ]


def counted(faults: list[Fault]) -> dict[str, int]:
    """How many of each kind."""
    return dict(sorted(Counter(fault.kind for fault in faults).items()))

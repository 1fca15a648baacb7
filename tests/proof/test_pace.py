"""Faults wait for the work they are to hit, brokers are hit one at a time, and pressure is three times what is taken."""

from __future__ import annotations

from typing import Any

from streams.sandbox.proof import pressure
from streams.sandbox.proof.forms import forms
from streams.sandbox.proof.injector import Injector
from streams.sandbox.proof.schedule import Fault


class Fleet:
    """Notes who joins."""

    def __init__(self) -> None:
        self.joined: list[str] = []

    def add(self, agent: str, instance: str) -> None:
        """Note it."""
        self.joined.append(f"{agent} {instance}")

    def look(self) -> None:
        """Nothing to look after."""


class Brokers:
    """Notes who is killed."""

    def __init__(self) -> None:
        self.killed: list[int] = []
        self.number = 0

    def node(self, number: int) -> Brokers:
        """Any is this one."""
        self.number = number
        return self

    def kill(self) -> None:
        """Note it."""
        self.killed.append(self.number)

    def launch(self) -> None:
        """Not in the time of a test."""

    wait_ready = launch


def injector(faults: list[Fault], done_s: list[float]) -> tuple[Injector, Any, Any]:
    """One whose work is done as far as the last of `done_s` says."""
    fleet: Any = Fleet()
    brokers: Any = Brokers()
    return Injector(fleet, brokers, faults, 1, lambda: done_s[-1]), fleet, brokers


def test_a_fault_waits_for_the_work_it_is_to_hit() -> None:
    """The schedule's clock stands while the workers do: else all faults are over before the first commit."""
    done_s = [-100.0]
    faults, fleet, _ = injector([Fault(at_s=0.0, kind="join", agent="assess", instance="b")], done_s)
    faults.look()
    before = list(fleet.joined), faults.over
    done_s.append(0.0)
    faults.look()

    assert before == ([], False)
    assert fleet.joined == ["assess b"]
    assert faults.over
    assert [fault.kind for fault in faults.done] == ["join"]


def test_brokers_are_hit_one_at_a_time() -> None:
    """Also when the work leaps over both moments."""
    two = [Fault(at_s=0.0, kind="broker kill", node=node, seconds=60.0) for node in (1, 2)]
    faults, _, brokers = injector(two, [1_000.0])
    faults.look()
    faults.look()

    assert brokers.killed == [1]
    assert not faults.over


def test_the_pace_of_pressure_makes_up_for_what_was_sent_too_slowly() -> None:
    """In a moment three times as much and more is sent as is taken by then; what is ahead is slowed, never stopped."""
    pace = pressure._pace(taken=1_000, sent=2_000, passed_s=10.0, rate=400.0)
    then = 2_000 + pace * pressure._LOOK_S

    assert then / (1_000 + 100 * pressure._LOOK_S) > pressure.TIMES_MIN
    assert pressure._pace(taken=1_000, sent=9_000, passed_s=10.0, rate=400.0) == 100.0
    assert pressure._pace(taken=0, sent=0, passed_s=0.0, rate=400.0) > 1_200.0


def test_a_longer_story_has_a_longer_schedule() -> None:
    """The faults of the long form are spread over all of its events."""
    short, long = (forms(events, long=True) for events in (50_000, 4_000_000))

    assert [form.plan.seconds for form in long] > [form.plan.seconds for form in short]
    assert [form.brokers for form in long] == [1, 3]
    assert long[0].plan.kill >= 20

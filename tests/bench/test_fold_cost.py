"""The fold must not grow dear unseen: its counted cost against the committed one, on each minor version of Python.

`python tests/bench/test_fold_cost.py` commits the present cost (after a change that is meant to cost, or that saves).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.agents.assess import Assessor
from streams.engine.writes import Writes
from streams.sandbox.bench import cost
from streams.sandbox.bench.cost import Cost
from streams.sandbox.bench.probe import Record

COMMITTED = Path(__file__).with_name("fold_cost.json")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
GROWTH_MAX = 1.15
#: A committed cost this much above the present one guards nothing.
STALE = 1.5


def known() -> dict[str, Cost]:
    """The committed costs by Python version."""
    return msgspec.json.decode(COMMITTED.read_bytes(), type=dict[str, Cost])


def measured() -> Cost:
    """In a process of its own, for the hash seed."""
    words = [sys.executable, "-m", "streams.sandbox.bench.cost"]
    done = subprocess.run(words, env=os.environ | {"PYTHONHASHSEED": "0"}, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Cost)


def grown(before: Cost, now: Cost) -> dict[str, float]:
    """By what factor each count is above the limit."""
    factors = {name: getattr(now, name) / getattr(before, name) for name in Cost.__struct_fields__}
    return {name: round(factor, 2) for name, factor in factors.items() if factor > GROWTH_MAX}


@pytest.fixture(scope="module")
def present() -> Cost:
    """Counted once."""
    return measured()


def test_the_fold_has_not_grown_dear(present: Cost) -> None:
    """At most 15 % above the committed counts."""
    before = known().get(VERSION)
    if before is None:
        pytest.skip(f"no cost is committed for Python {VERSION}: run `python {Path(__file__).name}` and commit it")

    assert grown(before, present) == {}, f"{before} is committed, now it is {present}"


def test_the_committed_cost_is_not_stale(present: Cost) -> None:
    """After a large saving, what it has saved is guarded too."""
    before = known().get(VERSION)
    if before is None:
        pytest.skip(f"no cost is committed for Python {VERSION}")

    assert before.bytecodes_per_event < STALE * present.bytecodes_per_event, "commit the present cost"


def test_counts_see_more_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that is run with a fifth more work is found out, in bytecodes and in calls."""

    def slower(assessor: Assessor, batch: list[Record], writes: Writes) -> None:
        assessor.fold("journal", 0, batch, writes)
        for _ in range(len(batch) * 40):
            divmod(len(batch), 7)

    monkeypatch.setattr(cost, "_BORROWERS", 3)
    monkeypatch.setattr(cost, "_DAYS", 60)
    monkeypatch.setattr(cost, "_WARM_RECORDS", 40)
    plain, loaded = cost.measure(), cost.measure(slower)

    assert loaded.c_calls_per_event == pytest.approx(plain.c_calls_per_event + 80, abs=3)
    assert loaded.bytecodes_per_event > plain.bytecodes_per_event + 200
    assert grown(plain, loaded).keys() >= {"c_calls_per_event"}


if __name__ == "__main__":
    COMMITTED.write_bytes(msgspec.json.format(msgspec.json.encode(known() | {VERSION: measured()}), indent=2) + b"\n")

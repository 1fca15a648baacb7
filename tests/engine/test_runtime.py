"""Where a batch continues: overlap is cut, a hole ends the process, a leftover is dropped."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from streams.engine import runtime as module
from streams.engine.errors import Fenced, Inconsistent
from streams.engine.faust_app import Membership
from streams.engine.runtime import Runtime
from streams.settings import load


def _runtime(position: int) -> Runtime:
    runtime = Runtime.__new__(Runtime)
    runtime._next = {("journal", 0): position}
    runtime._held, runtime._holes, runtime._unread = {}, {}, []
    runtime._owned = Membership(1, "m", frozenset({("journal", 0)}))
    return runtime


def _queue_up(runtime: Runtime, *batches: object) -> None:
    runtime._unread = [(runtime._owned, batch) for batch in batches]
    runtime._queue_up()


def _batch(follows: int, *offsets: int, partition: int = 0) -> SimpleNamespace:
    records = [SimpleNamespace(offset=offset) for offset in offsets]
    return SimpleNamespace(topic="journal", partition=partition, follows=follows, records=records, offset=offsets[-1])


def _held(runtime: Runtime) -> list[int]:
    return [record.offset for record in runtime._held.get(("journal", 0), [])]


def test_a_batch_that_continues_is_taken() -> None:
    """Gaps inside are control records of transactions."""
    runtime = _runtime(5)
    _queue_up(runtime, _batch(5, 6, 7), _batch(8, 9))

    assert _held(runtime) == [6, 7, 9]


def test_an_overlap_is_cut() -> None:
    """The same fetch delivered twice in one batch counts once."""
    runtime = _runtime(5)
    _queue_up(runtime, _batch(0, 3, 4, 5, 6), _batch(5, 5, 6, 7), _batch(0, 3, 4))

    assert _held(runtime) == [5, 6, 7]


def test_beyond_a_hole_nothing_is_folded() -> None:
    """Until what lies between has come."""
    runtime = _runtime(5)
    _queue_up(runtime, _batch(8, 8, 9))
    assert _held(runtime) == []

    _queue_up(runtime, _batch(0, 5, 6, 7, 8, 9))
    runtime._check_holes()

    assert _held(runtime) == [5, 6, 7, 8, 9]


def test_a_hole_that_stays_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart reads again what was lost on the way."""
    monkeypatch.setattr(module, "_HOLE_S", -1.0)
    runtime = _runtime(5)
    _queue_up(runtime, _batch(8, 8, 9))

    with pytest.raises(Inconsistent, match="a fetch was lost between 5 and 8"):
        runtime._check_holes()


def test_a_batch_of_another_generation_is_dropped() -> None:
    """It comes again under the assignment that holds now."""
    runtime = _runtime(5)
    runtime._unread = [(Membership(0, "m", frozenset()), _batch(0, 5, 6))]
    runtime._queue_up()

    assert _held(runtime) == []


def test_a_leftover_of_a_partition_given_away_is_dropped() -> None:
    """Only an assignment opens a partition."""
    runtime = _runtime(5)
    _queue_up(runtime, _batch(0, 1, 2, partition=3))

    assert runtime._held == {}


def test_a_commit_that_never_returns_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outcome is unknown; the log decides. One that returns in time gives what it gave."""
    monkeypatch.setattr(module, "_COMMIT_GRACE_S", -4)
    runtime = Runtime.__new__(Runtime)
    runtime._settings, runtime._group = load({}, transaction_timeout_ms=5_000), "forewarn.assess"

    async def never() -> None:
        await asyncio.Event().wait()

    async def fails() -> None:
        raise Fenced("the group moved on")

    with pytest.raises(Inconsistent, match="has not returned within 1 s"):
        asyncio.run(runtime._bounded(never()))
    with pytest.raises(Fenced):
        asyncio.run(runtime._bounded(fails()))

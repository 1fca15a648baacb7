"""How a worker ends: on request it leaves nothing undecided; without one it never ends quietly."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from streams.engine.errors import Fenced
from streams.engine.faust_app import Membership
from streams.engine.runtime import Runtime
from streams.engine.watch import Watch


class _Processor:
    """Takes everything, and writes nothing."""

    def fold(self, _topic: str, _partition: int, records: list[object], _writes: object) -> int:
        return len(records)

    def finish(self, _writes: object) -> None:
        pass

    def committable(self, _topic: str, _partition: int, next_offset: int) -> int:
        return next_offset


def _runtime(committed: list[int], *, slow: asyncio.Event) -> Runtime:
    """A runtime with one record to fold and a commit that waits for `slow`."""
    runtime = Runtime.__new__(Runtime)
    partition = ("journal", 0)
    runtime._prefix, runtime._stopping, runtime._watch = "", False, Watch()
    runtime._committing = runtime._under_way = None
    runtime._processor = _Processor()  # type: ignore[assignment]
    runtime._next, runtime._committed = {partition: 0}, {partition: 0}
    runtime._held = {partition: [SimpleNamespace(offset=0)]}
    runtime._owned, runtime._metadata = Membership(1, "m", frozenset({partition})), b""

    async def commit(_writes: object, offsets: dict[object, int], *_: object) -> None:
        await slow.wait()
        committed.extend(offsets.values())

    runtime._commit = commit  # type: ignore[assignment,method-assign]
    return runtime


def test_a_stop_waits_for_the_commit_under_way() -> None:
    """And no other begins, though there is more to fold."""

    async def story() -> list[int]:
        committed: list[int] = []
        slow = asyncio.Event()
        runtime = _runtime(committed, slow=slow)
        await runtime._work()
        settling = asyncio.ensure_future(runtime._settle())  # as the loop does before its next commit
        asyncio.get_running_loop().call_later(0.05, slow.set)
        await runtime.stop()
        assert committed == [1]
        await settling
        runtime._held = {("journal", 0): [SimpleNamespace(offset=1)]}
        await runtime._work()
        await asyncio.sleep(0.05)
        return committed

    assert asyncio.run(story()) == [1]


@pytest.mark.parametrize(("error", "hidden"), [(RuntimeError("the broker is gone"), False), (Fenced("moved on"), True)])
def test_a_commit_that_fails_at_the_stop(error: Exception, hidden: bool) -> None:
    """One that was aborted is decided; anything else ends the process as it always does, with the error and not with 0."""

    async def story() -> bool:
        runtime = _runtime([], slow=asyncio.Event())

        async def fails() -> None:
            raise error

        runtime._under_way = asyncio.ensure_future(fails())
        try:
            await runtime.stop()
        except RuntimeError:
            return False
        return True

    assert asyncio.run(story()) is hidden

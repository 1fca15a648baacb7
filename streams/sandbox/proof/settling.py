"""Waiting until nothing is left to do: no transaction is open, every agent has committed to the end, nothing new came."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from streams.agents.groups import AGENTS, group_of
from streams.engine import reading
from streams.engine.barrier import Barrier
from streams.engine.errors import EngineError
from streams.settings import Settings
from streams.topics import SEQUENCED, TOPICS

_READS = {"sequence": SEQUENCED, "assess": ("journal",), "portfolio": ("book",)}
#: What learn has read is committed when its date is learned, and the last date may never be: it is done when nothing new
#: has come for so long.
_QUIET_S = 15.0
_POLL_S = 0.1


class NotSettled(EngineError):
    """The workers did not come to the end of their inputs."""


class Settling:
    """One waiting for one cluster."""

    def __init__(
        self,
        settings: Settings,
        limit_s: float,
        meanwhile: Callable[[], None],
        agents: Collection[str] = AGENTS,
    ) -> None:
        """Nothing is asked yet.

        Args:
            settings: which cluster.
            limit_s: how long the whole may take.
            meanwhile: called again and again: looks after the workers.
            agents: that run.
        """
        self._settings = settings
        self._limit_s = limit_s
        self._meanwhile = meanwhile
        self._deadline = time.monotonic() + limit_s
        self._barriers = {
            agent: Barrier(settings, group_of(agent, settings), topics)
            for agent, topics in _READS.items()
            if agent in agents
        }
        self._quiet_s = _QUIET_S if "learn" in agents else 0.0
        self._places = reading.places(settings, [topic.name for topic in TOPICS])

    def run(self) -> None:
        """Wait.

        Raises:
            NotSettled: it took too long; the text says who is behind.
        """
        try:
            before: object = None
            quiet_at = 0.0
            while True:
                self._wait(self._decided, "A transaction is still open")
                for agent, barrier in self._barriers.items():
                    ends = barrier.ends()
                    self._wait(lambda b=barrier, e=ends: b.passed(e), f"{agent} has not come to the end of its topics")  # type: ignore[misc]
                now = reading.ends(self._settings, self._places, stable=False)
                if now == before and time.monotonic() >= quiet_at:
                    return
                if now != before:
                    before, quiet_at = now, time.monotonic() + self._quiet_s
                soon = min(quiet_at, time.monotonic() + 1.0)
                self._wait(lambda s=soon: time.monotonic() >= s, "There is always something new")  # type: ignore[misc]
        finally:
            for barrier in self._barriers.values():
                barrier.close()

    def _decided(self) -> bool:
        return reading.ends(self._settings, self._places) == reading.ends(self._settings, self._places, stable=False)

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        while not done():
            self._meanwhile()
            if time.monotonic() > self._deadline:
                raise NotSettled(f"{what} after {self._limit_s:.0f} s.")
            time.sleep(_POLL_S)

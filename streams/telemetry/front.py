"""The supervisor's page: one port for all agents of a machine, so there is one thing to scrape and one to probe.

Agents listen on Unix sockets; the supervisor asks them when it is asked, and adds whether each answers. A worker is ready
when all its agents are. It is live unless an agent that runs long enough says that its loop is stuck, or says nothing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from streams.telemetry import metrics, server
from streams.telemetry.exposition import merge, render
from streams.telemetry.server import Answer, said, text

#: Less than the shortest scrape timeout in use.
_ASK_S = 2.0
#: A process that was just started imports, joins and restores; it is not called dead meanwhile.
_STARTING_S = 60.0


class Front:
    """Serves one port for several agents."""

    def __init__(self, agents: Iterable[str], host: str, port: int) -> None:
        """Listens at once.

        Raises:
            OSError: the port is taken.
        """
        self._agents = tuple(agents)
        self._directory = Path(tempfile.mkdtemp(prefix="forewarn-"))  # entered by this user only
        self._pool = ThreadPoolExecutor(len(self._agents), "ask")
        self._started: dict[str, float] = {}
        self.stopping = False
        for agent in self._agents:
            metrics.AGENT_RESTARTS.labels(agent)
        pages = {"/metrics": self._metrics, "/live": self._live, "/ready": self._ready}
        self._server = server.listen(host, port, pages)

    @property
    def port(self) -> int:
        """The port that was taken."""
        return self._server.port

    def socket(self, agent: str) -> Path:
        """Where an agent is to listen."""
        return self._directory / f"{agent}.sock"

    def started(self, agent: str) -> None:
        """An agent's process was started."""
        self._started[agent] = time.monotonic()

    def ended(self, agent: str) -> None:
        """An agent's process ended by itself."""
        self._started.pop(agent, None)
        metrics.AGENT_RESTARTS.labels(agent).inc()

    def close(self) -> None:
        """Stop listening and remove the sockets."""
        self._server.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _ask(self, page: str) -> dict[str, Answer | None]:
        asked = self._pool.map(lambda agent: server.ask(self.socket(agent), page, _ASK_S), self._agents)
        return dict(zip(self._agents, asked, strict=True))

    def _metrics(self) -> Answer:
        found = {agent: answer.body for agent, answer in self._ask("/metrics").items() if answer is not None}
        for agent in self._agents:
            metrics.AGENT_UP.labels(agent).set(agent in found)
        return text(merge([render(metrics.SUPERVISOR), *found.values()]))

    def _live(self) -> Answer:
        return self._judge("/live", self._excused)

    def _ready(self) -> Answer:
        return said(ok=False, reason="stopping") if self.stopping else self._judge("/ready", lambda agent: False)

    def _excused(self, agent: str) -> bool:
        """Whether silence means nothing yet: it is not running (and will be started), or was just started."""
        started = self._started.get(agent)
        return started is None or time.monotonic() - started < _STARTING_S

    def _judge(self, page: str, excused: Callable[[str], bool]) -> Answer:
        reasons = {
            agent: reason
            for agent, answer in self._ask(page).items()
            if (reason := self._reason(agent, answer)) and not (answer is None and excused(agent))
        }
        return said(ok=not reasons, agents=reasons)

    def _reason(self, agent: str, answer: Answer | None) -> str:
        """Why an agent is not well; empty if it is."""
        if answer is None:
            return "is starting" if self._excused(agent) else "does not answer"
        return "" if answer.status == 200 else str(json.loads(answer.body).get("reason", "unwell"))

"""Several agents on one machine: a process each, restarted when it ends unexpectedly, all ended together.

Crash-only is safe because a process that ends loses nothing that was committed and repeats nothing that was. A child is
tied to this process, so nothing is left behind however this one ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from streams.engine import tied_child
from streams.engine.process import EXIT_CONFIG
from streams.telemetry.front import Front

_POLL_S = 0.1
_STOP_GRACE_S = 15.0
#: A process that lasted this long has earned an immediate restart.
_HEALTHY_S = 30.0
_BACKOFF_MAX_S = 10.0


class _Child:
    """One agent's process and its restarts."""

    def __init__(self, agent: str, environment: Mapping[str, str], log: Path | None, front: Front | None) -> None:
        self.agent = agent
        self._front = front
        self.restarts = 0
        self._environment = dict(environment)
        self._log = log
        self._failures = 0
        self._start_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = [sys.executable, "-m", "streams", "worker", self.agent]
        if self._front is not None:
            program += ["--metrics-socket", str(self._front.socket(self.agent))]
            self._front.started(self.agent)
        tied = [sys.executable, "-I", "-S", tied_child.__file__, str(os.getpid()), *program]
        output = None if self._log is None else self._log.open("ab")
        try:
            self.process = subprocess.Popen(
                tied, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        finally:
            if output is not None:
                output.close()
        self._started = time.monotonic()

    def look(self, say: Callable[[str], None]) -> int | None:
        """Restart if it ended; returns an exit code that ends everything, or None."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._start_at:
                self.start()
            return None
        code = self.process.poll()
        if code is None:
            return None
        self.process = None
        if code in (0, EXIT_CONFIG):
            return code
        self._failures = 0 if now - self._started > _HEALTHY_S else self._failures + 1
        wait_s = min(_BACKOFF_MAX_S, 0.25 * 2**self._failures) if self._failures else 0.0
        self._start_at = now + wait_s
        self.restarts += 1
        if self._front is not None:
            self._front.ended(self.agent)
        say(f"{self.agent} ended with {code}; restarting in {wait_s:.1f} s")
        return None

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


class Supervisor:
    """Starts, watches and ends one process an agent."""

    def __init__(
        self,
        agents: list[str],
        environment: Mapping[str, str] = os.environ,
        *,
        log: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
        front: Front | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            environment: passed to the children; settings travel in it.
            log: file that receives the children's output; this process's own if None.
            say: told one line when a child ends unexpectedly.
            front: serves the children's metrics and health; closed by `stop`.
        """
        self._front = front
        self._children = [_Child(agent, environment, log, front) for agent in agents]
        self._say = say
        self._stopping = False

    @property
    def restarts(self) -> int:
        """How often children had to be restarted."""
        return sum(child.restarts for child in self._children)

    def start(self) -> None:
        """Start every agent."""
        for child in self._children:
            child.start()

    def check(self) -> int | None:
        """Look after the children once; an exit code if one of them ended for good."""
        codes = [child.look(self._say) for child in self._children]
        return next((code for code in codes if code is not None), None)

    def run(self) -> int:
        """Watch until SIGTERM or SIGINT, or until a child says that restarting changes nothing; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.start()
        code = None
        while code is None and not self._stopping:
            time.sleep(_POLL_S)
            code = self.check()
        self.stop()
        return code or 0

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def stop(self) -> None:
        """End every child: asked first, killed when the grace is over. Returns when all are gone."""
        if self._front is not None:
            self._front.stopping = True
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_GRACE_S
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.signal(signal.SIGKILL)
                child.process.wait()
        if self._front is not None:
            self._front.close()

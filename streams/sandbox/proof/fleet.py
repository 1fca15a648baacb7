"""The workers under proof: real processes, one an agent and instance, ended in every way and started again.

They are this program's children and cannot outlive it; each is signaled by its own process id.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from streams.engine import tied_child
from streams.engine.process import EXIT_CONFIG
from streams.settings import PREFIX, Settings

_STOP_GRACE_S = 20.0
#: What a worker says when it ends: before its log is set up, and after.
_LAST_WORDS = re.compile(r"^forewarn(?:: | \w+: error: )(.*)$", re.MULTILINE)
#: A worker that ends with these is not started again by itself.
_FINAL = (0, EXIT_CONFIG)
_CARRIED = ("bootstrap", "topic_prefix", "session_timeout_ms", "transaction_timeout_ms", "state_dir")


def last_words(said: str) -> list[str]:
    """The lines in which workers said why they end, without what comes before the colon."""
    return _LAST_WORDS.findall(said)


class Member:
    """One worker process, now or soon again."""

    def __init__(self, agent: str, instance: str, environment: dict[str, str], log: Path) -> None:
        self.agent = agent
        self.instance = instance
        self.starts = 0
        #: Options of the proof's own entry point; none means the product's own command.
        self.options: Sequence[str] = ()
        #: The same, for the next start only.
        self.options_once: Sequence[str] = ()
        #: A stop on request is to be followed by a start.
        self.restart_after_stop = False
        #: Command that the program is started through.
        self.through: Sequence[str] = ()
        self.wanted = True
        self.kill_at: float | None = None
        self.codes: list[int] = []
        self._environment = environment | {PREFIX + "INSTANCE": instance}
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        options, self.options_once = [*self.options, *self.options_once], ()
        module = ["streams.sandbox.proof.worker", *options] if options else ["streams", "worker"]
        program = [sys.executable, "-m", *module, self.agent]
        tied = [sys.executable, "-I", "-S", tied_child.__file__, str(os.getpid()), *self.through, *program]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                tied, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.starts += 1

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if there is a process."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    @property
    def alive(self) -> bool:
        """Whether its process runs (frozen counts)."""
        return self.process is not None and self.process.poll() is None

    @property
    def frozen(self) -> bool:
        """Whether it is stopped by SIGSTOP (Linux)."""
        if not self.alive or self.process is None:
            return False
        status = Path(f"/proc/{self.process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def look(self) -> None:
        """Note an end; start again what is wanted and may be started again."""
        if self.process is not None and (code := self.process.poll()) is not None:
            self.codes.append(code)
            self.process = None
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self.signal(signal.SIGKILL)
            self.kill_at = None
        if self.process is None and self.wanted and (self.last_code not in _FINAL or self._may_start_again()):
            self.start()

    def _may_start_again(self) -> bool:
        """Once after each stop on request."""
        may, self.restart_after_stop = self.restart_after_stop and self.last_code == 0, False
        return may

    @property
    def last_code(self) -> int | None:
        """How it ended the last time."""
        return self.codes[-1] if self.codes else None

    def wait(self, timeout_s: float = 60.0) -> int:
        """Wait for the present process to end; returns its code.

        Raises:
            TimeoutError: it did not.
        """
        assert self.process is not None
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.agent} of {self.instance} did not end within {timeout_s:.0f} s") from error
        self.codes.append(code)
        self.process = None
        return code


class Fleet:
    """All workers of one run, with one log."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.log = log
        self.members: list[Member] = []
        #: For the workers that are added from now on, see `Member.through`.
        self.through: Sequence[str] = ()
        carried = {PREFIX + name.upper(): str(getattr(settings, name)) for name in _CARRIED}
        self._environment = dict(os.environ) | carried

    def add(self, agent: str, instance: str, *options: str, **environment: str) -> Member:
        """Start one more worker."""
        member = Member(agent, instance, self._environment | environment, self.log)
        member.options = options
        member.through = self.through
        self.members.append(member)
        member.start()
        return member

    def of(self, agent: str) -> list[Member]:
        """The wanted workers of an agent."""
        return [member for member in self.members if member.agent == agent and member.wanted]

    def look(self) -> None:
        """Look after every worker once."""
        for member in self.members:
            member.look()

    @property
    def restarts(self) -> int:
        """How often a worker was started again."""
        return sum(max(0, member.starts - 1) for member in self.members)

    @property
    def ended_for_good(self) -> list[Member]:
        """Workers that said that restarting changes nothing, though nobody asked them to end."""
        return [m for m in self.members if m.wanted and not m.alive and m.last_code in _FINAL]

    def stop(self) -> None:
        """End all: asked first, killed when the grace is over. Returns when all are gone."""
        for member in self.members:
            member.wanted = False
            member.signal(signal.SIGTERM)
            member.signal(signal.SIGCONT)
        deadline = time.monotonic() + _STOP_GRACE_S
        for member in self.members:
            if member.process is None:
                continue
            try:
                member.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.signal(signal.SIGKILL)
                member.process.wait()
            member.codes.append(member.process.returncode)
            member.process = None

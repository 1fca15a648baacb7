"""The processes of a run: children of this one that cannot outlive it, ended by their own id."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

import streams
from streams.engine import tied_child
from streams.engine.errors import EngineError
from streams.sandbox.bench import meter
from streams.sandbox.bench.contenders import Contender
from streams.sandbox.bench.job import Job
from streams.settings import PREFIX, Settings

#: A worker of the product drains the commit under way; Faust may then need a minute of its own, for which nobody waits.
_STOP_GRACE_S = 3.0
_ROOT = Path(streams.__file__).parents[1]
_CARRIED = ("bootstrap", "topic_prefix", "state_dir")


class Died(EngineError):
    """A process ended before its work did."""


class Process:
    """One worker and its readings."""

    def __init__(
        self, command: list[str], environment: dict[str, str], readings: Path, log: Path, *, timed: bool
    ) -> None:
        """Not started yet."""
        self.timed = timed
        self.log = log
        self._command = command
        self._environment = environment
        self._readings = readings
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of_peer(cls, contender: Contender, job: Job, python: str | None, log: Path) -> Self:
        """A peer's program, with the interpreter of its own packages if it has one."""
        command = [python or sys.executable, "-m", contender.program, job.encoded()]
        return cls(command, environment(), Path(job.meter), log, timed=True)

    def start(self) -> None:
        """Start it."""
        tied = [sys.executable, "-I", "-S", tied_child.__file__, str(os.getpid()), *self._command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                tied, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent
            )

    def readings(self) -> list[meter.Line]:
        """What its meter has said."""
        return meter.read(self._readings)

    @property
    def done(self) -> int:
        """Records done."""
        lines = self.readings()
        return lines[-1].done if lines else 0

    def check(self) -> None:
        """Look whether it is well.

        Raises:
            Died: it ended with an error.
        """
        assert self._process is not None, "it is started first"
        if self._process.poll() not in (None, 0):
            said = self.log.read_text(errors="replace").strip().splitlines()
            raise Died(f"{self._command[2]} ended: {said[-1] if said else 'it said nothing'} (all of it in {self.log})")

    def ask_to_stop(self) -> None:
        """Ask it to end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """End it, by force when the grace is over."""
        if self._process is None:
            return
        try:
            self._process.wait(_STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def product(agent: str, instance: str, settings: Settings, place: Path, log: Path, *, timed: bool) -> Process:
    """A worker of the product's own."""
    readings = place / f"{agent}-{instance}.meter"
    settings_of_it = {PREFIX + name.upper(): str(getattr(settings, name)) for name in _CARRIED}
    settings_of_it[PREFIX + "INSTANCE"] = instance
    command = [sys.executable, "-m", "streams.sandbox.bench.product", agent, str(readings)]
    return Process(command, environment() | settings_of_it, readings, log, timed=timed)


def environment() -> dict[str, str]:
    """Of a process that runs this very tree, with no setting of the caller's shell."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return clean | {"PYTHONPATH": str(_ROOT)}

"""How far a worker is, when, and what it has cost: written by the worker itself, read by the one who compares.

A line is `monotonic seconds, CPU seconds, records done, resident bytes`. The first stands before the first record is
handed over; one with all records stands after everything of them is durable. On Linux the monotonic clock is the same
for all processes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Line(NamedTuple):
    """One reading."""

    at_s: float
    cpu_s: float
    done: int
    resident_bytes: int


class Meter:
    """Of one process."""

    def __init__(self, path: Path, cpu: Callable[[], float] = time.process_time) -> None:
        """Nothing is written yet.

        Args:
            path: of the readings.
            cpu: the CPU clock: of the whole process, or of the one thread that does the work.
        """
        self._path = path
        self._cpu = cpu
        self._left_out_s = self._left_out_cpu_s = 0.0
        self.done = 0
        self._started = False

    def start(self) -> None:
        """The first record is about to be handed over. Called again, it does nothing."""
        if not self._started:
            self._started = True
            self._write()

    def add(self, records: int) -> None:
        """So many more records are done."""
        self.done += records
        self._write()

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """What is done here belongs to the measuring, and its time to nobody."""
        at_s, cpu_s = time.monotonic(), self._cpu()
        try:
            yield
        finally:
            self._left_out_s += time.monotonic() - at_s
            self._left_out_cpu_s += self._cpu() - cpu_s

    def _write(self) -> None:
        at_s, cpu_s = time.monotonic() - self._left_out_s, self._cpu() - self._left_out_cpu_s
        with self._path.open("a") as file:
            file.write(f"{at_s:.6f} {cpu_s:.6f} {self.done} {resident_bytes()}\n")


def resident_bytes() -> int:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def read(path: Path) -> list[Line]:
    """Every whole line so far; none if the worker has not begun."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text().rpartition("\n")
    return [_line(text) for text in whole.splitlines()]


def _line(text: str) -> Line:
    at_s, cpu_s, done, resident = text.split()
    return Line(float(at_s), float(cpu_s), int(done), int(resident))

"""What the fold costs, counted and not timed: bytecodes and calls into C over a fixed sample of real events.

The counts are the same on every machine and however busy it is, for one minor version of Python; nothing of the system is
needed. What they do not see is work inside C code (a row that grows), which the benchmark's seconds show.
Fixed are the events, their order, and the hash seed, for the order of a set may change what is executed.

Run as `python -m streams.sandbox.bench.cost`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import msgspec
from msgspec import Struct

from streams.agents.assess import Assessor
from streams.engine.writes import Writes
from streams.risk.tiers import DEFAULT
from streams.sandbox.bench.probe import Record
from streams.sandbox.bench.workload import Workload

_BORROWERS, _DAYS = 12, 250
_BATCH = 100
#: The first records warm caches that are filled once a process.
_WARM_RECORDS = 200


class Cost(Struct, frozen=True):
    """Of one event, over the sample."""

    bytecodes_per_event: float
    c_calls_per_event: float


class _Counter:
    """Counts while it is switched on. Each event is folded twice, as the two hooks would see each other."""

    def __init__(self) -> None:
        self.bytecodes = self.c_calls = 0

    def bytecode(self, run: Callable[[], None]) -> None:
        before = sys.gettrace()  # of a coverage measurement, say
        sys.settrace(self._call)
        try:
            run()
        finally:
            sys.settrace(before)

    def calls(self, run: Callable[[], None]) -> None:
        before = sys.getprofile()
        sys.setprofile(self._profile)
        try:
            run()
        finally:
            sys.setprofile(before)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401  the hook's own signature
        del event, argument
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._opcode

    def _opcode(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401  as above
        del frame, argument
        if event == "opcode":
            self.bytecodes += 1
        return self._opcode

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ANN401  as above
        del frame, argument
        if event == "c_call":
            self.c_calls += 1


def measure(fold: Callable[[Assessor, list[Record], Writes], None] | None = None) -> Cost:
    """Count over the sample.

    Args:
        fold: folds a batch; the product's own if omitted.
    """
    folded = fold or _product
    workload = Workload(_BORROWERS, _DAYS)
    records = [Record(at, r.key, r.value, r.headers) for at, r in enumerate(workload.journal(1))]
    counter = _Counter()
    for count in (counter.bytecode, counter.calls):
        assessor = Assessor(1, DEFAULT)
        assessor.opened("journal", 0, {}, 0)
        _batch(folded, assessor, records[:_WARM_RECORDS])
        for start in range(_WARM_RECORDS, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            count(lambda assessor=assessor, batch=batch: _batch(folded, assessor, batch))  # type: ignore[misc]
    counted = len(records) - _WARM_RECORDS
    return Cost(round(counter.bytecodes / counted, 1), round(counter.c_calls / counted, 1))


def _batch(fold: Callable[[Assessor, list[Record], Writes], None], assessor: Assessor, batch: list[Record]) -> None:
    writes = Writes()
    fold(assessor, batch, writes)
    assessor.finish(writes)


def _product(assessor: Assessor, batch: list[Record], writes: Writes) -> None:
    assessor.fold("journal", 0, batch, writes)


def main() -> None:
    """Print the cost as JSON, under a fixed hash seed."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(  # noqa: S606  this very program
            sys.executable,
            [sys.executable, "-m", "streams.sandbox.bench.cost"],
            os.environ | {"PYTHONHASHSEED": "0"},
        )
    sys.stdout.buffer.write(msgspec.json.encode(measure()) + b"\n")


if __name__ == "__main__":
    main()

"""An evaluation of the gate must not grow dear unseen: its bytecodes, counted, which no busy machine changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from streams.collections.gate import evaluate
from tests.collections.bench_gate import CASES, ONCE, Case
from tests.collections.helpers import instant

#: Counted on Python 3.11, where `bench_gate` measured 6 to 18 us, and three packs' deferral 26 us.
BYTECODES = {
    "China: base + cn, allowed": 988,
    "China: base + cn, deferred to the morning": 1_846,
    "US: base + us-reg-f, nothing on file, allowed": 921,
    "US: five calls on file, allowed": 1_326,
    "US: five calls and a conversation, deferred": 2_362,
    "US: 64 attempts on file, deferred": 2_834,
    "US: zone unknown, eleven candidates, allowed": 1_167,
    "US: zone unknown, eleven candidates, deferred": 2_309,
    "three packs at once, allowed": 2_044,
    "three packs at once, deferred": 3_893,
}
GROWTH_MAX = 1.1


def bytecodes(work: Callable[[], object]) -> int:
    """How many bytecodes `work` executes."""
    count = 0

    def opcode(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401 - the hook's own signature
        del frame, argument
        nonlocal count
        count += event == "opcode"
        return opcode

    def entered(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401 - as above
        del event, argument
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return opcode

    before = sys.gettrace()  # of a coverage measurement, say
    sys.settrace(entered)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def counted(case: Case) -> int:
    """Of one evaluation, with the caches warm."""
    when = instant(case.at)
    evaluate(ONCE, case.facts, case.packs, when)
    return bytecodes(lambda: evaluate(ONCE, case.facts, case.packs, when))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the counts are those of Python 3.11")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_an_evaluation_has_not_grown_dear(case: Case) -> None:
    """At most a tenth above what was counted when it took less than 20 us."""
    assert counted(case) <= GROWTH_MAX * BYTECODES[case.name]

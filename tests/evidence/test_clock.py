"""What the machine says about its clock."""

from __future__ import annotations

import pytest

from streams.evidence.clock import SYNCHRONIZED, UNKNOWN, UNSYNCHRONIZED, clock_status, read_timex


def timex(status: int) -> bytes:
    """An answer of the kernel with that status word."""
    return bytes(40) + status.to_bytes(4, "little") + bytes(200)


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [(0, 0x2001, SYNCHRONIZED), (5, 0x0001, UNSYNCHRONIZED), (0, 0x0040, UNSYNCHRONIZED), (-1, 0, UNKNOWN)],
)
def test_status_is_read_from_the_answer(state: int, status: int, expected: str) -> None:
    """TIME_ERROR or the flag STA_UNSYNC mean unsynchronized; a refusal means unknown."""
    assert expected == read_timex(state, timex(status))


def test_it_always_answers() -> None:
    """On any machine, container or not."""
    assert clock_status() in {SYNCHRONIZED, UNSYNCHRONIZED, UNKNOWN}

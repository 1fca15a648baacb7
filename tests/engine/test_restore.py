"""What is read back belongs together: a worker that was thought dead meets the commits of whoever took its place."""

from __future__ import annotations

import pytest

from streams.engine import groups, rows
from streams.engine.errors import Misconfigured
from streams.engine.restore import Restorer
from streams.engine.transactions import Transactions
from streams.engine.writes import Write
from streams.settings import Settings

GROUP = "restored"


class Other:
    """Another worker, which commits rows up to an offset of the journal."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._transactions = Transactions(settings, f"{self._prefix}other")
        self._transactions.open()

    def commit(self, offset: int) -> None:
        """The row as the record before this offset left it."""
        row = Write("state", 0, b"borrower", rows.pack(1, offset - 1, 0, b"after %d" % offset), None)
        self._transactions.commit([row], {(f"{self._prefix}journal", 0): offset}, groups.metadata(GROUP, -1, "", None))


def restored(settings: Settings, other: Other, *, is_past: bool) -> tuple[int, bytes]:
    """The offset and the row that were read back; the other worker commits once while rows are read."""
    journal, state = ((f"{settings.topic_prefix}{name}", 0) for name in ("journal", "state"))
    later = [30]

    def meanwhile(count: int) -> None:
        del count
        if later:
            other.commit(later.pop())

    offsets, found = Restorer(settings, GROUP).restore([journal], [state], lambda: is_past, meanwhile)
    return offsets[journal], rows.unpack(found[state][b"borrower"])[3]


def test_rows_are_read_again_if_somebody_has_committed_meanwhile(own: Settings) -> None:
    """Else a row could be newer than the offset from which the worker goes on."""
    other = Other(own)
    other.commit(20)

    assert restored(own, other, is_past=False) == (30, b"after 30")


def test_nothing_is_read_again_for_an_assignment_that_is_over(own: Settings) -> None:
    """Whoever asked must drop what there is, for it may be a half of each; the next assignment is waiting."""
    other = Other(own)
    other.commit(20)
    offset, _ = restored(own, other, is_past=True)

    assert offset == 20


def test_a_state_topic_that_is_gone_is_said_at_once(own: Settings) -> None:
    """It looks like a topic without a leader, for which a worker waits; waiting for this one would never end."""
    with pytest.raises(Misconfigured, match="elsewhere cannot be seen"):
        Restorer(own, GROUP).rows([("elsewhere", 0)])

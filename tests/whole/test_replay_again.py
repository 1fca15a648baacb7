"""Dates that the cluster has seen already close nothing any more: a replay of them does not wait for what cannot come."""

from __future__ import annotations

import pytest

from streams.engine import reading
from streams.files import replay
from streams.files.export import alerts_of
from tests.whole.conftest import Deploy, some_loans


def test_old_dates_after_new_ones(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other loans of months that are over: all is journaled, and nobody waits for what will not be learned."""
    monkeypatch.setattr(replay, "_STUCK_S", 60.0)
    late, early = some_loans(3, "2017-10-15"), some_loans(9, "2017-08-01")
    with deploy(2) as running:
        running.replay(late)
        before = len(alerts_of(running.settings))
        running.replay(early)

        journaled = {record.key for record in reading.read_all(running.settings, ["journal"])}

    assert {event.key for event in early if not event.is_tick} <= journaled
    assert len(alerts_of(running.settings)) >= before

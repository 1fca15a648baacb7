"""The same events give the same bytes: any partitions, any workers, any batch size, and with no broker at all."""

from __future__ import annotations

from collections import Counter

import pytest

from streams.files.assess import Assessed, assess
from streams.files.events import FileEvent
from streams.files.export import alerts_of, states_of
from tests.whole.conftest import Deploy, some_loans


@pytest.fixture(scope="module")
def events() -> list[FileEvent]:
    """Fifty real loans over a year and a half."""
    return some_loans(50, "2019-01-01")


@pytest.fixture(scope="module")
def reference(events: list[FileEvent]) -> Assessed:
    """What the broker-less fold says."""
    return assess(events)


def test_the_reference_is_worth_comparing_with(reference: Assessed) -> None:
    """It holds alerts upward and downward, and versions were learned."""
    assert len(reference.alerts) > 30
    assert reference.counts["learn.model_published"] > 20


def test_chunks_do_not_matter(events: list[FileEvent], reference: Assessed, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many events are folded between two writes of the rows changes nothing."""
    monkeypatch.setattr("streams.files.assess._CHUNK", 7)
    small = assess(events)

    assert (small.alerts, small.states, small.scores) == (reference.alerts, reference.states, reference.scores)


@pytest.mark.parametrize(("partitions", "workers", "batch"), [(1, 1, 100), (4, 1, 4_000), (12, 3, 9_000)])
def test_a_cluster_agrees(
    deploy: Deploy, events: list[FileEvent], reference: Assessed, partitions: int, workers: int, batch: int
) -> None:
    """Alerts and states on the topics are those of the reference."""
    with deploy(partitions, workers, batch_records_max=batch) as running:
        running.replay(events)

        alerts, states = alerts_of(running.settings), states_of(running.settings)

    assert Counter(alerts) == Counter(reference.alerts)
    assert alerts == reference.alerts
    assert states == reference.states

"""The whole book on a cluster: what is said of it, and the stress test of it, are those of the fold without one."""

from __future__ import annotations

import datetime as dt

import pytest

from streams.engine import reading
from streams.files import stressed
from streams.files.assess import Assessed, assess
from streams.files.events import FileEvent, from_events
from streams.files.export import actions_of, portfolio_alerts_of
from tests.whole import crowd
from tests.whole.conftest import Deploy

UNTIL = dt.date(2018, 5, 28)


@pytest.fixture(scope="module")
def events() -> list[FileEvent]:
    """A book that a rail fails and that runs short of reserve, while most of its loans still run."""
    return from_events(event for event in crowd.story() if event.business_date < UNTIL)


@pytest.fixture(scope="module")
def reference(events: list[FileEvent]) -> Assessed:
    """What the broker-less fold says."""
    return assess(events, keep_actions=True)


@pytest.mark.timeout(400)  # on a machine that is busy with other things
@pytest.mark.parametrize("partitions", [1, 4])
def test_what_is_said_and_the_stress_test_agree(
    deploy: Deploy, events: list[FileEvent], reference: Assessed, partitions: int
) -> None:
    """Alerts byte for byte, the freezes that follow from them, and every figure of a scenario on the live book."""
    with deploy(partitions) as running:
        running.replay(events)

        said, actions = portfolio_alerts_of(running.settings), actions_of(running.settings)
        freezes = [
            r.value for r in reading.read_all(running.settings, ["controls"]) if b"freeze_changed" in (r.value or b"")
        ]
        live = stressed.live(running.settings)

    assert said == reference.portfolio_alerts
    assert len(said) == 6
    assert actions == reference.actions
    assert len(freezes) == reference.outputs["controls"] == 3
    assert stressed.start(live).loss_minor > 0
    start, asked = stressed.start(live), stressed.Asked(days=60)
    assert start == stressed.start(reference.monitor)
    assert live.book.reserves == reference.monitor.book.reserves
    one, other = (stressed.stress(book, start, ["severe", "stop-pay"], asked) for book in (live, reference.monitor))
    assert one == other

"""The same events give the same bytes: any partitions, any workers, any batch size, and with no broker at all."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from streams.engine import reading
from streams.events.outputs import CollectionAction, CollectionActionWithdrawn, PortfolioAlert
from streams.files.assess import Assessed, assess
from streams.files.events import FileEvent
from streams.files.export import actions_of, alerts_of, portfolio_alerts_of, states_of
from tests.whole import conduct, crowd
from tests.whole.conftest import Deploy, some_loans


@pytest.fixture(scope="module")
def events() -> list[FileEvent]:
    """Fifty real loans over a year and a half with people who talk and policies that change; and a book under stress."""
    return some_loans(50, "2019-01-01", lambda kept: [*conduct.story(kept), *crowd.story()])


@pytest.fixture(scope="module")
def reference(events: list[FileEvent]) -> Assessed:
    """What the broker-less fold says."""
    return assess(events, keep_actions=True)


def test_the_reference_is_worth_comparing_with(reference: Assessed) -> None:
    """Alerts go upward and downward, versions were learned, measures were allowed, deferred and refused."""
    assert len(reference.alerts) > 25
    assert reference.counts["learn.model_published"] > 15  # one a month
    said = [msgspec.json.decode(each, type=CollectionAction | CollectionActionWithdrawn) for each in reference.actions]
    actions = [each for each in said if isinstance(each, CollectionAction)]
    assert len(said) - len(actions) > 10  # taken back
    assert {action.choice.policy for action in actions} == {"FIXED", "LEARNED"}
    assert len({action.choice.version for action in actions}) > 10
    assert len(reference.outcomes) > 100
    assert {action.decision.verdict for action in actions} == {"ALLOW", "DEFER", "DENY"}
    assert {"REMINDER", "SMS", "CALL", "FORBEARANCE_OFFER"} <= {action.stage for action in actions}
    assert len({action.action_id for action in actions}) == len(actions)
    book = [msgspec.json.decode(alert, type=PortfolioAlert) for alert in reference.portfolio_alerts]
    assert {alert.stage for alert in book} == {"NORMAL", "WATCH", "CRISIS", "RECOVERY"}
    assert [a.state for a in book if a.kind == "DATA_OR_RAIL_INCIDENT"] == ["RAISED", "CLEARED"]
    assert "PROPOSALS" in {alert.kind for alert in book}
    assert reference.counts["assess.escalation_frozen"] > 50
    assert sum(b"crowd" in action for action in reference.actions) < crowd.LOANS // 2


def test_chunks_do_not_matter(events: list[FileEvent], reference: Assessed, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many events are folded between two writes of the rows changes nothing."""
    monkeypatch.setattr("streams.files.assess._CHUNK", 7)
    small = assess(events, keep_actions=True)

    assert (small.alerts, small.states, small.scores) == (reference.alerts, reference.states, reference.scores)
    assert small.actions == reference.actions
    assert small.portfolio_alerts == reference.portfolio_alerts


@pytest.mark.timeout(400)  # on a machine that is busy with other things
@pytest.mark.parametrize(("partitions", "workers", "batch"), [(1, 1, 100), (4, 1, 4_000), (12, 3, 9_000)])
def test_a_cluster_agrees(
    deploy: Deploy, events: list[FileEvent], reference: Assessed, partitions: int, workers: int, batch: int
) -> None:
    """Alerts, actions, states and what is said of the book are the reference's; one refused policy is one letter."""
    with deploy(partitions, workers, batch_records_max=batch) as running:
        running.replay(events)

        alerts, states = alerts_of(running.settings), states_of(running.settings)
        actions, said = actions_of(running.settings), portfolio_alerts_of(running.settings)
        letters = [dict(record.headers)["dlq.code"] for record in reading.read_all(running.settings, ["dead-letters"])]

    assert Counter(alerts) == Counter(reference.alerts)
    assert alerts == reference.alerts
    assert states == reference.states
    assert actions == reference.actions
    assert said == reference.portfolio_alerts
    assert letters == [b"policy_refused"] == [dict(w.headers or [])["dlq.code"] for w in reference.dead_letters]

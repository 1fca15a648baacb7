"""Deciding about model versions on a real cluster: exact positions, refusals with reasons, and replays that agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.engine import reading, source
from streams.events.control import ModelActivated
from streams.events.envelope import Event
from streams.files.assess import Assessed, assess
from streams.files.events import FileEvent
from streams.files.export import alerts_of, states_of
from streams.learning.promotion import decision
from streams.risk.model import prior_weights
from streams.risk.versions import DECIDED_BY, REASON, Activation
from streams.settings import Settings
from tests.whole.conftest import Deploy, some_loans

WHO = {DECIDED_BY: "model-risk", REASON: "test"}


def _decisions(_: list[str]) -> Iterator[Event]:
    """The prior is pinned for three months, then learning is followed again."""
    for how, day in ((Activation.PINNED, dt.date(2018, 1, 10)), (Activation.FOLLOWED, dt.date(2018, 4, 10))):
        yield decision(prior_weights(), how, WHO, dt.datetime.combine(day, dt.time(12), dt.UTC), day)


@pytest.fixture(scope="module")
def events() -> list[FileEvent]:
    """Forty real loans over a year, with two decisions between."""
    return some_loans(40, "2018-09-02", _decisions)


@pytest.fixture(scope="module")
def reference(events: list[FileEvent]) -> Assessed:
    """What the broker-less fold says."""
    return assess(events)


def test_a_pinned_version_scores_until_learning_is_followed_again(reference: Assessed) -> None:
    """Month-ends in between were scored by the prior, those before and after by what had been learned."""
    first = {label.observed_on: label.model_version for label in reference.labels if label.head == "delinquent_30_90d"}

    assert first[dt.date(2017, 12, 31)] != "prior"
    assert {first[day] for day in first if dt.date(2018, 1, 10) <= day < dt.date(2018, 4, 10)} == {"prior"}
    assert first[dt.date(2018, 4, 30)] == "prior"  # the decision named it; learning's next version came on 1 May
    assert first[dt.date(2018, 5, 31)] == "2018-05-01"


@pytest.mark.timeout(400)  # on a machine that is busy with other things
def test_a_cluster_lists_decides_and_agrees(deploy: Deploy, events: list[FileEvent], reference: Assessed) -> None:
    """Decisions in a file act alike with and without Kafka; decisions by command act at an exact journal position."""
    with deploy(3) as running:
        running.replay(events)
        settings = running.settings

        assert alerts_of(settings) == reference.alerts
        assert states_of(settings) == reference.states

        listed = _json(settings, "models", "list")
        assert not listed["pinned"]
        assert {each["version"] for each in listed["in_force"]} == {listed["active"]}
        with_figures = [each for each in listed["versions"] if each["figures"]]
        newest = listed["versions"][-1]["version"]["version"]
        assert with_figures
        assert with_figures[0]["figures"]["labels"] > 0

        refused = _run(settings, "models", "promote", newest, "--by", "desk", "--reason", "looks good")
        assert refused.exit_code == 1
        assert "no prequential figures" in refused.output

        back = _json(settings, "models", "rollback", "--by", "desk", "--reason", "odd alerts")
        assert back["version"] != newest
        assert len(back["in_force"]) == 3
        for each in back["in_force"]:
            assert each["pinned"]
            assert _journaled(settings, each["partition"], each["since_offset"]) == back["event_id"]

        followed = _json(settings, "models", "promote", "learner", "--by", "desk", "--reason", "understood")
        assert (followed["version"], followed["activation"]) == (newest, "FOLLOWED")
        listed = _json(settings, "models", "list")
        assert (listed["active"], listed["pinned"]) == (newest, False)
        assert [each["version"]["decided_by"] for each in listed["versions"][-2:]] == ["desk", "desk"]

        table = _run(settings, "models", "list").output
        assert f"Active: {newest}" in table
        assert "since journal 2/" in table
        lines = _run(settings, "models", "compare", "--head", "delinquent_30_90d", "--tree", "hoeffding_adaptive_tree")
        assert lines.exit_code == 0, lines.output
        assert all(name in lines.output for name in ("active", "learner", "adagrad", "hoeffding_adaptive_tree"))


def _journaled(settings: Settings, partition: int, offset: int) -> str:
    """The id of the model event at a journal position."""
    place = [("journal", partition)]
    for record in reading.read(settings, place, until=reading.ends(settings, place)):
        if record.offset == offset:
            assert source.parse(record.headers).topic == "models"
            return msgspec.json.decode(record.value or b"", type=ModelActivated).event_id
    raise AssertionError(f"nothing stands at {partition}/{offset}")


def _run(settings: Settings, *arguments: str) -> Result:
    environ = {"FOREWARN_TOPIC_PREFIX": settings.topic_prefix, "FOREWARN_BOOTSTRAP": settings.bootstrap}
    return CliRunner().invoke(main, arguments, env=environ)


def _json(settings: Settings, *arguments: str) -> dict[str, Any]:
    done = _run(settings, *arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, object] = msgspec.json.decode(done.stdout)
    return found

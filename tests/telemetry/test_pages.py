"""What is served: one agent's page, the supervisor's page over several, the documented table, log lines."""

from __future__ import annotations

import json
import logging
import logging.config
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.parser import text_string_to_metric_families

from streams.telemetry import exposition, logs, metrics, server
from streams.telemetry.front import Front
from streams.telemetry.server import Pages, said, text
from tests.telemetry import page
from tests.telemetry.conftest import free_port, get

#: Words that would say who somebody is.
PERSONAL = {"borrower", "borrower_id", "loan", "loan_id", "event_id", "alert_id", "key", "name", "phone"}


def test_the_page_lists_every_metric() -> None:
    """`python -m tests.telemetry.page` writes the table anew."""
    assert page.written() == page.PAGE.read_text()
    listed = {metric for section in metrics.SECTIONS for metric in section.metrics}
    assert len(listed) == sum(len(section.metrics) for section in metrics.SECTIONS)
    assert {*metrics.REGISTRY._collector_to_names, *metrics.SUPERVISOR._collector_to_names} <= {*listed}


def test_no_label_names_a_person() -> None:
    """Nor anything that leads to one."""
    labels = {label for section in metrics.SECTIONS for metric in section.metrics for label in metric._labelnames}

    assert not labels & PERSONAL


def test_an_open_label_is_bounded() -> None:
    """What comes after the first hundred is counted together."""
    bounded = metrics.Bounded(2)

    assert [bounded(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_a_series_that_is_not_filled_any_more_goes() -> None:
    """And no other."""
    gauge = Gauge("g", "g", ["p"], registry=CollectorRegistry())
    series = metrics.Series(gauge)
    series.fill({("0",): 1.0, ("1",): 2.0})
    series.fill({("1",): 3.0})

    assert {sample.labels["p"]: sample.value for m in gauge.collect() for sample in m.samples} == {"1": 3.0}


def agent_page(agent: str, count: int) -> bytes:
    """A page with a labeled and an unlabeled counter."""
    registry = CollectorRegistry()
    Counter("plain", "Plain.", registry=registry).inc(count)
    Counter("labeled", "Labeled.", ["topic"], registry=registry).labels('a "b" {c} d').inc(count)
    return exposition.render(registry, agent)


def test_pages_are_merged_by_family() -> None:
    """Prometheus' own parser reads the result: each family once, each sample labeled with its agent."""
    merged = exposition.merge([agent_page("assess", 1), agent_page("learn", 2)]).decode()
    families = {family.name: family for family in text_string_to_metric_families(merged)}

    assert merged.count("# TYPE plain_total counter") == 1
    assert {s.labels["agent"]: s.value for s in families["plain"].samples} == {"assess": 1.0, "learn": 2.0}
    assert {s.labels["topic"] for s in families["labeled"].samples} == {'a "b" {c} d'}


@pytest.fixture
def front() -> Front:
    """A supervisor's page over two agents, of which none runs yet."""
    return Front(["assess", "learn"], "127.0.0.1", free_port())


def pages(agent: str, *, ready: bool = True, live: bool = True) -> Pages:
    """An agent's pages."""
    return {
        "/metrics": lambda: text(agent_page(agent, 1)),
        "/ready": lambda: said(ok=ready, reason="" if ready else "catching up"),
        "/live": lambda: said(ok=live, reason="" if live else "stuck"),
    }


def test_the_supervisor_speaks_for_its_agents(front: Front) -> None:
    """It says which answers, is ready when all are, and not while it stops."""
    url = f"http://127.0.0.1:{front.port}"
    first = server.listen_at(front.socket("assess"), pages("assess"))
    second = server.listen_at(front.socket("learn"), pages("learn", ready=False))
    try:
        status, body = get(f"{url}/ready")
        assert (status, json.loads(body)["agents"]) == (503, {"learn": "catching up"})
        second.close()
        status, body = get(f"{url}/metrics")
        assert 'forewarn_agent_up{agent="assess"} 1.0' in body
        assert 'forewarn_agent_up{agent="learn"} 0.0' in body
        assert 'plain_total{agent="assess"} 1.0' in body
        second = server.listen_at(front.socket("learn"), pages("learn"))
        assert get(f"{url}/ready")[0] == 200
        front.stopping = True
        assert get(f"{url}/ready") == (503, '{"ok": false, "reason": "stopping"}\n')
    finally:
        first.close()
        second.close()
        front.close()
    assert get(f"{url}/ready")[0] == 0
    assert not front.socket("assess").parent.exists()


def test_the_supervisor_is_live_unless_an_agent_is_stuck(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is not there is being restarted; one that runs for long and says nothing is stuck."""
    url = f"http://127.0.0.1:{front.port}/live"
    try:
        assert get(url)[0] == 200
        front.started("assess")
        assert get(url)[0] == 200
        starting = json.loads(get(url.replace("/live", "/ready"))[1])
        assert starting == {"ok": False, "agents": {"assess": "is starting", "learn": "is starting"}}
        monkeypatch.setattr("streams.telemetry.front._STARTING_S", 0.0)
        assert json.loads(get(url)[1])["agents"] == {"assess": "does not answer"}
        front.ended("assess")
        assert get(url)[0] == 200
        stuck = server.listen_at(front.socket("learn"), pages("learn", live=False))
        assert json.loads(get(url)[1])["agents"] == {"learn": "stuck"}
        stuck.close()
    finally:
        front.close()


def test_only_this_user_can_reach_the_agents(front: Front) -> None:
    """The sockets stand in a directory that nobody else may enter."""
    try:
        assert front.socket("assess").parent.stat().st_mode & 0o077 == 0
    finally:
        front.close()


def test_other_pages_and_methods_are_refused(front: Front) -> None:
    """A short answer, no directory, no version."""
    try:
        assert get(f"http://127.0.0.1:{front.port}/../etc/passwd")[0] == 404
    finally:
        front.close()


def log_lines(tmp_path: Path, form: str) -> str:
    """What two records look like."""
    config = logs.config(form, "INFO", agent="assess", instance="w1")
    config["handlers"]["stderr"] = {
        "class": "logging.FileHandler",
        "filename": str(tmp_path / "log"),
        "formatter": "line",
    }
    logging.config.dictConfig(config)
    try:
        log = logging.getLogger("forewarn.test")
        log.info("opened %d", 3)
        log.warning("fenced", extra={"generation": 7})
    finally:
        for handler in logging.root.handlers[:]:
            handler.close()
            logging.root.removeHandler(handler)
    return (tmp_path / "log").read_text()


def test_json_lines_say_who_and_what(tmp_path: Path) -> None:
    """One object a line, with what was given beside the message, and one id for the process."""
    first, second = map(json.loads, log_lines(tmp_path, "json").splitlines())

    assert first["message"] == "opened 3"
    assert {first["agent"], first["instance"], first["level"]} == {"assess", "w1", "INFO"}
    assert second["generation"] == 7
    assert first["run"] == second["run"]


def test_lines_for_people_are_short(tmp_path: Path) -> None:
    """The level is said only where it is not the usual one."""
    assert log_lines(tmp_path, "human").splitlines() == [
        "forewarn assess: opened 3",
        "forewarn assess: warning: fenced (generation=7)",
    ]

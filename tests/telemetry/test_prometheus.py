"""A real Prometheus scrapes a real worker by the shipped rules: what they ask for is there, and they fire when they should."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import uuid

import msgspec
import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner
from confluent_kafka import Producer

from streams.cli import main
from streams.engine import client, reading
from streams.events.outputs import DateClosed, LabelMatured
from streams.evidence.signing import CheckpointFile
from streams.evidence.store import EvidenceLog
from streams.settings import Settings
from tests.docs.pages import ROOT
from tests.telemetry.conftest import Prometheus, Worker, needs, until
from tests.telemetry.promql import ALERTS, RECORDED, RULES, known, metrics_in
from tests.telemetry.test_dashboards import EMPTY, QUERIES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
World = tuple[Worker, Prometheus]


def test_the_rules_test_themselves() -> None:
    """`promtool test rules`."""
    said = subprocess.run(
        [needs("promtool"), "test", "rules", "tests.yml"], cwd=RULES, capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(
    "words",
    [("promtool", "check", "config", "local.yml"), ("amtool", "check-config", "alertmanager.yml")],
    ids=" ".join,
)
def test_configurations_are_valid(words: tuple[str, ...]) -> None:
    """By the servers' own tools, with the rules that they name."""
    said = subprocess.run([needs(words[0]), *words[1:]], cwd=RULES, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stdout + said.stderr


def test_both_ways_to_start_prometheus_load_the_same_rules() -> None:
    """In a container, and beside the workers."""
    within, beside = (yaml.safe_load((RULES / name).read_text()) for name in ("prometheus.yml", "local.yml"))

    assert [path.removeprefix("/etc/prometheus/") for path in within["rule_files"]] == beside["rule_files"]
    assert within["global"] == beside["global"]


def test_every_alert_is_tested_and_has_a_runbook() -> None:
    """A test in which it fires; a page that exists; a summary of one line."""
    tests = yaml.safe_load((RULES / "tests.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test.get("alert_rule_test", []) if case.get("exp_alerts")}

    assert {rule["alert"] for rule in ALERTS} == fired
    for rule in ALERTS:
        assert (ROOT / rule["annotations"]["runbook"]).is_file(), rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_rule_asks_for_metrics_that_exist() -> None:
    """By name; that they are there is asked of the real server below."""
    for rule in (*ALERTS, *RECORDED):
        asked = metrics_in(rule["expr"])
        assert asked, rule
        assert asked <= known(), rule["expr"]


def test_every_rule_is_evaluated_without_an_error(world: World) -> None:
    """All groups, all healthy; recorded series exist."""
    _, prometheus = world
    until(
        lambda: all(r["health"] == "ok" for g in prometheus.ask("rules")["groups"] for r in g["rules"]), "all rules ok"
    )

    for rule in RECORDED:
        if "recall" not in rule["record"] and "precision" not in rule["record"]:  # until a default, there is none
            assert prometheus.query(rule["record"]), rule["record"]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_what_an_alert_looks_at_is_there(world: World, rule: dict[str, str]) -> None:
    """Each metric of its expression has samples from the worker, so a silent alert is one that has nothing to say."""
    _, prometheus = world
    lacking = [name for name in sorted(metrics_in(rule["expr"])) if not prometheus.query(name)]

    assert [name for name in lacking if name != "forewarn_portfolio_coverage_ratio"] == []  # no reserve stated


def test_a_healthy_worker_wakes_nobody(world: World) -> None:
    """Except that its business dates are of 2018."""
    _, prometheus = world

    assert prometheus.firing() & {rule["alert"] for rule in ALERTS if rule["labels"]["severity"] == "page"} <= {
        "ForewarnNoBusinessDate"
    }


def fires(prometheus: Prometheus, alert: str) -> None:
    """Wait until it does."""
    until(lambda: alert in prometheus.firing(), f"{alert} fires")


def quiet(prometheus: Prometheus, alert: str) -> None:
    """Wait until it does not."""
    until(lambda: alert not in prometheus.firing(), f"{alert} ends")


def test_a_burst_of_dead_letters_fires(world: World) -> None:
    """Fifty records that are no events; the reasons are counted, and the alert ends with the burst."""
    worker, prometheus = world
    producer = client.producer(worker.settings)
    for number in range(50):
        producer.produce(f"{worker.settings.topic_prefix}payments", b"{not json %d" % number, b"k")
    producer.flush(30)

    fires(prometheus, "ForewarnDeadLetterBurst")
    (counted,) = prometheus.query('forewarn_dead_letters_total{reason="not_json"}')
    assert counted["value"][1] == "50"
    quiet(prometheus, "ForewarnDeadLetterBurst")


def hanging(settings: Settings) -> Producer:
    """A producer with an open transaction: nothing after it can be read until it is decided."""
    producer = client.producer(settings, **{"transactional.id": uuid.uuid4().hex, "transaction.timeout.ms": 120_000})
    producer.init_transactions(30)
    producer.begin_transaction()
    return producer


def test_a_growing_lag_fires(world: World) -> None:
    """Somebody's transaction hangs, the topic grows behind it. Meanwhile the worker is live and not ready."""
    worker, prometheus = world
    topic = f"{worker.settings.topic_prefix}payments"
    stuck, others = hanging(worker.settings), client.producer(worker.settings)
    try:
        for partition in range(2):
            stuck.produce(topic, b"{}", b"k", partition)
        stuck.flush(30)
        for number in range(200):
            others.produce(topic, b"{}", b"k", number % 2)
        others.flush(30)
        fires(prometheus, "ForewarnLagGrowing")
        (lag,) = prometheus.query('sum(forewarn_lag_records{topic="payments"})')
        assert float(lag["value"][1]) >= 200
        assert worker.ask("/live")[0] == 200
    finally:
        stuck.abort_transaction(30)
    quiet(prometheus, "ForewarnLagGrowing")
    until(lambda: prometheus.query("sum(forewarn_lag_records) == 0"), "all is read, markers do not count")


def test_a_calibration_break_fires(world: World) -> None:
    """A month in which a third defaults of whom two in a hundred were expected to: said by labels, judged by `learn`."""
    worker, prometheus = world
    settings = worker.settings
    assert "ForewarnCalibrationBreak" not in prometheus.firing()
    said = (record.value or b"" for record in reading.read_all(settings, ["labels"]))
    some = next(value for value in said if msgspec.msgpack.decode(value)["type"] == "label_matured")
    template = msgspec.msgpack.decode(some, type=LabelMatured)
    day = dt.date(2019, 6, 1)
    producer = client.producer(settings)
    topic = f"{settings.topic_prefix}labels"
    for number in range(1_500):
        label = msgspec.structs.replace(
            template,
            borrower_id=f"x-{number}",
            observed_on=dt.date(2019, 1, 31),
            matured_on=day,
            head="default_90d",
            outcome=number % 3 == 0,
            probability_ppm=20_000,
        )
        producer.produce(topic, msgspec.msgpack.encode(label), label.borrower_id.encode(), 0)
    for partition in range(2):
        closed = DateClosed(partition=partition, partitions=2, business_date=day)
        producer.produce(topic, msgspec.msgpack.encode(closed), None, 0)
    producer.flush(30)

    fires(prometheus, "ForewarnCalibrationBreak")
    (off,) = prometheus.query('forewarn_model_calibration_error{head="default_90d", window="newest"}')
    assert float(off["value"][1]) == pytest.approx(1 / 3 - 0.02, abs=0.005)


def test_every_panel_gives_data(world: World) -> None:
    """Asked as Grafana does; what is empty is known to be, and why, and is PromQL all the same."""
    _, prometheus = world
    found = {query: prometheus.query(query.expression.replace("$__rate_interval", "10m")) for query in QUERIES}

    assert [query for query, data in found.items() if not data and query.panel not in EMPTY] == []
    assert [query for query, data in found.items() if data and query.panel in EMPTY] == []


def test_an_event_is_followed_to_its_evidence(world: World) -> None:
    """A payment that made an alert: `forewarn trace` names its input, journal, row, outputs, and each one's signed entry."""
    worker, prometheus = world
    until(lambda: prometheus.query("forewarn_evidence_unsigned_entries == 0"), "all evidence is signed")
    journal = {(r.partition, r.offset): r for r in reading.read_all(worker.settings, ["journal"])}
    alerts = [
        (r, dict(r.headers)["journal"].decode()) for r in reading.read_all(worker.settings, ["risk-tier-changes"])
    ]
    causes = [(alert, journal[int(at.partition("/")[0]), int(at.partition("/")[2])]) for alert, at in alerts]
    alert, cause = next((alert, cause) for alert, cause in causes if cause.key == alert.key)  # not what a date brought
    event = json.loads(cause.value or b"")
    said = CliRunner().invoke(main, ["trace", event["event_id"], "--json"], env=worker.environment)
    assert said.exit_code == 0, said.output
    steps = json.loads(said.stdout)["steps"]
    places = {
        stage: [s for s in steps if s["stage"] == stage]
        for stage in ("input", "journal", "state", "output", "evidence")
    }

    assert [step["stage"] for step in steps if step["stage"] not in {"output", "evidence"}] == [
        "input",
        "journal",
        "state",
    ]
    assert (places["journal"][0]["partition"], places["journal"][0]["offset"]) == (cause.partition, cause.offset)
    outputs = {(step["topic"], step["partition"], step["offset"]) for step in places["output"]}
    assert ("risk-tier-changes", alert.partition, alert.offset) in outputs
    kept = {(step["topic"], step["partition"], step["offset"]) for step in places["evidence"]}
    assert kept == outputs | {("journal", cause.partition, cause.offset)}
    sizes = CheckpointFile(worker.home / "evidence" / "checkpoints.jsonl").sizes()
    for step in places["evidence"]:
        entry, size = map(int, re.findall(r"^entry (\d+) .* signed by the checkpoint of size (\d+)$", step["note"])[0])
        assert size == next(each for each in sizes if each > entry)
        with EvidenceLog(worker.home / "evidence") as log:
            source = json.loads(log.leaf(entry))["source"]
        assert (source["topic"], source["partition"], source["offset"]) == (
            step["topic"],
            step["partition"],
            step["offset"],
        )


def test_an_agent_that_hangs_fires(world: World) -> None:
    """The rest of the worker goes on and is scraped."""
    worker, prometheus = world
    agent = worker.agent("assess")
    agent.suspend()
    try:
        until(lambda: prometheus.query('forewarn_agent_up{agent="assess"} == 0'), "the supervisor says so")
    finally:
        agent.resume()
    until(worker.ready, "it goes on where it was")


def test_a_stopped_worker_fires_and_its_figures_come_back(world: World) -> None:
    """Asked to stop, it is gone within the stated time; started again, the model's figures are there at once."""
    worker, prometheus = world
    assert worker.stop() < 15
    fires(prometheus, "ForewarnWorkerDown")
    worker.start()
    quiet(prometheus, "ForewarnWorkerDown")
    until(worker.ready, "the worker is ready again")
    restored = until(lambda: prometheus.query('forewarn_model_log_loss{window="last_12"}'), "figures of before")

    assert {sample["metric"]["head"] for sample in restored} >= {"default_90d", "delinquent_30_90d"}
    assert prometheus.query("sum(forewarn_restore_rows) > 0")

"""From committed batches to metrics: what is counted, when, and that a walk over rows sees what decoding them would."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from streams.agents.assess import Assessor
from streams.agents.figures import ModelFigures
from streams.agents.learn import model_event
from streams.agents.looks import assess as look_at
from streams.agents.measure import Meter
from streams.agents.walk import Walk
from streams.borrower import state
from streams.borrower.glance import Glance, glance
from streams.borrower.state import Borrower
from streams.engine.driver import LocalRecord
from streams.engine.source import header
from streams.engine.writes import Writes
from streams.events.catalog import OUTPUTS as CHANNELS
from streams.events.control import ModelActivated
from streams.events.examples import OUTPUTS
from streams.events.outputs import LabelMatured
from streams.learning.health import Health, pooled
from streams.learning.learner import Learner
from streams.risk.features import COUNT
from streams.risk.model import prior_weights
from streams.risk.tiers import DEFAULT, TIERS
from streams.settings import Settings
from streams.telemetry import metrics
from tests.whole.conftest import some_loans


def value(metric: MetricWrapperBase, **labels: str) -> float:
    """The present value of one sample; 0 if there is none."""
    registry = CollectorRegistry()
    registry.register(metric)
    (described,) = metric.describe()
    name = described.name + ("_total" if described.type == "counter" else "")
    return registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def meter() -> Meter:
    """Of an assess agent."""
    return Meter("assess", Settings())


def commit(meter: Meter, writes: Writes) -> None:
    """A batch, folded and durable."""
    meter.folded(writes)
    meter.committed(10, writes, 0.5, 0.1)


def test_what_is_fenced_is_not_counted(meter: Meter) -> None:
    """Counts belong to a batch, and a refused batch is folded again."""
    before = value(metrics.FOLD_OUTCOMES, outcome="late_fact")
    meter.count("late_fact")
    meter.fenced()
    meter.count("late_fact")
    writes = Writes()
    meter.folded(writes)
    assert value(metrics.FOLD_OUTCOMES, outcome="late_fact") == before
    meter.committed(1, writes, 0.0, 0.0)

    assert value(metrics.FOLD_OUTCOMES, outcome="late_fact") == before + 1


def test_counts_of_the_next_batch_are_not_this_one_s(meter: Meter) -> None:
    """The next batch is folded while this one is committed."""
    before = value(metrics.FOLD_OUTCOMES, outcome="contact")
    first, second = Writes(), Writes()
    meter.count("contact")
    meter.folded(first)
    meter.count("contact")
    meter.count("contact")
    meter.committed(1, first, 0.0, 0.0)
    assert value(metrics.FOLD_OUTCOMES, outcome="contact") == before + 1
    commit(meter, second)

    assert value(metrics.FOLD_OUTCOMES, outcome="contact") == before + 3


def test_dead_letters_are_counted_by_reason(meter: Meter) -> None:
    """Of which there may be many, but not too many."""
    writes = Writes()
    before = value(metrics.DEAD_LETTERS, reason="bad_field")
    writes.add("dead-letters", b"k", b"x", headers=[("dlq.code", b"bad_field")])
    commit(meter, writes)

    assert value(metrics.DEAD_LETTERS, reason="bad_field") == before + 1


@pytest.mark.parametrize("said", OUTPUTS, ids=lambda said: str(said.__struct_config__.tag))
def test_every_output_is_understood(meter: Meter, said: msgspec.Struct) -> None:
    """Each example of every output topic, as the agents encode it."""
    topic = next(channel.topic for channel in CHANNELS if type(said) in channel.messages)
    before = value(metrics.UNREAD, topic=topic)
    writes = Writes()
    headers = [("dlq.code", b"bad_field")] if topic == "dead-letters" else None
    writes.add(topic, b"k", msgspec.json.encode(said), headers=headers)
    commit(meter, writes)

    assert value(metrics.UNREAD, topic=topic) == before


def test_what_is_not_understood_is_counted_and_ends_nothing(meter: Meter) -> None:
    """The batch is durable already."""
    before = value(metrics.UNREAD, topic="risk-tier-changes")
    writes = Writes()
    writes.add("risk-tier-changes", b"k", b"{}")
    commit(meter, writes)

    assert value(metrics.UNREAD, topic="risk-tier-changes") == before + 1


def label(**fields: Any) -> bytes:  # noqa: ANN401  a label's fields
    """A matured label as assess writes it, with what a later release adds."""
    told = LabelMatured(
        borrower_id="b",
        observed_on=dt.date(2024, 1, 31),
        matured_on=dt.date(2024, 6, 1),
        head="default_90d",
        outcome=True,
        probability_ppm=1,
        model_version="v",
        observation=b"",
    )
    return msgspec.msgpack.encode(msgspec.to_builtins(told, builtin_types=(bytes,)) | fields)


def test_labels_say_what_alerts_were_worth(meter: Meter) -> None:
    """An outcome under an alert is a hit with its days of warning; without one it was missed."""
    hit, missed = {"head": "default_90d", "alerted": "true", "outcome": "true"}, {"alerted": "false"}
    before = value(metrics.LABELS, **hit), value(metrics.LABELS, **hit | missed)
    writes = Writes()
    writes.add("labels", b"b", label(alerted_on="2024-01-10", reached_on="2024-03-10"), partition=0)
    writes.add("labels", b"b", label(), partition=0)
    writes.add("labels", None, b"a closed date, never decoded here", partition=0)
    days = metrics.LEAD_DAYS._sum.get()
    commit(meter, writes)

    assert (value(metrics.LABELS, **hit), value(metrics.LABELS, **hit | missed)) == (before[0] + 1, before[1] + 1)
    assert metrics.LEAD_DAYS._sum.get() == days + 60


def test_figures_of_cohorts_weigh_as_their_labels() -> None:
    """The newest alone and the last twelve together; a version that a person published has none."""
    figures = ModelFigures()
    day = dt.date(2024, 1, 1)
    for month, labels, loss in ((1, 100, 0.2), (2, 300, 0.4)):
        name = f"default_90d@2024-0{month}-28"
        said = {f"{name}.active.labels": str(labels), f"{name}.active.log_loss": str(loss), f"{name}.active.auc": ""}
        said |= {f"{name}.adagrad.log_loss": "9", f"{name}.quarantined": "1", "default_90d.learned": "7"}
        figures.take(model_event(prior_weights(), day, said))
    figures.take(model_event(prior_weights(), day, {}).replace(b"forewarn.learn", b"somebody"))

    assert value(metrics.LOG_LOSS, head="default_90d", window="newest") == 0.4
    assert value(metrics.LOG_LOSS, head="default_90d", window="last_12") == pytest.approx(0.35)
    assert value(metrics.COHORT_LABELS, head="default_90d", window="last_12") == 400


def test_figures_are_those_of_the_command() -> None:
    """One place for each: gauges of a year show what `learning.health` pools, areas under the curve by positives."""
    figures, health = ModelFigures(), Health()
    for month, labels, positives, auc in ((1, 100, 10, 0.6), (2, 300, 10, 0.8)):
        name = f"default_180d@2024-0{month}-28.active"
        said = {f"{name}.labels": str(labels), f"{name}.positives": str(positives), f"{name}.auc": str(auc)}
        event = model_event(prior_weights(), dt.date(2024, month, 1), said)
        figures.take(event)
        health.take(msgspec.json.decode(event, type=ModelActivated))
    (pooled_,) = pooled(health.windows)

    assert value(metrics.AUC, head="default_180d", window="last_12") == pooled_.auc == pytest.approx(0.7)


def test_what_is_no_version_has_no_figures() -> None:
    """Scores of measures pass; a word of another release is left to the workers, which refuse it; bytes are an error."""
    before = value(metrics.MODEL_DATE)
    figures = ModelFigures()
    figures.take(b'{"type": "measures_activated"}')
    figures.take(model_event(prior_weights(), dt.date(2031, 1, 1), {"activation": "sideways"}))

    assert value(metrics.MODEL_DATE) == before
    with pytest.raises(msgspec.MsgspecError):
        figures.take(b"{}")


def test_no_agent_loads_river_for_its_metrics() -> None:
    """The sequencer would take seconds longer to start."""
    script = "import sys, streams.agents.telemetry; print('river' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_figures_are_found_where_the_learner_puts_them() -> None:
    """From labels through the real learner to the gauges: a change of names on either side is seen here."""
    label = LabelMatured(
        borrower_id="b",
        observed_on=dt.date(2024, 1, 31),
        matured_on=dt.date(2024, 6, 1),
        head="default_90d",
        outcome=False,
        probability_ppm=20_000,
        model_version="prior",
        observation=bytes(COUNT),
    )
    labels = [msgspec.structs.replace(label, borrower_id=f"b-{n}", outcome=n % 4 == 0) for n in range(77)]
    weights, said = Learner().learn_day(dt.date(2024, 6, 1), labels)
    ModelFigures().take(model_event(weights, dt.date(2024, 6, 1), said))

    assert value(metrics.COHORT_LABELS, head="default_90d", window="newest") == 77
    assert value(metrics.CALIBRATION, head="default_90d", window="newest") == pytest.approx(20 / 77 - 0.02, abs=0.01)
    assert value(metrics.DRIFT, head="default_90d") in {0.0, 1.0}


def test_a_glance_sees_what_decoding_sees() -> None:
    """Its fields are the row's first ones, in order, and the same values."""
    names = Glance.__struct_fields__
    row = Borrower(7, tier=3, alerts_sent=2)

    assert names == Borrower.__struct_fields__[: len(names)]
    seen = glance(state.encode(row))
    assert (seen.business_day, seen.tier, seen.alerts_sent, len(seen.observations)) == (7, 3, 2, 0)


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    """Thirty loans folded in one partition."""
    made = Assessor(1, DEFAULT)
    made.opened("journal", 0, {}, 0)
    counts: dict[str, int] = {}
    records = []
    for offset, event in enumerate(some_loans(30, "2018-06-01")):
        counts[event.topic] = counts.get(event.topic, 0) + 1
        headers = [header(event.topic, 0, offset, counts[event.topic])]
        records.append(LocalRecord("journal", offset, event.key, event.value, 0, headers))
    made.fold("journal", 0, records, Writes())
    made.finish(Writes())
    return made


def test_a_walk_counts_every_row_once(assessor: Assessor) -> None:
    """In however small steps: bytes, tiers and waiting observations are those of the decoded rows."""
    shard = assessor.shards()[0]
    rows = [state.decode(body) for body in shard.copies()]
    metrics.OBSERVATIONS.set(-1)
    walk = Walk(assessor.shards, step_s=0.0001)
    steps = 0
    while metrics.OBSERVATIONS._value.get() < 0:
        walk.go_on()
        steps += 1
        assert steps < 10_000

    assert shard.rows == len(rows) == 30
    assert value(metrics.STATE_BYTES, partition="0") == sum(map(len, shard.copies()))
    for number, tier in enumerate(TIERS):
        assert value(metrics.BORROWERS, tier=tier) == sum(row.tier == number for row in rows)
    assert value(metrics.OBSERVATIONS) == sum(len(row.observations) for row in rows) > 0


def test_a_look_tells_the_closed_date(assessor: Assessor) -> None:
    """As the Unix time of its midnight."""
    look_at(assessor)()
    closed = dt.datetime.fromtimestamp(value(metrics.BUSINESS_DATE, partition="0"), dt.UTC)

    assert closed.date().toordinal() == assessor.shards()[0].own.business_day
    assert closed.time() == dt.time()
    assert value(metrics.STATE_ROWS, partition="0") == 30

"""The meter reads every record that an agent writes: also those that it does not count."""

from __future__ import annotations

import datetime as dt

import msgspec

from streams.agents.measure import Meter
from streams.engine.writes import Writes
from streams.events.examples import BY_TYPE
from streams.events.outputs import MeasureConcluded
from streams.settings import load
from streams.telemetry.metrics import REGISTRY


def test_outcomes_scores_and_what_is_taken_back_are_no_labels_models_or_proposals() -> None:
    """They stand on topics beside records that are counted, and pass without a count or a crash."""
    told = MeasureConcluded(
        borrower_id="B1", action_id="A1", chosen_on=dt.date(2026, 2, 1), matured_on=dt.date(2026, 2, 16),
        segment="phone:HIGH:OVERDUE", measure="SMS", permitted=("IM", "SMS"), propensity_ppm=50_000, policy="LEARNED",
        early=False, cured=True,
    )  # fmt: skip
    writes = Writes()
    writes.add("labels", b"B1", msgspec.msgpack.encode(told), partition=0)
    writes.add("models", None, msgspec.json.encode(BY_TYPE["measures_activated"]), partition=0)
    writes.add("collection-actions", b"B1", msgspec.json.encode(BY_TYPE["collection_action_withdrawn"]))
    before = REGISTRY.get_sample_value("forewarn_model_versions_total")
    Meter("assess", load({})).committed(1, writes, 0.0, 0.0)

    assert REGISTRY.get_sample_value("forewarn_model_versions_total") == before
    assert REGISTRY.get_sample_value("forewarn_output_records_total", {"topic": "labels"})

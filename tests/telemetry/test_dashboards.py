"""The dashboards: as generated, provisioned where Grafana looks, and every query gives data on a real Prometheus."""

from __future__ import annotations

import json
import runpy
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]

from tests.docs.pages import ROOT
from tests.telemetry.promql import known, metrics_in

GRAFANA = ROOT / "deploy" / "grafana"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}
#: Panels that rightly show nothing on the test's world, and why.
EMPTY = {"Reserve over expected loss": "nobody stated a reserve"}


class Query(NamedTuple):
    """One query of one panel."""

    board: str
    panel: str
    expression: str


QUERIES = [
    Query(name, panel["title"], target["expr"])
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for target in panel["targets"]
]


def test_the_files_are_as_generated() -> None:
    """`python deploy/grafana/generate.py` writes them anew."""
    made = runpy.run_path(str(GRAFANA / "generate.py"))

    assert set(BOARDS) == set(made["DASHBOARDS"]) == {"operations", "risk", "portfolio"}
    for name in BOARDS:
        assert made["text_of"](name) == (GRAFANA / "dashboards" / f"{name}.json").read_text()


def test_provisioning_names_the_data_source_of_the_panels() -> None:
    """Grafana finds the folder and the panels find Prometheus without a click."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/forewarn.yml").read_text())["providers"]
    used = {panel["datasource"]["uid"] for board in BOARDS.values() for panel in board["panels"]}

    assert used == {source["uid"]}
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


def test_panels_do_not_overlap_and_say_what_is_good() -> None:
    """On a grid of 24 columns; each has a sentence and an id of its own."""
    for board in BOARDS.values():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken
            assert at["x"] + at["w"] <= 24
            assert panel["description"].endswith(".")
            taken |= cells
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_queries_ask_for_metrics_that_exist() -> None:
    """Names are those of the code or of the recording rules; that they give data is asked in test_prometheus."""
    for query in QUERIES:
        assert metrics_in(query.expression) - {"process_resident_memory_bytes"} <= known(), query


def test_what_is_excused_is_shown() -> None:
    """The list of panels without data has no leftovers."""
    assert {query.panel for query in QUERIES} >= set(EMPTY)

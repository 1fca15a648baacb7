"""The learner's prequential figures as gauges: of the newest cohort, and of the last twelve together.

A model version is published when labels mature, which may be weeks apart, so after a restart the gauges are set again
from the versions on `models`.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from streams.risk.heads import HEADS
from streams.telemetry import metrics

COHORTS = 12
#: The line of the weights that were active, as `learning.figures` calls it (which needs River, and this must not).
ACTIVE = "active"
NEWEST, YEAR = "newest", "last_12"
#: Figures that are averaged over cohorts, each weighing as its labels.
_AVERAGED = {"log_loss": metrics.LOG_LOSS, "auc": metrics.AUC, "ece": metrics.CALIBRATION}
_NEWEST = {
    "psi": metrics.PSI,
    "psi_limit": metrics.PSI_LIMIT,
    "drift": metrics.DRIFT,
    "quarantined": metrics.QUARANTINED,
    "tier_changes": metrics.TIER_RATE,
    "tier_reverted": metrics.TIER_REVERTED,
}


class _Version(Struct):
    type: str
    source: str
    learned_through: dt.date = dt.date.min
    provenance: dict[str, str] = {}


_versions = msgspec.json.Decoder(_Version)


def _cohorts_of(provenance: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Head and figures of each cohort, oldest first. Names are `head@month-end.line.figure` (see `learning.figures`)."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, value in provenance.items():
        place, _, figure = name.partition(".")
        head, at, day = place.partition("@")
        line, dot, rest = figure.partition(".")
        if at and (not dot or line == ACTIVE):
            found.setdefault((day, head), {})[rest if dot else figure] = value
    return [(head, figures) for (_, head), figures in sorted(found.items())]


class ModelFigures:
    """The cohorts of each head that were judged last."""

    def __init__(self) -> None:
        self._cohorts: dict[str, list[Mapping[str, str]]] = {head: [] for head in HEADS}

    def take(self, version: bytes) -> None:
        """Take a record of `models`; only the learner's own versions of the weights have figures."""
        said = _versions.decode(version)
        if said.type != "model_activated" or said.source != "forewarn.learn":
            return
        metrics.MODEL_DATE.set(calendar.timegm(said.learned_through.timetuple()))
        for head, figures in _cohorts_of(said.provenance):
            cohorts = self._cohorts.get(head)
            if cohorts is not None and figures.get("labels"):
                cohorts.append(figures)
                del cohorts[:-COHORTS]
                self._show(head, cohorts)

    def _show(self, head: str, cohorts: list[Mapping[str, str]]) -> None:
        newest = cohorts[-1]
        for name, gauge in _NEWEST.items():
            if newest.get(name):
                gauge.labels(head).set(float(newest[name]))
        for window, taken in ((NEWEST, cohorts[-1:]), (YEAR, cohorts)):
            metrics.COHORT_LABELS.labels(head, window).set(sum(int(each["labels"]) for each in taken))
            for name, gauge in _AVERAGED.items():
                known = [(int(each["labels"]), float(each[name])) for each in taken if each.get(name)]
                if known:
                    labels = sum(count for count, _ in known)
                    gauge.labels(head, window).set(sum(count * value for count, value in known) / labels)

"""The learner's prequential figures as gauges: of the newest cohort, and of the last twelve together.

What the figures are, and how cohorts are pooled, is decided in `learning.health`; here they get their metrics. A model
version is published when labels mature, which may be weeks apart, so after a restart the gauges are set again from the
versions on `models`.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from prometheus_client import Gauge

from streams.events.control import ModelActivated
from streams.risk.versions import Activation
from streams.telemetry import metrics

if TYPE_CHECKING:
    from streams.learning.health import Health, Window

COHORTS = 12
NEWEST, YEAR = "newest", "last_12"
#: Figures that are shown pooled, by their names in `health.Pooled`.
_POOLED = {"log_loss": metrics.LOG_LOSS, "auc": metrics.AUC, "ece": metrics.CALIBRATION}
#: Figures of the newest cohort alone, by their names in `health.Window`.
_NEWEST = {
    "psi": metrics.PSI,
    "psi_limit": metrics.PSI_LIMIT,
    "drift": metrics.DRIFT,
    "quarantined": metrics.QUARANTINED,
    "tier_changes": metrics.TIER_RATE,
    "tier_reverted": metrics.TIER_REVERTED,
}


class _Type(Struct):
    type: str


_types, _versions = msgspec.json.Decoder(_Type), msgspec.json.Decoder(ModelActivated)


class ModelFigures:
    """The cohorts of each head that were judged last."""

    def __init__(self) -> None:
        self._health: Health | None = None

    def take(self, version: bytes) -> None:
        """Take a record of `models`; only the learner's own versions of the weights have figures.

        Raises:
            msgspec.MsgspecError: this release does not understand it.
        """
        from streams.learning.health import Health  # with River, which only the learner's process has loaded anyway

        if _types.decode(version).type != "model_activated":
            return  # scores of measures
        self._health = health = self._health or Health()
        event, known = _versions.decode(version), len(health.windows)
        try:
            health.take(event)
        except ValueError:
            return  # a word of another release: the workers refuse it too, and say so
        if health.versions[-1].activation is Activation.LEARNED:
            metrics.MODEL_DATE.set(calendar.timegm(event.learned_through.timetuple()))
        for head in {window.head for window in health.windows[known:]}:
            _show(head, health.windows)


def _show(head: str, windows: Sequence[Window]) -> None:
    from streams.learning.figures import ACTIVE
    from streams.learning.health import pooled

    cohorts = [each for each in windows if each.head == head and each.line == ACTIVE and each.labels][-COHORTS:]
    if not cohorts:
        return
    for name, gauge in _NEWEST.items():
        _set(gauge.labels(head), getattr(cohorts[-1], name))
    for span, taken in ((NEWEST, cohorts[-1:]), (YEAR, cohorts)):
        (found,) = pooled(taken)
        metrics.COHORT_LABELS.labels(head, span).set(found.labels)
        for name, gauge in _POOLED.items():
            _set(gauge.labels(head, span), getattr(found, name))


def _set(gauge: Gauge, value: float) -> None:
    """What the data cannot say leaves what was said before."""
    if not math.isnan(value):
        gauge.set(value)

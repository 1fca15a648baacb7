"""Prequential figures of one cohort: what was said then, against what happened. The text that a version's provenance holds.

A figure's name is `<line>.<figure>`. Lines: `active` (what was published, by whichever version was active), `learner`
(the learner's newest version of then, where another was active), `untreated` (`active` without borrowers who were
contacted), and each challenger by its name. An unknown figure is an empty text.

Nothing here changes what is learned. Drift is looked for with River's ADWIN on the last few thousand log losses, kept
as numbers and run afresh, because ADWIN itself has no stable form to keep.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from river import drift

from streams.learning import metrics
from streams.risk.heads import Scorer, prior_head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.learning.cohort import Cohort

ACTIVE, LEARNER, UNTREATED = "active", "learner", "untreated"
LOSSES_KEPT = 4096
REFERENCE_KEPT = 4096


class Watch(Struct, array_like=True):
    """What drift is measured against: little-endian float32.

    `losses` are the newest log losses; `reference` the yardstick of the cohort before, see `yardstick`.
    """

    losses: bytes = b""
    reference: bytes = b""


def yardstick(head: str, inputs: np.ndarray) -> np.ndarray:
    """What the population is compared by from month to month: the score of the prior, which no learning moves.

    Args:
        head: which question.
        inputs: quantised features, a row a label.
    """
    scorer = Scorer(prior_head(head))
    return np.array([scorer.logit(row) for row in inputs.tolist()])


def key(head: str, observed_day: int, name: str) -> str:
    """Where a cohort's figure stands in the provenance."""
    return f"{head}@{dt.date.fromordinal(observed_day).isoformat()}.{name}"


def judge(cohort: Cohort, shadows: Mapping[str, Sequence[float] | None], watch: Watch) -> dict[str, str]:
    """The figures of a cohort, as text; `watch` moves on.

    Args:
        cohort: labels with the probabilities published when they were observed.
        shadows: by line, what others would have said then; None where there is nothing to say.
        watch: of this head.
    """
    p, y = cohort.probabilities, cohort.outcomes
    losses = metrics.log_losses(p, y)
    reference, present = np.frombuffer(watch.reference, "<f4"), yardstick(cohort.head, cohort.inputs).astype("<f4")
    figures = {
        "versions": " ".join(cohort.versions),
        **_line(ACTIVE, p, y),
        **_alerts(cohort),
        **_flips(cohort),
        f"{ACTIVE}.psi": _text(metrics.psi(reference.astype(float), present.astype(float))),
        f"{ACTIVE}.psi_limit": _text(metrics.psi_limit(len(reference), len(y))),
        f"{ACTIVE}.drift": "1" if _drifts(np.frombuffer(watch.losses, "<f4"), losses) else "0",
    }
    for line, shadow in shadows.items():
        if shadow is not None:
            figures |= _line(line, np.array(shadow), y)
    if cohort.treated.any():
        figures |= _line(UNTREATED, p[~cohort.treated], y[~cohort.treated])
    recent = np.append(np.frombuffer(watch.losses, "<f4"), losses.astype("<f4"))[-LOSSES_KEPT:]
    watch.losses = recent.astype("<f4").tobytes()
    watch.reference = present[:REFERENCE_KEPT].tobytes()
    return figures


def _line(line: str, p: np.ndarray, y: np.ndarray) -> dict[str, str]:
    return {
        f"{line}.labels": str(len(y)),
        f"{line}.positives": str(int(y.sum())),
        f"{line}.log_loss": _text(metrics.log_loss(p, y)),
        f"{line}.auc": _text(metrics.auc(p, y)),
        f"{line}.average_precision": _text(metrics.average_precision(p, y)),
        f"{line}.ece": _text(metrics.expected_calibration_error(p, y)),
        f"{line}.mean_probability": _text(float(p.mean()) if len(p) else math.nan),
    }


def _alerts(cohort: Cohort) -> dict[str, str]:
    """What the alerts that stood at the observation were worth: a tier above NORMAL is an alert."""
    alerted, y = cohort.alerted, cohort.outcomes > 0
    right, leads = int((alerted & y).sum()), cohort.lead_days[~np.isnan(cohort.lead_days)]
    return {
        f"{ACTIVE}.alerted": str(int(alerted.sum())),
        f"{ACTIVE}.alert_precision": _text(right / int(alerted.sum()) if alerted.any() else math.nan),
        f"{ACTIVE}.alert_recall": _text(right / int(y.sum()) if y.any() else math.nan),
        f"{ACTIVE}.alert_lead_days": _text(float(np.median(leads)) if len(leads) else math.nan),
    }


def _flips(cohort: Cohort) -> dict[str, str]:
    """How steady tiers were in the month that ended with the observation."""
    moved = int(cohort.moved.sum())
    return {
        f"{ACTIVE}.tier_changes": _text(12 * moved / len(cohort.moved)),
        f"{ACTIVE}.tier_reverted": _text(int(cohort.moved_back.sum()) / moved if moved else math.nan),
    }


def _drifts(before: np.ndarray, now: np.ndarray) -> bool:
    """Whether ADWIN, shown the losses in order, sees their mean change within this cohort."""
    detector = drift.ADWIN()
    for loss in before.tolist():
        detector.update(loss)
    found = False
    for loss in now.tolist():
        detector.update(loss)
        found = found or detector.drift_detected
    return found


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"

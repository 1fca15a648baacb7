"""Prequential figures of one cohort: what was published then, against what happened.

Nothing here changes what is learned. Drift is looked for with River's ADWIN on the last few thousand log losses, kept
as numbers and run afresh, because ADWIN itself has no stable form to keep.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from river import drift

from streams.learning import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.learning.cohort import Cohort

LOSSES_KEPT = 4096
REFERENCE_KEPT = 4096


class Watch(Struct, array_like=True):
    """What drift is measured against: little-endian float32.

    `losses` are the newest log losses; `reference` the scores of the cohort before.
    """

    losses: bytes = b""
    reference: bytes = b""


def judge(cohort: Cohort, shadow: Sequence[float] | None, watch: Watch) -> dict[str, str]:
    """The figures of a cohort, as text; `watch` moves on.

    Args:
        cohort: labels with the probabilities published when they were observed.
        shadow: the challenger's probabilities as of then, if it had any.
        watch: of this head.
    """
    p, y = cohort.probabilities, cohort.outcomes
    losses = metrics.log_losses(p, y)
    reference = np.frombuffer(watch.reference, "<f4")
    figures = {
        "labels": str(len(y)),
        "positives": str(int(y.sum())),
        "versions": " ".join(cohort.versions),
        "log_loss": _text(float(losses.mean())),
        "auc": _text(metrics.auc(p, y)),
        "average_precision": _text(metrics.average_precision(p, y)),
        "ece": _text(metrics.expected_calibration_error(p, y)),
        "psi": _text(metrics.psi(reference.astype(float), p)),
        "psi_limit": _text(metrics.psi_limit(len(reference), len(y))),
        "drift": "1" if _drifts(np.frombuffer(watch.losses, "<f4"), losses) else "0",
    }
    if shadow is not None:
        figures |= {
            "adagrad.log_loss": _text(metrics.log_loss(shadow, y)),
            "adagrad.auc": _text(metrics.auc(shadow, y)),
            "adagrad.average_precision": _text(metrics.average_precision(shadow, y)),
            "adagrad.ece": _text(metrics.expected_calibration_error(shadow, y)),
        }
    recent = np.append(np.frombuffer(watch.losses, "<f4"), losses.astype("<f4"))[-LOSSES_KEPT:]
    watch.losses = recent.astype("<f4").tobytes()
    watch.reference = p[:REFERENCE_KEPT].astype("<f4").tobytes()
    return figures


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

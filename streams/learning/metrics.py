"""How good probabilities were, once outcomes are known. Exact, with ties counted as ties, in the order given.

Inputs are two sequences of equal length: probabilities (or any score for the ranking figures) and outcomes (0 or 1).
A figure that the data cannot give (no positives, or nothing else) is NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = Sequence[float] | NDArray[np.float64]

#: 95 % quantile of chi-square with 9 degrees of freedom, for a PSI of 10 bins.
_CHI_SQUARE_95_9 = 16.919
PSI_BINS = 10
_SMALLEST = 1e-7


def auc(scores: Floats, outcomes: Floats) -> float:
    """Area under the ROC curve: the chance that a positive ranks above a negative, ties counting half."""
    y = np.asarray(outcomes, float)
    positives = y.sum()
    negatives = len(y) - positives
    if not positives or not negatives:
        return math.nan
    values, place, count = np.unique(np.asarray(scores, float), return_inverse=True, return_counts=True)
    before = np.cumsum(count) - count
    ranks = (before + (count + 1) / 2)[place]
    del values
    return float((ranks[y > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(scores: Floats, outcomes: Floats) -> float:
    """Mean precision over the recall gained at each distinct score, from the highest down; ties enter together."""
    precision, gained = _precision_steps(scores, outcomes)
    return float((precision * gained).sum()) if len(precision) else math.nan


def _precision_steps(scores: Floats, outcomes: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y = np.asarray(outcomes, float)
    if not y.sum():
        return np.empty(0), np.empty(0)
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    ranked, hits = np.asarray(scores, float)[order], np.cumsum(y[order])
    last = np.append(ranked[1:] != ranked[:-1], True)
    hits = hits[last]
    precision = hits / (np.flatnonzero(last) + 1)
    return precision, np.diff(hits, prepend=0.0) / y.sum()


def precision_recall(scores: Floats, outcomes: Floats) -> list[tuple[float, float]]:
    """(recall, precision) at each distinct score, from the highest down."""
    precision, gained = _precision_steps(scores, outcomes)
    return list(zip(np.cumsum(gained).tolist(), precision.tolist(), strict=True))


def roc(scores: Floats, outcomes: Floats) -> list[tuple[float, float]]:
    """(false positive rate, true positive rate) at each distinct score, from (0, 0) to (1, 1)."""
    y = np.asarray(outcomes, float)
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    ranked = np.asarray(scores, float)[order]
    last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.empty(0, bool)
    hits = np.cumsum(y[order])[last]
    misses = np.cumsum(1 - y[order])[last]
    if not len(hits) or not hits[-1] or not misses[-1]:
        return []
    return [(0.0, 0.0), *zip((misses / misses[-1]).tolist(), (hits / hits[-1]).tolist(), strict=True)]


def log_losses(probabilities: Floats, outcomes: Floats) -> NDArray[np.float64]:
    """Log loss of each, in nats."""
    p = np.clip(np.asarray(probabilities, float), _SMALLEST, 1 - _SMALLEST)
    y = np.asarray(outcomes, float)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)))


def log_loss(probabilities: Floats, outcomes: Floats) -> float:
    """Mean log loss, in nats."""
    return float(log_losses(probabilities, outcomes).mean()) if len(outcomes) else math.nan


def brier(probabilities: Floats, outcomes: Floats) -> float:
    """Mean squared error of the probability."""
    if not len(outcomes):
        return math.nan
    return float(((np.asarray(probabilities, float) - np.asarray(outcomes, float)) ** 2).mean())


def calibration(probabilities: Floats, outcomes: Floats, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability, share of positives, how many) in bins of equal size, from the lowest probabilities up."""
    p, y = np.asarray(probabilities, float), np.asarray(outcomes, float)
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if len(part)]
    return [(float(p[part].mean()), float(y[part].mean()), len(part)) for part in parts]


def expected_calibration_error(probabilities: Floats, outcomes: Floats, bins: int = 10) -> float:
    """Mean distance between probability and share of positives, over bins of equal size."""
    found = calibration(probabilities, outcomes, bins)
    total = sum(count for _, _, count in found)
    return sum(count * abs(mean - share) for mean, share, count in found) / total if total else math.nan


def calibration_error_by_chance(probabilities: Floats, bins: int = 10) -> float:
    """What `expected_calibration_error` would be on average if every probability were exactly right.

    Positives in a bin scatter about the m that are expected by 2 m^(k+1) / (k! e^m) on average, k the whole part of m, as
    counts of rare events do (Crow 1958, mean deviation of the Poisson distribution), less where they are not rare.
    """
    p = np.asarray(probabilities, float)
    distance = 0.0
    for part in np.array_split(np.sort(p), bins):
        expected = float(part.sum())
        if expected > 0:
            whole = math.floor(expected)
            rare = 2 * math.exp((whole + 1) * math.log(expected) - math.lgamma(whole + 1) - expected)
            distance += rare * math.sqrt(float((part * (1 - part)).sum()) / expected)
    return distance / len(p) if len(p) else math.nan


def psi(reference: Floats, present: Floats) -> float:
    """Population stability index of a score, over tenths of the reference. Empty bins count half a member.

    Source: Lewis, "An Introduction to Credit Scoring" (1994).
    """
    if not len(reference) or not len(present):
        return math.nan
    edges = np.unique(np.quantile(np.asarray(reference, float), np.linspace(0, 1, PSI_BINS + 1)[1:-1]))
    shares = []
    for sample in (reference, present):
        counts = np.bincount(np.searchsorted(edges, np.asarray(sample, float), side="left"), minlength=len(edges) + 1)
        smoothed = np.maximum(counts, 0.5)
        shares.append(smoothed / smoothed.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def psi_limit(reference: int, present: int) -> float:
    """What PSI stays below in 95 of 100 months when nothing has changed, for samples of these sizes.

    Source: Yurdakul and Naranjo, "Statistical properties of the population stability index" (2020): PSI is about
    chi-square with bins - 1 degrees of freedom, times (1/n + 1/m).
    """
    return _CHI_SQUARE_95_9 * (1 / reference + 1 / present) if reference and present else math.nan


def recall_at(scores: Floats, outcomes: Floats, share: float) -> float:
    """Share of positives among the highest `share` of scores."""
    y = np.asarray(outcomes, float)
    chosen = np.argsort(-np.asarray(scores, float), kind="stable")[: int(share * len(y))]
    return float(y[chosen].sum() / y.sum()) if y.sum() else math.nan

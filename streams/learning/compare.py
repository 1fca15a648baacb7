"""The yardstick: LightGBM refitted every month on the same observations, and the paired difference to the model.

Parameters are fixed once and are not tuned to the data at hand. LightGBM learns every label that had matured by the
month it scores, and, as the model does, no cohort that the label guard quarantines.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from streams.learning import metrics
from streams.learning.guard import LabelGuard

if TYPE_CHECKING:
    from streams.learning.evaluate_table import Table

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "deterministic": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}
ROUNDS = 80
POSITIVES_MIN = 5
RESAMPLES = 200


class Interval(Struct, frozen=True):
    """A difference, model - LightGBM, with its 95 % interval (bootstrap over borrowers)."""

    difference: float
    low: float
    high: float


class Comparison(Struct, frozen=True):
    """One head: the model against LightGBM on the rows that both scored."""

    head: str
    labels: int
    positives: int
    model: dict[str, float]
    lightgbm: dict[str, float]
    auc: Interval
    auc_current: Interval
    average_precision: Interval


def compare(table: Table, head: str, horizon_days: int, main: np.ndarray) -> Comparison:
    """Refit monthly, score, and compare.

    Args:
        table: rows with their observations.
        head: which outcome.
        horizon_days: when its labels mature.
        main: rows that count.

    Raises:
        ValueError: the rows carry no observations.
        ImportError: LightGBM is not installed; install the extra `compare`.
    """
    if table.inputs is None:
        raise ValueError("Scores without observations cannot be compared: run the evaluation on events, not on scores.")
    other = monthly_lightgbm(table, head, horizon_days)
    mask = main & ~np.isnan(other)
    p, q, y = table.probability(head)[mask], other[mask], table.outcome(head)[mask]
    current = table.days_past_due[mask] == 0
    groups = np.unique(np.array(table.borrower)[mask], return_inverse=True)[1]
    return Comparison(
        head=head,
        labels=len(y),
        positives=int(y.sum()),
        model=_summary(p, y, current),
        lightgbm=_summary(q, y, current),
        auc=_interval(metrics.auc, p, q, y, groups),
        auc_current=_interval(metrics.auc, p[current], q[current], y[current], groups[current]),
        average_precision=_interval(metrics.average_precision, p, q, y, groups),
    )


def monthly_lightgbm(table: Table, head: str, horizon_days: int) -> np.ndarray:
    """Probabilities by LightGBM, each month from labels matured by then; NaN before there are enough."""
    import lightgbm  # noqa: PLC0415  an extra

    assert table.inputs is not None
    inputs, outcome, asked = table.inputs.astype(np.float64), table.outcome(head), table.asked(head)
    accepted = _accepted(table, head)
    released = np.array([_released(day, horizon_days) for day in table.day.tolist()])
    found = np.full(len(outcome), np.nan)
    for number in sorted(set(table.month.tolist())):
        here = table.month == number
        ready = asked & accepted & (released <= table.day[here].min())
        if outcome[ready].sum() < POSITIVES_MIN:
            continue
        booster = lightgbm.train(PARAMETERS, lightgbm.Dataset(inputs[ready], outcome[ready]), ROUNDS)
        found[here] = booster.predict(inputs[here], num_threads=1)
    return found


@lru_cache(maxsize=4096)
def _released(day: int, horizon_days: int) -> int:
    """When a month-end's label is released to the model, and so to LightGBM: see `borrower.labels`, Rule 1."""
    through = dt.date.fromordinal(day + 1 + horizon_days)
    if through.day == 1:
        return through.toordinal()
    return dt.date(through.year + through.month // 12, through.month % 12 + 1, 1).toordinal()


def _accepted(table: Table, head: str) -> np.ndarray:
    guard, asked, outcome = LabelGuard(), table.asked(head), table.outcome(head)
    accepted = np.zeros(len(outcome), dtype=bool)
    for day in sorted(set(table.day[asked].tolist())):
        cohort = asked & (table.day == day)
        if guard.admits(day, int(cohort.sum()), int(outcome[cohort].sum())):
            accepted |= cohort
    return accepted


def _summary(p: np.ndarray, y: np.ndarray, current: np.ndarray) -> dict[str, float]:
    return {
        "auc": metrics.auc(p, y),
        "auc_current": metrics.auc(p[current], y[current]),
        "average_precision": metrics.average_precision(p, y),
        "ece": metrics.expected_calibration_error(p, y),
    }


def _interval(figure: Any, p: np.ndarray, q: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Interval:
    """Resample borrowers, not rows: one borrower's months are no independent evidence."""
    if not len(groups):
        return Interval(np.nan, np.nan, np.nan)
    order = np.argsort(groups, kind="stable")
    names, starts = np.unique(groups[order], return_index=True)
    members = np.split(order, starts[1:])
    generator = np.random.default_rng(1)
    differences = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[at] for at in generator.integers(0, len(names), len(names))])
        differences.append(figure(p[rows], y[rows]) - figure(q[rows], y[rows]))
    known = [difference for difference in differences if not np.isnan(difference)]
    low, high = np.quantile(known, [0.025, 0.975]).tolist() if known else (np.nan, np.nan)
    return Interval(figure(p, y) - figure(q, y), low, high)

"""One head's labels from one observation day, in the canonical order, as arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from streams.risk.design import HINGES, TERMS
from streams.risk.features import COUNT, INDEX
from streams.risk.model import inputs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.events.outputs import LabelMatured


class Cohort(NamedTuple):
    """Labels that share a head and an observation day, ordered by borrower.

    Attributes:
        head: its name.
        observed_day: ordinal day.
        inputs: quantised features, a row a label.
        outcomes: 1 where it happened.
        probabilities: as scored then, by `versions`.
        versions: of the weights that scored.
        alerted: 1 where a tier above NORMAL stood.
        lead_days: from the alert that stood to the outcome; NaN where there was none of either.
        treated: 1 where the borrower was contacted in the label window.
        moved: tier changes since the month-end before.
        moved_back: of those, how many took another one back.
    """

    head: str
    observed_day: int
    inputs: np.ndarray
    outcomes: np.ndarray
    probabilities: np.ndarray
    versions: tuple[str, ...]
    alerted: np.ndarray
    lead_days: np.ndarray
    treated: np.ndarray
    moved: np.ndarray
    moved_back: np.ndarray


def cohorts(labels: Iterable[LabelMatured]) -> list[Cohort]:
    """Group labels by observation day and head, whatever order they came in."""
    groups: dict[tuple[int, str], list[LabelMatured]] = {}
    for label in labels:
        groups.setdefault((label.observed_on.toordinal(), label.head), []).append(label)
    return [_cohort(day, head, groups[day, head]) for day, head in sorted(groups)]


def _cohort(day: int, head: str, labels: list[LabelMatured]) -> Cohort:
    labels.sort(key=lambda label: label.borrower_id)
    inputs = np.array([inputs_of(label.observation) for label in labels], dtype=np.int16).reshape(len(labels), COUNT)
    return Cohort(
        head=head,
        observed_day=day,
        inputs=inputs,
        outcomes=np.array([1.0 if label.outcome else 0.0 for label in labels]),
        probabilities=np.array([label.probability_ppm / 1_000_000 for label in labels]),
        versions=tuple(sorted({label.model_version for label in labels})),
        alerted=np.array([label.alerted_on is not None for label in labels]),
        lead_days=np.array([_lead_days(label) for label in labels]),
        treated=np.array([label.treated for label in labels]),
        moved=np.array([label.moved for label in labels]),
        moved_back=np.array([label.moved_back for label in labels]),
    )


def _lead_days(label: LabelMatured) -> float:
    if label.alerted_on is None or label.reached_on is None:
        return math.nan
    return float((label.reached_on - label.alerted_on).days)


def segments_of(inputs: np.ndarray) -> np.ndarray:
    """`design.segment` of many observations at once."""
    return np.asarray(inputs[:, INDEX["days_past_due"]] > 0).astype(np.int8)


def terms_matrix(inputs: np.ndarray) -> np.ndarray:
    """`design.terms` of many observations at once, to the same bits."""
    values = inputs.astype(np.float64)
    matrix = np.empty((len(values), TERMS))
    matrix[:, 0] = 1.0
    matrix[:, 1 : 1 + COUNT] = values / 100
    at = 1 + COUNT
    columns = [index for index, _ in HINGES]
    knots = np.array([knot for _, knot in HINGES], dtype=np.float64)
    matrix[:, at:] = np.maximum(values[:, columns] - knots, 0.0) / 100
    return matrix

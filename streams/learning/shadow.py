"""River's trees as challengers, learned in the shadow from the topic `labels` (or a run over files), and only judged.

They see what the champion saw, in the same order: a month-end is scored when it was observed, with what had matured by
then, and learned when its labels mature, unless the label guard keeps it out. They write nothing that is folded, so they
cannot touch an alert; and labels are kept for ever, so they need no state of their own.

Rule 1: the order is that of days, then head, then borrower; the trees' chance is seeded. The same labels, the same figures.
Rule 2: a tree cannot be promoted: the fold scores with weights, in microseconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

import numpy as np
from river import base, forest, tree

from streams.events.outputs import LabelMatured
from streams.learning import metrics
from streams.learning.cohort import Cohort, cohorts
from streams.learning.guard import LabelGuard
from streams.learning.health import Window
from streams.risk.features import NAMES

SEED = 1


def hoeffding_adaptive_tree() -> base.Classifier:
    """One tree that grows another where ADWIN sees it fail.

    Source: Bifet and Gavalda, "Adaptive Learning from Evolving Data Streams" (IDA 2009).
    """
    return tree.HoeffdingAdaptiveTreeClassifier(grace_period=200, seed=SEED)


def adaptive_random_forest() -> base.Classifier:
    """Ten trees, each with its own drift detection.

    Source: Gomes et al., "Adaptive random forests for evolving data stream classification" (Machine Learning, 2017).
    """
    return forest.ARFClassifier(n_models=10, seed=SEED)


TREES: dict[str, Callable[[], base.Classifier]] = {
    "hoeffding_adaptive_tree": hoeffding_adaptive_tree,
    "adaptive_random_forest": adaptive_random_forest,
}


def inputs_of(row: Iterable[int]) -> dict[Hashable, float]:
    """One observation as River wants it; what is zero is left out."""
    return {name: value / 100 for name, value in zip(NAMES, row, strict=True) if value}


class Steps(NamedTuple):
    """What is done on one day: first learn what matured, then score what is observed. Positions in the cohorts."""

    learn: list[int]
    score: list[int]


def shadow(labels: Iterable[LabelMatured], head: str, name: str) -> list[Window]:
    """What a challenger would have said of each month-end of one head, and how right it was.

    Args:
        labels: all that matured, in any order.
        head: which question.
        name: one of `TREES`.

    Returns:
        A window for each month-end that was observed when it had learned something, oldest first.
    """
    own = [label for label in labels if label.head == head]
    found = cohorts(own)
    matured = {label.observed_on.toordinal(): label.matured_on.toordinal() for label in own}
    model, guard = TREES[name](), LabelGuard()
    learned, windows = False, dict[int, Window]()
    said: dict[int, np.ndarray] = {}
    for _, steps in sorted(_timeline(found, matured).items()):
        for at in steps.learn:
            cohort = found[at]
            admitted = guard.admits(cohort.observed_day, len(cohort.outcomes), int(cohort.outcomes.sum()))
            if at in said:
                windows[at] = _window(cohort, matured[cohort.observed_day], name, said.pop(at), admitted=admitted)
            if admitted:
                _learn(model, cohort)
                learned = True
        for at in steps.score:
            if learned:
                said[at] = np.array([_probability(model, row) for row in found[at].inputs.tolist()])
    return [windows[at] for at in sorted(windows)]


def _timeline(found: list[Cohort], matured: dict[int, int]) -> dict[int, Steps]:
    """What happens on which day. A label that matures on the day of an observation is learned before it."""
    days: dict[int, Steps] = {}
    for at, cohort in enumerate(found):
        days.setdefault(matured[cohort.observed_day], Steps([], [])).learn.append(at)
        days.setdefault(cohort.observed_day, Steps([], [])).score.append(at)
    return days


def _learn(model: base.Classifier, cohort: Cohort) -> None:
    for row, outcome in zip(cohort.inputs.tolist(), cohort.outcomes.tolist(), strict=True):
        model.learn_one(inputs_of(row), outcome > 0)


def _probability(model: base.Classifier, row: list[int]) -> float:
    return float(model.predict_proba_one(inputs_of(row)).get(True, 0.0))


def _window(cohort: Cohort, matured_day: int, name: str, said: np.ndarray, *, admitted: bool) -> Window:
    y = cohort.outcomes
    return Window(
        head=cohort.head,
        observed_on=dt.date.fromordinal(cohort.observed_day),
        matured_on=dt.date.fromordinal(matured_day),
        line=name,
        quarantined=not admitted,
        labels=len(y),
        positives=int(y.sum()),
        log_loss=metrics.log_loss(said, y),
        auc=metrics.auc(said, y),
        average_precision=metrics.average_precision(said, y),
        ece=metrics.expected_calibration_error(said, y),
        mean_probability=float(said.mean()),
    )

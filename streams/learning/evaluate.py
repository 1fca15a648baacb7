"""What the scores were worth: figures of an evaluation report from score rows and outcomes, wherever they come from.

Rule 1: prequential only. A row carries the probability that was active on its day; nothing is fitted here.
Rule 2: the first `warm_up_months` are reported by month, not pooled; rows whose label window touches a disrupted period
(by default the deferrals of April to August 2020, which look like mass default) are reported apart.
Rule 3: every figure says on how many labels and positives it stands.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field

from streams.learning import metrics
from streams.learning.evaluate_alerts import AlertFigures, FlipFigures, Reached, TierChange, alert_figures, flip_figures
from streams.learning.evaluate_lines import side_by_side
from streams.learning.evaluate_notes import notes, pooled_from
from streams.learning.evaluate_table import Outcome, ScoreRow, Table
from streams.learning.figures import yardstick
from streams.learning.health import Pooled, Window
from streams.risk.features import INDEX
from streams.risk.heads import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streams.learning.compare import Comparison

#: As `borrower.labels.HEADS`, which is above this package; a test holds them together.
HORIZON_DAYS = {"default_90d": 121, "delinquent_30_90d": 90, "default_180d": 180, "default_365d": 365}
DISRUPTED = ((dt.date(2020, 4, 1), dt.date(2020, 8, 31)),)
BUDGETS = (0.02, 0.05)
CURVE_POINTS = 300
#: Heads that are compared with others and drawn.
COMPARED = HEADS[:2]


class Figures(Struct, frozen=True):
    """One head over one part of the rows. Ratios from 0 to 1; NaN (null in JSON) where the data cannot say.

    `auc_current` is over rows with nothing past due; `auc_days_past_due` and `average_precision_days_past_due` rank by days
    past due alone. `ece_by_chance` is what `ece` would be if every probability were right. `recall` is by share alerted.
    """

    head: str
    part: str
    labels: int
    positives: int
    auc: float
    auc_current: float
    average_precision: float
    ece: float
    ece_by_chance: float
    log_loss: float
    brier: float
    auc_days_past_due: float
    average_precision_days_past_due: float
    recall: dict[str, float]


class MonthFigures(Struct, frozen=True):
    """One head in one month of observation (1 is the first); the hand rule where observations were given.

    PSI is of the prior's score, which no learning moves, against the month before (of the score itself without observations).
    """

    head: str
    month: str
    number: int
    labels: int
    positives: int
    auc: float
    average_precision: float
    auc_hand_rule: float
    average_precision_hand_rule: float
    mean_probability: float
    rate: float
    log_loss: float
    psi: float
    psi_limit: float


class CohortError(Struct, frozen=True):
    """Mean probability against the share that happened, in one slice of the rows of the 90-day default head."""

    slice: str
    labels: int
    mean_probability: float
    rate: float


class Curves(Struct, frozen=True):
    """Points for drawing, of one head over the main part."""

    head: str
    roc: list[tuple[float, float]]
    precision_recall: list[tuple[float, float]]
    calibration: list[tuple[float, float, int]]
    cost: list[tuple[float, float, float]]


class Report(Struct, frozen=True):
    """Everything that was found; `msgspec.json.encode` gives its JSON form.

    `warm_up_months` is the first month pooled: the first of all where the file is shorter than what was asked for.
    `notes` are sentences on what the figures cannot say.
    """

    rows: int
    borrowers: int
    first_month: str
    last_month: str
    warm_up_months: int
    disrupted: list[tuple[str, str]]
    figures: list[Figures]
    months: list[MonthFigures]
    cohorts: list[CohortError]
    alerts: list[AlertFigures]
    flips: FlipFigures | None
    curves: list[Curves]
    comparisons: list[Comparison] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    lines: list[Pooled] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def evaluate(
    scores: Iterable[ScoreRow],
    outcomes: Iterable[Outcome],
    reached: Iterable[Reached] = (),
    tier_changes: Sequence[TierChange] | None = None,
    *,
    warm_up_months: int = 12,
    disrupted: Sequence[tuple[dt.date, dt.date]] = DISRUPTED,
    compare_with_lightgbm: bool = False,
    windows: Sequence[Window] = (),
) -> Report:
    """Compute the report.

    Args:
        scores: a row a borrower and month-end, in any order.
        outcomes: of those rows, by (borrower, day, head); a row without an outcome is not counted for that head.
        reached: exact days on which borrowers became 30 or 90 days past due (or were written off), for lead times.
        tier_changes: each change of a tier, for flips; None if unknown.
        warm_up_months: months before this one are left out of the pooled figures.
        disrupted: periods (both ends included) reported apart.
        compare_with_lightgbm: refit LightGBM monthly on the same observations; needs the extra `compare`.
        windows: what each version and challenger said of each month-end (`learning.health`), for the lines side by side.

    Raises:
        ValueError: there is no row to evaluate.
    """
    table = Table(scores, outcomes, disrupted)
    asked_for, warm_up_months = warm_up_months, pooled_from(table, HEADS[0], warm_up_months)
    found: list[Figures] = []
    for head in HEADS:
        for part, mask in table.parts(head, HORIZON_DAYS[head], warm_up_months).items():
            found.append(_figures(table, head, part, mask))
    main = {head: table.parts(head, HORIZON_DAYS[head], warm_up_months)["main"] for head in HEADS}
    comparisons: list[Comparison] = []
    if compare_with_lightgbm:
        from streams.learning.compare import compare  # noqa: PLC0415  LightGBM is an extra

        comparisons = [compare(table, head, HORIZON_DAYS[head], main[head]) for head in COMPARED]
    return Report(
        rows=len(table.day),
        borrowers=len(set(table.borrower)),
        first_month=_month_name(table.day.min()),
        last_month=_month_name(table.day.max()),
        warm_up_months=warm_up_months,
        disrupted=[(first.isoformat(), last.isoformat()) for first, last in disrupted],
        figures=found,
        months=[figures for head in HEADS[:2] for figures in _by_month(table, head)],
        cohorts=_cohort_errors(table, main[HEADS[0]]),
        alerts=alert_figures(table, main[HEADS[0]], list(reached)),
        flips=flip_figures(table, tier_changes) if tier_changes is not None else None,
        curves=[_curves(table, head, main[head]) for head in HEADS[:2]],
        comparisons=comparisons,
        windows=list(windows),
        lines=[
            line for head in COMPARED for line in side_by_side(table, head, HORIZON_DAYS[head], windows, warm_up_months)
        ],
        notes=notes(found, comparisons, HORIZON_DAYS, (asked_for, warm_up_months)),
    )


def _month_name(day: float) -> str:
    return dt.date.fromordinal(int(day)).strftime("%Y-%m")


def _figures(table: Table, head: str, part: str, mask: np.ndarray) -> Figures:
    p, y = table.probability(head)[mask], table.outcome(head)[mask]
    past_due = table.days_past_due[mask]
    current = past_due == 0
    return Figures(
        head=head,
        part=part,
        labels=len(y),
        positives=int(y.sum()),
        auc=metrics.auc(p, y),
        auc_current=metrics.auc(p[current], y[current]),
        average_precision=metrics.average_precision(p, y),
        ece=metrics.expected_calibration_error(p, y),
        ece_by_chance=metrics.calibration_error_by_chance(p),
        log_loss=metrics.log_loss(p, y),
        brier=metrics.brier(p, y),
        auc_days_past_due=metrics.auc(past_due, y),
        average_precision_days_past_due=metrics.average_precision(past_due, y),
        recall={f"{budget:.0%}": metrics.recall_at(p, y, budget) for budget in BUDGETS},
    )


def hand_rule(table: Table) -> np.ndarray | None:
    """Days past due / 30 + misses in the last 3 / 2 + misses in a row / 4; None without observations."""
    if table.inputs is None:
        return None
    misses, run = table.inputs[:, INDEX["short_in_3"]] / 40, table.inputs[:, INDEX["short_run"]] / 30
    return np.asarray(table.days_past_due / 30 + misses / 2 + run / 4)


def _by_month(table: Table, head: str) -> list[MonthFigures]:
    hand, before = hand_rule(table), np.empty(0)
    measured = table.probability(head) if table.inputs is None else yardstick(head, table.inputs)
    found = []
    for number in sorted(set(table.month.tolist())):
        here = table.month == number
        mask = here & table.asked(head)
        p, y = table.probability(head)[mask], table.outcome(head)[mask]
        scored = measured[here]
        if len(y):
            rule = hand[mask] if hand is not None else np.empty(0)
            found.append(
                MonthFigures(
                    head=head,
                    month=_month_name(table.day[here][0]),
                    number=int(number),
                    labels=len(y),
                    positives=int(y.sum()),
                    auc=metrics.auc(p, y),
                    average_precision=metrics.average_precision(p, y),
                    auc_hand_rule=metrics.auc(rule, y) if len(rule) else float("nan"),
                    average_precision_hand_rule=metrics.average_precision(rule, y) if len(rule) else float("nan"),
                    mean_probability=float(p.mean()),
                    rate=float(y.mean()),
                    log_loss=metrics.log_loss(p, y),
                    psi=metrics.psi(before, scored),
                    psi_limit=metrics.psi_limit(len(before), len(scored)),
                )
            )
        before = scored
    return found


def _cohort_errors(table: Table, main: np.ndarray) -> list[CohortError]:
    past_due = table.days_past_due
    bands = {"nothing": (0, 0), "1 to 29 days": (1, 29), "30 to 59 days": (30, 59), "60 to 89 days": (60, 89)}
    slices = {f"{name} past due": (past_due >= low) & (past_due <= high) for name, (low, high) in bands.items()}
    years = np.array([dt.date.fromordinal(int(day)).year for day in table.day])
    slices |= {f"observed in {year}": years == year for year in sorted(set(years.tolist()))}
    if table.inputs is not None:
        periods = np.expm1(table.inputs[:, INDEX["periods"]] / 30)
        slices |= {
            "up to 6 installments seen": periods <= 6.5,
            "7 to 24 installments seen": (periods > 6.5) & (periods <= 24.5),
            "over 24 installments seen": periods > 24.5,
        }
    p, y = table.probability(HEADS[0]), table.outcome(HEADS[0])
    return [
        CohortError(name, int((main & mask).sum()), float(p[main & mask].mean()), float(y[main & mask].mean()))
        for name, mask in slices.items()
        if (main & mask).any()
    ]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Few enough points to draw and to send; the first and the last stay."""
    step = max(1, len(points) // CURVE_POINTS)
    return [*points[:-1:step], *points[-1:]]


def _curves(table: Table, head: str, mask: np.ndarray) -> Curves:
    p, y = table.probability(head)[mask], table.outcome(head)[mask]
    budgets = [step / 200 for step in range(1, 41) if step * len(y) >= 200]  # at least one row is alerted
    cost = []
    for budget in budgets if y.sum() else []:
        recall = metrics.recall_at(p, y, budget)
        cost.append((budget, recall, recall * float(y.sum()) / int(budget * len(y))))
    return Curves(
        head=head,
        roc=_thinned(metrics.roc(p, y)),
        precision_recall=_thinned(metrics.precision_recall(p, y)),
        calibration=metrics.calibration(p, y),
        cost=cost,
    )

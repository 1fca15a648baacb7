"""What the tables of an evaluation report say, cell by cell: the same on a terminal and on a page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from streams.learning.report_words import FIGURE_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.learning.compare import Comparison, Interval
    from streams.learning.evaluate import Report

_EARLY_MONTHS = range(3, 9)


class Cells(NamedTuple):
    """A table: its columns' names, and its rows."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def number(value: float, digits: int = 4) -> str:
    """A figure, or a dash where the data cannot say."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def days(value: float) -> str:
    """A number of days, or a dash."""
    return "-" if math.isnan(value) else f"{value:.0f} d"


def heads(report: Report, *, brier: bool) -> Cells:
    """Each head's figures on each part of the rows; Brier's score where there is room for it."""
    columns = ("head", "part", "labels", "positives", "AUC", "AUC at 0 dpd", "AP", "ECE", "by chance", "log loss",
               *(["Brier"] if brier else []), "AUC of dpd")  # fmt: skip
    rows = [
        (row.head, row.part, f"{row.labels:,}", f"{row.positives:,}", number(row.auc), number(row.auc_current),
         number(row.average_precision), number(row.ece), number(row.ece_by_chance), number(row.log_loss),
         *([number(row.brier)] if brier else []), number(row.auc_days_past_due))
        for row in report.figures
    ]  # fmt: skip
    return Cells(columns, rows)


def alerts(report: Report) -> Cells:
    """What each budget of alerts catches."""
    columns = ("event", "ranked by", "budget", "window", "events", "caught", "median lead", "p10 lead", "precision")
    rows = [
        (row.event, row.head, f"{row.budget:.0%}", f"{row.window_days} d", f"{row.events:,}", number(row.caught, 3),
         days(row.lead_days), days(row.lead_days_p10), number(row.precision, 3))
        for row in report.alerts if row.events
    ]  # fmt: skip
    return Cells(columns, rows)


def early(report: Report) -> Cells:
    """The first months with labels, against the hand rule."""
    rows = [
        (f"{row.number} ({row.month})", row.head, f"{row.labels:,}", f"{row.positives:,}", number(row.auc),
         number(row.auc_hand_rule), number(row.average_precision, 3), number(row.average_precision_hand_rule, 3))
        for row in report.months if row.number in _EARLY_MONTHS and row.positives
    ]  # fmt: skip
    return Cells(("month", "head", "labels", "positives", "AUC", "hand rule", "AP", "hand rule"), rows)


def cohorts(report: Report) -> Cells:
    """Where probabilities are too high or too low."""
    rows = [(row.slice, f"{row.labels:,}", f"{row.mean_probability:.3%}", f"{row.rate:.3%}") for row in report.cohorts]
    return Cells(("slice", "labels", "mean probability", "happened"), rows)


def lines(report: Report) -> Cells:
    """The active version and the challengers side by side."""
    rows = [
        (row.head, row.line, f"{row.windows:,}", f"{row.labels:,}", f"{row.positives:,}", number(row.auc),
         number(row.average_precision), number(row.ece), number(row.log_loss, 5))
        for row in report.lines
    ]  # fmt: skip
    return Cells(("head", "line", "month-ends", "labels", "positives", "AUC", "AP", "ECE", "log loss"), rows)


def compared(comparison: Comparison, difference: str) -> Cells:
    """One head against LightGBM; `difference` names the last column."""
    paired = {
        "auc": comparison.auc,
        "auc_current": comparison.auc_current,
        "average_precision": comparison.average_precision,
    }
    rows = [
        (FIGURE_WORDS[name], number(value), number(comparison.lightgbm[name]),
         _interval(paired[name]) if name in paired else "")
        for name, value in comparison.model.items()
    ]  # fmt: skip
    return Cells(("figure", "model", "LightGBM", difference), rows)


def _interval(found: Interval) -> str:
    if math.isnan(found.difference):
        return "-"
    return f"{found.difference:+.4f} [{number(found.low)}, {number(found.high)}]"

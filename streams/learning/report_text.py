"""The evaluation report on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from streams.learning.figures import ACTIVE
from streams.learning.report_words import FIGURE_WORDS
from streams.risk.heads import HEADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from streams.learning.compare import Comparison, Interval
    from streams.learning.evaluate import Report
    from streams.learning.health import Window

EARLY_MONTHS = range(3, 9)


def render(report: Report) -> RenderableType:
    """Everything a reviewer needs first, as rich tables."""
    parts: list[RenderableType] = [
        Text(
            f"{report.rows:,} month-ends of {report.borrowers:,} borrowers, {report.first_month} to {report.last_month}. "
            f"Pooled from month {report.warm_up_months}{apart(report)}."
        ),
        *(Text(f"Note: {said}", style="yellow") for said in report.notes),
        _figures(report),
        *(table for table in (_alerts(report), _early(report), _cohorts(report)) if table.row_count),
        *([_lines(report)] if report.lines else []),
        *([_drifts(report)] if drifted(report) else []),
    ]
    if report.flips is not None:
        flips = report.flips
        parts.append(
            Text(
                f"Tiers: {number(flips.changes_per_borrower_year, 2)} changes a borrower-year "
                f"({flips.changes:,} in {flips.borrower_years:,.0f}); {flips.reverted_share:.0%} revert in 90 days."
            )
        )
    parts += [_comparison(comparison) for comparison in report.comparisons if comparison.labels]
    return Group(*parts)


def number(value: float, digits: int = 4) -> str:
    """A figure, or a dash where the data cannot say."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def days(value: float) -> str:
    """A number of days, or a dash."""
    return "-" if math.isnan(value) else f"{value:.0f} d"


def apart(report: Report) -> str:
    """Which rows are reported apart, if there are any."""
    if all(row.part != "disrupted" for row in report.figures):
        return ""
    return f"; label windows that touch {', '.join(f'{first} to {last}' for first, last in report.disrupted)} apart"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right")
    return table


def _figures(report: Report) -> Table:
    columns = (
        "head",
        "part",
        "labels",
        "positives",
        "AUC",
        "AUC at 0 dpd",
        "AP",
        "ECE",
        "by chance",
        "log loss",
        "AUC of dpd",
    )
    table = _table("Heads", columns)
    for row in report.figures:
        table.add_row(
            row.head, row.part, f"{row.labels:,}", f"{row.positives:,}", number(row.auc), number(row.auc_current),
            number(row.average_precision), number(row.ece), number(row.ece_by_chance), number(row.log_loss),
            number(row.auc_days_past_due),
        )  # fmt: skip
    return table


def _alerts(report: Report) -> Table:
    columns = ("event", "ranked by", "budget", "window", "events", "caught", "median lead", "p10 lead", "precision")
    table = _table("Alert budgets", columns)
    for row in (each for each in report.alerts if each.events):
        table.add_row(
            row.event, row.head, f"{row.budget:.0%}", f"{row.window_days} d", f"{row.events:,}", number(row.caught, 3),
            days(row.lead_days), days(row.lead_days_p10), number(row.precision, 3),
        )  # fmt: skip
    return table


def _early(report: Report) -> Table:
    columns = ("month", "head", "labels", "positives", "AUC", "hand rule", "AP", "hand rule")
    table = _table("First months, against the hand rule", columns)
    for row in report.months:
        if row.number in EARLY_MONTHS and row.positives:
            table.add_row(
                f"{row.number} ({row.month})", row.head, f"{row.labels:,}", f"{row.positives:,}", number(row.auc),
                number(row.auc_hand_rule), number(row.average_precision, 3), number(row.average_precision_hand_rule, 3),
            )  # fmt: skip
    return table


def _cohorts(report: Report) -> Table:
    table = _table("Error by cohort, 90-day default", ("slice", "labels", "mean probability", "happened"))
    for row in report.cohorts:
        table.add_row(row.slice, f"{row.labels:,}", f"{row.mean_probability:.3%}", f"{row.rate:.3%}")
    return table


def _lines(report: Report) -> Table:
    columns = ("head", "line", "month-ends", "labels", "positives", "AUC", "AP", "ECE", "log loss")
    table = _table("Side by side in the shadow: means over the month-ends that all of them scored", columns)
    for row in report.lines:
        table.add_row(
            row.head, row.line, f"{row.windows:,}", f"{row.labels:,}", f"{row.positives:,}", number(row.auc),
            number(row.average_precision), number(row.ece), number(row.log_loss, 5),
        )  # fmt: skip
    return table


def _drifts(report: Report) -> Table:
    """The month-ends at which something was out of the ordinary, of the head that drives tiers."""
    columns = ("month-end", "version", "labels", "positives", "log loss", "PSI", "its limit", "ADWIN", "not learned",
               "alerts right", "found", "lead")  # fmt: skip
    table = _table("Drift: month-ends with a score or a loss out of the ordinary, 90-day default", columns)
    for window in drifted(report):
        table.add_row(
            str(window.observed_on), " ".join(window.versions), f"{window.labels:,}", f"{window.positives:,}",
            number(window.log_loss, 5), number(window.psi, 3), number(window.psi_limit, 3),
            "drift" if window.drift else "", "quarantined" if window.quarantined else "",
            number(window.alert_precision, 3), number(window.alert_recall, 3), days(window.alert_lead_days),
        )  # fmt: skip
    return table


def drifted(report: Report) -> list[Window]:
    """Month-ends at which PSI passed its limit, ADWIN saw a change, or the guard kept the labels out."""
    own = [window for window in report.windows if window.line == ACTIVE and window.head == HEADS[0]]
    return [window for window in own if window.psi > window.psi_limit or window.drift or window.quarantined]


def _comparison(comparison: Comparison) -> Table:
    title = f"Against LightGBM refitted monthly: {comparison.head}, {comparison.positives:,} of {comparison.labels:,}"
    table = _table(title, ("figure", "model", "LightGBM", "difference [95 %]"))
    paired = {
        "auc": comparison.auc,
        "auc_current": comparison.auc_current,
        "average_precision": comparison.average_precision,
    }
    for name, value in comparison.model.items():
        other = number(comparison.lightgbm[name])
        table.add_row(FIGURE_WORDS[name], number(value), other, interval(paired[name]) if name in paired else "")
    return table


def interval(found: Interval) -> str:
    """A difference with its interval."""
    if math.isnan(found.difference):
        return "-"
    return f"{found.difference:+.4f} [{number(found.low)}, {number(found.high)}]"

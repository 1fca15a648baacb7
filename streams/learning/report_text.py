"""The evaluation report on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from streams.learning import report_cells
from streams.learning.figures import ACTIVE
from streams.learning.report_cells import Cells, days, number
from streams.risk.heads import HEADS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from streams.learning.compare import Comparison
    from streams.learning.evaluate import Report
    from streams.learning.health import Window


def render(report: Report) -> RenderableType:
    """Everything a reviewer needs first, as rich tables."""
    parts: list[RenderableType] = [
        Text(
            f"{report.rows:,} month-ends of {report.borrowers:,} borrowers, {report.first_month} to {report.last_month}. "
            f"Pooled from month {report.warm_up_months}{apart(report)}."
        ),
        *(Text(f"Note: {said}", style="yellow") for said in report.notes),
        _table("Heads", report_cells.heads(report, brier=False)),
        *(_table(title, cells) for title, cells in _optional(report) if cells.rows),
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


def _optional(report: Report) -> list[tuple[str, Cells]]:
    """Tables that a report may have nothing for."""
    return [
        ("Alert budgets", report_cells.alerts(report)),
        ("First months, against the hand rule", report_cells.early(report)),
        ("Error by cohort, 90-day default", report_cells.cohorts(report)),
        ("Side by side in the shadow: means over the month-ends that all of them scored", report_cells.lines(report)),
    ]


def apart(report: Report) -> str:
    """Which rows are reported apart, if there are any."""
    if all(row.part != "disrupted" for row in report.figures):
        return ""
    return f"; label windows that touch {', '.join(f'{first} to {last}' for first, last in report.disrupted)} apart"


def _table(title: str, cells: Cells) -> Table:
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(cells.columns):
        table.add_column(column, justify="left" if position == 0 else "right")
    for row in cells.rows:
        table.add_row(*row)
    return table


def _drifts(report: Report) -> Table:
    """The month-ends at which something was out of the ordinary, of the head that drives tiers."""
    columns = ("month-end", "version", "labels", "positives", "log loss", "PSI", "its limit", "ADWIN", "not learned",
               "alerts right", "found", "lead")  # fmt: skip
    rows = [
        (str(window.observed_on), " ".join(window.versions), f"{window.labels:,}", f"{window.positives:,}",
         number(window.log_loss, 5), number(window.psi, 3), number(window.psi_limit, 3),
         "drift" if window.drift else "", "quarantined" if window.quarantined else "",
         number(window.alert_precision, 3), number(window.alert_recall, 3), days(window.alert_lead_days))
        for window in drifted(report)
    ]  # fmt: skip
    title = "Drift: month-ends with a score or a loss out of the ordinary, 90-day default"
    return _table(title, Cells(columns, rows))


def drifted(report: Report) -> list[Window]:
    """Month-ends at which PSI passed its limit, ADWIN saw a change, or the guard kept the labels out."""
    own = [window for window in report.windows if window.line == ACTIVE and window.head == HEADS[0]]
    return [window for window in own if window.psi > window.psi_limit or window.drift or window.quarantined]


def _comparison(comparison: Comparison) -> Table:
    title = f"Against LightGBM refitted monthly: {comparison.head}, {comparison.positives:,} of {comparison.labels:,}"
    return _table(title, report_cells.compared(comparison, "difference [95 %]"))

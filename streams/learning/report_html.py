"""The evaluation report as one HTML page that needs nothing else: no script, no font, no network; curves are SVG."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from streams.learning import report_cells
from streams.learning.chart import Line, chart
from streams.learning.report_cells import Cells, number
from streams.learning.report_text import apart, drifted
from streams.learning.report_words import ALERTED, GLOSSARY, HAND_RULE, QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.learning.evaluate import Curves, Report

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #d8dde5; --a: #1f5fbf; --b: #c2570c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #14181f; --faint: #3a4250; --a: #7fb0ff;
  --b: #ffab6b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 74rem;
  margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--faint); padding: .25rem .6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .w { text-align: left; }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem; }
figure { margin: 0; max-width: 100%; } figcaption { max-width: 26rem; font-size: .85rem; } svg { max-width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 11px; } .scroll { overflow-x: auto; }
.note { border-left: 3px solid var(--b); padding: .1rem .8rem; } dt { font-weight: 600; } dd { margin: 0 0 .4rem; }
"""


def page(report: Report, title: str = "Forewarn: evaluation") -> str:
    """The whole page."""
    intro = (
        f"{report.rows:,} month-ends of {report.borrowers:,} borrowers, {report.first_month} to {report.last_month}. "
        "Each was scored with the version active on its day and judged when it was known what became of the borrower. Pooled "
        f"figures start in month {report.warm_up_months}{apart(report)}."
    )
    alerts, early, cohorts = report_cells.alerts(report), report_cells.early(report), report_cells.cohorts(report)
    figures = _table(report_cells.heads(report, brier=True))
    sections = [
        f"<h1>{escape(title)}</h1><p>{escape(intro)}</p>" + _notes(report),
        "<h2>How well each question was answered</h2>" + QUESTIONS + figures + GLOSSARY,
        _section("What alerts catch", ALERTED, _table(alerts) + _lead_time(report), shown=bool(alerts.rows)),
        *(_charts(curves) for curves in report.curves if curves.roc),
        _section("Month by month", "", _drift(report), shown=bool(report.months)),
        _out_of_the_ordinary(report),
        _section("First months, against the hand rule", HAND_RULE, _table(early), shown=bool(early.rows)),
        _section("Where probabilities are too high or too low", "", _table(cohorts), shown=bool(cohorts.rows)),
        _flips(report),
        _lines(report),
        _comparisons(report),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body>{''.join(sections)}</body></html>\n"
    )


def _section(title: str, words: str, body: str, *, shown: bool) -> str:
    """A part of the page, where there is something to show."""
    return f"<h2>{title}</h2>{words}{body}" if shown else ""


def _notes(report: Report) -> str:
    return "".join(f'<p class="note">{escape(said)}</p>' for said in report.notes)


def _table(cells: Cells) -> str:
    words = [any(row[at][:1].isalpha() for row in cells.rows) for at in range(len(cells.columns))]
    kinds = ['<{} class="w"' if word else "<{}" for word in words]
    head = "".join(
        kind.format("th") + f' scope="col">{escape(column)}</th>'
        for kind, column in zip(kinds, cells.columns, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(kind.format("td") + f">{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in cells.rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _lead_time(report: Report) -> str:
    drawn = []
    for event in dict.fromkeys(row.event for row in report.alerts if row.events):
        widest = max(row.window_days for row in report.alerts)
        rows = [row for row in report.alerts if row.event == event and row.window_days == widest][:2]
        names = [f"{row.budget:.0%}" if event == "default" else row.head.split("_")[0] for row in rows]
        lines = [
            Line(row.lead_curve, name=name, second=at > 0)
            for at, (row, name) in enumerate(zip(rows, names, strict=True))
        ]
        svg = chart(f"Lead time: {event}", "days before", "share alerted", lines, (0.0, float(widest)))
        drawn.append(f"<figure>{svg}<figcaption>Share of events alerted at least so long before.</figcaption></figure>")
    return f'<div class="charts">{"".join(drawn)}</div>'


def _charts(curves: Curves) -> str:
    calibration = [(_log10(mean), _log10(share)) for mean, share, _ in curves.calibration if mean > 0 and share > 0]
    figures = [
        (chart("ROC", "false positives", "recall", [Line(curves.roc)]), "Ranking over all rows."),
        (
            chart("Precision and recall", "recall", "precision", [Line(curves.precision_recall)]),
            "What share of alerts is right as more are sent.",
        ),
        (
            chart(
                "Calibration", "probability", "happened",
                [Line(calibration, dots=True), Line([(-4.0, -4.0), (0.0, 0.0)], dashed=True)], (-4.0, 0.0), (-4.0, 0.0),
                log_percent=True,
            ),
            "Tenths of the rows by probability; on the dashed line probabilities are right. Empty tenths are not drawn.",
        ),
        (
            chart(
                "Cost of an alert budget", "share of rows alerted", "share",
                [Line([(budget, recall) for budget, recall, _ in curves.cost], name="recall"),
                 Line([(budget, precision) for budget, _, precision in curves.cost], name="precision", second=True)],
                (0.0, 0.2),
            ),
            "What each further alert buys.",
        ),
    ]  # fmt: skip
    drawn = "".join(f"<figure>{svg}<figcaption>{escape(text)}</figcaption></figure>" for svg, text in figures)
    return f'<h2>{escape(curves.head)}</h2><div class="charts">{drawn}</div>'


def _log10(value: float) -> float:
    return max(math.log10(value), -4.0)


def _drift(report: Report) -> str:
    drawn = []
    for head in dict.fromkeys(row.head for row in report.months):
        rows = [row for row in report.months if row.head == head]
        span = (1.0, float(max(row.number for row in rows) or 1))
        auc = Line([(float(row.number), row.auc) for row in rows if not math.isnan(row.auc)], name="AUC")
        precision = Line(
            [(float(row.number), row.average_precision) for row in rows if not math.isnan(row.average_precision)],
            name="AP", second=True,
        )  # fmt: skip
        expected = Line([(float(row.number), row.mean_probability) for row in rows], name="expected")
        happened = Line([(float(row.number), row.rate) for row in rows], name="happened", second=True)
        top = max(max(row.rate, row.mean_probability) for row in rows) or 1.0
        drawn += [chart(f"{head}: ranking", "month", "", [auc, precision], span)] if auc.points else []
        drawn += [chart(f"{head}: rate", "month", "", [expected, happened], span, (0.0, top))]
    return '<div class="charts">' + "".join(f"<figure>{svg}</figure>" for svg in drawn) + "</div>"


def _out_of_the_ordinary(report: Report) -> str:
    rows = [
        (str(window.observed_on), " ".join(window.versions), f"{window.positives:,} of {window.labels:,}",
         number(window.log_loss, 5), number(window.psi, 3), number(window.psi_limit, 3),
         "drift" if window.drift else "", "quarantined" if window.quarantined else "",
         number(window.alert_precision, 3), number(window.alert_recall, 3), number(window.alert_lead_days, 0))
        for window in drifted(report)
    ]  # fmt: skip
    if not rows:
        return ""
    columns = ("month-end", "scored by", "positives", "log loss", "PSI", "its limit", "ADWIN", "labels", "alerts right",
               "found", "lead, days")  # fmt: skip
    return (
        "<p>Month-ends at which the population moved by more than chance (PSI of the hand rule's score), the loss changed "
        "(ADWIN), or the labels were kept out of learning:</p>" + _table(Cells(columns, rows))
    )


def _lines(report: Report) -> str:
    if not report.lines:
        return ""
    words = "<h2>Side by side in the shadow</h2><p>Means over the month-ends that every line scored.</p>"
    return words + _table(report_cells.lines(report))


def _flips(report: Report) -> str:
    if report.flips is None:
        return ""
    flips = report.flips
    return (
        f"<h2>Tiers</h2><p>{number(flips.changes_per_borrower_year, 2)} changes a borrower-year "
        f"({flips.changes:,} in {flips.borrower_years:,.0f} years); {flips.reverted_share:.0%} of them revert "
        "within 90 days.</p>" + _flip_chart(flips.by_month)
    )


def _flip_chart(months: Sequence[tuple[float, float, float]]) -> str:
    lines = [
        Line([(number, changes) for number, changes, _ in months], name="changes"),
        Line([(number, reverted) for number, _, reverted in months], name="reverted", second=True),
    ]
    span = (1.0, max(number for number, _, _ in months))
    top = max(changes for _, changes, _ in months) or 1.0
    return f"<figure>{chart('Tier changes', 'month', 'a borrower-year', lines, span, (0.0, top))}</figure>"


def _comparisons(report: Report) -> str:
    return "".join(
        f"<h2>Against LightGBM refitted monthly: {escape(comparison.head)}</h2>"
        + _table(report_cells.compared(comparison, "difference [95 %, bootstrap over borrowers]"))
        for comparison in report.comparisons
        if comparison.labels
    )

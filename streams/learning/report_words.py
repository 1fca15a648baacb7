"""The words of the report page for a reader who knows lending and not statistics."""

from __future__ import annotations

from html import escape

#: What a figure of a comparison is called.
FIGURE_WORDS = {
    "auc": "AUC",
    "auc_current": "AUC at 0 days past due",
    "average_precision": "average precision",
    "ece": "calibration error",
}

_HEADS = (
    (
        "default_90d",
        "90 days past due or written off within 121 days (90 days of delinquency still to come). Drives tiers.",
    ),
    ("delinquent_30_90d", "of those below 30 days past due: 30 days past due within 90 days. For early attention."),
    ("default_180d, default_365d", "default within half a year, a year. For expected loss. Asked at quarter-ends."),
)
_PARTS = "main: what counts. disrupted: label windows inside a known disruption. untreated: without borrowers who were "
_PARTS += "contacted meanwhile. held out: only borrowers from whom measures were withheld."
_FIGURES = (
    ("part", _PARTS),
    (
        "AUC",
        "the chance that a borrower who did default had been ranked above one who did not: 0.5 is a coin, 1 is perfect.",
    ),
    (
        "at 0 dpd",
        "the same among those with nothing past due (dpd: days past due), where nobody else sees anything yet.",
    ),
    (
        "AP",
        "average precision: the share of alerts that are right, over all lengths of the list. Compare it with the rate.",
    ),
    ("ECE", "calibration error: how far probabilities are from what happened, on average over tenths of the rows."),
    ("by chance", "the calibration error that would remain if every probability were exactly right, for so few rows."),
    ("log loss, Brier", "errors of the probability itself; lower is better. For comparing versions, not for reading."),
)


def _list(entries: tuple[tuple[str, str], ...]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in entries) + "</dl>"


QUESTIONS = _list(_HEADS)
GLOSSARY = f"<details><summary>What the columns mean</summary>{_list(_FIGURES)}</details>"
ALERTED = (
    "<p>If the highest 2 % or 5 % of all scores had been alerted: how many of the borrowers to whom it then happened were on "
    "the list in the days before (window), how long before (lead; p10: nine in ten were alerted at least so early), and "
    "what share of the alerts was followed by the event (precision).</p>"
)
HAND_RULE = (
    "<p>Before labels mature the model knows no more than the hand rule of risk officers: days past due / 30 + half of the "
    "short payments in the last three + a quarter of those in a row. It should not be worse.</p>"
)

"""What a report cannot say, and why: sentences in place of figures that are missing or stand on too little.

A dash in a table leaves the reader guessing whether the model failed or the file was short. So each head that has no
labels, no positives or few of them is named, with what that means.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streams.learning.compare import Comparison
    from streams.learning.evaluate import Figures
    from streams.learning.evaluate_table import Table

#: With fewer positives than this the uncertainty of an AUC is said.
FEW_POSITIVES = 50
#: Fewer than these, and an AUC says nothing.
TOO_FEW_POSITIVES = 10
_HAPPENED = {
    "default_90d": "a default",
    "delinquent_30_90d": "30 days past due",
    "default_180d": "a default within 180 days",
    "default_365d": "a default within a year",
}
_QUARTERLY = ("default_180d", "default_365d")


def pooled_from(table: Table, head: str, warm_up_months: int) -> int:
    """The first month that is pooled: the one asked for, or the first if no label lies past it."""
    return warm_up_months if (table.asked(head) & (table.month >= warm_up_months)).any() else 1


def notes(
    figures: Iterable[Figures],
    comparisons: Iterable[Comparison],
    horizons: Mapping[str, int],
    months: tuple[int, int],
) -> list[str]:
    """One sentence for each thing that the reader would miss or trust too much.

    Args:
        figures: of every head and part.
        comparisons: with LightGBM, if asked for.
        horizons: days after which a head's labels can be known.
        months: first month pooled, as asked for and as done.
    """
    main = [each for each in figures if each.part == "main"]
    found = []
    if months[1] != months[0] and any(each.labels for each in main):
        found.append(
            f"No label of {main[0].head} has matured past month {months[0]}, so all months are pooled. In its first months "
            "the model is the hand rule and little more."
        )
    if not any(each.labels for each in main):
        found.append(
            "No label has matured in the months that are pooled: what the scores were worth cannot be said yet. The first "
            "labels come about five months after the first month-end."
        )
    else:
        found += [said for each in main if (said := _about(each, horizons[each.head]))]
    found += [
        f"{each.head}: no comparison with LightGBM, which needs labels of both kinds that matured months before."
        for each in comparisons
        if not each.labels
    ]
    return found


def _about(found: Figures, horizon_days: int) -> str:
    observed = "quarter-end" if found.head in _QUARTERLY else "month-end"
    if not found.labels:
        return (
            f"{found.head}: no label has matured. It is known {horizon_days} days after a {observed}, at the next month's "
            "beginning."
        )
    what = _HAPPENED[found.head]
    if not found.positives:
        return (
            f"{found.head}: none of {found.labels:,} {observed}s was followed by {what}, so there is nothing to rank: no AUC, "
            "no average precision, no recall. Whether probabilities were too high can still be seen."
        )
    if found.positives == found.labels:
        return (
            f"{found.head}: all of {found.labels:,} {observed}s were followed by {what}, so there is nothing to rank."
        )
    if found.positives < TOO_FEW_POSITIVES:
        return (
            f"{found.head}: {found.positives:,} of {found.labels:,} {observed}s were followed by {what}: too few to judge a "
            "ranking by."
        )
    if found.positives < FEW_POSITIVES:
        within = 1.96 * auc_error(found.auc, found.positives, found.labels - found.positives)
        return (
            f"{found.head}: {found.positives:,} of {found.labels:,} {observed}s were followed by {what}. That is few: its "
            f"AUC may be off by {max(within, 0.01):.2f} either way."
        )
    return ""


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC, from 0 to about 0.3.

    Source: Hanley and McNeil, "The meaning and use of the area under a ROC curve" (Radiology, 1982).
    """
    one, other = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (one - auc * auc) + (negatives - 1) * (other - auc * auc)
    return math.sqrt(max(spread, 0.0) / (positives * negatives))

"""How inputs enter a head: two scorecards, each additive in the features and their piecewise-linear hinges.

Rule 1: the layout of a weight vector is fixed here: for each segment intercept, one term a feature, hinges. A change of it
takes a new `LAYOUT`, because weights learned under another layout mean something else.
Rule 2: who owes nothing and who is past due have a scorecard each, as segmented scorecards have in the trade: what a late
payer's habits mean differs on the two sides. Within a segment nothing interacts (boosting with single splits does as well
there as with trees), so there is no product of features.
Rule 3: terms are of order one: a feature's hundredths.

Hinges help a head with a full covariance; they hurt plain gradient descent (the recipe's finding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.risk.features import COUNT, INDEX, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names the order and meaning of a weight vector.
LAYOUT = 2

#: The scorecards of a head, in the order of its weight vector.
SEGMENTS = ("current", "past_due")

#: Where a feature's slope may change, in its stored steps.
KNOTS: dict[str, tuple[int, ...]] = {
    "days_past_due": (25, 50, 100),
    "days_past_due_started": (13, 60),
    "arrears": (3, 15, 30, 60),
    "paid_shortfall_fast": (0, 30, 55),
    "paid_shortfall_slow": (0, 20),
    "paid_deviation": (30, 60),
    "short_fast": (30, 60),
    "short_slow": (20, 50),
    "late_slow": (20, 60),
    "late_recency": (30, 60, 90),
    "missed_slow": (2, 10, 30),
    "missed_recency": (20, 50, 80),
    "full_run": (30, 70, 100),
    "short_memory": (10, 40, 80),
    "worst_days_past_due": (3, 10, 30, 60),
    "late_depth": (2, 10, 30),
    "lateness_fast": (5, 20, 40, 70),
    "lateness_slow": (-10, 3, 10, 20, 30, 50),
    "lateness_trend": (0, 20),
    "exact": (30, 80),
    "shadow_arrears": (20, 38, 80),
    "shadow_arrears_slow": (20, 50),
    "ahead": (0, 20, 38, 80),
    "paid_gap_last": (0,),
    "next_short": (-40, -10, 20),
    "personal_doubt": (50,),
    "periods": (60, 90),
    "remaining": (50, 85),
}

HINGES: tuple[tuple[int, int], ...] = tuple((INDEX[name], knot) for name, knots in KNOTS.items() for knot in knots)

#: Of one scorecard.
TERMS = 1 + COUNT + len(HINGES)
#: Length of a weight vector.
LENGTH = len(SEGMENTS) * TERMS
TERM_NAMES: tuple[str, ...] = (
    "intercept",
    *NAMES,
    *(f"{NAMES[index]}>{knot}" for index, knot in HINGES),
)


_DAYS_PAST_DUE = INDEX["days_past_due"]


def segment(inputs: Sequence[int]) -> int:
    """Which scorecard is asked: an index into `SEGMENTS`."""
    return 1 if inputs[_DAYS_PAST_DUE] > 0 else 0


def terms(inputs: tuple[int, ...]) -> list[float]:
    """The terms of one observation on its scorecard, in the order of `TERM_NAMES`.

    Args:
        inputs: quantised features, in the order of `features.FEATURES`.
    """
    row = [1.0]
    row += [value / 100 for value in inputs]
    row += [(inputs[index] - knot) / 100 if inputs[index] > knot else 0.0 for index, knot in HINGES]
    return row

"""How inputs enter the linear heads: each by itself, by piecewise-linear hinges, and in a few products.

Rule 1: the layout of a weight vector is fixed here: intercept, one term a feature, hinges, products. A change of it
takes a new `LAYOUT`, because weights learned under another layout mean something else.
Rule 2: terms are of order one: a feature's hundredths, a product's ten-thousandths.

Hinges and products help a head with a full covariance; they hurt plain gradient descent (the recipe's finding).
"""

from __future__ import annotations

from streams.risk.features import COUNT, INDEX, NAMES

#: Names the order and meaning of a weight vector.
LAYOUT = 1

#: Where a feature's slope may change, in its stored steps.
KNOTS: dict[str, tuple[int, ...]] = {
    "days_past_due": (25, 50, 100),
    "days_past_due_started": (13, 60),
    "arrears": (15, 30, 60),
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
    "lateness_slow": (3, 10, 30, 50),
    "exact": (30, 80),
    "shadow_arrears": (20, 38, 80),
    "shadow_arrears_slow": (20, 50),
    "ahead": (0, 20, 38, 80),
    "next_short": (-40, -10, 20),
    "periods": (60, 90),
}

#: Pairs that matter together.
PRODUCTS: tuple[tuple[str, str], ...] = (
    ("days_past_due_started", "missed_slow"),
    ("days_past_due_started", "full_run"),
    ("days_past_due_started", "next_short"),
    ("lateness_fast", "full_run"),
    ("late_recency", "missed_slow"),
    ("late_recency", "exact"),
    ("ahead_covers", "late_slow"),
    ("ahead_covers", "paid_shortfall_slow"),
    ("next_short", "days_past_due"),
)

HINGES: tuple[tuple[int, int], ...] = tuple((INDEX[name], knot) for name, knots in KNOTS.items() for knot in knots)
PAIRS: tuple[tuple[int, int], ...] = tuple((INDEX[first], INDEX[second]) for first, second in PRODUCTS)

#: Length of a weight vector.
TERMS = 1 + COUNT + len(HINGES) + len(PAIRS)
TERM_NAMES: tuple[str, ...] = (
    "intercept",
    *NAMES,
    *(f"{NAMES[index]}>{knot}" for index, knot in HINGES),
    *(f"{NAMES[first]}*{NAMES[second]}" for first, second in PAIRS),
)


def terms(inputs: tuple[int, ...]) -> list[float]:
    """The terms of one observation, in the order of `TERM_NAMES`.

    Args:
        inputs: quantised features, in the order of `features.FEATURES`.
    """
    row = [1.0]
    row += [value / 100 for value in inputs]
    row += [(inputs[index] - knot) / 100 if inputs[index] > knot else 0.0 for index, knot in HINGES]
    row += [inputs[first] * inputs[second] / 10_000 for first, second in PAIRS]
    return row

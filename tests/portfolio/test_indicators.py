"""How far back each figure looks: to the day."""

from __future__ import annotations

import pytest

from streams.portfolio.history import History, Stock
from streams.portfolio.indicators import Figure, indicators

DAY = 738_000
#: 40 loans 31 to 60 days past due, so every share has something to be of.
STOCK = Stock(100, 100_000, counts=(20, 20, 40, 20, 0), balances=(20_000, 20_000, 40_000, 20_000, 0))


def figure(indicator: str, flow: str, days_ago: int) -> Figure:
    """The indicator where something happened once, on one day, and plenty of what it is a share of."""
    history = History()
    for day in range(DAY - 399, DAY + 1):
        history.append(day, STOCK)
    history.note(DAY - days_ago, {flow: [1, 0]})
    if flow not in {"exposed", "cured", "first_due"}:
        history.note(DAY, {"exposed": [9, 0]})
        history.note(DAY - 40, {"cured": [9, 0], "first_due": [9, 0]})
    return indicators(history, DAY)[indicator]


@pytest.mark.parametrize(
    ("indicator", "flow", "days"),
    [
        ("new_miss_hazard", "missed", 7),
        ("roll_0_1", "roll01", 30),
        ("roll_3_4", "roll34", 30),
        ("cure_rate", "cured", 30),
        ("redefault_rate", "redefault", 365),
        ("first_payment_default", "first_default", 365),
        ("tier_up_share", "tier02", 7),
        ("restructured_share", "restructured", 90),
    ],
)
def test_what_happened_counts_for_so_many_days_and_no_longer(indicator: str, flow: str, days: int) -> None:
    """On the first day of the window it still counts, on the day before not."""
    assert figure(indicator, flow, days - 1).count == 1
    assert figure(indicator, flow, days).count == 0


@pytest.mark.parametrize(
    ("indicator", "flow", "first", "last"),
    [
        ("new_miss_hazard", "exposed", 0, 6),
        ("redefault_rate", "cured", 0, 364),
        ("first_payment_default", "first_due", 30, 394),
    ],
)
def test_of_whom(indicator: str, flow: str, first: int, last: int) -> None:
    """First payments are those whose 30 days have passed."""
    counted = [figure(indicator, flow, ago).of for ago in (first - 1, first, last, last + 1) if ago >= 0]

    assert counted == ([0, 1, 1, 0] if first else [1, 1, 0])

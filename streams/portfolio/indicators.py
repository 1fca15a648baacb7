"""The indicators of a part of the book: each a share with the counts it stands on and how sure it is.

Source: domain practice; ABS triggers use three-period averages; balance ratios and coverage follow EBA/GL/2021/11.
Rule 1: a share of loans has a Wilson interval; a share of money has none, and says so with equal limits.
Rule 2: rates of movement (roll, cure) compare a period's flows with the stock at its beginning, so growth of the book
does not hide them; growth ratios compare a share with the part's own past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from streams.portfolio.book import BUCKETS, MILLION, TIERS, move, roll
from streams.portfolio.history import History, Line, Stock
from streams.portfolio.intervals import share_ppm, wilson_ppm

PERIOD_DAYS = 30
HAZARD_DAYS = 7
YEAR_DAYS = 365
#: Growth compares with the mean of these days before.
GROWTH_FROM_DAYS, GROWTH_TO_DAYS = 365, 31
#: With less past than this, a young book that merely ages would look like growth.
GROWTH_DAYS_MIN = 270
_UP = tuple(move(before, after) for before in range(TIERS) for after in range(before + 1, TIERS))


class Figure(Struct, frozen=True, array_like=True, gc=False):
    """A share: value, limits of its 95 % interval (parts per million), and `count` in `of`."""

    value_ppm: int
    low_ppm: int
    high_ppm: int
    count: int
    of: int


def of_loans(count: int, of: int) -> Figure:
    """A share of loans or of events, with its interval."""
    count = min(count, of)
    return Figure(share_ppm(count, of), *wilson_ppm(count, of), count, of)


def of_money(part: int, whole: int, count: int, of: int) -> Figure:
    """A share of money; `count` in `of` are the loans it belongs to."""
    value = share_ppm(part, whole)
    return Figure(value, value, value, count, of)


def indicators(history: History, day: int) -> dict[str, Figure]:
    """All indicators of a part from its history, as of the close of `day` (which must be its last line)."""
    line = history.at(day)
    assert line is not None, "indicators are of a day that has a line"
    stock = line.stock
    found: dict[str, Figure] = {}
    for days in (30, 60, 90):
        found |= _past_due(history, day, stock, days)
    found |= _rolls(history, day)
    found |= _recovery(history, day)
    exposed, missed = hazard(history.last(HAZARD_DAYS, day))
    found["new_miss_hazard"] = of_loans(missed, exposed)
    found["tier_up_share"] = of_loans(history.total(_UP, HAZARD_DAYS, day), stock.loans)
    found["restructured_share"] = of_loans(history.total(("restructured",), 3 * PERIOD_DAYS, day), stock.loans)
    found["expected_loss_ratio"] = of_money(stock.loss_minor, stock.balance_minor, stock.loans, stock.loans)
    found["stage_2_and_3_balance"] = of_money(sum(stock.stages[1:]), stock.balance_minor, stock.loans, stock.loans)
    return found


def hazard(lines: Iterable[Line]) -> tuple[int, int]:
    """(loans that were current when a due date passed, those of them that missed it), what was disproved removed."""
    exposed = missed = 0
    for line in lines:
        exposed += line.count("exposed")
        missed += line.count("missed") - line.count("corrected")
    return exposed, max(0, missed)


def _past_due(history: History, day: int, stock: Stock, days: int) -> dict[str, Figure]:
    count, balance = stock.past_due(days)
    now = of_loans(count, stock.loans)
    name = f"past_due_{days}"
    money = of_money(balance, stock.balance_minor, count, stock.loans)
    found = {f"{name}_count": now, f"{name}_balance": money}
    periods = [line.stock for back in range(3) if (line := history.at(day - back * PERIOD_DAYS)) is not None]
    averages = [
        sum(share_ppm(each.past_due(days)[place], (each.loans, each.balance_minor)[place]) for each in periods)
        // len(periods)
        for place in (0, 1)
    ]
    for kind, average in zip(("count", "balance"), averages, strict=True):
        found[f"{name}_{kind}_average_3"] = Figure(average, average, average, count, stock.loans)
    found[f"{name}_growth"] = _growth(history, day, now, days)
    return found


def _growth(history: History, day: int, now: Figure, days: int) -> Figure:
    """The share now, as a multiple (parts per million) of its mean in the year before the last month."""
    span, until = GROWTH_FROM_DAYS - GROWTH_TO_DAYS + 1, day - GROWTH_TO_DAYS
    length = len(history.last(span, until))
    past = history.sum_of(f"past_due_{days}_ppm", _SHARES[days], span, until)
    if length < GROWTH_DAYS_MIN or not past:
        return Figure(MILLION, 0, MILLION, 0, 0)
    mean = max(1, past // length)
    value, low, high = (limit * MILLION // mean for limit in (now.value_ppm, now.low_ppm, now.high_ppm))
    return Figure(value, low, high, now.count, now.of)


def _share_past_due(days: int) -> Callable[[Line], int]:
    return lambda line: share_ppm(line.stock.past_due(days)[0], line.stock.loans)


_SHARES = {days: _share_past_due(days) for days in (30, 60, 90)}


def _rolls(history: History, day: int) -> dict[str, Figure]:
    start = history.at(day - PERIOD_DAYS)
    found = {}
    for bucket in range(BUCKETS - 1):
        moved = history.total((roll(bucket, bucket + 1),), PERIOD_DAYS, day) if start else 0
        found[f"roll_{bucket}_{bucket + 1}"] = of_loans(moved, start.stock.counts[bucket] if start else 0)
    return found


def _recovery(history: History, day: int) -> dict[str, Figure]:
    start = history.at(day - PERIOD_DAYS)
    late = start.stock.past_due(30)[0] if start else 0
    first_due = history.total(("first_due",), YEAR_DAYS, day - PERIOD_DAYS)
    return {
        "cure_rate": of_loans(history.total(("cured",), PERIOD_DAYS, day), late),
        "redefault_rate": of_loans(
            history.total(("redefault",), YEAR_DAYS, day), history.total(("cured",), YEAR_DAYS, day)
        ),
        "first_payment_default": of_loans(history.total(("first_default",), YEAR_DAYS, day), first_due),
    }


def concentration(balances: Mapping[str, int], top: int = 3) -> tuple[int, int]:
    """Of an amount spread over parts: the Herfindahl-Hirschman index and the share of the largest `top`, both in ppm."""
    total = sum(balances.values())
    if total <= 0:
        return 0, 0
    index = sum((amount * MILLION // total) ** 2 for amount in balances.values()) // MILLION
    return index, sum(sorted(balances.values())[-top:]) * MILLION // total


def coverage_bps(reserve_minor: int, loss_minor: int) -> int | None:
    """Reserve over expected loss in basis points; None when no loss is expected."""
    return reserve_minor * 10_000 // loss_minor if loss_minor else None

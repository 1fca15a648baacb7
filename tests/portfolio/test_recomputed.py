"""Every indicator of docs/portfolio.md on every day, recomputed with pandas from the events and the raw records.

Drift is no sum, and is judged in `test_drift` and `test_sequential`.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pandas as pd
import pytest

from streams.agents.portfolio import shipped_playbook
from streams.portfolio.playbook import INDICATORS
from streams.portfolio.views import is_whole
from tests.portfolio.conftest import Judged, RealBook
from tests.portfolio.recomputed import TIERS, Expected, Recomputed

#: Growth compares with the mean of a year, so it is recomputed on every so manieth day only.
GROWTH_EVERY_DAYS = 9


class Book(NamedTuple):
    """A book: what the product says of it, and the second computation."""

    told: RealBook
    judged: dict[dt.date, Judged]
    again: Recomputed


@pytest.fixture(scope="module", params=["real", "invented"])
def book(request: pytest.FixtureRequest) -> Book:
    """The real loans, then the invented ones."""
    told: RealBook = request.getfixturevalue(request.param)
    judged = request.getfixturevalue("judged" if request.param == "real" else "invented_judged")
    return Book(told, judged, Recomputed(told.events, told.records, shipped_playbook().loss_given_default_ppm))


def wrong(book: Book, *, whole_only: bool) -> list[tuple[str, str, str, object, object]]:
    """(date, part, indicator, said, recomputed) wherever the two differ, to the part per million."""
    parts = {name: book.again.part(name) for name in names(book)}
    found = list[tuple[str, str, str, object, object]]()
    for date, judged in book.judged.items():
        day = date.toordinal()
        for name, said in judged.items():
            expected = book.again.whole_figures(name, day) if whole_only else parts[name].figures(day)
            for indicator, value in expected.items():
                figure = said.figures[indicator]
                near = all(
                    abs(a - b) <= 1 for a, b in zip((figure.low_ppm, figure.high_ppm), value.limits, strict=True)
                )
                if (figure.value_ppm, figure.count, figure.of) != value[:3] or not near:
                    found.append((str(date), name, indicator, figure, value))
    return found


def names(book: Book) -> set[str]:
    """Every part that is judged on any date."""
    return {name for judged in book.judged.values() for name in judged}


def test_every_indicator_of_every_part(book: Book) -> None:
    """Ratios, averages, rolls, cures, re-defaults, first payments, hazard, tiers, new terms, loss: value, counts, limits."""
    assert wrong(book, whole_only=False) == []
    assert len(book.judged) > 450
    assert len(names(book)) >= 12


def test_what_only_the_whole_book_has(book: Book) -> None:
    """Coverage, promises, complaint clusters, concentration."""
    for judged in book.judged.values():
        for name in [name for name in judged if not is_whole(name)]:
            assert not {"coverage", "promise_kept", "concentration_hhi"} & judged[name].figures.keys()
    whole = {date: {n: p for n, p in judged.items() if is_whole(n)} for date, judged in book.judged.items()}

    assert wrong(book._replace(judged=whole), whole_only=True) == []


def test_stock_stages_and_expected_loss(book: Book) -> None:
    """Loans and balances by bucket, loans by tier, balance and expected loss by IFRS 9 stage: to the unit."""
    parts = {name: book.again.part(name) for name in names(book)}
    for date, judged in book.judged.items():
        day = date.toordinal()
        for name, said in judged.items():
            held = parts[name].stock(day)
            by_bucket = held.groupby("bucket")["balance"].agg(["size", "sum"]).reindex(range(5), fill_value=0)
            balances, losses = parts[name].losses(day)

            assert said.stock.counts == tuple(by_bucket["size"]), (date, name)
            assert said.stock.balances == tuple(by_bucket["sum"]), (date, name)
            assert said.stock.tiers == parts[name].tiers(day), (date, name)
            assert said.stock.stages == balances, (date, name)
            assert said.stock.losses == losses, (date, name)
            assert (said.stock.loans, said.stock.balance_minor) == (len(held), held["balance"].sum())


def test_growth(book: Book) -> None:
    """Each share past due over its mean in the year before the last month; nothing without 270 days of it."""
    grown = 0
    for date in [date for date in book.judged if date.toordinal() % GROWTH_EVERY_DAYS == 0]:
        for name in [name for name in book.judged[date] if is_whole(name)]:
            part = book.again.part(name)
            for days in (30, 60, 90):
                figure = book.judged[date][name].figures[f"past_due_{days}_growth"]
                value, stands_on = part.growth(days, date.toordinal())
                assert (figure.value_ppm, figure.of > 0) == (value, stands_on > 0), (date, name, days)
                grown += stands_on > 0

    assert grown > 20


def test_no_indicator_is_left_out(book: Book) -> None:
    """What a playbook may name is recomputed here, but for drift and growth, which have tests of their own."""
    day = max(book.judged).toordinal()
    unit = min(names(book))[:3]
    done = {**book.again.part(unit).figures(day), **book.again.whole_figures(unit, day)}

    apart = {"new_miss_drift", *(f"past_due_{days}_growth" for days in (30, 60, 90))}
    assert done.keys() | {"coverage"} == INDICATORS - apart


def test_the_books_have_what_this_is_about(invented: RealBook, invented_judged: dict[dt.date, Judged]) -> None:
    """No indicator stands still, and none is at an end of its range all the time."""
    said = [day["CNY"].figures for day in invented_judged.values() if "CNY" in day]
    seen = {
        indicator: {figures[indicator].value_ppm for figures in said if indicator in figures}
        for indicator in INDICATORS
    }

    still = {indicator for indicator, values in seen.items() if len(values) < 3}
    assert still <= {"new_miss_drift"}
    assert any(alert.to_tier == "CRITICAL" for alert in invented.tiers)


def test_tier_migration_matrix(book: Book) -> None:
    """Every tier change on its topic is one move of the matrix, by tier before and after."""
    alerts = [alert for alert in book.told.tiers if alert.business_date < max(book.judged)]
    names_ = pd.Series([f"tier{TIERS.index(alert.from_tier)}{TIERS.index(alert.to_tier)}" for alert in alerts])
    moves = book.again.tier_moves
    found = moves[moves["day"] < max(book.judged).toordinal()].groupby("name")["count"].sum()

    assert names_.value_counts().to_dict() == found.to_dict()
    assert len(found) >= 4


def test_the_interval_is_wilson_s() -> None:
    """Against a published example: 1 of 10 is 1.8 % to 40.4 % (Brown, Cai and DasGupta 2001)."""
    low, high = Expected(100_000, 1, 10).limits

    assert (round(low, -3), round(high, -3)) == (18_000, 404_000)

"""Rates of movement, expected loss and concentration, recomputed with pandas from the events and the raw records.

Shares with the product only the events and the records on the topic: neither its sums, histories nor indicators.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
import pandas as pd
import pytest

from streams.agents.portfolio import shipped_playbook
from streams.events.envelope import BorrowerEvent
from streams.events.loans import LoanOpened, LoanRestructured, LoanWrittenOff
from streams.events.outputs import DateClosed
from streams.portfolio.book import BookChanged
from tests.datasets.contract import live
from tests.portfolio.conftest import DATES, Judged, RealBook
from tests.portfolio.test_equality import loans_on

MILLION = 1_000_000
TIERS = ["NORMAL", "WATCH", "ELEVATED", "HIGH", "CRITICAL"]
_decoder = msgspec.msgpack.Decoder(BookChanged | DateClosed)


def bucket(days_past_due: int) -> int:
    """M0 to M4."""
    return 0 if days_past_due == 0 else min(4, 1 + (days_past_due - 1) // 30)


def moves_of(told: list[BorrowerEvent], last: dt.date) -> Iterator[tuple[int, int, int, bool]]:
    """(day it belongs to, bucket before, bucket after, new terms) of each change of one loan's bucket.

    Overnight the loan is a day later; that belongs to the day that ended. What its events change belongs to their day.
    """
    life = live(told, last)
    missed = {day for day, _, _ in life.unmet}
    eased = {event.business_date.toordinal() for event in told if isinstance(event, LoanRestructured)}
    before = bucket(life.days_past_due[0])
    for day, late in enumerate(life.days_past_due[1:], life.first + 1):
        evening = life.days_past_due[day - 1 - life.first]
        morning = bucket(evening + 1 if evening else int(day - 1 in missed))
        if morning != before:
            yield day - 1, before, morning, False
        if bucket(late) != morning:
            yield day, morning, bucket(late), day in eased
        before = bucket(late)


@pytest.fixture(scope="module")
def moves(real: RealBook) -> pd.DataFrame:
    """Every change of bucket of every loan, and the writing off of what was cured."""
    lives: dict[str, list[BorrowerEvent]] = {}
    for event in real.events:
        if isinstance(event, BorrowerEvent):
            lives.setdefault(event.borrower_id, []).append(event)
    rows = []
    for borrower, told in lives.items():
        opened = next(event for event in told if isinstance(event, LoanOpened))
        quarter = f"{opened.opened_on.year}Q{(opened.opened_on.month + 2) // 3}"
        cured = 0
        for day, old, new, eased in moves_of(told, DATES[-1]):
            again = old < 2 <= new and cured > 0 and day + 1 - cured <= 365
            healed = old >= 2 and new == 0 and not eased
            cured = day if healed else 0 if new >= 2 else cured
            rows.append((borrower, quarter, day, old, new, healed, again))
        ends = [event for event in told if isinstance(event, LoanWrittenOff) and event.business_date < DATES[-1]]
        if ends and cured and ends[0].business_date.toordinal() - cured <= 365:
            rows.append((borrower, quarter, ends[0].business_date.toordinal(), 0, 0, False, True))
    return pd.DataFrame(rows, columns=["borrower", "vintage", "day", "old", "new", "healed", "again"])


def stock_before(real: RealBook, date: dt.date, days: int) -> pd.Series[int]:
    """Loans by bucket at the opening of a day so many before a date."""
    return loans_on(real.events, date - dt.timedelta(days))["days_past_due"].map(bucket).value_counts()


@pytest.mark.parametrize("date", DATES, ids=str)
def test_roll_rates(real: RealBook, judged: dict[dt.date, Judged], moves: pd.DataFrame, date: dt.date) -> None:
    """M0 to M1 … M3 to M4: who moved on in 30 days, of those who were there at the beginning."""
    month = moves[moves["day"].between(date.toordinal() - 30, date.toordinal() - 1)]
    then = stock_before(real, date, 30)
    figures = judged[date]["USD"].figures

    for old in range(4):
        moved = int(((month["old"] == old) & (month["new"] == old + 1)).sum())
        of = int(then.get(old, 0))
        assert (figures[f"roll_{old}_{old + 1}"].count, figures[f"roll_{old}_{old + 1}"].of) == (min(moved, of), of)
        assert figures[f"roll_{old}_{old + 1}"].value_ppm == (min(moved, of) * MILLION // of if of else 0)


@pytest.mark.parametrize("date", DATES, ids=str)
def test_cures_and_redefaults(
    real: RealBook, judged: dict[dt.date, Judged], moves: pd.DataFrame, date: dt.date
) -> None:
    """Cured in 30 days, of those more than 30 days past due; of a year's cures, those that were so late again."""
    before = moves[moves["day"] < date.toordinal()]
    month, year = (before[before["day"] >= date.toordinal() - days] for days in (30, 365))
    late = int(stock_before(real, date, 30).reindex([2, 3, 4], fill_value=0).sum())
    figures = judged[date]["USD"].figures

    healed, again, of = int(month["healed"].sum()), int(year["again"].sum()), int(year["healed"].sum())
    assert (figures["cure_rate"].count, figures["cure_rate"].of) == (min(healed, late), late)
    assert (figures["redefault_rate"].count, figures["redefault_rate"].of) == (min(again, of), of)


def test_something_moved(moves: pd.DataFrame) -> None:
    """The sample has what these tests are about."""
    assert {(0, 1), (1, 2), (2, 3), (3, 4), (2, 0)} <= set(zip(moves["old"], moves["new"], strict=True))
    assert moves["healed"].sum() > 5
    assert moves["again"].sum() > 0


def test_tier_migration_matrix(real: RealBook) -> None:
    """Every tier change on its topic is one move of the matrix, by tier before and after."""
    alerts = [alert for alert in real.tiers if alert.business_date < DATES[-1]]
    names = pd.Series([f"tier{TIERS.index(alert.from_tier)}{TIERS.index(alert.to_tier)}" for alert in alerts])
    flows = pd.DataFrame(
        [
            (name, count)
            for told in map(_decoder.decode, real.records)
            if isinstance(told, BookChanged)
            for day, _, name, count, _ in told.flows
            if name.startswith("tier") and day < DATES[-1].toordinal()
        ],
        columns=["name", "count"],
    )
    found = flows.groupby("name")["count"].sum()

    assert names.value_counts().to_dict() == found.to_dict()
    assert len(found) >= 5


@pytest.mark.parametrize("date", DATES, ids=str)
def test_expected_loss_by_stage(real: RealBook, judged: dict[dt.date, Judged], date: dt.date) -> None:
    """Stage 1 a year's probability, stage 2 a lifetime's, stage 3 certain; times balance and loss given default."""
    names = ["day", "vintage", "oldest", "tier", "loans", "balance", "year", "lifetime"]
    rows = [
        (day, told.segments[place][2], oldest, tier, *amounts)
        for told in map(_decoder.decode, real.records)
        if isinstance(told, BookChanged)
        for day, place, oldest, tier, *amounts in told.stock
    ]
    frame = pd.DataFrame(rows, columns=names)
    frame = frame[frame["day"] < date.toordinal()].groupby(names[1:4], as_index=False)[names[4:]].sum()
    frame["late"] = frame["oldest"].map(lambda oldest: date.toordinal() - oldest if oldest else 0)
    frame["stage"] = 1
    frame.loc[(frame["late"] > 30) | (frame["tier"] >= TIERS.index("ELEVATED")), "stage"] = 2
    frame.loc[frame["late"] >= 90, "stage"] = 3
    loss_given_default_ppm = shipped_playbook().loss_given_default_ppm
    for vintage in ["", *frame["vintage"].unique()]:
        part = frame[frame["vintage"] == vintage] if vintage else frame
        weighed = [
            int(part[part["stage"] == 1]["year"].sum()),
            int(part[part["stage"] == 2]["lifetime"].sum()),
            int(part[part["stage"] == 3]["balance"].sum()) * MILLION,
        ]
        name = f"USD/vintage={vintage}" if vintage else "USD"
        if not part["loans"].sum() or name not in judged[date]:
            continue
        stock = judged[date][name].stock

        assert stock.losses == tuple(value * loss_given_default_ppm // MILLION**2 for value in weighed)
        assert stock.loans == part["loans"].sum()
    assert any(judged[date]["USD"].stock.losses[1:])


@pytest.mark.parametrize("date", DATES, ids=str)
def test_concentration(real: RealBook, judged: dict[dt.date, Judged], date: dt.date) -> None:
    """Herfindahl-Hirschman index and share of the largest three regions, of what is more than 30 days past due."""
    frame = loans_on(real.events, date)
    late = frame[frame["days_past_due"] > 30].groupby("region")["balance"].sum()
    shares = late / late.sum()
    figures = judged[date]["USD"].figures

    assert figures["concentration_hhi"].value_ppm == pytest.approx((shares**2).sum() * MILLION, abs=len(shares))
    assert figures["concentration_top_3"].value_ppm == int(late.nlargest(3).sum()) * MILLION // int(late.sum())
    assert figures["concentration_hhi"].count == int((frame["days_past_due"] > 30).sum())

"""The book's figures against an independent recomputation with pandas, which shares no code with the folds."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import msgspec
import pandas as pd
import pytest

from streams.borrower.context import Context
from streams.borrower.shard import Shard
from streams.engine.reading import partition_of
from streams.events.control import BusinessDateAdvanced
from streams.events.envelope import BorrowerEvent, Event
from streams.events.loans import LoanClosed, LoanOpened, LoanWrittenOff
from streams.events.outputs import DateClosed
from streams.portfolio.book import BookChanged, bucket_on
from streams.portfolio.sums import Closing, Sums
from streams.risk.tiers import DEFAULT
from tests.datasets.contract import live
from tests.portfolio.conftest import DATES, Judged, RealBook
from tests.portfolio.recomputed import after

_decoder = msgspec.msgpack.Decoder(BookChanged | DateClosed)


def sums_on(real: RealBook, date: dt.date) -> tuple[Sums, Counter[str], Counter[str]]:
    """The sums as of the opening of a date; counts and amounts of all flows before it."""
    sums, counts, amounts = Sums(), Counter[str](), Counter[str]()
    for record in real.records:
        told = _decoder.decode(record)
        if isinstance(told, BookChanged):
            sums.take(told)
        elif told.business_date <= date:
            closing: Closing = sums.close(told.business_date.toordinal())
            for flows in closing.flows.values():
                for name, (count, amount) in flows.items():
                    counts[name] += count
                    amounts[name] += amount
    return sums, counts, amounts


def loans_on(events: list[Event], date: dt.date) -> pd.DataFrame:
    """Each active loan at the opening of a date: what was agreed less what was paid, and days past due."""
    by_loan: dict[str, list[BorrowerEvent]] = {}
    for event in events:
        if isinstance(event, BorrowerEvent) and event.business_date < date:
            by_loan.setdefault(event.borrower_id, []).append(event)
    rows = []
    for borrower, told in by_loan.items():
        if any(isinstance(event, LoanClosed | LoanWrittenOff) for event in told):
            continue
        opened = next(event for event in told if isinstance(event, LoanOpened))
        agreed = paid = 0
        for event in told:
            agreed, paid = after(event, agreed, paid)
        quarter = f"{opened.opened_on.year}Q{(opened.opened_on.month + 2) // 3}"
        late = live(told, date).days_past_due[-1]
        rows.append((borrower, opened.region or "-", quarter, max(0, agreed - paid), late))
    return pd.DataFrame(rows, columns=["borrower", "region", "vintage", "balance", "days_past_due"])


@pytest.mark.parametrize("date", DATES, ids=str)
def test_loans_and_balances_by_bucket_and_segment(real: RealBook, date: dt.date) -> None:
    """To the unit: by region, vintage and bucket."""
    frame = loans_on(real.events, date)
    buckets = pd.cut(frame["days_past_due"], [-1, 0, 30, 60, 90, 10_000], labels=False)
    expected = frame.groupby([frame["region"], frame["vintage"], buckets])["balance"].agg(["size", "sum"])
    sums, _, _ = sums_on(real, date)
    found: dict[tuple[str, str, int], list[int]] = {}
    for (_, _, vintage, _, region), cells in sums.stock.items():
        for (oldest, _), cell in cells.items():
            held = found.setdefault((region, vintage, bucket_on(date.toordinal(), oldest)), [0, 0])
            held[0] += cell[0]
            held[1] += cell[1]

    assert {key: tuple(value) for key, value in found.items()} == {
        key: (int(row["size"]), int(row["sum"])) for key, row in expected.iterrows()
    }
    assert len({bucket for _, _, bucket in found}) >= 2


@pytest.mark.parametrize("date", DATES, ids=str)
def test_tiers(real: RealBook, date: dt.date) -> None:
    """Loans by tier equal the last tier change of each borrower with an active loan."""
    active = loans_on(real.events, date)["borrower"]
    told = pd.DataFrame(
        [(alert.borrower_id, alert.to_tier) for alert in real.tiers if alert.business_date < date],
        columns=["borrower", "tier"],
    )
    # what time alone did at the opening of the date is in the book of that date
    opening = [alert for alert in real.tiers if alert.business_date == date and alert.cause == "DAYS_PAST_DUE"]
    last = told.groupby("borrower")["tier"].last().to_dict() | {a.borrower_id: a.to_tier for a in opening}
    expected = Counter(last.get(borrower, "NORMAL") for borrower in active)
    sums, _, _ = sums_on(real, date)
    found: Counter[str] = Counter()
    for cells in sums.stock.values():
        for (_, tier), cell in cells.items():
            found[("NORMAL", "WATCH", "ELEVATED", "HIGH", "CRITICAL")[tier]] += cell[0]

    if not any(a.business_date == date for a in real.tiers):
        assert found == expected
    assert found.total() == expected.total()


def test_flows(real: RealBook) -> None:
    """Openings, ends and new misses, counted from the events and from a second reading of them."""
    date = DATES[-1]
    _, counts, _ = sums_on(real, date)
    before = [event for event in real.events if event.business_date < date]
    kinds = Counter(type(event).__name__ for event in before)
    missed = 0
    for borrower in {event.borrower_id for event in before if isinstance(event, BorrowerEvent)}:
        life = live([e for e in before if isinstance(e, BorrowerEvent) and e.borrower_id == borrower], date)
        for due, _, _ in life.unmet:
            day = due - life.first
            if day > 0 and due < date.toordinal() and life.days_past_due[day] == 0:  # it was met until then
                missed += 1

    assert counts["opened"] == kinds["LoanOpened"]
    assert counts["closed"] == kinds["LoanClosed"]
    assert counts["written_off"] == kinds["LoanWrittenOff"]
    assert counts["restructured"] == kinds["LoanRestructured"]
    assert counts["missed"] == missed > 50
    assert counts["exposed"] <= counts["due"]


def test_partitions_add_up_to_the_unit(real: RealBook) -> None:
    """One shard and five give the same sums and flows at every date."""
    one, five = folded(real.events, 1), folded(real.events, 5)

    assert one.stock == five.stock
    assert len(one.stock) > 5


def folded(events: list[Event], partitions: int) -> Sums:
    """Fold without learning, in so many shards, and close every date."""
    shards = [
        Shard(DEFAULT, lambda weights, policy: Context(weights, policy, lambda topic, out: None, lambda label: None))
        for _ in range(partitions)
    ]
    sums = Sums()
    for event in events:
        if isinstance(event, BorrowerEvent):
            shards[partition_of(event.borrower_id.encode(), partitions)].fold(event)
        elif isinstance(event, BusinessDateAdvanced):
            for number, shard in enumerate(shards):
                shard.fold(event)
                sums.take(shard.book.take(number))
            sums.close(event.business_date.toordinal())
    return sums


@pytest.mark.parametrize("date", DATES, ids=str)
def test_past_due_ratios(real: RealBook, judged: dict[dt.date, Judged], date: dt.date) -> None:
    """30+, 60+ and 90+ by count and balance, and their mean of three months, to the part per million."""
    periods = [loans_on(real.events, date - dt.timedelta(30 * back)) for back in range(3)]
    for days in (30, 60, 90):
        late = [frame[frame["days_past_due"] > days] for frame in periods]
        counts = [len(one) * 1_000_000 // len(all_) for one, all_ in zip(late, periods, strict=True)]
        balances = [
            int(one["balance"].sum()) * 1_000_000 // int(all_["balance"].sum())
            for one, all_ in zip(late, periods, strict=True)
        ]
        found = judged[date]["USD"].figures

        assert found[f"past_due_{days}_count"].value_ppm == counts[0]
        assert found[f"past_due_{days}_balance"].value_ppm == balances[0]
        assert found[f"past_due_{days}_count_average_3"].value_ppm == sum(counts) // 3
        assert found[f"past_due_{days}_balance_average_3"].value_ppm == sum(balances) // 3

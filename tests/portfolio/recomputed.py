"""The book's indicators a second time, with pandas, from the events and the raw records of `book`.

Shares with the product only events and records: neither its sums, histories, indicators nor folds. Days are ordinals. What
is told under a day is known at the opening of the next one, so figures as of a date stand on the days before it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from statistics import NormalDist
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd

from streams.events.contacts import ComplaintReceived, PromiseResolved
from streams.events.envelope import BorrowerEvent, Event
from streams.events.loans import LoanOpened, LoanRestructured, LoanWrittenOff, ScheduleSet
from streams.events.outputs import DateClosed
from streams.events.payments import PaymentReceived
from streams.events.portfolio import PortfolioControl, ReserveStated
from streams.portfolio.book import BookChanged
from tests.datasets.contract import Life, live

MILLION = 1_000_000
TIERS = ["NORMAL", "WATCH", "ELEVATED", "HIGH", "CRITICAL"]
DIMENSIONS = ["currency", "product", "vintage", "channel", "region"]
decoder = msgspec.msgpack.Decoder(BookChanged | DateClosed | PortfolioControl)


class Expected(NamedTuple):
    """A figure: so many `counted` in `of`, its value, and whether it is a share of cases, which has an interval."""

    value: int
    counted: int
    of: int
    cases: bool = True

    @property
    def limits(self) -> tuple[float, float]:
        """The roots of (share - p)^2 = z^2 p (1 - p) / n: what Wilson's interval is."""
        if not self.cases:
            return self.value, self.value
        if not self.of:
            return 0, MILLION
        share, square = self.counted / self.of, NormalDist().inv_cdf(0.975) ** 2 / self.of
        low, high = sorted(np.roots([1 + square, -2 * share - square, share**2]).real)
        return low * MILLION, high * MILLION


def cases(count: int, of: int) -> Expected:
    """A share of cases."""
    count = min(count, of)
    return Expected(count * MILLION // of if of else 0, count, of)


def bucket(days_past_due: int) -> int:
    """M0 to M4."""
    return 0 if days_past_due == 0 else min(4, 1 + (days_past_due - 1) // 30)


def after(event: BorrowerEvent, agreed: int, paid: int) -> tuple[int, int]:
    """What is agreed and what is paid (minor units) after one more event of a loan."""
    match event:
        case LoanRestructured():
            return sum(each.amount_minor for each in event.installments), 0
        case ScheduleSet():
            return sum(each.amount_minor for each in event.installments), paid
        case PaymentReceived():
            return agreed, paid + event.amount.amount_minor
        case _:
            return agreed, paid


class Loan:
    """One loan as its events tell it, day by day."""

    def __init__(self, told: list[BorrowerEvent], last: int) -> None:
        self.told = told
        self.life: Life = live(told, dt.date.fromordinal(last))
        self._missed = {day for day, _, _ in self.life.unmet}
        opened = next(event for event in told if isinstance(event, LoanOpened))
        plan = next(event for event in told if isinstance(event, ScheduleSet))
        quarter = f"{opened.opened_on.year}Q{(opened.opened_on.month + 2) // 3}"
        kinds = (plan.currency, opened.product or "-", quarter, opened.channel or "-", opened.region or "-")
        self.of = dict(zip(DIMENSIONS, kinds, strict=True))

    def evening(self, day: int) -> int:
        """Days past due at the close of a day."""
        return self.life.days_past_due[day - self.life.first]

    def morning(self, day: int) -> int:
        """Days past due at the opening of a day."""
        late = self.evening(day - 1)
        return late + 1 if late else int(day - 1 in self._missed)

    @property
    def beyond(self) -> int:
        """The day after the last one at whose close it is in the book."""
        return self.life.first + len(self.life.days_past_due)

    def openings(self) -> Iterator[tuple[int, int, int]]:
        """(day, days past due, balance) of each day at whose opening it is in the book."""
        by_day: dict[int, list[BorrowerEvent]] = defaultdict(list)
        for event in self.told:
            by_day[event.business_date.toordinal()].append(event)
        agreed = paid = 0
        for day in range(self.life.first, self.beyond):
            for event in by_day.get(day, ()):
                agreed, paid = after(event, agreed, paid)
            yield day + 1, self.morning(day + 1), max(0, agreed - paid)

    def flows(self) -> Iterator[tuple[int, int, str]]:
        """(day told, day it counts on, what): moves between buckets, due dates, cures and what became of them."""
        yield from ((day, day, name) for day, name in self._moves())
        yield from ((day, day, name) for day, name in self._due_dates())
        yield from self._corrections()
        for event in self.told:
            if isinstance(event, LoanRestructured):
                yield (day := event.business_date.toordinal()), day, "restructured"

    def _moves(self) -> Iterator[tuple[int, str]]:
        """Overnight the loan is a day later; that belongs to the day that ended. What its events change, to their day."""
        eased = {e.business_date.toordinal() for e in self.told if isinstance(e, LoanRestructured)}
        cured = 0
        for day in range(self.life.first + 1, self.beyond + 1):
            night = (bucket(self.evening(day - 1)), bucket(self.morning(day)))
            events = (night[1], bucket(self.evening(day)) if day < self.beyond else night[1])
            for told, (old, new) in ((day - 1, night), (day, events)):
                if old == new:
                    continue
                yield told, f"roll{old}{new}"
                if old >= 2 and new == 0 and not (told == day and day in eased):
                    cured = day
                    yield told, "cured"
                elif new >= 2:
                    if old < 2 and cured and day - cured <= 365:
                        yield told, "redefault"
                    cured = 0
        ends = [e.business_date.toordinal() for e in self.told if isinstance(e, LoanWrittenOff)]
        if ends and cured and ends[0] - cured <= 365:
            yield ends[0], "redefault"

    def _due_dates(self) -> Iterator[tuple[int, str]]:
        terms = [event for event in self.told if isinstance(event, ScheduleSet | LoanRestructured)]
        starts = [event.business_date.toordinal() for event in terms]
        for place, term in enumerate(terms):
            until = starts[place + 1] if place + 1 < len(terms) else self.beyond
            for installment in term.installments:
                day = installment.due_date.toordinal()
                if not starts[place] <= day < min(until, self.beyond):
                    continue
                if self.evening(day) == 0:
                    yield day, "exposed"
                    if day in self._missed:
                        yield day, "missed"
                if place == 0 and installment.number == 1:
                    yield day, "first_due"
                    far = day + 30
                    if far < min(until, self.beyond) and self.evening(far) == 30:
                        yield far, "first_default"

    def _corrections(self) -> Iterator[tuple[int, int, str]]:
        for event in self.told:
            if isinstance(event, PaymentReceived) and event.value_date and event.value_date < event.business_date:
                day = event.business_date.toordinal()
                missed = day - self.morning(day)
                disproved = self.evening(day) < self.morning(day)
                if missed < day < self.beyond and event.value_date.toordinal() <= missed and disproved:
                    yield day, missed, "corrected"


class Recomputed:
    """The figures of a book and its parts as of the opening of any date."""

    def __init__(self, events: list[Event], records: list[bytes], loss_given_default_ppm: int) -> None:
        told: dict[str, list[BorrowerEvent]] = defaultdict(list)
        for event in events:
            if isinstance(event, BorrowerEvent):
                told[event.borrower_id].append(event)
        self.last = max(event.business_date for event in events).toordinal()
        loans = [Loan(life, self.last) for life in told.values()]
        self.openings = pd.DataFrame(
            [
                (*loan.of.values(), day, late, bucket(late), balance)
                for loan in loans
                for day, late, balance in loan.openings()
            ],
            columns=[*DIMENSIONS, "day", "late", "bucket", "balance"],
        )
        self.flows = pd.DataFrame(
            [(*loan.of.values(), *flow) for loan in loans for flow in loan.flows()],
            columns=[*DIMENSIONS, "told", "day", "name"],
        )
        self._reserves = [e for e in events if isinstance(e, ReserveStated)]
        self._said = [e for e in events if isinstance(e, PromiseResolved | ComplaintReceived)]
        self._parts: dict[str, Part] = {}
        self._given = loss_given_default_ppm
        self._told = [each for each in map(decoder.decode, records) if isinstance(each, BookChanged)]

    @cached_property
    def tier_moves(self) -> pd.DataFrame:
        """Moves between tiers by day, as they stand in the records."""
        rows = [
            (*told.segments[place], day, name, count)
            for told in self._told
            for day, place, name, count, _ in told.flows
            if name.startswith("tier")
        ]
        return pd.DataFrame(rows, columns=[*DIMENSIONS, "day", "name", "count"])

    @cached_property
    def _cells(self) -> pd.DataFrame:
        rows = [(*told.segments[place], day, *rest) for told in self._told for day, place, *rest in told.stock]
        return pd.DataFrame(rows, columns=[*DIMENSIONS, "day", "oldest", "tier", *_AMOUNTS])

    def part(self, name: str) -> Part:
        """A part by its label."""
        if name not in self._parts:
            currency, *pairs = name.split("/")
            wanted = {"currency": currency} | dict(pair.split("=") for pair in pairs)
            openings, flows = _of(self.openings, wanted), _of(self.flows, wanted)
            moves, cells = _of(self.tier_moves, wanted), _of(self._cells, wanted)
            self._parts[name] = Part(openings, flows, moves, cells, self._given)
        return self._parts[name]

    def whole_figures(self, name: str, date: int) -> dict[str, Expected]:
        """What only a whole book has: coverage, conduct, concentration."""
        part, found = self.part(name), dict[str, Expected]()
        stock = part.stock(date)
        loans, late = len(stock), stock[stock["late"] > 30]
        stated = [e for e in self._reserves if e.reserve.currency == name]
        held = [e.reserve.amount_minor for e in stated if e.business_date.toordinal() < date]
        losses = sum(part.losses(date)[1])
        if held and losses:
            found["coverage"] = Expected(held[-1] * MILLION // losses, loans, loans, cases=False)
        lately = [(e, ago) for e in self._said if (ago := date - e.business_date.toordinal()) > 0]
        results = [e.result for e, ago in lately if isinstance(e, PromiseResolved) and ago <= 30]
        found["promise_kept"] = cases(results.count("KEPT"), len(results) - results.count("CANCELED"))
        wordings = [e.text_fingerprint for e, ago in lately if isinstance(e, ComplaintReceived) and ago <= 7]
        known = pd.Series([wording for wording in wordings if wording], dtype=object).value_counts()
        found["complaint_cluster_share"] = cases(int(known.max()) if len(known) else 0, loans)
        amounts = late.groupby(["product", "channel", "region"])["balance"].sum()
        total = int(amounts.sum())
        index = int(sum(int(amount) * MILLION // total * (int(amount) * MILLION // total) for amount in amounts)
                    // MILLION) if total else 0  # fmt: skip
        top = int(amounts.nlargest(3).sum()) * MILLION // total if total else 0
        found["concentration_hhi"] = Expected(index, len(late), loans, cases=False)
        found["concentration_top_3"] = Expected(top, len(late), loans, cases=False)
        return found


_AMOUNTS = ["loans", "weight", "year", "lifetime"]


def _of(frame: pd.DataFrame, wanted: Mapping[str, str]) -> pd.DataFrame:
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    return frame


class Part:
    """One part of the book."""

    def __init__(
        self,
        openings: pd.DataFrame,
        flows: pd.DataFrame,
        tier_moves: pd.DataFrame,
        cells: pd.DataFrame,
        loss_given_default_ppm: int,
    ) -> None:
        self._cells, self._given = cells, loss_given_default_ppm
        self._none, self._by_day = openings.iloc[:0], dict(iter(openings.groupby("day")))
        self._flows = {name: own[["told", "day"]].to_numpy() for name, own in flows.groupby("name")}
        up = tier_moves[tier_moves["name"].str[4] < tier_moves["name"].str[5]]
        self._ups = up.groupby("day")["count"].sum().to_dict()
        self._first = int(openings["day"].min())
        self._shares: dict[tuple[int, int, bool], int] = {}
        self._losses: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def stock(self, date: int) -> pd.DataFrame:
        """Its loans at the opening of a date."""
        return self._by_day.get(date, self._none)

    def happened(self, name: str, days: int, date: int, ago: int = 0) -> int:
        """How often, in so many days before a date less so many more, as far as it was told by then."""
        if name not in self._flows:
            return 0
        told, day = self._flows[name].T
        return int(((told < date) & (day >= date - ago - days) & (day < date - ago)).sum())

    def losses(self, date: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Balance and expected loss by IFRS 9 stage: a year's probability, a lifetime's, certain."""
        if date not in self._losses:
            self._losses[date] = self._lost(date)
        return self._losses[date]

    def _lost(self, date: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        cells = self._cells[self._cells["day"] < date]
        held = cells.groupby(["oldest", "tier"], as_index=False)[_AMOUNTS].sum()
        late = (date - held["oldest"]).where(held["oldest"] > 0, 0)
        third = late >= 90
        second = ~third & ((late > 30) | (held["tier"] >= TIERS.index("ELEVATED")))
        first = ~third & ~second
        weighed = (
            int(held.loc[first, "year"].sum()),
            int(held.loc[second, "lifetime"].sum()),
            int(held.loc[third, "weight"].sum()) * MILLION,
        )
        balances = tuple(int(held.loc[stage, "weight"].sum()) for stage in (first, second, third))
        return balances, tuple(value * self._given // MILLION**2 for value in weighed)

    def tiers(self, date: int) -> tuple[int, ...]:
        """Loans by tier."""
        held = self._cells[self._cells["day"] < date].groupby("tier")["loans"].sum()
        return tuple(int(held.get(tier, 0)) for tier in range(len(TIERS)))

    def figures(self, date: int) -> dict[str, Expected]:
        """All indicators that every part has."""
        stock, then = self.stock(date), self.stock(date - 30)
        loans, found = len(stock), dict[str, Expected]()
        for days in (30, 60, 90):
            found |= self._past_due(days, date)
        for old in range(4):
            moved = self.happened(f"roll{old}{old + 1}", 30, date)
            found[f"roll_{old}_{old + 1}"] = cases(moved, int((then["bucket"] == old).sum()))
        found["cure_rate"] = cases(self.happened("cured", 30, date), int((then["late"] > 30).sum()))
        cured = self.happened("cured", 365, date)
        found["redefault_rate"] = cases(self.happened("redefault", 365, date), cured)
        first_due = self.happened("first_due", 365, date, ago=30)
        found["first_payment_default"] = cases(self.happened("first_default", 365, date), first_due)
        missed = self.happened("missed", 7, date) - self.happened("corrected", 7, date)
        found["new_miss_hazard"] = cases(max(0, missed), self.happened("exposed", 7, date))
        ups = sum(int(self._ups.get(day, 0)) for day in range(date - 7, date))
        found["tier_up_share"] = cases(ups, loans)
        found["restructured_share"] = cases(self.happened("restructured", 90, date), loans)
        balance, (stages, losses) = int(stock["balance"].sum()), self.losses(date)
        for name, amount in (("expected_loss_ratio", sum(losses)), ("stage_2_and_3_balance", sum(stages[1:]))):
            value = amount * MILLION // balance if balance else 0
            found[name] = Expected(value, loans, loans, cases=False)
        return found

    def _past_due(self, days: int, date: int) -> dict[str, Expected]:
        name, now = f"past_due_{days}", self.stock(date)
        late = int((now["late"] > days).sum())
        found = {
            f"{name}_count": cases(late, len(now)),
            f"{name}_balance": Expected(self._share(days, date, money=True), late, len(now), cases=False),
        }
        for kind, money in (("count", False), ("balance", True)):
            shares = [self._share(days, at, money=money) for at in (date, date - 30, date - 60) if at >= self._first]
            mean = sum(shares) // len(shares)
            found[f"{name}_{kind}_average_3"] = Expected(mean, late, len(now), cases=False)
        return found

    def _share(self, days: int, date: int, *, money: bool) -> int:
        key = (days, date, money)
        if key not in self._shares:
            stock = self.stock(date)
            balance, late = stock["balance"].to_numpy(), stock["late"].to_numpy() > days
            part, whole = (balance[late].sum(), balance.sum()) if money else (late.sum(), len(late))
            self._shares[key] = int(part) * MILLION // int(whole) if whole else 0
        return self._shares[key]

    def growth(self, days: int, date: int) -> tuple[int, int]:
        """A share as a multiple of its mean in the year before the last month (ppm); and on how many days that stands."""
        before = [at for at in range(date - 365, date - 30) if at >= self._first]
        past = sum(self._share(days, at, money=False) for at in before)
        if len(before) < 270 or not past:
            return MILLION, 0
        return self._share(days, date, money=False) * MILLION // (past // len(before)), len(before)

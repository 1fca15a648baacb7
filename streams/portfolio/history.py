"""What is remembered of a part of the book: one line a closed day, for averages, roll rates and baselines.

Rule 1: a line tells the flows of its day and the stock at its close, which is the opening of the next day.
Rule 2: a late fact that disproves a miss changes the line of that miss's day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

from msgspec import Struct, field

from streams.portfolio.book import BUCKETS, MILLION, TIERS, bucket_on
from streams.portfolio.classes import Pack
from streams.portfolio.running import Columns
from streams.portfolio.sums import Cells, Flows

T = TypeVar("T")

#: Re-default and first-payment default look back a year and a month.
DAYS_KEPT = 400


class Stock(Struct, array_like=True, frozen=True, gc=False):
    """A part's stock at the opening of a day. Amounts are minor units, tuples go from best to worst.

    Attributes:
        loans: active loans.
        balance_minor: outstanding.
        counts: loans by bucket, M0 to M4.
        balances: balance by bucket.
        tiers: loans by the tier of their borrower.
        stages: balance by IFRS 9 stage.
        losses: expected loss by IFRS 9 stage: probability x loss given default x balance.
    """

    loans: int = 0
    balance_minor: int = 0
    counts: tuple[int, ...] = (0,) * BUCKETS
    balances: tuple[int, ...] = (0,) * BUCKETS
    tiers: tuple[int, ...] = (0,) * TIERS
    stages: tuple[int, ...] = (0, 0, 0)
    losses: tuple[int, ...] = (0, 0, 0)

    @property
    def loss_minor(self) -> int:
        """Expected loss."""
        return sum(self.losses)

    def past_due(self, days: int) -> tuple[int, int]:
        """Loans and balance more than `days` (30, 60 or 90) past due."""
        first = days // 30 + 1
        return sum(self.counts[first:]), sum(self.balances[first:])


def stock_on(day: int, cells: Cells, stages: Pack, loss_given_default_ppm: int) -> Stock:
    """Count a part's cells as of the opening of a day.

    Args:
        day: ordinal.
        cells: the part's sums.
        stages: the IFRS 9 pack; its first step counts a year's loss, the last one certain default, others a lifetime's.
        loss_given_default_ppm: share of the balance that is lost in a default.
    """
    counts, balances, tiers = [0] * BUCKETS, [0] * BUCKETS, [0] * TIERS
    staged, weighted = [0, 0, 0], [0, 0, 0]
    for (oldest, tier), (loans, balance, year, lifetime) in cells.items():
        bucket = bucket_on(day, oldest)
        counts[bucket] += loans
        balances[bucket] += balance
        tiers[tier] += loans
        stage = stages.index(day - oldest if oldest else 0, tier)
        staged[stage] += balance
        weighted[stage] += (year, lifetime, balance * MILLION)[stage]
    losses = tuple(value * loss_given_default_ppm // MILLION**2 for value in weighted)
    return Stock(sum(counts), sum(balances), tuple(counts), tuple(balances), tuple(tiers), tuple(staged), losses)


class Line(Struct, array_like=True, gc=False):
    """One closed day of a part."""

    day: int
    stock: Stock
    flows: Flows = field(default_factory=dict)

    def count(self, name: str) -> int:
        """How often something happened."""
        flow = self.flows.get(name)
        return flow[0] if flow else 0


class History(Struct, array_like=True, dict=True):
    """The lines of a part, oldest first, without a gap. Sums over many of them are asked for every day, see `running`."""

    lines: list[Line] = field(default_factory=list)

    @property
    def columns(self) -> Columns[Line]:
        """What was derived from the lines; not stored."""
        kept: Columns[Line] | None = self.__dict__.get("columns")
        if kept is None:
            kept = self.__dict__["columns"] = Columns()
        return kept

    def append(self, day: int, stock: Stock) -> list[int]:
        """Add the line of a closed day; days without a tick of their own repeat the stock. Returns the days added."""
        lines, added = self.lines, [day]
        while lines and lines[-1].day < day - 1:
            lines.append(Line(lines[-1].day + 1, stock))
            added.append(lines[-1].day)
        assert not lines or lines[-1].day == day - 1, "lines come in order of days"
        lines.append(Line(day, stock))
        if len(lines) > DAYS_KEPT:
            del lines[: len(lines) - DAYS_KEPT]
        return added

    def at(self, day: int) -> Line | None:
        """The line of a day, if it is kept."""
        if not self.lines:
            return None
        place = day - self.lines[0].day
        return self.lines[place] if 0 <= place < len(self.lines) else None

    def note(self, day: int, flows: Flows) -> None:
        """Add flows to the line of a day; what is older than the history no longer matters."""
        line = self.at(day)
        if line is None:
            return
        for name, (count, amount) in flows.items():
            flow = line.flows.setdefault(name, [0, 0])
            flow[0] += count
            flow[1] += amount
        self.columns.again(line)

    def last(self, days: int, until: int) -> list[Line]:
        """The lines of the `days` days up to `until`."""
        if not self.lines:
            return []
        first = self.lines[0].day
        return self.lines[max(0, until - days + 1 - first) : max(0, until + 1 - first)]

    def total(self, names: Iterable[str], days: int, until: int) -> int:
        """How often any of some things happened in the `days` days up to `until`."""
        return sum(self.columns.total(name, _counted(name), self.lines, days, until) for name in names)

    def sum_of(self, name: str, derive: Callable[[Line], int], days: int, until: int) -> int:
        """The sum of what `derive` gives for the lines of the `days` days up to `until`."""
        return self.columns.total(name, derive, self.lines, days, until)

    def values(self, name: str, derive: Callable[[Line], T], days: int, until: int) -> list[T]:
        """What `derive` gives for each line of the `days` days up to `until`; `name` stands for the function."""
        return self.columns.values(name, derive, self.lines, days, until)


@lru_cache(maxsize=256)
def _counted(name: str) -> Callable[[Line], int]:
    return lambda line: line.count(name)

"""What the assess fold tells the portfolio: changes of integer sums, so that partitions add up exactly.

Rule 1: a change is "subtract what this loan was, add what it is now". Addition commutes, so the book is the same at any
number of partitions, workers and batches, to the unit.
Rule 2: a change carries the last business day whose events it reflects. What time alone did on a day (a due date passed)
reflects the day before. So the book of a closed date is complete when every partition has closed that date, even if
events of later dates overtook the tick. A miss that is disproved later is told when that is known, and names its day.
Rule 3: a loan is counted under the due day of its oldest unmet installment, not under days past due: buckets, stages and
classes follow from the date that is asked for, and nothing has to be sent because a day went by.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import get_args

from msgspec import Struct

from streams.events.outputs import Tier
from streams.ledger.facts import bucket

#: (currency, product, vintage, channel, region): the finest cell; what is reported are sums over it.
Segment = tuple[str, str, str, str, str]
DIMENSIONS = ("currency", "product", "vintage", "channel", "region")
#: (day, segment, oldest unmet due day or 0, tier)
StockKey = tuple[int, Segment, int, int]
#: (day, segment, name of the flow)
FlowKey = tuple[int, Segment, str]
#: (day, segment, day of the miss)
CorrectionKey = tuple[int, Segment, int]
#: (day, kind, name): what belongs to no segment, such as failed debits by processor
MarkKey = tuple[int, str, str]
#: Loans, balance, balance x ppm within a year, balance x ppm until the loan ends.
STOCK_WIDTH = 4
BUCKETS = 5
#: Best first; the index is what rows and sums hold.
TIER_NAMES: tuple[str, ...] = get_args(Tier)
TIERS = len(TIER_NAMES)
MILLION = 1_000_000
#: Due loans are counted by how prompt they were: that one misses who never does says more than that one does who often
#: pays a few days late.
PROMPTNESS_CLASSES = 7
EXPOSED_BY_CLASS = tuple(f"exposed_p{number}" for number in range(PROMPTNESS_CLASSES))
MISSED_BY_CLASS = tuple(f"missed_p{number}" for number in range(PROMPTNESS_CLASSES))
_SIX_DUE_DATES = 1 << 6
#: Remaining life is kept in quarters of a year, up to 30 years.
QUARTERS_MAX = 120
_QUARTERS_ROOM = 128


class Booked(Struct, array_like=True, frozen=True, gc=False):
    """What of a loan is in the book: kept in the borrower's row (14 bytes while current) to be subtracted later.

    Attributes:
        balance_minor: outstanding, overdue and not yet due.
        oldest_unmet_day: due day of the oldest unmet installment; 0 while current.
        ppm: probability of default within a year, told anew each month and whenever the standing changed.
        code: bucket + 5 x quarters of remaining life + 640 x punctuality (see `punctual`).
        cured_on: the day it last became current from more than 30 days past due; 0 never.
    """

    balance_minor: int
    oldest_unmet_day: int
    ppm: int
    code: int
    cured_on: int = 0

    @property
    def bucket(self) -> int:
        """M0 to M4, contractual."""
        return self.code % BUCKETS

    @property
    def lifetime_ppm(self) -> int:
        """Probability of default until the loan ends: the yearly one times the years left, at most certain.

        A constant hazard without survivorship: an upper bound, which needs no float.
        """
        quarters = self.code // BUCKETS % _QUARTERS_ROOM
        return min(MILLION, self.ppm * max(4, quarters) // 4)

    @property
    def punctuality(self) -> int:
        """What became of the last due dates, oldest first: a 1, and then a bit for each, 1 for a miss."""
        return max(1, self.code // (BUCKETS * _QUARTERS_ROOM))


class BookChanged(Struct, frozen=True, tag_field="type", tag="book_changed"):
    """One batch's net changes of one partition. Amounts are minor units; a segment is named once, then by its place.

    Attributes:
        partition: of the journal.
        segments: those that the rows below name.
        stock: (day, segment, oldest unmet day, tier, loans, balance, balance x ppm of a year, of a lifetime).
        flows: (day, segment, name, count, amount).
        corrected: (day, segment, day of the miss, count, amount).
        marks: (day, kind, name, count).
    """

    partition: int
    segments: list[Segment] = []
    stock: list[tuple[int, int, int, int, int, int, int, int]] = []
    flows: list[tuple[int, int, str, int, int]] = []
    marks: list[tuple[int, str, str, int]] = []
    corrected: list[tuple[int, int, int, int, int]] = []


class Delta:
    """Net changes gathered so far."""

    __slots__ = ("corrected", "flows", "marks", "stock")

    def __init__(self) -> None:
        self.stock: dict[StockKey, list[int]] = {}
        self.flows: dict[FlowKey, list[int]] = {}
        self.corrected: dict[CorrectionKey, list[int]] = {}
        self.marks: dict[MarkKey, int] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.stock or self.flows or self.corrected or self.marks)

    def hold(self, day: int, segment: Segment, tier: int, booked: Booked, sign: int) -> None:
        """Add (+1) or subtract (-1) a loan."""
        key = (day, segment, booked.oldest_unmet_day, tier)
        cell = self.stock.get(key)
        if cell is None:
            cell = self.stock[key] = [0, 0, 0, 0]
        balance = sign * booked.balance_minor
        cell[0] += sign
        cell[1] += balance
        cell[2] += balance * booked.ppm
        cell[3] += balance * booked.lifetime_ppm

    def replace(self, day: int, segment: Segment, before: Booked, tier_before: int, after: Booked, tier: int) -> None:
        """Put what a loan is now in the place of what it was: one cell, where it stays under its due day and tier."""
        if before.oldest_unmet_day != after.oldest_unmet_day or tier_before != tier:
            self.hold(day, segment, tier_before, before, -1)
            self.hold(day, segment, tier, after, 1)
            return
        key = (day, segment, after.oldest_unmet_day, tier)
        cell = self.stock.get(key)
        if cell is None:
            cell = self.stock[key] = [0, 0, 0, 0]
        was, now = before.balance_minor, after.balance_minor
        cell[1] += now - was
        cell[2] += now * after.ppm - was * before.ppm
        cell[3] += now * after.lifetime_ppm - was * before.lifetime_ppm

    def flow(self, day: int, segment: Segment, name: str, amount_minor: int = 0, count: int = 1) -> None:
        """Count something that happened to loans of a segment."""
        cell = self.flows.setdefault((day, segment, name), [0, 0])
        cell[0] += count
        cell[1] += amount_minor

    def correct(self, day: int, segment: Segment, missed_on: int, amount_minor: int = 0, count: int = 1) -> None:
        """Count a miss that a late fact disproved: known on `day`, and then no miss of `missed_on` any more."""
        cell = self.corrected.setdefault((day, segment, missed_on), [0, 0])
        cell[0] += count
        cell[1] += amount_minor

    def mark(self, day: int, kind: str, name: str, count: int = 1) -> None:
        """Count something that belongs to no segment."""
        key = (day, kind, name)
        self.marks[key] = self.marks.get(key, 0) + count

    def take(self, partition: int) -> BookChanged:
        """Everything gathered, as a message; the gathering starts anew. Stock that cancels out is left out."""
        message = self.told(partition)
        self.stock, self.flows, self.corrected, self.marks = {}, {}, {}, {}
        return message

    def told(self, partition: int) -> BookChanged:
        """Everything gathered, in key order: the same bytes however it came together."""
        places: dict[Segment, int] = {}
        stock = [
            (day, places.setdefault(segment, len(places)), oldest, tier, cell[0], cell[1], cell[2], cell[3])
            for (day, segment, oldest, tier), cell in sorted(self.stock.items())
            if any(cell)
        ]
        flows = [
            (day, places.setdefault(segment, len(places)), name, cell[0], cell[1])
            for (day, segment, name), cell in sorted(self.flows.items())
        ]
        marks = [(*key, count) for key, count in sorted(self.marks.items())]
        corrected = [
            (day, places.setdefault(segment, len(places)), missed_on, cell[0], cell[1])
            for (day, segment, missed_on), cell in sorted(self.corrected.items())
        ]
        return BookChanged(partition, list(places), stock, flows, marks, corrected)

    def add(self, message: BookChanged) -> None:
        """Merge a message."""
        names = message.segments
        for day, place, oldest, tier, *amounts in message.stock:
            cell = self.stock.setdefault((day, names[place], oldest, tier), [0, 0, 0, 0])
            for at, amount in enumerate(amounts):
                cell[at] += amount
        for day, place, name, count, amount in message.flows:
            self.flow(day, names[place], name, amount, count)
        for day, place, missed_on, count, amount in message.corrected:
            self.correct(day, names[place], missed_on, amount, count)
        for day, kind, name, count in message.marks:
            self.mark(day, kind, name, count)


@lru_cache(maxsize=65_536)
def vintage(opened_on: int) -> str:
    """The quarter in which a loan was opened: `2019Q3`."""
    date = dt.date.fromordinal(opened_on)
    return f"{date.year}Q{(date.month + 2) // 3}"


def bucket_on(day: int, oldest_unmet_day: int) -> int:
    """Bucket on a day of loans whose oldest unmet installment was due on a day (0: none)."""
    return bucket(day - oldest_unmet_day) if oldest_unmet_day else 0


def coded(bucket: int, quarters: int, punctuality: int) -> int:
    """The code of a booked loan."""
    return bucket + BUCKETS * (min(quarters, QUARTERS_MAX) + _QUARTERS_ROOM * punctuality)


def punctual(before: int, *, missed: bool) -> int:
    """Punctuality after one more due date: six are remembered."""
    after = before << 1 | missed
    return after if after < 2 * _SIX_DUE_DATES else after % _SIX_DUE_DATES + _SIX_DUE_DATES


def promptness(punctuality: int) -> int:
    """The class of a loan by what became of its last six due dates: 0 to 5 or more missed; 6: fewer than three known."""
    if punctuality < 0b1000:
        return PROMPTNESS_CLASSES - 1
    return min(punctuality.bit_count() - 1, PROMPTNESS_CLASSES - 2)


def roll(before: int, after: int) -> str:
    """Name of the flow between two buckets."""
    return f"roll{before}{after}"


def move(before: int, after: int) -> str:
    """Name of the flow between two tiers."""
    return f"tier{before}{after}"

"""The book's running sums: what stands now by the finest segment, and what happened by day. Merges changes, decides nothing.

Rule 1: a change waits until its day is closed everywhere; then all of it is taken, in no particular order, as sums do.
What a partition tells of a day that it has closed itself (a fact that came late) waits for the day it is in. So what a
date is judged by follows from the partitions' own orders, and not from the order in which their messages arrive.
Rule 2: stock that has gone to zero is dropped; a negative count is a broken invariant, not something to round away.
"""

from __future__ import annotations

from msgspec import Struct, field

from streams.portfolio.book import STOCK_WIDTH, BookChanged, Delta, Segment

#: (oldest unmet due day or 0, tier) to [loans, balance, balance x ppm of a year, balance x ppm of a lifetime]
Cells = dict[tuple[int, int], list[int]]
#: Name of a flow to [count, minor units].
Flows = dict[str, list[int]]


class Closing(Struct):
    """What a closed day brought beside stock.

    Attributes:
        flows: by (day, segment).
        marks: by (day, kind).
        touched: segments whose stock moved.
        days: whose changes wait no more.
    """

    flows: dict[tuple[int, Segment], Flows] = field(default_factory=dict)
    marks: dict[tuple[int, str], dict[str, int]] = field(default_factory=dict)
    touched: set[Segment] = field(default_factory=set)
    days: list[int] = field(default_factory=list)

    def count(self, day: int, segment: Segment, name: str, count: int, amount_minor: int) -> None:
        """Add to a flow."""
        flow = self.flows.setdefault((day, segment), {}).setdefault(name, [0, 0])
        flow[0] += count
        flow[1] += amount_minor


class Sums:
    """Stock by segment as of the last closed day, and the changes of days not closed yet."""

    def __init__(self) -> None:
        self.stock: dict[Segment, Cells] = {}
        self.waiting: dict[int, Delta] = {}

    def take(self, message: BookChanged, open_from: int = 0) -> set[int]:
        """Let a message's changes wait for the days they count on; returns those days.

        Args:
            message: of one partition.
            open_from: the last date that this partition has closed: nothing it tells now counts earlier.
        """
        days = set()
        for day, parts in _by_day(message, open_from).items():
            self.waiting.setdefault(day, Delta()).add(parts)
            days.add(day)
        return days

    def close(self, before: int) -> Closing:
        """Take everything that counts on a day before `before`."""
        closing = Closing(days=sorted(day for day in self.waiting if day < before))
        for day in closing.days:
            self._merge(self.waiting.pop(day), closing)
        return closing

    def _merge(self, delta: Delta, closing: Closing) -> None:
        for (_, segment, oldest, tier), amounts in delta.stock.items():
            cells = self.stock.setdefault(segment, {})
            cell = cells.setdefault((oldest, tier), [0] * STOCK_WIDTH)
            for place, amount in enumerate(amounts):
                cell[place] += amount
            assert cell[0] >= 0, f"the book holds {cell[0]} loans in {segment}"
            closing.touched.add(segment)
            if cell[0] == 0:
                assert not any(cell), f"no loan is left in {segment}, but {cell}"
                del cells[oldest, tier]
                if not cells:
                    del self.stock[segment]
        for (day, segment, name), (count, amount) in delta.flows.items():
            closing.count(day, segment, name, count, amount)
        for (_, segment, missed_on), (count, amount) in delta.corrected.items():
            closing.count(missed_on, segment, "corrected", count, amount)
        for (day, kind, name), count in delta.marks.items():
            marks = closing.marks.setdefault((day, kind), {})
            marks[name] = marks.get(name, 0) + count


def _by_day(message: BookChanged, open_from: int) -> dict[int, BookChanged]:
    told = (message.stock, message.flows, message.marks, message.corrected)
    days = {max(row[0], open_from) for rows in told for row in rows}
    return {
        day: BookChanged(
            message.partition,
            message.segments,
            # Under the day they wait for: told of several days, a cell would be there more than once, and half merged.
            [(day, *row[1:]) for row in message.stock if max(row[0], open_from) == day],
            [row for row in message.flows if max(row[0], open_from) == day],
            [row for row in message.marks if max(row[0], open_from) == day],
            [row for row in message.corrected if max(row[0], open_from) == day],
        )
        for day in days
    }


def merge_cells(into: Cells, cells: Cells) -> None:
    """Add one segment's cells to another's."""
    for key, amounts in cells.items():
        cell = into.setdefault(key, [0] * STOCK_WIDTH)
        for place, amount in enumerate(amounts):
            cell[place] += amount

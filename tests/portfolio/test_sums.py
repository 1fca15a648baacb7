"""The running sums: what partitions tell late is taken whole, in whatever order it came."""

from __future__ import annotations

import pytest

from streams.portfolio.book import BookChanged, Segment
from streams.portfolio.sums import Sums

OHIO: Segment = ("USD", "used-auto", "2017Q1", "-", "OH")
CLOSED = 736_000


def told(partition: int, *rows: tuple[int, int, int]) -> BookChanged:
    """Changes of the current, NORMAL cell of Ohio: (day, loans, balance)."""
    return BookChanged(partition, [OHIO], [(day, 0, 0, 0, loans, balance, 0, 0) for day, loans, balance in rows])


#: The loan that is there is paid off; one comes and goes in the other partition. Both have closed these days already.
LATE = [
    told(0, (CLOSED - 2, -1, -200)),
    told(1, (CLOSED - 3, 1, 900)),
    told(1, (CLOSED - 2, 0, -400)),
    told(1, (CLOSED - 1, -1, -500)),
]
#: Each partition's own order is kept, and nothing else.
ARRIVALS = [LATE[1 : 1 + place] + LATE[:1] + LATE[1 + place :] for place in range(4)]


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_facts_told_late_are_merged_before_they_are_judged(arrival: list[BookChanged]) -> None:
    """Between two of a day's changes a cell may hold no loan and some money: only their sum says anything."""
    sums = Sums()
    sums.take(told(0, (CLOSED - 5, 1, 200)))
    sums.close(CLOSED)
    for message in arrival:
        sums.take(message, CLOSED)
    sums.close(CLOSED + 1)

    assert sums.stock == {}

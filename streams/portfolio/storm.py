"""When too many borrowers change tier to be read one by one: one summary for people, while machines keep every change.

Nothing is dropped: each change stands on `risk-tier-changes`. A summary says how many moved from where to where, and in
which parts of the book most.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from streams.portfolio.book import TIER_NAMES, TIERS, Segment, move
from streams.portfolio.sums import Flows
from streams.portfolio.views import label

MOVES = tuple((before, after) for before in range(TIERS) for after in range(TIERS) if before != after)
PARTS_SHOWN = 5
#: The dimensions by which parts are named; vintages would be too many.
PARTS_VIEW = ("product", "channel", "region")


class Summary(Struct, frozen=True):
    """A day's tier changes of one currency.

    Attributes:
        changes: how many.
        moves: `NORMAL>WATCH` to how many, most first.
        parts: the parts of the book with most of them, most first.
    """

    changes: int
    moves: dict[str, int]
    parts: dict[str, int]


def summarize(flows: Mapping[Segment, Flows]) -> Summary:
    """Summarize a day's flows by segment."""
    moves: dict[str, int] = {}
    parts: dict[str, int] = {}
    for segment, named in flows.items():
        for before, after in MOVES:
            count = named.get(move(before, after), (0, 0))[0]
            if count:
                name = f"{TIER_NAMES[before]}>{TIER_NAMES[after]}"
                moves[name] = moves.get(name, 0) + count
                part = label(segment, PARTS_VIEW)
                parts[part] = parts.get(part, 0) + count
    return Summary(sum(moves.values()), _most(moves, len(moves)), _most(parts, PARTS_SHOWN))


def _most(counts: Mapping[str, int], limit: int) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit])

"""Indicators that only the whole book of a currency has: coverage, conduct, concentration."""

from __future__ import annotations

from collections.abc import Mapping

from streams.portfolio.book import MILLION, Segment
from streams.portfolio.history import History
from streams.portfolio.indicators import Figure, concentration, of_loans
from streams.portfolio.sums import Cells
from streams.portfolio.views import label

#: The parts over which concentration is measured.
CONCENTRATION_VIEW = ("product", "channel", "region")
PROMISES_DAYS, COMPLAINTS_DAYS = 30, 7
UNKNOWN = "-"
#: Counts by kind, name and day, as the guard keeps them.
Marks = Mapping[str, Mapping[str, Mapping[int, int]]]


def figures(
    currency: str,
    history: History,
    told: int,
    stock: Mapping[Segment, Cells],
    marks: Marks,
    reserve_minor: int | None,
) -> dict[str, Figure]:
    """Those indicators as of the close of `told`; without a stated reserve there is no coverage."""
    line = history.at(told)
    assert line is not None, "the day has a line"
    loans, late = line.stock.loans, line.stock.past_due(30)[0]
    found: dict[str, Figure] = {}
    if reserve_minor is not None and line.stock.loss_minor:
        cover = reserve_minor * MILLION // line.stock.loss_minor
        found["coverage"] = Figure(cover, cover, cover, loans, loans)
    kept, judged = _promises(marks.get("promise", {}), told)
    found["promise_kept"] = of_loans(kept, judged)
    found["complaint_cluster_share"] = of_loans(_cluster(marks.get("complaint", {}), told), loans)
    index, top = concentration(overdue(currency, stock, told + 1))
    found["concentration_hhi"] = Figure(index, index, index, late, loans)
    found["concentration_top_3"] = Figure(top, top, top, late, loans)
    return found


def _within(days: Mapping[int, int], width: int, told: int) -> int:
    return sum(count for at, count in days.items() if told - width < at <= told)


def _promises(results: Mapping[str, Mapping[int, int]], told: int) -> tuple[int, int]:
    """(kept, judged)."""
    counts = {result: _within(days, PROMISES_DAYS, told) for result, days in results.items()}
    return counts.get("KEPT", 0), sum(counts.get(result, 0) for result in ("KEPT", "PARTIAL", "BROKEN"))


def _cluster(wordings: Mapping[str, Mapping[int, int]], told: int) -> int:
    """The most complaints of one wording."""
    known = (days for wording, days in wordings.items() if wording != UNKNOWN)
    return max((_within(days, COMPLAINTS_DAYS, told) for days in known), default=0)


def overdue(currency: str, stock: Mapping[Segment, Cells], day: int) -> dict[str, int]:
    """Balance more than 30 days past due at the opening of a day, by part."""
    found: dict[str, int] = {}
    for segment, cells in stock.items():
        if segment[0] == currency:
            late = sum(cell[1] for (oldest, _), cell in cells.items() if oldest and day - oldest > 30)
            name = label(segment, CONCENTRATION_VIEW)
            found[name] = found.get(name, 0) + late
    return found

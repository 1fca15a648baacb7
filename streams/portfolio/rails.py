"""Whether the day belongs to a rail or data incident: the outage guard is given the day, and what it found is told."""

from __future__ import annotations

from streams.events.outputs import PortfolioAlert
from streams.portfolio import alerts, indicators
from streams.portfolio.alerts import Subject
from streams.portfolio.incident import Incident
from streams.portfolio.indicators import Figure, of_loans
from streams.portfolio.playbook import Playbook
from streams.portfolio.state import Book, Freeze
from streams.portfolio.sums import Closing
from streams.portfolio.views import is_whole


def guard(book: Book, playbook: Playbook, day: int, closing: Closing) -> tuple[list[PortfolioAlert], Freeze | None]:
    """Judge the day before `day` (ordinal), whose lines are written; changes the book's guard."""
    told = day - 1
    for (at, mark), counts in closing.marks.items():
        book.guard.note(at, mark, counts)
    lines = [part.history.at(told) for name, part in book.parts.items() if is_whole(name)]
    exposed, missed = indicators.hazard(line for line in lines if line is not None)
    before = list(book.guard.incident.affected) if book.guard.incident else []
    ended = book.guard.close(told, exposed, missed)
    if ended is not None:
        clears, book.incident_alert = book.incident_alert, ""
        lifted = Freeze(clears, ended.since, tuple(ended.affected), over=True)
        return [_told(playbook, day, ended, clears=clears)], lifted
    now, found = book.guard.incident, list[PortfolioAlert]()
    if now is None:
        return found, None
    if not book.incident_alert:
        found = [_told(playbook, day, now, figure=of_loans(missed, exposed))]
        book.incident_alert = found[0].alert_id
    changed = now.affected != before
    return found, Freeze(book.incident_alert, now.since, tuple(now.affected), over=False) if changed else None


def _told(
    playbook: Playbook, day: int, found: Incident, *, clears: str | None = None, figure: Figure | None = None
) -> PortfolioAlert:
    return alerts.make(
        Subject(alerts.FEEDS, day, "NORMAL", "NORMAL"),
        "DATA_OR_RAIL_INCIDENT",
        playbook,
        alerts.incident_words(found, ended=clears is not None),
        clears=clears,
        figures=[alerts.say("new_miss_hazard", figure)] if figure else [],
        affected=found.affected,
    )

"""What alerting on the highest scores would have caught, how early, and how steady tiers were.

An alert here is a month-end row whose probability is among the highest `budget` of all rows that may be alerted. A
borrower's default counts as caught if the borrower was alerted within `window_days` before it; lead time is counted
from the first such alert. Borrowers, not rows, are counted, because a lender calls a borrower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from streams.risk.heads import HEADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.learning.evaluate_table import Table

REVERT_DAYS = 90
DEFAULT_DAYS, DELINQUENT_DAYS = 90, 30
_WINDOWS = (90, 180, 365)
LEAD_STEP = 7


class Reached(Struct, frozen=True):
    """A borrower became `days_past_due` (30 or 90; a write-off is both) on `day`."""

    borrower_id: str
    day: int
    days_past_due: int


class TierChange(Struct, frozen=True):
    """A borrower's tier changed on `day`; tiers are indices into `risk.tiers.TIERS`."""

    borrower_id: str
    day: int
    before: int
    after: int


class AlertFigures(Struct, frozen=True):
    """What one budget catches.

    Attributes:
        event: "default" (rows below 90 days past due may be alerted) or "first 30 days past due" (rows below 30).
        head: whose probability ranks.
        budget: share of rows alerted.
        window_days: how long before the event an alert counts.
        events: borrowers' events that followed a scored row within 90 days.
        caught: share of them that were alerted in the window.
        lead_days: median days from the first alert in the window to the event, and the tenth percentile.
        lead_days_p10: the same.
        precision: share of alerted rows followed by the event within 90 days.
        lead_curve: (days, share of events alerted at least so many days before).
    """

    event: str
    head: str
    budget: float
    window_days: int
    events: int
    caught: float
    lead_days: float
    lead_days_p10: float
    precision: float
    lead_curve: list[tuple[float, float]]


class FlipFigures(Struct, frozen=True):
    """Tier changes a borrower-year, and the share of them taken back within 90 days.

    `by_month` has for each calendar month, counted from the first row's, changes and those taken back, a borrower-year.
    """

    borrower_years: float
    changes: int
    changes_per_borrower_year: float
    reverted_share: float
    by_month: list[tuple[float, float, float]]


def alert_figures(table: Table, main: np.ndarray, reached: Sequence[Reached]) -> list[AlertFigures]:
    """Alert figures for default at 2 % and 5 %, and for the first 30 days past due at 5 %.

    Args:
        table: the rows.
        main: which of them count (the main part of the 90-day default head).
        reached: exact days; where empty, month-ends with so many days past due stand for them.
    """
    events = list(reached) or _from_rows(table)
    default = [event for event in events if event.days_past_due == DEFAULT_DAYS]
    rolled = [event for event in events if event.days_past_due == DELINQUENT_DAYS]
    early = main & table.asked(HEADS[1])
    found = []
    for window in _WINDOWS:
        found += [_caught(table, "default", HEADS[0], main, default, (budget, window)) for budget in (0.02, 0.05)]
        found += [
            _caught(table, "first 30 days past due", head, early, rolled, (0.05, window))
            for head in (HEADS[1], HEADS[0])
        ]
    return found


def _from_rows(table: Table) -> list[Reached]:
    events, worse = [], dict[str, int]()
    for borrower, day, past_due in zip(table.borrower, table.day.tolist(), table.days_past_due.tolist(), strict=True):
        before = worse.get(borrower, 0)
        events += [Reached(borrower, day, limit) for limit in (30, 90) if before < limit <= past_due]
        worse[borrower] = past_due
    return events


def _caught(
    table: Table, name: str, head: str, mask: np.ndarray, events: Sequence[Reached], terms: tuple[float, int]
) -> AlertFigures:
    budget, window = terms
    p, rows = table.probability(head), np.flatnonzero(mask)
    alerted = rows[np.argsort(-p[rows], kind="stable")[: int(budget * len(rows))]]
    due = _events_after_rows(table, rows, events)
    alerts: dict[str, list[int]] = {}
    for at in alerted.tolist():
        alerts.setdefault(table.borrower[at], []).append(int(table.day[at]))
    leads = []
    for borrower, days in due.items():
        for day in days:
            inside = [day - alert for alert in alerts.get(borrower, ()) if 0 < day - alert <= window]
            leads += [max(inside)] if inside else []
    total = sum(map(len, due.values()))
    right = sum(
        any(0 < day - alert <= DEFAULT_DAYS for day in due.get(borrower, ()))
        for borrower, days in alerts.items()
        for alert in days
    )
    return AlertFigures(
        event=name,
        head=head,
        budget=budget,
        window_days=window,
        events=total,
        caught=len(leads) / total if total else float("nan"),
        lead_days=float(np.median(leads)) if leads else float("nan"),
        lead_days_p10=float(np.quantile(leads, 0.1)) if leads else float("nan"),
        precision=right / len(alerted) if len(alerted) else float("nan"),
        lead_curve=[
            (float(days), sum(lead >= days for lead in leads) / total) for days in range(1, window + 1, LEAD_STEP)
        ]
        if total
        else [],
    )


def _events_after_rows(table: Table, rows: np.ndarray, events: Sequence[Reached]) -> dict[str, list[int]]:
    """For each borrower, the events that were the next one within 90 days of some row."""
    known: dict[str, list[int]] = {}
    for event in sorted(events, key=lambda event: event.day):
        known.setdefault(event.borrower_id, []).append(event.day)
    due: dict[str, set[int]] = {}
    for at in rows.tolist():
        borrower, day = table.borrower[at], int(table.day[at])
        following = next((event for event in known.get(borrower, ()) if event > day), None)
        if following is not None and following - day <= DEFAULT_DAYS:
            due.setdefault(borrower, set()).add(following)
    return {borrower: sorted(days) for borrower, days in due.items()}


def flip_figures(table: Table, changes: Sequence[TierChange]) -> FlipFigures:
    """Changes a borrower-year, and the share of them that are taken back within 90 days.

    A change is taken back when a later change of the same borrower brings the tier to where it was before, or past it.
    """
    back = _taken_back(changes)
    counted = {number: [0, 0] for number in set(table.month.tolist())}
    for change, reverted in back:
        number = table.month_number(change.day)
        if number in counted:
            counted[number][0] += 1
            counted[number][1] += reverted
    rows = {number: int((table.month == number).sum()) / 12 for number in counted}
    years = sum(rows.values())
    reverted_total = sum(reverted for _, reverted in back)
    return FlipFigures(
        borrower_years=years,
        changes=len(back),
        changes_per_borrower_year=len(back) / years,
        reverted_share=reverted_total / len(back) if back else 0.0,
        by_month=[
            (float(number), counted[number][0] / rows[number], counted[number][1] / rows[number])
            for number in sorted(counted)
        ],
    )


def _taken_back(changes: Sequence[TierChange]) -> list[tuple[TierChange, bool]]:
    by_borrower: dict[str, list[TierChange]] = {}
    for change in sorted(changes, key=lambda change: change.day):
        by_borrower.setdefault(change.borrower_id, []).append(change)
    found = []
    for own in by_borrower.values():
        for at, change in enumerate(own):
            up = change.after > change.before
            later = [each.after for each in own[at + 1 :] if each.day - change.day <= REVERT_DAYS]
            found.append((change, any((tier <= change.before) if up else (tier >= change.before) for tier in later)))
    return found

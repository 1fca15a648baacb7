"""The alerts: a picture of the last half year, then each alert with its reasons, newest first."""

from __future__ import annotations

from collections import Counter

from markupsafe import Markup

from streams.console import queries
from streams.console.charts import bars
from streams.console.pages.ask import Ask, View, date, weeks_of
from streams.console.queries import AlertRow
from streams.risk.tiers import TIERS

WEEKS = 26
ON_A_PAGE = 30
#: What may be chosen to be shown: a tier to which it changed, or a direction.
CHOICES = ("all", *TIERS[:0:-1], "DOWN", "RETRACT")
_PARTS = (*(f"tier-{tier}" for tier in TIERS[1:]), "better", "retract")


def view(ask: Ask) -> View:
    """The page."""
    choice = ask.chosen("show", CHOICES)
    after = ask.number("before")
    before = queries.alert_place(ask.db, after) if after is not None else None
    found = _found(ask, choice, before)
    shown, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
    return {
        "choice": choice,
        "choices": CHOICES,
        "alerts": shown,
        "paged": before is not None,
        "older": shown[-1].seq if more else None,
        "chart": _chart(ask),
        "weeks": WEEKS,
        "day": date(ask.day),
    }


def _found(ask: Ask, choice: str, before: tuple[int, int] | None) -> list[AlertRow]:
    tier = TIERS.index(choice) if choice in TIERS else None
    direction = choice if choice in {"DOWN", "RETRACT"} else "UP" if tier is not None else None
    return queries.alerts(ask.db, tier, direction, before, ON_A_PAGE + 1)


def _chart(ask: Ask) -> dict[str, object] | None:
    if not ask.day:
        return None
    weeks = weeks_of(ask.day, WEEKS)
    counts: Counter[tuple[int, str]] = Counter()
    for day, direction, tier, count in queries.moves(ask.db, weeks[0][0]):
        part = {"UP": f"tier-{TIERS[tier]}", "DOWN": "better", "RETRACT": "retract"}[direction]
        counts[day - (day - 1) % 7, part] += count
    if not counts:
        return None
    stacks = [
        bars.Stack(first, last, date(first), tuple((part, counts[first, part]) for part in _PARTS))
        for first, last in weeks
    ]
    drawing: Markup = bars.stacked(ask.say("alerts.chart"), stacks)
    rows = [(stack.name, [count for _, count in stack.parts]) for stack in reversed(stacks)]
    return {"svg": drawing, "rows": rows, "parts": _PARTS}

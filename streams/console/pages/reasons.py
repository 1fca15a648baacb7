"""The reasons: how often each stood in an alert, the closed list with its texts, and when tiers are entered and left."""

from __future__ import annotations

from streams.console import queries
from streams.console.event_words import DASH
from streams.console.pages.ask import Ask, View
from streams.risk.features import FEATURES, INDEX
from streams.risk.reasons import GROUPS, TEXTS
from streams.risk.tiers import DEFAULT, TIERS

#: A year of business dates: alerts are rare.
DAYS = 365


def view(ask: Ask) -> View:
    """The page."""
    counts = queries.reasons(ask.db, ask.day - DAYS)
    most = max((count for count, _, _ in counts.values()), default=0)
    codes = sorted(TEXTS, key=lambda code: -counts.get(code.value, (0, 0, 0))[0])
    rows = [_row(ask, code.value, counts.get(code.value, (0, 0, 0)), most) for code in codes]
    return {"days": DAYS, "any": most > 0, "rows": rows, "tiers": _tiers()}


def _row(ask: Ask, code: str, counts: tuple[int, int, int], most: int) -> View:
    text = next(text for each, text in TEXTS.items() if each.value == code)
    members = next(members for each, members in GROUPS.items() if each.value == code)
    count, first, total = counts
    english = ask.language == "en"
    return {
        "code": code,
        "raises": text.raises_en if english else text.raises_zh,
        "lowers": text.lowers_en if english else text.lowers_zh,
        "features": [(name, FEATURES[INDEX[name]].unit) for name in members],
        "count": count,
        "first": first,
        "share": count / most if most else 0.0,
        "first_share": first / most if most else 0.0,
        "mean": f"{total / count / 1000:+.2f}" if count else DASH,
    }


def _tiers() -> list[View]:
    return [
        {
            "tier": name,
            "entry": f"{DEFAULT.entry_ppm[tier] / 10_000:g} %",
            "exit": f"{DEFAULT.exit_ppm[tier] / 10_000:g} %",
            "floor": str(DEFAULT.floor_days[tier] or DASH),
            "dwell": str(DEFAULT.dwell_days[tier]),
        }
        for tier, name in enumerate(TIERS)
        if tier
    ]

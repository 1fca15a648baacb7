"""An alert as a line for a person: date, borrower, tier before and after, probability, days past due, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.commands.printing import TIER_STYLES, Segment, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.events.outputs import Reason, RiskTierChanged

#: More reasons than this are on the topic (and with --json), not on the line.
_REASONS_SHOWN = 3
_TIER_COLUMNS = max(map(len, TIER_STYLES))
_CAUSES = {
    "MODEL": "",
    "DAYS_PAST_DUE": "by days past due",
    "WRITE_OFF": "written off",
    "RECOVERY": "recovered",
    "CURE": "cured",
    "CLOSED": "all loans closed",
    "CORRECTION": "corrected facts",
}


def line(alert: RiskTierChanged) -> list[Segment]:
    """One line, as (text, style) segments."""
    return [
        (f"{alert.business_date}  ", "dim"),
        (f"{alert.borrower_id:<16}  ", "bold"),
        *change(alert),
    ]


def change(alert: RiskTierChanged) -> list[Segment]:
    """What changed, and why: the line without its date and borrower."""
    return [*_tiers(alert), *_figures(alert), *_why(alert)]


def _tiers(alert: RiskTierChanged) -> Iterator[Segment]:
    yield alert.from_tier, TIER_STYLES[alert.from_tier]
    yield " → ", ""
    yield alert.to_tier, TIER_STYLES[alert.to_tier]
    yield " " * (2 * _TIER_COLUMNS - len(alert.from_tier) - len(alert.to_tier) + 2), ""


def _figures(alert: RiskTierChanged) -> Iterator[Segment]:
    before, after = percent(alert.probability_before_ppm), percent(alert.probability_ppm)
    yield f"{before:>7} → {after:<7}  ", ""
    yield f"{alert.days_past_due:>3} days past due", "red" if alert.days_past_due else "dim"


def _why(alert: RiskTierChanged) -> Iterator[Segment]:
    if alert.direction == "RETRACT":
        yield f"  RETRACTS {alert.supersedes}, which was wrong on corrected facts", "bold magenta"
        return
    if cause := _CAUSES[alert.cause]:
        yield f"  {cause}", ""
    for number, reason in enumerate(alert.reasons[:_REASONS_SHOWN]):
        yield ("  " if number == 0 else "; "), ""
        yield reason_text(reason), "italic"


def reason_text(reason: Reason) -> str:
    """A reason in words with its contribution to the log-odds, for example `pays later each month (+0.41)`."""
    return f"{reason.text_en.rstrip('.')} ({reason.contribution_millilogits / 1000:+.2f})"

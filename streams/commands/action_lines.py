"""A collection action as a line for a person: what is proposed or refused, when it may happen, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.commands.printing import Segment, counted

if TYPE_CHECKING:
    import datetime as dt

    from streams.events.outputs import CollectionAction, CollectionActionWithdrawn

#: How an action's verdict looks on a terminal.
_STYLES = {"ALLOW": "green", "DEFER": "yellow", "DENY": "magenta"}
_WORDS = {"IM": "message", "SMS": "SMS", "EMAIL": "e-mail", "AGENCY": "placement with an agency"}
#: What counts as severe: people watching a run want to see these, and each refusal.
_SEVERE = frozenset({"FORBEARANCE_OFFER", "VISIT", "AGENCY", "LEGAL_REVIEW"})


def line(action: CollectionAction) -> list[Segment]:
    """One line, as (text, style) segments."""
    return [(f"{action.business_date}  ", "dim"), (f"{action.borrower_id:<16}  ", "bold"), *measure(action)]


def is_severe(action: CollectionAction) -> bool:
    """Whether it is more than a reminder, a message or a call, or was refused."""
    return action.stage in _SEVERE or action.decision.verdict == "DENY"


def measure(action: CollectionAction) -> list[Segment]:
    """What is proposed or refused: the line without its date and borrower."""
    decision = action.decision
    return [
        ("withheld for comparison: " if action.withheld else "", "magenta"),
        (_what(action), ""),
        (f", {_answer(action)}", _STYLES[decision.verdict]),
        (f"  {', '.join(map(_reason, action.reasons))}", "italic"),
        (f"  ({action.plan}; {' and '.join(decision.packs) or 'no pack in force'}; {action.action_id})", "dim"),
    ]


def gone(withdrawn: CollectionActionWithdrawn) -> list[Segment]:
    """A proposal taken back: the line without its date and borrower."""
    why = {
        "NOTHING_OVERDUE": "nothing is overdue any more",
        "PROMISE_OPEN": "a promise to pay is open",
        "FROZEN": "an incident of the lender's own lasts",
        "REFUSED": f"refused by {', '.join(withdrawn.rule_ids)}",
    }
    return [
        (f"stage {withdrawn.stage} taken back: {why[withdrawn.cause]}", "dim"),
        (f"  ({withdrawn.action_id})", "dim"),
    ]


def _what(action: CollectionAction) -> str:
    kind = _WORDS.get(action.kind, action.kind.lower().replace("_", " "))
    by = {"HUMAN": "", "BOT": " by machine", "AGENCY": " by the agency"}[action.actor]
    stage = "relief offered" if action.stage == "FORBEARANCE_OFFER" else f"stage {action.stage}"
    return f"{stage}: {kind}{by}"


def _answer(action: CollectionAction) -> str:
    rules = ", ".join(action.decision.rule_ids)
    if action.decision.verdict == "DENY":
        return f"REFUSED by {rules}"
    until = f"until {_minute(action.expires_at)}"
    if action.decision.verdict == "DEFER":
        return f"allowed from {_minute(action.not_before)} {until} (because of {rules})"
    return f"allowed {until}"


def _minute(instant: dt.datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _reason(reason: str) -> str:
    """`days_past_due=12` reads as 12 days past due."""
    name, _, value = reason.partition("=")
    match name:
        case "days_past_due":
            return f"{counted(int(value), 'day')} past due"
        case "days_to_due":
            return f"due in {counted(int(value), 'day')}"
        case _:
            return f"{name.replace('_minor', ' in minor units').replace('_', ' ')} {value}"

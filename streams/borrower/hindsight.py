"""What a late fact proves wrong: alerts that would not have been sent, and days on which thresholds were reached.

An alert is in doubt only if the event may speak for the borrower; it is taken back only if the corrected facts both look
better for its day than what was known then and no longer support its tier. Newest first: one that stands keeps those before it.
"""

from __future__ import annotations

from streams.borrower import decide, labels
from streams.borrower.context import Context
from streams.borrower.state import Borrower
from streams.borrower.view import View
from streams.events import payments
from streams.events.envelope import BorrowerEvent
from streams.ledger import derive, wake_after
from streams.risk import tiers


def doubtful(borrower: Borrower, event: BorrowerEvent, context: Context) -> dict[int, tuple[int, int]]:
    """For each alert that this event may prove wrong: what is known of its day before the event (ppm, days past due)."""
    if not borrower.alerts or not _corrects(event, borrower.business_day):
        return {}
    return {alert.sequence: _judged(borrower, alert.day, context) for alert in borrower.alerts}


def _corrects(event: BorrowerEvent, today: int) -> bool:
    match event:
        case payments.PaymentReceived():
            return (event.value_date or event.business_date).toordinal() < today
        case payments.PaymentFailed() | payments.InstallmentMissed():
            return False
        case _:
            return True


def _judged(borrower: Borrower, day: int, context: Context) -> tuple[int, int]:
    view = View(borrower, day, context.weights)
    return view.ppm, view.standing.days_past_due


def retract_unfounded(
    borrower: Borrower, borrower_id: str, doubtful: dict[int, tuple[int, int]], view: View, context: Context
) -> None:
    """Newest first, take back each alert that would not have been sent had the fact been known on its day."""
    for alert in reversed(borrower.alerts):
        if alert.sequence not in doubtful:
            break
        then = View(borrower, alert.day, context.weights)
        now = (then.ppm, then.standing.days_past_due)
        forced = tiers.floor(context.policy, now[1], written_off=then.standing.written_off)
        supported = max(tiers.entered(context.policy, now[0]), forced)
        better = now[0] < doubtful[alert.sequence][0] or now[1] < doubtful[alert.sequence][1]
        if supported >= alert.to_tier or not better:
            break
        decide.retract(borrower, borrower_id, view, alert, context)


def rejudge_labels(borrower: Borrower, from_day: int) -> None:
    """Find again on which days thresholds were reached, now that the past has changed."""
    waiting = borrower.observations
    if not waiting:
        return
    labels.unmark(waiting, from_day)
    day, account = from_day, borrower.account
    while 0 < day <= borrower.business_day:
        standing = derive(account, day).standing
        labels.mark(waiting, day, standing.days_past_due, written_off=standing.written_off)
        day = wake_after(account, day)

"""What follows from a view: delinquency changes, tier changes, retractions. Every output of a fold is made here."""

from __future__ import annotations

from streams.borrower.context import Context, date
from streams.borrower.labels import starts_month
from streams.borrower.state import Borrower, LiveAlert
from streams.borrower.view import View
from streams.events.fields import NonNegativeMoney
from streams.events.outputs import Cause, ChangeCause, DelinquencyChanged, Direction, RiskTierChanged
from streams.ledger.facts import Standing
from streams.portfolio import booking
from streams.risk import model, tiers
from streams.risk.tiers import NORMAL, TIERS, Recovery

#: The head that the book's expected loss is made of: default within a year (IFRS 9's 12-month horizon).
YEAR_HEAD = model.HEADS.index("default_365d")
#: An alert older than this can no longer be taken back: the ledger has closed the days it stood on.
RETRACTABLE_DAYS = 120
#: A change that goes against one of so many days ago took it back: the tier flapped.
FLIP_DAYS = 90


def delinquency(borrower: Borrower, borrower_id: str, view: View, cause: ChangeCause, context: Context) -> None:
    """Emit a change for each loan that is in another bucket than last said."""
    today = borrower.business_day
    borrower.currency = view.derived.currency or borrower.currency
    for position in view.derived.positions:
        before, after = borrower.buckets.get(position.loan_id, 0), position.bucket
        if before == after:
            continue
        if after:
            borrower.buckets[position.loan_id] = after
        else:
            del borrower.buckets[position.loan_id]
        borrower.changes_sent += 1
        change = DelinquencyChanged(
            borrower_id=borrower_id,
            business_date=date(today),
            change_id=f"{borrower_id}/d{borrower.changes_sent}",
            loan_id=position.loan_id,
            product=position.product,
            from_bucket=f"M{before}",
            to_bucket=f"M{after}",
            cause=cause,
            days_past_due=position.days_past_due,
            arrears=NonNegativeMoney(position.arrears_minor, position.currency),
            balance=NonNegativeMoney(position.outstanding_minor, position.currency),
        )
        context.emit("delinquency-changes", change)


def tier(borrower: Borrower, borrower_id: str, view: View, context: Context) -> None:
    """Move the tier if the policy says so, and say it once."""
    standing, policy, today = view.standing, context.policy, borrower.business_day
    forced = tiers.floor(policy, standing.days_past_due, written_off=standing.written_off)
    recovery = Recovery(
        current=standing.days_past_due == 0 and standing.arrears_minor == 0,
        met_on=standing.last_due_day,
        closed=standing.loans_active == 0 and not standing.written_off,
        closed_on=last_closed_on(borrower),
    )
    before, ppm = borrower.tier, view.ppm
    after = tiers.step(policy, before, borrower.tier_since, today, ppm, forced, recovery)
    if after != before:
        cause = _cause(before, after, forced, ppm, standing, context)
        _move(borrower, borrower_id, view, after, cause, context)
    borrower.ppm = ppm


def last_closed_on(borrower: Borrower) -> int:
    """The day on which the borrower's newest loan was closed; 0 if none in the row was."""
    return max([loan.closed_on for loan in borrower.account.loans], default=0)


def _cause(before: int, after: int, forced: int, ppm: int, standing: Standing, context: Context) -> Cause:
    if after < before:
        return "CLOSED" if standing.loans_active == 0 else "RECOVERY"
    if tiers.entered(context.policy, ppm) >= after:
        return "MODEL"
    return "WRITE_OFF" if standing.written_off and forced == after else "DAYS_PAST_DUE"


def _move(borrower: Borrower, borrower_id: str, view: View, after: int, cause: Cause, context: Context) -> None:
    before, today = borrower.tier, borrower.business_day
    borrower.alerts_sent += 1
    borrower.moved += 1
    borrower.moved_back += _takes_back(borrower, up=after > before)
    if after > before:
        borrower.alerts.append(LiveAlert(borrower.alerts_sent, today, before, after, borrower.tier_since))
    else:
        borrower.alerts = [alert for alert in borrower.alerts if alert.to_tier <= after]
    borrower.tier, borrower.tier_since = after, today
    _say(borrower, borrower_id, view, before, "UP" if after > before else "DOWN", cause, None, context)


def _takes_back(borrower: Borrower, *, up: bool) -> bool:
    """Whether a change goes against the one before it, and soon. A tier that an alert brought was reached upwards."""
    since = borrower.tier_since
    rose = bool(borrower.alerts) and borrower.alerts[-1].day == since
    return since > 0 and borrower.business_day - since <= FLIP_DAYS and rose != up


def retract(borrower: Borrower, borrower_id: str, view: View, alert: LiveAlert, context: Context) -> None:
    """Take an alert back: the tier returns to what it was before it, and consumers are told once."""
    before = borrower.tier
    borrower.alerts = [live for live in borrower.alerts if live.sequence < alert.sequence]
    borrower.alerts_sent += 1
    borrower.tier, borrower.tier_since = alert.from_tier, alert.since_day
    supersedes = f"{borrower_id}/{alert.sequence}"
    _say(borrower, borrower_id, view, before, "RETRACT", "CORRECTION", supersedes, context)


def book(
    borrower: Borrower,
    view: View,
    tier_before: int,
    context: Context,
    *,
    woke: bool = False,
    late_from: int = 0,
    restructured: bool = False,
) -> None:
    """Bring the portfolio's sums up to date with this row; see `portfolio.booking`."""
    today = borrower.business_day
    rescore = woke and starts_month(today)
    step = booking.Step(today, woke, late_from, tier_before, borrower.tier, restructured=restructured, rescore=rescore)
    loans, positions = borrower.account.loans, view.derived.positions
    booking.record(context.book, borrower.booked, loans, positions, step, lambda: view.assessment.ppm_of(YEAR_HEAD))


def forget_old_alerts(borrower: Borrower) -> None:
    """Drop live alerts that can no longer be taken back."""
    oldest = borrower.business_day - RETRACTABLE_DAYS
    if borrower.alerts and borrower.alerts[0].day < oldest:
        borrower.alerts = [alert for alert in borrower.alerts if alert.day >= oldest]


def _say(
    borrower: Borrower,
    borrower_id: str,
    view: View,
    before: int,
    direction: Direction,
    cause: Cause,
    supersedes: str | None,
    context: Context,
) -> None:
    standing, currency = view.standing, borrower.currency
    possible = tiers.downgrade_possible_on(context.policy, borrower.tier, borrower.tier_since)
    alert = RiskTierChanged(
        borrower_id=borrower_id,
        business_date=date(borrower.business_day),
        alert_id=f"{borrower_id}/{borrower.alerts_sent}",
        alert_sequence=borrower.alerts_sent,
        journal_sequence=borrower.sequence,
        from_tier=TIERS[before],
        to_tier=TIERS[borrower.tier],
        direction=direction,
        cause=cause,
        supersedes=supersedes,
        probability_before_ppm=borrower.ppm,
        probability_ppm=view.ppm,
        reasons=tuple(model.explain(view.assessment, context.weights, improving=direction == "DOWN")),
        days_past_due=standing.days_past_due,
        exposure=NonNegativeMoney(standing.exposure_minor, currency),
        arrears=NonNegativeMoney(standing.arrears_minor, currency),
        next_downgrade_possible_on=date(possible) if borrower.tier != NORMAL else None,
        model_version=context.weights.version,
        policy_version=context.policy.version,
    )
    context.emit("risk-tier-changes", alert)

"""The fold: one event, or the passing of days, on one row.

Rule 1: a row first advances to the event's business date, as a tick would, so it does not matter which comes first.
Rule 2: a late fact re-derives what it touches; an alert that the corrected facts no longer support is retracted, once.
Rule 3: nothing is decided about the past: a late fact changes what is said today.
"""

from __future__ import annotations

from typing import cast

from streams.borrower import collect, decide, freezes, hindsight, labels, promised
from streams.borrower.context import Context, Refused, date
from streams.borrower.repeats import Seen, fingerprint, look_up, remember
from streams.borrower.state import Borrower, Observation
from streams.borrower.view import View, fold_base, forget_recent
from streams.events import contacts, loans, payments
from streams.events.envelope import BorrowerEvent
from streams.events.outputs import ChangeCause, LabelMatured
from streams.ledger import Derived, apply, compact, derive
from streams.ledger.account import WINDOW_DAYS
from streams.ledger.outcomes import Disagreement, Duplicate, LateFact, Quarantined
from streams.ledger.outcomes import Refused as LedgerRefused
from streams.portfolio import booking
from streams.risk import model, tiers

#: What is not about contacts is about money and terms.
LedgerEvent = loans.LoanTopicEvent | payments.PaymentTopicEvent | payments.MissedTopicEvent
#: Contractual default (CRR Art. 178).
DEFAULT_DAYS = 90
DELINQUENT_DAYS = 30

_CAUSE_BY_EVENT: dict[type[BorrowerEvent], ChangeCause] = {
    payments.PaymentReceived: "PAYMENT",
    payments.PaymentReversed: "REVERSAL",
    loans.LoanRestructured: "RESTRUCTURE",
    loans.LoanWrittenOff: "WRITE_OFF",
    loans.LoanClosed: "CLOSED",
}


def advance(borrower: Borrower, borrower_id: str, day: int, context: Context) -> None:
    """Let the row's clock reach `day`, stopping at every day on which something happens by time alone."""
    while 0 < borrower.wake_day <= day:
        borrower.business_day = borrower.wake_day
        _wake(borrower, borrower_id, context)
    borrower.business_day = max(borrower.business_day, day)


def handle(borrower: Borrower, borrower_id: str, event: BorrowerEvent, context: Context) -> None:
    """Fold one of the borrower's events.

    Raises:
        Refused: the event is a dead letter. The row has advanced to its day, nothing else.
    """
    entry = fingerprint(event, event.business_date.toordinal())
    match look_up(borrower.keys, entry):
        case Seen.REPEAT:
            borrower.sequence += 1
            context.count("repeat_dropped")
            return
        case Seen.CONFLICT:
            borrower.sequence += 1
            raise Refused(
                "key_conflict",
                f"The idempotency key {event.idempotency_key!r} was used before with another content. "
                "The first one stands; send this fact under a key of its own.",
            )
        case Seen.NEW:
            pass
    advance(borrower, borrower_id, event.business_date.toordinal(), context)
    borrower.sequence += 1  # after advancing: what time alone caused belongs to the record before
    if isinstance(event, contacts.ContactTopicEvent):
        _contact(borrower, borrower_id, event, context)
    else:
        _apply(borrower, borrower_id, cast("LedgerEvent", event), context)
    booking.notice(context.book, borrower.account.loans, event, borrower.business_day)
    borrower.keys = remember(borrower.keys, entry, borrower.business_day)


def _apply(borrower: Borrower, borrower_id: str, event: LedgerEvent, context: Context) -> None:
    doubtful, tier_before = hindsight.doubtful(borrower, event, context), borrower.tier
    late_from = _to_ledger(borrower, event, context)
    promised.judge_promises(borrower)
    if late_from:
        forget_recent(borrower)
        hindsight.rejudge_labels(borrower, late_from)
    view = View(borrower, borrower.business_day, context.weights)
    _mark(borrower, view)
    cause: ChangeCause = "CORRECTION" if late_from else _CAUSE_BY_EVENT.get(type(event), "DUE_DATE_PASSED")
    decide.delinquency(borrower, borrower_id, view, cause, context)
    if late_from:
        hindsight.retract_unfounded(borrower, borrower_id, doubtful, view, context)
    decide.tier(borrower, borrower_id, view, context)
    restructured = isinstance(event, loans.LoanRestructured)
    decide.book(borrower, view, tier_before, context, late_from=late_from, restructured=restructured)
    _look(borrower, borrower_id, view.derived, event, context)
    _schedule(borrower, view, context)


def _contact(borrower: Borrower, borrower_id: str, event: contacts.ContactTopicEvent, context: Context) -> None:
    """Facts for the desk. Only a promise goes to the model as well: nothing else said may touch the score."""
    context.count("contact")
    collect.contacted(borrower, event)
    if isinstance(event, contacts.ContactAttempted):
        labels.treat(borrower.observations)
    if isinstance(event, contacts.PromiseMade | contacts.PromiseResolved):
        promised.judge_promises(borrower)
        view, tier_before = View(borrower, borrower.business_day, context.weights), borrower.tier
        decide.tier(borrower, borrower_id, view, context)
        decide.book(borrower, view, tier_before, context)
        _look(borrower, borrower_id, view.derived, event, context)
        _schedule(borrower, view, context)
    else:
        _look(borrower, borrower_id, _derived(borrower), event, context)
        _set_wake(borrower)


def _look(
    borrower: Borrower, borrower_id: str, derived: Derived, event: BorrowerEvent | None, context: Context
) -> None:
    today = borrower.business_day
    instant = collect.event_instant(event, today) if event is not None else collect.day_instant(today)
    collect.look(borrower, borrower_id, derived, instant, context)


def _derived(borrower: Borrower) -> Derived:
    today = borrower.business_day
    return derive(borrower.account, today, promised.broken_promises(borrower, today))


def _to_ledger(borrower: Borrower, event: LedgerEvent, context: Context) -> int:
    """Apply to the ledger; returns the earliest day that changed in hindsight, 0 for none."""
    late_from = 0
    for number, outcome in enumerate(apply(borrower.account, event, borrower.business_day)):
        match outcome:
            case LedgerRefused(code=code, reason=reason) | Quarantined(code=code, reason=reason):
                if number == 0:  # only the first answer is about the event itself
                    raise Refused(code, reason)
                context.count(code)
            case Disagreement(code=code) | Duplicate(code=code):
                context.count(code)
            case LateFact(from_day=day):
                late_from = min(late_from or day, day)
                context.count("late_fact")
            case _:
                pass
    return late_from


def _wake(borrower: Borrower, borrower_id: str, context: Context) -> None:
    today = borrower.business_day
    if borrower.risk_day != today:  # only the desk asked for this day: nothing is scored, see `collect`, Rule 1
        _look(borrower, borrower_id, _derived(borrower), None, context)
        _set_wake(borrower)
        return
    month_begins = labels.starts_month(today)
    if month_begins:
        _tidy(borrower, context)
    promised.judge_promises(borrower)
    view = View(borrower, today, context.weights)
    _mark(borrower, view)
    if month_begins:
        _mature(borrower, borrower_id, context)
    tier_before = borrower.tier
    decide.delinquency(borrower, borrower_id, view, "DUE_DATE_PASSED", context)
    decide.tier(borrower, borrower_id, view, context)
    decide.book(borrower, view, tier_before, context, woke=True)
    if month_begins:
        _observe(borrower, borrower_id, view, context)
    _look(borrower, borrower_id, view.derived, None, context)
    _schedule(borrower, view, context)


def _tidy(borrower: Borrower, context: Context) -> None:
    """Once a month: close what is older than the ledger's window."""
    today = borrower.business_day
    fold_base(borrower, today - WINDOW_DAYS)
    for outcome in compact(borrower.account, today):
        if isinstance(outcome, Quarantined):  # a fact that waited in vain for what it belongs to
            context.count(outcome.code)
    decide.forget_old_alerts(borrower)


def _mark(borrower: Borrower, view: View) -> None:
    standing = view.standing
    labels.mark(borrower.observations, borrower.business_day, standing.days_past_due, written_off=standing.written_off)


def _observe(borrower: Borrower, borrower_id: str, view: View, context: Context) -> None:
    """Keep this month-end's inputs until it is known what became of the borrower."""
    standing = view.standing
    if standing.loans_active == 0 or standing.written_off or standing.days_past_due >= DEFAULT_DAYS:
        return
    today, ppm = borrower.business_day, tuple(view.assessment.ppm)
    delinquent = standing.days_past_due >= DELINQUENT_DAYS
    inputs = model.kept_inputs(view.assessment)
    alerted_on = borrower.tier_since if borrower.tier else 0
    observation = Observation(
        today, inputs, ppm, context.weights.version, delinquent, alerted_on=alerted_on, moved=borrower.moved,
        moved_back=borrower.moved_back,
    )  # fmt: skip
    borrower.observations.append(observation)
    borrower.moved = borrower.moved_back = 0
    if context.score is not None:
        context.score(borrower_id, today - 1, ppm, borrower.tier, standing.days_past_due, inputs)


def _mature(borrower: Borrower, borrower_id: str, context: Context) -> None:
    today = borrower.business_day
    if today <= context.closed_day:
        context.count("label_too_late")
        return
    frozen = bool(context.freezes) and freezes.holds(context.freezes, "LEARNING", borrower.account)
    for index, head, observation, reached_on in labels.matured(borrower.observations, today):
        if frozen:
            context.count("label_frozen")
            continue
        label = LabelMatured(
            borrower_id=borrower_id,
            observed_on=date(observation.day - 1),
            matured_on=date(today),
            head=head.name,
            outcome=reached_on > 0,
            probability_ppm=observation.ppm[index],
            model_version=observation.version,
            observation=observation.inputs,
            alerted_on=date(observation.alerted_on) if observation.alerted_on else None,
            reached_on=date(reached_on) if reached_on else None,
            treated=observation.treated,
            moved=observation.moved,
            moved_back=observation.moved_back,
        )
        context.label(label)
    borrower.observations = [each for each in borrower.observations if not labels.outlived(each, today)]


def _schedule(borrower: Borrower, view: View, context: Context) -> None:
    """Set the next day on which time alone changes something."""
    today = borrower.business_day
    candidates = [view.derived.wake_day]
    if borrower.tier:
        candidates.append(tiers.downgrade_possible_on(context.policy, borrower.tier, borrower.tier_since))
        if not view.standing.loans_active:
            candidates.append(decide.last_closed_on(borrower) + context.policy.closed_days)
    account = borrower.account
    if account.loans or account.pool or account.reversals or borrower.observations:
        candidates.append(labels.next_month_start(today))
    if borrower.facts.promises:
        candidates.append(promised.next_judgement(borrower.facts, today))
    borrower.risk_day = min((day for day in candidates if day > today), default=0)
    _set_wake(borrower)


def _set_wake(borrower: Borrower) -> None:
    risk_day, look_day = borrower.risk_day, borrower.look_day
    borrower.wake_day = min(risk_day, look_day) if risk_day and look_day else risk_day or look_day

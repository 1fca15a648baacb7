"""What an event says, as a sentence. Amounts have their currency's decimals, ids stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from streams.commands.printing import counted
from streams.events import contacts, control, loans, payments
from streams.evidence.money import money_text

if TYPE_CHECKING:
    from streams.events.decode import InputEvent
    from streams.events.fields import Installment, Money, NonNegativeMoney
    from streams.events.outputs import DelinquencyChanged

_Objection = (
    contacts.DisputeRaised
    | contacts.DisputeResolved
    | contacts.ComplaintReceived
    | contacts.ComplaintClosed
    | contacts.HoldSet
    | contacts.HoldCleared
)
_Wish = contacts.ContactPreferenceSet | contacts.ConsentGiven | contacts.ConsentWithdrawn | _Objection


def sentence(event: InputEvent) -> str:
    """One sentence about any event of the input topics."""
    if isinstance(event, loans.LoanTopicEvent):
        return _loan(event)
    if isinstance(event, payments.PaymentTopicEvent | payments.MissedTopicEvent):
        return _payment(event)
    if isinstance(event, contacts.ContactTopicEvent):
        return _contact(event)
    if isinstance(event, control.ControlEvent):
        return _control(event)
    return f"{_word(str(event.__struct_config__.tag)).capitalize()}."


def delinquency(change: DelinquencyChanged) -> str:
    """One sentence about a loan's change of bucket."""
    cause = change.cause.lower().replace("_", " ")
    return (
        f"Loan {change.loan_id} moved from {change.from_bucket} to {change.to_bucket} ({cause}): "
        f"{counted(change.days_past_due, 'day')} past due, {_money(change.arrears)} in arrears."
    )


def _money(money: Money | NonNegativeMoney) -> str:
    return money_text(money.amount_minor, money.currency)


def _of(loan_id: str | None) -> str:
    return f" on loan {loan_id}" if loan_id else ""


def _word(name: str) -> str:
    """INSUFFICIENT_FUNDS reads as insufficient funds."""
    return name.lower().replace("_", " ")


def _schedule(installments: list[Installment], currency: str) -> str:
    first, last = installments[0], installments[-1]
    total = money_text(sum(installment.amount_minor for installment in installments), currency)
    return f"{len(installments)} installments from {first.due_date} to {last.due_date}, {total} in all"


def _loan(event: loans.LoanTopicEvent) -> str:
    match event:
        case loans.LoanOpened():
            return (
                f"Loan {event.loan_id} opened on {event.opened_on}: {_money(event.principal)} "
                f"in {event.installment_count} installments ({event.product})."
            )
        case loans.ScheduleSet():
            plan = _schedule(event.installments, event.currency)
            return f"Schedule {event.schedule_version}{_of(event.loan_id)}: {plan}."
        case loans.LoanRestructured():
            plan = _schedule(event.installments, event.currency)
            return f"Loan {event.loan_id} restructured from {event.effective_on} ({_word(event.kind)}): {plan}."
        case loans.LoanWrittenOff():
            reason = f" ({event.reason})" if event.reason else ""
            return f"Loan {event.loan_id} written off on {event.written_off_on}: {_money(event.amount)}{reason}."
        case loans.LoanClosed():
            return f"Loan {event.loan_id} closed on {event.closed_on}: {_word(event.reason)}."
        case _:
            assert_never(event)


def _payment(event: payments.PaymentTopicEvent | payments.MissedTopicEvent) -> str:
    match event:
        case payments.PaymentReceived():
            counts = f", counts from {event.value_date}" if event.value_date else ""
            payer = " by a third party" if event.payer == "THIRD_PARTY" else ""
            how = f"{_word(event.method)}{payer}{counts}"
            return f"{_money(event.amount)} paid{_of(event.loan_id)} ({how}; {event.payment_id})."
        case payments.PaymentFailed():
            what = f"Debit of {_money(event.amount)} failed{_of(event.loan_id)}"
            return f"{what}: {_word(event.failure)} ({event.payment_id})."
        case payments.PaymentReversed():
            amount = f"{_money(event.amount)} of payment" if event.amount else "Payment"
            return f"{amount} {event.payment_id} went back: {_word(event.kind)}."
        case payments.InstallmentMissed():
            return (
                f"The platform says installment {event.number} of loan {event.loan_id}, due {event.due_date}, "
                f"was missed by {_money(event.shortfall)}."
            )
        case _:
            assert_never(event)


def _contact(event: contacts.ContactTopicEvent) -> str:
    match event:
        case contacts.ContactAttempted():
            return f"Contact tried: {_word(event.channel)} by {_word(event.actor)} ({event.attempt_id})."
        case contacts.ContactOutcome():
            return f"Contact {event.attempt_id} ended: {_word(event.outcome)}."
        case contacts.PromiseMade():
            return f"Promised to pay {_money(event.amount)} by {event.due_on}{_of(event.loan_id)} ({event.promise_id})."
        case contacts.PromiseResolved():
            return f"The platform says promise {event.promise_id} was {_word(event.result)}."
        case contacts.NoticeSent() | contacts.LegalStepDecided() | contacts.GateConsulted():
            return _legal(event)
        case _:
            return _wish(event)


def _legal(event: contacts.NoticeSent | contacts.LegalStepDecided | contacts.GateConsulted) -> str:
    if isinstance(event, contacts.GateConsulted):
        because = f" because of {', '.join(event.rule_ids)}" if event.rule_ids else ""
        return f"The gate was asked about {_word(event.action)} and said {event.verdict}{because}."
    if isinstance(event, contacts.NoticeSent):
        return f"{event.kind.capitalize()} notice delivered on {event.delivered_on}{_of(event.loan_id)}."
    finding = "" if event.finding == "UNDECIDED" else f", who finds the borrower {_word(event.finding)}"
    return f"Legal step on loan {event.loan_id} {_word(event.decision)} by {event.decided_by}{finding}."


def _wish(event: _Wish) -> str:
    match event:
        case contacts.ContactPreferenceSet():
            return f"Contact preference set: {_preference(event)}."
        case contacts.ConsentGiven() | contacts.ConsentWithdrawn():
            return _consent(event)
        case _:
            return _objection(event)


def _consent(event: contacts.ConsentGiven | contacts.ConsentWithdrawn) -> str:
    verb = "given" if isinstance(event, contacts.ConsentGiven) else "withdrawn"
    scope = " out of hours" if event.scope == "OUT_OF_HOURS" else ""
    return f"Consent {verb}: {_word(event.channel)}{scope}."


def _objection(event: _Objection) -> str:
    match event:
        case contacts.DisputeRaised():
            amount = f" about {_money(event.amount)}" if event.amount else ""
            return f"Dispute {event.dispute_id} raised{amount}{_of(event.loan_id)}: {_word(event.scope)}."
        case contacts.DisputeResolved():
            return f"Dispute {event.dispute_id} ended: {_word(event.result)}."
        case contacts.ComplaintReceived():
            return f"Complaint {event.complaint_id} received: {_word(event.category)}."
        case contacts.ComplaintClosed():
            return f"Complaint {event.complaint_id} answered."
        case contacts.HoldSet():
            until = f" until {event.until_date}" if event.until_date else ", no end set"
            return f"Hold {event.hold_id} set ({_word(event.kind)}): contact pauses from {event.from_date}{until}."
        case contacts.HoldCleared():
            return f"Hold {event.hold_id} cleared."
        case _:
            assert_never(event)


def _preference(event: contacts.ContactPreferenceSet) -> str:
    hours = f", {event.not_before or '00:00'} to {event.not_after or '24:00'}"
    channels = f", by {', '.join(map(_word, event.channels))}" if event.channels else ""
    return f"{' or '.join(event.time_zones)}{hours if event.not_before or event.not_after else ''}{channels}"


def _control(event: control.ControlEvent) -> str:
    match event:
        case control.BusinessDateAdvanced():
            return f"The lender's day is {event.business_date}."
        case control.ModelActivated():
            return f"Model {event.version} active (learned through {event.learned_through})."
        case control.MeasuresActivated():
            return f"Scores of measures {event.version} active (learned through {event.learned_through})."
        case control.PolicyActivated():
            return f"{event.kind} {event.name} {event.version} {'active' if event.text else 'withdrawn'}."
        case _:
            assert_never(event)

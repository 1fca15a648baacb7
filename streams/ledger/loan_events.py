"""Loan events: opened, schedule set, restructured, written off, closed.

Rule 1: a loan opens once. Facts that came before wait for it and then count.
Rule 2: schedule versions rise. A repeat of the newest is a duplicate, a different or lower one is refused.
Rule 3: `schedule_set` is the whole truth of what it covers. If it starts on or after the newest restructure's effective
    day it replaces that restructure's schedule; if it starts before, it replaces all terms, and all money counts on it
    from the original due dates (so a re-age can be undone). Restructures that were replaced stay counted.
Rule 4: a restructure starts new terms. Money valued before its effective day stays with the old terms, the rest of
    which no longer falls due: the lender's new installments already reckon with it (`restructure_settles.v1`).
Rule 5: after closing or write-off the terms stand.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from streams.ledger.account import LOANS_MAX, TERMS_MAX, Account, Loan, Terms
from streams.ledger.allocation import loan_payments
from streams.ledger.guards import no_room, too_old, waiting_loan
from streams.ledger.outcomes import Duplicate, Outcomes, Pending, Quarantined, Refused, taken
from streams.ledger.positions import former_terms
from streams.ledger.schedule import compress, expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.events.fields import Installment
    from streams.events.loans import LoanClosed, LoanOpened, LoanRestructured, LoanWrittenOff, ScheduleSet

#: A later due date stands for "never" somewhere; counting days beyond it would leave the calendar.
LAST_DUE_DATE = dt.date(2999, 12, 31)


def apply_loan_opened(account: Account, event: LoanOpened, today: int) -> Outcomes:
    """Open a loan, with whatever waited for it."""
    currency = event.principal.currency
    loan = waiting_loan(account, event.loan_id, currency, today)
    if loan is None:
        return (no_room(f"Loan {event.loan_id}", "loans", LOANS_MAX),)
    if loan.opened_on:
        if _origination(loan) == _origination(_opened(Loan(loan.loan_id, currency), event)):
            return (Duplicate("loan_repeated", f"Loan {event.loan_id} was opened before with the same terms."),)
        return (Refused("loan_conflict", f"Loan {event.loan_id} was opened before with other terms. The first stand."),)
    dropped: Outcomes = ()
    if loan.currency != currency:
        dropped = (
            Quarantined(
                "wrong_currency",
                f"Loan {event.loan_id} opens in {currency}; the facts that waited for it were in {loan.currency} "
                f"({len(loan.payments) // 4} payments, {len(loan.terms)} schedules). Send them again in {currency}.",
            ),
        )
        loan.payments, loan.terms, loan.currency = (), (), currency
    _opened(loan, event)
    return (*taken(max(loan.opened_on, account.folded_through + 1), today), *dropped)


def _opened(loan: Loan, event: LoanOpened) -> Loan:
    loan.opened_on = event.opened_on.toordinal()
    loan.waiting_since = 0
    loan.principal_minor = event.principal.amount_minor
    loan.installment_count = event.installment_count
    loan.grace_days = event.grace_days
    loan.annual_rate_bps = _or_absent(event.annual_rate_bps)
    loan.credit_score = _or_absent(event.credit_score)
    loan.payment_to_income_bps = _or_absent(event.payment_to_income_bps)
    loan.product, loan.channel, loan.region = event.product, event.channel or "", event.region or ""
    return loan


def _or_absent(value: int | None) -> int:
    return -1 if value is None else value


def _origination(loan: Loan) -> tuple[object, ...]:
    return (
        loan.currency,
        loan.opened_on,
        loan.principal_minor,
        loan.installment_count,
        loan.grace_days,
        loan.annual_rate_bps,
        loan.credit_score,
        loan.payment_to_income_bps,
        loan.product,
        loan.channel,
        loan.region,
    )


def apply_schedule_set(account: Account, event: ScheduleSet, today: int) -> Outcomes:
    """Set the schedule of a loan (Rules 2 and 3)."""
    loan = waiting_loan(account, event.loan_id, event.currency, today)
    if loan is None:
        return (no_room(f"The schedule of loan {event.loan_id}", "loans", LOANS_MAX),)
    newest = loan.terms[-1] if loan.terms else None
    first = event.installments[0].due_date.toordinal()
    effective = newest.effective_from if newest and newest.effective_from <= first else 0
    terms = _terms(event.installments, event.schedule_version, effective)
    if refusal := _refuse_terms(loan, event, newest, terms):
        return refusal
    if newest is None:
        loan.terms, from_day = (terms,), first
    elif effective == newest.effective_from:
        loan.terms, from_day = (*loan.terms[:-1], terms), _first_difference(newest, terms)
    else:
        from_day = min(first, *(each.dates[1] for each in loan.terms))
        _replace_all(account, loan, terms)
    if account.pool:  # the split of a payment without a loan looks at installments still to come
        from_day = min(from_day, account.pool[0].value_day)
    return _loan_outcome(loan, max(from_day, account.folded_through + 1), today)


def apply_loan_restructured(account: Account, event: LoanRestructured, today: int) -> Outcomes:
    """Start new terms on a loan (Rule 4)."""
    effective = event.effective_on.toordinal()
    if effective <= account.folded_through:
        return (too_old("restructure_too_late", f"The restructure of loan {event.loan_id}", effective, account),)
    loan = waiting_loan(account, event.loan_id, event.currency, today)
    if loan is None:
        return (no_room(f"The restructure of loan {event.loan_id}", "loans", LOANS_MAX),)
    newest = loan.terms[-1] if loan.terms else None
    terms = _terms(event.installments, event.schedule_version, effective)
    if refusal := _refuse_terms(loan, event, newest, terms):
        return refusal
    ends = [end for end in (loan.closed_on, loan.written_off_on) if end]
    if ends and min(ends) <= effective:
        return (Refused("loan_ended", f"Loan {event.loan_id} ended before its restructure takes effect."),)
    kept = tuple(each for each in loan.terms if each.effective_from < effective)
    if len(kept) >= TERMS_MAX:
        return (no_room(f"The restructure of loan {event.loan_id}", "restructures in the window", TERMS_MAX),)
    loan.terms = (*kept, terms)
    return _loan_outcome(loan, effective, today)


def apply_loan_written_off(account: Account, event: LoanWrittenOff, today: int) -> Outcomes:
    """Note that the lender gave up the claim; it happens once."""
    day, amount = event.written_off_on.toordinal(), event.amount
    if day <= account.folded_through:
        return (too_old("write_off_too_late", f"The write-off of loan {event.loan_id}", day, account),)
    loan = waiting_loan(account, event.loan_id, event.amount.currency, today)
    if loan is None:
        return (no_room(f"The write-off of loan {event.loan_id}", "loans", LOANS_MAX),)
    if loan.currency != amount.currency:
        return (_wrong_currency(loan, "write-off", amount.currency),)
    if refusal := _refuse_write_off(loan, day, amount.amount_minor):
        return refusal
    loan.written_off_on, loan.written_off_minor = day, amount.amount_minor
    return _loan_outcome(loan, day, today)


def _refuse_write_off(loan: Loan, day: int, amount_minor: int) -> Outcomes:
    """Why a write-off is not taken; empty if it is."""
    if loan.written_off_on:
        if (day, amount_minor) == (loan.written_off_on, loan.written_off_minor):
            return (Duplicate("write_off_repeated", f"Loan {loan.loan_id} was written off before."),)
        return (Refused("write_off_conflict", f"Loan {loan.loan_id} was written off before otherwise."),)
    if 0 < loan.closed_on < day:
        return (Refused("loan_ended", f"Loan {loan.loan_id} was closed before it is written off."),)
    return ()


def apply_loan_closed(account: Account, event: LoanClosed, today: int) -> Outcomes:
    """End a loan: nothing more is due on it."""
    loan = account.loan(event.loan_id)
    if loan is None:
        return (Refused("unknown_loan", f"Loan {event.loan_id} is not known, so it cannot be closed."),)
    day = event.closed_on.toordinal()
    if loan.closed_on:
        if (day, event.reason) == (loan.closed_on, loan.closed_reason):
            return (Duplicate("close_repeated", f"Loan {event.loan_id} was closed before."),)
        return (Refused("close_conflict", f"Loan {event.loan_id} was closed before on another day or otherwise."),)
    if day <= account.folded_through:
        return (too_old("close_too_late", f"The closing of loan {event.loan_id}", day, account),)
    loan.closed_on, loan.closed_reason = day, event.reason
    return _loan_outcome(loan, day, today)


def _terms(installments: Sequence[Installment], version: int, effective: int) -> Terms:
    dates, amounts = compress([(each.due_date.toordinal(), each.amount_minor) for each in installments])
    return Terms(effective, version, installments[0].number, dates, amounts)


def _refuse_terms(loan: Loan, event: ScheduleSet | LoanRestructured, newest: Terms | None, terms: Terms) -> Outcomes:
    """Why the new terms are not taken; empty if they are."""
    last = event.installments[-1].due_date
    if last > LAST_DUE_DATE:
        reason = f"The schedule of loan {loan.loan_id} ends on {last}; due dates after {LAST_DUE_DATE} are a mistake."
        return (Refused("due_date_too_far", reason),)
    if loan.currency != event.currency:
        return (_wrong_currency(loan, "schedule", event.currency),)
    if newest is None or terms.version > newest.version:
        return ()
    version = f"Schedule version {terms.version} of loan {loan.loan_id}"
    if terms == newest:
        return (Duplicate("schedule_repeated", f"{version} was taken before."),)
    if terms.version == newest.version:
        return (Refused("schedule_conflict", f"{version} was taken before with other content. Use a higher version."),)
    return (Refused("schedule_superseded", f"{version} came after version {newest.version}, which stands."),)


def _replace_all(account: Account, loan: Loan, terms: Terms) -> None:
    former = former_terms(loan, loan_payments(account, loan), len(loan.terms) - 1)
    loan.restructures, loan.days_past_due_before_restructure = former.restructures, former.days_past_due
    loan.paid_minor, loan.settled_minor = loan.paid_minor + loan.settled_minor, 0
    loan.terms = (terms,)


def _first_difference(old: Terms, new: Terms) -> int:
    """The first due day on which the two schedules differ."""
    before, after = list(expand(old.dates, old.amounts)), list(expand(new.dates, new.amounts))
    for one, other in zip(before, after, strict=False):
        if one != other:
            return min(one[0], other[0])
    longer = max(before, after, key=len)
    return longer[min(len(before), len(after), len(longer) - 1)][0]


def _loan_outcome(loan: Loan, from_day: int, today: int) -> Outcomes:
    if loan.opened_on:
        return taken(from_day, today)
    return (Pending("loan_not_open", f"The fact waits for loan {loan.loan_id} to open."),)


def _wrong_currency(loan: Loan, what: str, currency: str) -> Refused:
    return Refused("wrong_currency", f"The {what} is in {currency} but loan {loan.loan_id} is in {loan.currency}.")

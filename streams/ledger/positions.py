"""What follows from one loan's facts as of the close of a day: days past due, arrears, bucket, next change.

Rule 1 (contractual): days past due on day B = B - due day of the oldest unmet installment with due day < B, else 0.
Rule 2 (grace): a loan is delinquent from due day + grace + 1; grace never changes the contractual count. The adjusted
    count is the contractual one minus grace, at least 0. The bucket is M0 inside grace, and contractual beyond.
Rule 3 (spell): days since the loan was last fully current. It outgrows days past due when a borrower pays one
    installment a month but stays behind (rolling delinquency, Reg X 12 CFR 1024.31).
Rule 4: from the write-off day on the counts stand still; money after it recovers the claim and cures nothing.
Rule 5: on a closed loan nothing is due.
"""

# ruff: noqa: FURB136  - `running` is the hot path: calls to min and max were a fifth of its time

from __future__ import annotations

import msgspec

from streams.ledger.account import WINDOW_DAYS, Loan, Terms
from streams.ledger.allocation import Payments, paid_between, paid_on_terms, terms_index
from streams.ledger.facts import Position, bucket
from streams.ledger.schedule import amount, around, count, covered, due_before, due_day, total, whole

#: Contractual days past due on which something derived changes by time alone: floors 30/60/90 and bucket edges.
THRESHOLD_DAYS = (30, 31, 60, 61, 90, 91)


def assess(loan: Loan, payments: Payments, day: int) -> Position:
    """Position of one loan at the close of `day`.

    Args:
        loan: the loan.
        payments: its own and its shares of the pool (`streams.ledger.allocation.payments_by_loan`).
        day: ordinal; later than the account's `folded_through`.
    """
    if loan.opened_on == 0 or day < loan.opened_on:
        waiting = paid_between(payments, -1, day)
        return Position(loan.loan_id, loan.currency, loan.product, credit_minor=waiting, wake_day=loan.opened_on)
    if loan.closed_on and day >= loan.closed_on:
        return _closed(loan, payments, day)
    if loan.written_off_on and day >= loan.written_off_on:
        return _written_off(loan, payments, day)
    return running(loan, payments, day)


def _spell_start(loan: Loan, payments: Payments, start: int) -> int:
    """First day of the arrears spell that is known to hold since `start` at least.

    Goes back from oldest unmet installment to oldest unmet installment until a day on which nothing was overdue. What
    lies in the base is not looked at: the base says since when.
    """
    while start - 1 > loan.folded_through:
        day = start - 1
        index = terms_index(loan, day)
        terms = loan.terms[index]
        unmet = covered(terms.amounts, paid_on_terms(loan, payments, index, day))
        if terms.effective_from > day or unmet >= due_before(terms.dates, day):
            return start
        start = max(due_day(terms.dates, unmet) + 1, terms.effective_from)
    return loan.arrears_since or start


class Former(msgspec.Struct, frozen=True, gc=False):
    """What is left of terms that were replaced: money that counted on them, and what their end reset."""

    settled_minor: int
    restructures: int
    days_past_due: int


def former_terms(loan: Loan, payments: Payments, index: int) -> Former:
    """Sum up what lies before terms number `index`, the base included."""
    terms = loan.terms
    settled, worst = loan.settled_minor, loan.days_past_due_before_restructure
    settled += paid_between(payments, -1, terms[0].effective_from - 1)
    for before in range(index):
        end = terms[before + 1].effective_from
        paid = paid_on_terms(loan, payments, before, end - 1)
        settled += paid
        worst = max(worst, _days_past_due(terms[before], paid, end))
    restructures = loan.restructures + sum(each.effective_from > 0 for each in terms[: index + 1])
    return Former(settled, restructures, worst)


def _days_past_due(terms: Terms, paid_minor: int, day: int) -> int:
    unmet = covered(terms.amounts, paid_minor)
    return day - due_day(terms.dates, unmet) if unmet < due_before(terms.dates, day) else 0


def running(loan: Loan, payments: Payments, day: int) -> Position:
    """Position at the close of `day` as if the loan had not ended: the hot path, straight through."""
    if not loan.terms or loan.terms[0].effective_from > day:
        return _without_schedule(loan, payments, day)
    index = terms_index(loan, day)
    terms = loan.terms[index]
    dates, amounts, effective = terms.dates, terms.amounts, terms.effective_from
    passed, last_due, next_due = around(dates, day)
    installments, agreed = whole(amounts)
    open_through = due_before(dates, next_due + 1) if next_due else installments
    paid = (loan.paid_minor if index == 0 else 0) + paid_between(payments, effective - 1, day)
    paid_since = paid_between(payments, max(last_due, day - WINDOW_DAYS, effective - 1), day)

    arrears = total(amounts, passed) - paid
    days_past_due = adjusted = since = oldest = number = 0
    if arrears <= 0:
        arrears = 0
    else:
        unmet = covered(amounts, paid)
        oldest, number = due_day(dates, unmet), terms.first_number + unmet
        days_past_due = day - oldest
        since = _spell_start(loan, payments, max(oldest + 1, effective))
        adjusted = days_past_due - loan.grace_days if days_past_due > loan.grace_days else 0
    payable = total(amounts, open_through)
    allocated = paid if paid < payable else payable
    former = former_terms(loan, payments, index) if index or effective or loan.restructures else None
    return Position(  # in the order of its fields: by name it takes eight times as long
        loan.loan_id,
        loan.currency,
        loan.product,
        True,  # noqa: FBT003 - active
        False,  # noqa: FBT003 - written_off
        days_past_due,
        adjusted,
        bucket(days_past_due) if adjusted else 0,
        since,
        day - since + 1 if since else 0,
        arrears,
        agreed - paid if agreed > paid else 0,
        number,
        oldest,
        amount(amounts, passed if passed < installments else installments - 1),
        last_due,
        next_due,
        next_due - last_due if last_due and next_due else _cadence(loan, dates, installments, passed),
        installments,
        passed,
        paid_since,
        allocated,
        paid - allocated,
        former.settled_minor if former else 0,
        0,  # recovered
        former.restructures if former else 0,
        former.days_past_due if former else 0,
        _wake(loan, index, day, next_due, oldest),
    )


def _without_schedule(loan: Loan, payments: Payments, day: int) -> Position:
    paid = loan.paid_minor + paid_between(payments, -1, day)
    return Position(
        loan.loan_id,
        loan.currency,
        loan.product,
        active=True,
        outstanding_minor=max(0, loan.principal_minor - paid),
        credit_minor=paid,
        wake_day=_wake(loan, -1, day, 0, 0),
    )


def _cadence(loan: Loan, dates: tuple[int, ...], installments: int, passed: int) -> int:
    """Days between the two due dates nearest to the present: the first two before, the last two after the schedule.

    A loan of one payment has its length; a schedule of which only one date is left tells nothing.
    """
    if installments == 1:
        return max(due_day(dates, 0) - loan.opened_on, 0) if loan.installment_count == 1 else 0
    if passed == 0:
        near = due_day(dates, 0)
        beyond = due_before(dates, near + 1)
        return due_day(dates, beyond) - near if beyond < installments else 0
    near = due_day(dates, installments - 1)
    before = due_before(dates, near)
    return near - due_day(dates, before - 1) if before else 0


def _wake(loan: Loan, index: int, day: int, next_due: int, oldest: int) -> int:
    """Next day on which the position changes by time alone; 0 if none."""
    wake = next_due + 1 if next_due else 0
    if oldest:
        days_past_due = day - oldest
        for threshold in THRESHOLD_DAYS:
            if threshold > days_past_due:
                wake = _earlier(wake, oldest + threshold)
                break
        if loan.grace_days >= days_past_due:
            wake = _earlier(wake, oldest + loan.grace_days + 1)
    if index + 1 < len(loan.terms):
        wake = _earlier(wake, loan.terms[index + 1].effective_from)
    if loan.closed_on > day:
        wake = _earlier(wake, loan.closed_on)
    if loan.written_off_on > day:
        wake = _earlier(wake, loan.written_off_on)
    return wake


def _earlier(wake: int, day: int) -> int:
    return min(wake, day) if wake else day


def _written_off(loan: Loan, payments: Payments, day: int) -> Position:
    """The counts of the write-off day, and the claim that is left (Rule 4)."""
    end = loan.written_off_on
    recovered = loan.recovered_minor + paid_between(payments, end, day)
    claim = max(0, loan.written_off_minor - recovered)
    return msgspec.structs.replace(
        running(loan, payments, end),
        active=False,
        written_off=True,
        arrears_minor=claim,
        outstanding_minor=claim,
        installment_minor=0,
        next_due_day=0,
        cadence_days=0,
        installments_total=0,
        installments_passed=0,
        paid_since_due_minor=0,
        recovered_minor=recovered,
        wake_day=loan.closed_on if loan.closed_on > day else 0,
    )


def _closed(loan: Loan, payments: Payments, day: int) -> Position:
    """Nothing is due (Rule 5); where the money went stays visible."""
    end = min(loan.closed_on, loan.written_off_on or loan.closed_on)
    last = running(loan, payments, end)
    later = paid_between(payments, end, day)
    recovered = loan.recovered_minor + later if loan.written_off_on else 0
    money = last.allocated_minor + last.credit_minor + (0 if loan.written_off_on else later)
    in_force = loan.terms[terms_index(loan, end)].amounts if loan.terms else ()
    allocated = min(money, total(in_force, count(in_force)))
    return Position(
        loan.loan_id,
        loan.currency,
        loan.product,
        written_off=loan.written_off_on > 0,
        allocated_minor=allocated,
        credit_minor=money - allocated,
        settled_minor=last.settled_minor,
        recovered_minor=recovered,
        restructures=last.restructures,
        days_past_due_before_restructure=last.days_past_due_before_restructure,
    )

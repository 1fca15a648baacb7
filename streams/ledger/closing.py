"""What paying a loan off says: the last `Period`, which no due date brings.

A loan that is paid off ends between two due dates, and `history` counts due dates only. Of a loan with one installment it
would say nothing at all when it is paid early, and the same whether it is paid one day late or fifty.

Rule 1: a loan ends with the money that meets its last installment after that fell due, whether or not anybody closes it;
    else on its closing day.
Rule 2: it depends only on facts with a value day up to that day, and is complete on the day after. Money counts in it from
    the last due date on, at most WINDOW_DAYS back: older money may be folded.
Rule 3: installments that were not due yet, and are met, are what fell due in it: paid in full, and early.
Rule 4: where only overdue installments are met, one more of the same amount counts as due and paid, so that the money
    beyond it is seen to make up for what was short. Days past due are those at which the newest of them was met.
Rule 5: money that met nothing (a loan sold, canceled, or settled for less) says nothing of the borrower.
"""

from __future__ import annotations

from streams.ledger.account import WINDOW_DAYS, Account, Loan
from streams.ledger.allocation import Payments, loan_payments, paid_between, terms_index
from streams.ledger.facts import Period
from streams.ledger.history import day_reached
from streams.ledger.schedule import Runs, amount, count, covered, due_before, due_day, total


def closing(account: Account, loan: Loan, after_day: int, through_day: int) -> Period | None:
    """The period that ends with the loan, if it completes in (after_day, through_day] and anything was met in it."""
    if not loan.terms:
        return None
    payments = loan_payments(account, loan)
    ends = [day for day in (_met_late_on(loan, payments, through_day), loan.closed_on) if day]
    end = min(ends, default=0)
    if not (end and after_day < end + 1 <= through_day) or 0 < loan.written_off_on <= end:
        return None
    index = terms_index(loan, end)
    terms = loan.terms[index]
    passed = due_before(terms.dates, end)
    opening = max(due_day(terms.dates, passed - 1) if passed else 0, terms.effective_from - 1, end - WINDOW_DAYS)
    before = loan.paid_minor if index == 0 else 0
    before += paid_between(payments, terms.effective_from - 1, opening)
    paid = paid_between(payments, opening, end)
    met = covered(terms.amounts, before + paid)
    if terms.effective_from > end or met <= covered(terms.amounts, before):
        return None
    lateness = day_reached(payments, opening, total(terms.amounts, met) - before) - due_day(terms.dates, met - 1)
    cadence = _cadence(loan, terms.dates, met, count(terms.amounts))
    if met > passed:
        due = total(terms.amounts, met) - total(terms.amounts, passed)
        return Period(end, due, paid, lateness_days=lateness, cadence_days=cadence)
    one_more = amount(terms.amounts, met - 1)
    return Period(
        end, one_more, paid + one_more, days_past_due=max(lateness, 0), lateness_days=lateness, cadence_days=cadence
    )


def _met_late_on(loan: Loan, payments: Payments, through_day: int) -> int:
    """The day on which money met the last installment, if that had fallen due before; else 0."""
    terms = loan.terms[-1]
    installments = count(terms.amounts)
    last_due = due_day(terms.dates, installments - 1)
    if last_due >= through_day:
        return 0
    lacking = total(terms.amounts, installments) - paid_between(payments, terms.effective_from - 1, last_due)
    lacking -= loan.paid_minor if len(loan.terms) == 1 else 0
    if lacking <= 0 or lacking > paid_between(payments, last_due, through_day):
        return 0
    return day_reached(payments, last_due, lacking)


def _cadence(loan: Loan, dates: Runs, met: int, installments: int) -> int:
    """Days between the newest installment met and the one before it; of a loan with one installment, its length."""
    if installments == 1:
        return max(due_day(dates, 0) - loan.opened_on, 0)
    newest = max(met - 1, 1)
    return due_day(dates, newest) - due_day(dates, newest - 1)

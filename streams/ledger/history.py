"""What happened between two due dates of a loan: the `Period`s that the risk model folds.

Rule 1: a Period depends only on facts with a value day up to its due day, so money on the next morning leaves it alone.
Rule 2: lateness is met day - due day of the newest installment met in the period. Money beyond the installments due by
    the period's due date is a credit: the installment it pays later counts as met on its due day (lateness 0).
Rule 3: installments due on one day are one Period. Terms count from their effective day; nothing falls due from the
    day of closing or write-off on.
"""

from __future__ import annotations

from streams.ledger.account import PAYMENT_WIDTH, Account, Loan
from streams.ledger.allocation import Payments, loan_payments, paid_between
from streams.ledger.facts import Period
from streams.ledger.schedule import Runs, covered, due_before, due_day, total


def periods(account: Account, loan: Loan, after_day: int, through_day: int) -> list[Period]:
    """Periods completed while the clock goes from the close of `after_day` to the close of `through_day`.

    A period is complete on due day + 1, so those with after_day < due day + 1 <= through_day come, in due order.
    What lies in the base (due by `loan.folded_through`) is closed and does not come again.
    """
    payments = loan_payments(account, loan)
    ends = [day for day in (loan.closed_on, loan.written_off_on) if day]
    found: list[Period] = []
    for index, terms in enumerate(loan.terms):
        following = [loan.terms[index + 1].effective_from] if index + 1 < len(loan.terms) else []
        first = max(after_day, loan.folded_through + 1, terms.effective_from)
        last = min([through_day - 1, *(day - 1 for day in ends + following)])
        base = loan.paid_minor if index == 0 else 0
        at = due_before(terms.dates, first)
        beyond = due_before(terms.dates, last + 1)
        while at < beyond:
            due = due_day(terms.dates, at)
            end = due_before(terms.dates, due + 1)
            opening = max(due_day(terms.dates, at - 1) if at else 0, terms.effective_from - 1)
            before = base + paid_between(payments, terms.effective_from - 1, opening)
            found.append(_period(terms.dates, terms.amounts, (at, end), (opening, before), payments))
            at = end
    return found


def _period(dates: Runs, amounts: Runs, group: tuple[int, int], opening: tuple[int, int], payments: Payments) -> Period:
    """One Period: installments `group[0]` up to `group[1]` fall due, after an opening day with money paid by then."""
    at, end = group
    opening_day, paid_before = opening
    due, due_total = due_day(dates, at), total(amounts, end)
    paid = paid_between(payments, opening_day, due)
    met_before, met = min(covered(amounts, paid_before), at), min(covered(amounts, paid_before + paid), end)
    lateness = 0
    if met > met_before:
        lacking = total(amounts, met) - paid_before
        if lacking > 0:
            lateness = day_reached(payments, opening_day, lacking) - due_day(dates, met - 1)
    return Period(
        due_day=due,
        due_minor=due_total - total(amounts, at),
        paid_minor=paid,
        arrears_minor=max(0, due_total - paid_before - paid),
        days_past_due=due + 1 - due_day(dates, met) if met < end else 0,
        lateness_days=lateness,
    )


def day_reached(payments: Payments, after_day: int, money: int) -> int:
    """The value day, after `after_day`, on which the sum of payments reaches `money`; it does."""
    day = 0
    for at in range(0, len(payments), PAYMENT_WIDTH):
        if money <= 0:
            break
        day = payments[at]
        if day > after_day:
            money -= payments[at + 1] - payments[at + 2]
    assert money <= 0
    return day

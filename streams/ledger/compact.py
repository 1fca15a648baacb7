"""Folding facts older than the window into a base, so that a row stays small however long a loan runs.

Rule 1: nothing derived for a day inside the window changes.
Rule 2: money is folded up to the newest due date whose period was complete at the window's edge, so every period that
    completes inside keeps all its payments.
Rule 3: what waited for the whole window in vain is quarantined, not dropped.
Rule 4: a loan that ended outside the window leaves the row once no money of it is left inside.
"""

from __future__ import annotations

import datetime as dt

from streams.ledger.account import PAYMENT_WIDTH, WINDOW_DAYS, Account, Loan
from streams.ledger.allocation import paid_between, payments_by_loan, terms_index
from streams.ledger.derive import spell_since
from streams.ledger.failed_debits import FAILED_DEBIT_DAYS
from streams.ledger.outcomes import Outcome, Outcomes, Quarantined
from streams.ledger.positions import former_terms, running
from streams.ledger.schedule import count, due_before, due_day


def compact(account: Account, today: int) -> Outcomes:
    """Fold what is older than the window, as seen from `today` (the row's business day).

    Cheap when there is nothing to fold: call it whenever the row's day advances.

    Returns:
        A `Quarantined` for each fact that waited in vain; usually nothing.
    """
    horizon = today - WINDOW_DAYS
    if not _has_old_facts(account, horizon):
        return ()
    outcomes: list[Outcome] = [*_expire_reversals(account, horizon), *_expire_waiting_loans(account, horizon)]
    outcomes += _settle_pool(account, horizon)
    account.arrears_since = spell_since(account, payments_by_loan(account), horizon)
    for loan in account.loans:
        boundary = _boundary(loan, horizon)
        if boundary > loan.folded_through:
            _fold(loan, boundary, horizon)
    _drop_ended_loans(account, horizon)
    _drop_failed_debits(account, horizon - FAILED_DEBIT_DAYS)
    account.folded_through = max(account.folded_through, horizon)
    return tuple(outcomes)


def _has_old_facts(account: Account, horizon: int) -> bool:
    """Whether anything would change: checked at every advance, so without allocating."""
    if account.pool and account.pool[0].value_day <= horizon:
        return True
    if account.reversals and account.reversals[0].booked_day <= horizon:
        return True
    if account.failed_debits and account.failed_debits[0] <= horizon - FAILED_DEBIT_DAYS:
        return True
    return any(_is_old(loan, horizon) for loan in account.loans)


def _is_old(loan: Loan, horizon: int) -> bool:
    if loan.opened_on == 0:
        return loan.waiting_since <= horizon
    if len(loan.terms) > 1 and loan.terms[1].effective_from <= horizon:
        return True
    if loan.payments and loan.payments[0] <= horizon:
        return loan.payments[0] <= _boundary(loan, horizon)
    return not loan.payments and 0 < loan.closed_on < horizon


def _end(loan: Loan) -> int:
    """The day on which the loan's terms stopped to matter; 0 while it runs."""
    return min((day for day in (loan.closed_on, loan.written_off_on) if day), default=0)


def _boundary(loan: Loan, horizon: int) -> int:
    """The day through which a loan's payments can be folded (Rule 2); 0 or less if none."""
    if loan.opened_on == 0:
        return 0
    if 0 < _end(loan) < horizon:
        return horizon
    if not loan.terms or loan.terms[0].effective_from > horizon:
        return 0
    terms = loan.terms[terms_index(loan, horizon)]
    passed = due_before(terms.dates, horizon)
    if passed == 0:
        return terms.effective_from - 1
    last_due = due_day(terms.dates, passed - 1)
    if passed == count(terms.amounts):
        # After the last due date "paid since it" looks WINDOW_DAYS back from days inside the window.
        return max(last_due, horizon - WINDOW_DAYS, terms.effective_from - 1)
    return max(last_due, terms.effective_from - 1)


def _fold(loan: Loan, boundary: int, horizon: int) -> None:
    payments, end = loan.payments, _end(loan)
    paid_through = min(boundary, loan.written_off_on or boundary)
    effective = 0
    if loan.terms:
        index = terms_index(loan, min(horizon, end or horizon))
        effective = loan.terms[index].effective_from
        since = running(loan, payments, paid_through).arrears_since
        _settle_former(loan, index)
        loan.arrears_since = since
    loan.paid_minor += paid_between(payments, effective - 1, paid_through)
    loan.recovered_minor += paid_between(payments, paid_through, boundary)
    kept = next((at for at in range(0, len(payments), PAYMENT_WIDTH) if payments[at] > boundary), len(payments))
    loan.payments, loan.folded_through = payments[kept:], boundary


def _settle_former(loan: Loan, index: int) -> None:
    """Drop the terms before `index`, keeping what they leave behind."""
    restructured = loan.terms[index].effective_from > 0
    if not index and not restructured:
        return
    former = former_terms(loan, loan.payments, index)
    loan.settled_minor, loan.days_past_due_before_restructure = former.settled_minor, former.days_past_due
    loan.restructures = former.restructures - restructured
    if index:
        loan.paid_minor = 0
    loan.terms = loan.terms[index:]


def _settle_pool(account: Account, horizon: int) -> list[Outcome]:
    """Turn old payments of the pool into payments of the loans they were split over."""
    old = tuple(each for each in account.pool if each.value_day <= horizon)
    young = account.pool[len(old) :]
    account.pool = old
    shared = payments_by_loan(account)
    for loan, payments in zip(account.loans, shared, strict=True):
        loan.payments = payments
    account.pool = young
    return [
        Quarantined(
            "payment_without_loan",
            f"A payment of {each.amount_minor} {each.currency} (minor units) valued {_date(each.value_day)} names no "
            f"loan, and no loan in {each.currency} was open to take it. Send it again with its loan_id.",
        )
        for each in old
        if not any(loan.currency == each.currency and 0 < loan.opened_on <= each.value_day for loan in account.loans)
    ]


def _expire_reversals(account: Account, horizon: int) -> list[Outcome]:
    old = [each for each in account.reversals if each.booked_day <= horizon]
    account.reversals = account.reversals[len(old) :]
    return [
        Quarantined(
            "reversal_without_payment",
            f"A reversal of {each.amount_minor or 'all'} {each.currency} booked {_date(each.booked_day)} found no "
            f"payment in {WINDOW_DAYS} days (BLAKE2b-64 of its payment_id: {each.payment_hash:016x}).",
        )
        for each in old
        if each.waiting
    ]


def _expire_waiting_loans(account: Account, horizon: int) -> list[Outcome]:
    expired = [loan for loan in account.loans if loan.opened_on == 0 and loan.waiting_since <= horizon]
    account.loans = [loan for loan in account.loans if loan not in expired]
    return [
        Quarantined(
            "loan_never_opened",
            f"Loan {loan.loan_id} did not open within {WINDOW_DAYS} days of its first fact. Set aside: "
            f"{len(loan.payments) // PAYMENT_WIDTH} payments of {paid_between(loan.payments, -1, horizon + 10**6)} "
            f"{loan.currency} (minor units) and {len(loan.terms)} schedules.",
        )
        for loan in expired
    ]


def _drop_ended_loans(account: Account, horizon: int) -> None:
    kept: list[Loan] = []
    for loan in account.loans:
        if loan.payments or loan.opened_on == 0 or not 0 < loan.closed_on < horizon:
            kept.append(loan)
            continue
        if account.first_opened_day == 0 or loan.opened_on < account.first_opened_day:
            account.first_opened_day = loan.opened_on
        last = running(loan, (), _end(loan))
        account.restructures += last.restructures
        account.days_past_due_before_restructure = max(
            account.days_past_due_before_restructure, last.days_past_due_before_restructure
        )
        account.written_off = account.written_off or loan.written_off_on > 0
    account.loans = kept


def _drop_failed_debits(account: Account, through_day: int) -> None:
    """Drop what no day inside the window looks back to any more."""
    failed = account.failed_debits
    kept = next((at for at in range(0, len(failed), 2) if failed[at] > through_day), len(failed))
    account.failed_debits = failed[kept:]


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(day)

"""The borrower as of the close of a day, in one pass over the loans: what every event needs to know.

Rule 1: days past due are the most over the loans; a written-off loan keeps the count of its last day, so nothing that
    follows looks like a cure. A closed loan counts nothing.
Rule 2: sums are over the loans in one currency: that of the loan which drives the borrower (active, most days past
    due, then first to fall due).
"""

from __future__ import annotations

import msgspec

from streams.ledger.account import Account, Loan
from streams.ledger.allocation import Payments, loan_payments, payments_by_loan
from streams.ledger.facts import Position, Standing
from streams.ledger.failed_debits import count_failed_debits
from streams.ledger.positions import assess

_NO_LOAN = Position("", "", "")
_NO_ORIGIN = Loan("", "", principal_minor=-1, installment_count=-1)


class Derived(msgspec.Struct, frozen=True, gc=False):
    """All that one event needs to know about a borrower.

    Attributes:
        standing: borrower level. `paid_since_due_minor` is counted on each loan from its own last due date.
        positions: per loan, in the account's order.
        currency: of all sums in `standing`; empty without loans.
        days_past_due_adjusted: grace removed, the most over the loans.
        bucket: the worst over the loans.
        wake_day: next day on which any of this changes by time alone; 0 if none.
    """

    standing: Standing
    positions: tuple[Position, ...]
    currency: str
    days_past_due_adjusted: int
    bucket: int
    wake_day: int


def derive(account: Account, day: int, broken_promises: int = 0) -> Derived:
    """Everything about the borrower at the close of `day` (ordinal, later than `account.folded_through`).

    Args:
        account: the facts; not changed.
        day: ordinal.
        broken_promises: promises to pay that were not kept; only passed through to the standing.
    """
    loans = account.loans
    if len(loans) == 1 and not account.pool:  # most borrowers
        loan = loans[0]
        whole = assess(loan, loan.payments, day)
        positions: tuple[Position, ...] = (whole,)
        active, origin = (1, loan) if whole.active else (0, _NO_ORIGIN)
        spell_days = whole.arrears_spell_days
        if spell_days and active and account.arrears_since and whole.arrears_since <= account.folded_through + 1:
            spell_days = day - account.arrears_since + 1  # a loan dropped since may have begun the spell
    else:
        shared = payments_by_loan(account)
        positions = tuple(assess(loan, payments, day) for loan, payments in zip(loans, shared, strict=True))
        whole = _combined(account, shared, positions, day)
        active, origin = sum(each.active for each in positions), _origin(loans, positions)
        spell_days = whole.arrears_spell_days
    first_opened = _first_opened(account, day)
    funds, technical = count_failed_debits(account.failed_debits, day) if account.failed_debits else (0, 0)
    restructured = account.days_past_due_before_restructure
    standing = Standing(  # in the order of its fields: by name it takes eight times as long
        day,
        active,
        whole.days_past_due,
        whole.arrears_minor,
        whole.installment_minor,
        whole.outstanding_minor,
        spell_days,
        whole.last_due_day,
        whole.next_due_day,
        whole.cadence_days,
        day - first_opened if first_opened else 0,
        whole.installments_total,
        whole.installments_passed,
        funds,
        technical,
        broken_promises,
        account.restructures + whole.restructures,
        max(restructured, whole.days_past_due_before_restructure),
        account.written_off or whole.written_off,
        whole.paid_since_due_minor,
        origin.annual_rate_bps,
        origin.installment_count,
        origin.principal_minor,
        origin.credit_score,
        origin.payment_to_income_bps,
    )
    return Derived(standing, positions, whole.currency, whole.days_past_due_adjusted, whole.bucket, whole.wake_day)


def spell_since(account: Account, shared: list[Payments], day: int) -> int:
    """First day of the spell, up to `day`, in which at least one loan was always in arrears; 0 if none now.

    A written-off loan counts up to its write-off: it can never become current again.
    """
    start = 0
    while day > account.folded_through:
        before = [assess(loan, payments, day) for loan, payments in zip(account.loans, shared, strict=True)]
        since = min((each.arrears_since for each in before if each.arrears_since and not each.written_off), default=0)
        if not since:
            return start
        start, day = since, since - 1
    return account.arrears_since or start


def _first_opened(account: Account, day: int) -> int:
    first = account.first_opened_day
    for loan in account.loans:
        if 0 < loan.opened_on <= day and (first == 0 or loan.opened_on < first):
            first = loan.opened_on
    return first


def _origin(loans: list[Loan], positions: tuple[Position, ...]) -> Loan:
    """The active loan opened last: its origination facts are the borrower's newest."""
    newest = _NO_ORIGIN
    for loan, position in zip(loans, positions, strict=True):
        if position.active and loan.opened_on > newest.opened_on:
            newest = loan
    return newest


def _drive(position: Position) -> tuple[bool, bool, int, int]:
    """The greatest drives: active, else written off; then most days past due, first to fall due."""
    return position.active, position.written_off, position.days_past_due, -(position.next_due_day or 10**7)


def _combined(account: Account, shared: list[Payments], positions: tuple[Position, ...], day: int) -> Position:
    """The borrower as if all loans were one (Rules 1 and 2). Slower: only for borrowers with several loans."""
    driver = max(positions, key=_drive, default=_NO_LOAN)
    alike = [each for each in positions if each.currency == driver.currency]
    since = spell_since(account, shared, day) if any(each.arrears_since for each in positions) else 0
    frozen = max((each.arrears_spell_days for each in positions if each.written_off), default=0)
    return Position(
        driver.loan_id,
        driver.currency,
        driver.product,
        active=driver.active,
        written_off=any(each.written_off for each in positions),
        days_past_due=max((each.days_past_due for each in positions), default=0),
        days_past_due_adjusted=max((each.days_past_due_adjusted for each in positions), default=0),
        bucket=max((each.bucket for each in positions), default=0),
        arrears_since=since,
        arrears_spell_days=max(frozen, day - since + 1 if since else 0),
        arrears_minor=sum(each.arrears_minor for each in alike),
        outstanding_minor=sum(each.outstanding_minor for each in alike),
        installment_minor=sum(each.installment_minor for each in alike if each.next_due_day or each.arrears_minor),
        last_due_day=max((each.last_due_day for each in positions), default=0),
        next_due_day=min((each.next_due_day for each in positions if each.next_due_day), default=0),
        cadence_days=driver.cadence_days,
        installments_total=sum(each.installments_total for each in positions),
        installments_passed=sum(each.installments_passed for each in positions),
        paid_since_due_minor=sum(each.paid_since_due_minor for each in alike),
        restructures=sum(each.restructures for each in positions),
        days_past_due_before_restructure=max((each.days_past_due_before_restructure for each in positions), default=0),
        wake_day=min((each.wake_day for each in positions if each.wake_day), default=0),
    )


def standing(account: Account, day: int, broken_promises: int = 0) -> Standing:
    """The borrower's facts at the close of `day`."""
    return derive(account, day, broken_promises).standing


def position(account: Account, loan: Loan, day: int) -> Position:
    """One loan's facts at the close of `day`; `loan` is one of the account's."""
    return assess(loan, loan_payments(account, loan), day)


def days_past_due(account: Account, day: int) -> int:
    """Contractual days past due at the close of `day`, the most over the loans."""
    return derive(account, day).standing.days_past_due


def arrears(account: Account, day: int) -> int:
    """Contractual arrears at the close of `day`, in minor units of `Derived.currency`."""
    return derive(account, day).standing.arrears_minor


def wake_after(account: Account, day: int) -> int:
    """Next day after `day` on which anything derived changes by time alone; 0 if none."""
    return derive(account, day).wake_day

"""The facts kept about one borrower's loans: what is agreed, what was paid in the window, and a base for the rest.

Rule 1: only facts are stored. Days past due, arrears and buckets are derived (`streams.ledger.derive`).
Rule 2: days are `datetime.date.toordinal()` ints, 0 means "never"; money is minor units of the loan's currency.
Rule 3: flat tuples of ints instead of objects: a row is decoded and encoded at every batch that touches it.

Layout (msgpack, every struct is an array in field order). Fields are only ever added at the end.
"""

from __future__ import annotations

import hashlib

import msgspec

#: Facts younger than this can be corrected; older ones are folded into the base. A returned US ACH debit may come
#: 60 calendar days late, a debit may be booked some days late itself, and 120 days of facts are promised to risk.
WINDOW_DAYS = 130
#: Bounds of a row: far above real borrowers, low enough that one bad producer cannot stall a partition.
LOANS_MAX = 64
PAYMENTS_MAX = 1000
TERMS_MAX = 16
REVERSALS_MAX = 256
FAILED_DEBITS_MAX = 256

#: How many ints one payment takes in `Loan.payments`: value day, amount, reversed amount, id hash.
PAYMENT_WIDTH = 4


class Terms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One agreed schedule and the day from which it holds.

    Attributes:
        effective_from: 0 for the original schedule, else the restructure's day; money counts on the terms in force on
            its value day.
        version: the producer's schedule_version, rising.
        first_number: number of the first installment; they rise by one.
        dates: runs of due dates, three ints each, see `streams.ledger.schedule`.
        amounts: runs of equal amounts, two ints each.
    """

    effective_from: int
    version: int
    first_number: int
    dates: tuple[int, ...]
    amounts: tuple[int, ...]


class Loan(msgspec.Struct, array_like=True, gc=False):
    """One loan, or the facts waiting for it (`opened_on` is 0 until `loan_opened` arrives).

    Attributes:
        loan_id: the platform's id.
        currency: ISO 4217; of the first fact that waited, until the loan opens.
        payments: 4 ints each (value day, amount, reversed amount, id hash), in order of value day.
        terms: the schedules still needed, oldest first; usually one.
        paid_minor: base: money folded up to `folded_through` that counts on `terms[0]`.
        folded_through: the loan's payments up to this day are in the base.
        opened_on: the day the loan began.
        principal_minor: amount lent.
        installment_count: installments agreed at origination.
        grace_days: days after a due date before the loan counts as delinquent.
        annual_rate_bps: at origination; -1 absent (as the next two).
        credit_score: at origination.
        payment_to_income_bps: at origination.
        product: portfolio segment only, never a feature (as the next two; empty if absent).
        channel: sales channel.
        region: where it was sold.
        closed_on: the day the loan ended.
        closed_reason: the reason of `LoanClosed`; empty while open.
        written_off_on: the day the lender gave up the claim.
        written_off_minor: the claim given up.
        recovered_minor: base: money with a value day after the write-off.
        settled_minor: base: money that counted on terms since replaced by a restructure.
        arrears_since: base: first day of the arrears spell open at the close of `folded_through`; 0 if none.
        restructures: base: replaced terms that were themselves restructures.
        days_past_due_before_restructure: base: the most days past due that a folded restructure reset.
        waiting_since: business day of the first waiting fact; 0 once the loan is open.
    """

    loan_id: str
    currency: str
    payments: tuple[int, ...] = ()
    terms: tuple[Terms, ...] = ()
    paid_minor: int = 0
    folded_through: int = 0
    opened_on: int = 0
    principal_minor: int = 0
    installment_count: int = 0
    grace_days: int = 0
    annual_rate_bps: int = -1
    credit_score: int = -1
    payment_to_income_bps: int = -1
    product: str = ""
    channel: str = ""
    region: str = ""
    closed_on: int = 0
    closed_reason: str = ""
    written_off_on: int = 0
    written_off_minor: int = 0
    recovered_minor: int = 0
    settled_minor: int = 0
    arrears_since: int = 0
    restructures: int = 0
    days_past_due_before_restructure: int = 0
    waiting_since: int = 0


class PoolPayment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A payment without a loan, of a borrower with several: split over them by `streams.ledger.allocation`."""

    value_day: int
    amount_minor: int
    reversed_minor: int
    payment_hash: int
    currency: str


class Reversal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A reversal that arrived: kept against repeats, or because its payment is still to come.

    Attributes:
        reversal_hash: of the reversal_id.
        payment_hash: of the payment_id.
        amount_minor: what goes back; 0 for "all of it".
        currency: of the amount; empty for "all of it".
        booked_day: the business day it arrived.
        waiting: its payment has not arrived.
    """

    reversal_hash: int
    payment_hash: int
    amount_minor: int
    currency: str
    booked_day: int
    waiting: bool


class Account(msgspec.Struct, array_like=True, gc=False):
    """All loans of one borrower.

    Attributes:
        loans: in order of first appearance.
        folded_through: facts of this day and earlier are closed: a later one about them is quarantined.
        pool: payments that name no loan and are not split yet, by value day.
        reversals: reversals of the window.
        failed_debits: 2 ints each (business day, failure class), by day; see `streams.ledger.failed_debits`.
        disagreements: `installment_missed` events that the ledger contradicted.
        arrears_since: base: first day of the borrower's arrears spell at the close of `folded_through`.
        first_opened_day: base: earliest opening among loans dropped since.
        restructures: base, of loans dropped since.
        days_past_due_before_restructure: base, of loans dropped since.
        written_off: base: a loan dropped since was written off.
    """

    loans: list[Loan] = msgspec.field(default_factory=list)
    folded_through: int = 0
    pool: tuple[PoolPayment, ...] = ()
    reversals: tuple[Reversal, ...] = ()
    failed_debits: tuple[int, ...] = ()
    disagreements: int = 0
    arrears_since: int = 0
    first_opened_day: int = 0
    restructures: int = 0
    days_past_due_before_restructure: int = 0
    written_off: bool = False

    def loan(self, loan_id: str) -> Loan | None:
        """The loan of that id, opened or waiting."""
        for loan in self.loans:
            if loan.loan_id == loan_id:
                return loan
        return None


def id_hash(identifier: str) -> int:
    """64 bits of BLAKE2b: within a window of 1000 payments two ids collide with probability below 3 in 10^14."""
    return int.from_bytes(hashlib.blake2b(identifier.encode(), digest_size=8).digest(), "little")

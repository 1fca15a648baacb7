"""What the ledger tells whoever judges a borrower: one `Period` per due date passed, one `Standing` as of a day.

Rule 1: everything here is contractual fact about money and dates; nothing about the person.
Rule 2: amounts are minor units of the loan's own currency. The risk model only ever uses ratios of them,
so products, currencies and cadences need no setting.
Rule 3: days are `datetime.date.toordinal()` ints; 0 means "none".
"""

import msgspec


class Period(msgspec.Struct, frozen=True, gc=False):
    """What happened to one loan between two due dates; sent on due day + 1, in due order.

    Attributes:
        due_day: the due date (ordinal day).
        due_minor: the installment's amount, >= 0.
        paid_minor: money credited to this loan with a value date in (previous due day, due day], reversals removed.
        arrears_minor: contractual arrears on the loan at the close of the due day, >= 0.
        days_past_due: on due day + 1, counted from the oldest unmet installment; 0 if every one is met.
        lateness_days: of the newest installment met in the period: day met - its due day. Negative is early,
            0 if none was met.
        cadence_days: between due dates, where the due day is none (`closing`); 0: count from one period to the next.
    """

    due_day: int
    due_minor: int
    paid_minor: int
    arrears_minor: int = 0
    days_past_due: int = 0
    lateness_days: int = 0
    cadence_days: int = 0


class Standing(msgspec.Struct, frozen=True, gc=False):
    """The facts of one borrower as of the close of a day, over all loans.

    Attributes:
        as_of: the day (ordinal).
        loans_active: loans disbursed and not closed.
        days_past_due: the most over the loans, contractual.
        arrears_minor: sum of contractual arrears.
        installment_minor: sum of the current installments of the active loans.
        exposure_minor: outstanding not yet due plus arrears.
        arrears_spell_days: days since the borrower was last fully current; 0 when current.
        last_due_day: newest due date passed (0 none).
        next_due_day: next due date (0 none).
        cadence_days: days between due dates of the loan with the oldest unmet or next due installment (0 unknown).
        days_on_book: since the first loan opened.
        installments_total: installments scheduled over the active loans.
        installments_passed: of those, with a due date passed.
        failed_debits_90d: debits refused for lack of funds in 90 days.
        failed_debits_technical_90d: debits refused for a reason that is not the borrower's.
        broken_promises: promises to pay that were not kept.
        restructures: how often the terms were changed because of difficulty.
        days_past_due_before_restructure: the most days past due that a restructure reset.
        written_off: a loan was charged or written off.
        paid_since_due_minor: money received after `last_due_day`.
        rate_bps: contract rate at origination, 1/100 %; -1 absent.
        term_count: installments agreed at origination; -1 absent.
        amount_minor: amount lent at origination; -1 absent.
        credit_score: at origination; -1 absent.
        payment_to_income_bps: installment over income at origination, 1/100 %; -1 absent.
    """

    as_of: int
    loans_active: int = 1
    days_past_due: int = 0
    arrears_minor: int = 0
    installment_minor: int = 0
    exposure_minor: int = 0
    arrears_spell_days: int = 0
    last_due_day: int = 0
    next_due_day: int = 0
    cadence_days: int = 0
    days_on_book: int = 0
    installments_total: int = 0
    installments_passed: int = 0
    failed_debits_90d: int = 0
    failed_debits_technical_90d: int = 0
    broken_promises: int = 0
    restructures: int = 0
    days_past_due_before_restructure: int = 0
    written_off: bool = False
    paid_since_due_minor: int = 0
    rate_bps: int = -1
    term_count: int = -1
    amount_minor: int = -1
    credit_score: int = -1
    payment_to_income_bps: int = -1


class Position(msgspec.Struct, frozen=True, gc=False):
    """One loan as of the close of a day. Money is minor units of `currency`; days are ordinals, 0 is none.

    Attributes:
        loan_id: the platform's id.
        currency: ISO 4217.
        product: portfolio segment.
        active: opened, and neither closed nor written off.
        written_off: the claim was given up on this day or before.
        days_past_due: contractual (`streams.ledger.positions`, Rule 1).
        days_past_due_adjusted: grace removed (Rule 2).
        bucket: 0 to 4, see `bucket`.
        arrears_since: first day of the current spell of arrears (Rule 3).
        arrears_spell_days: its length, this day included.
        arrears_minor: due before this day and unpaid; after a write-off the claim not recovered yet.
        outstanding_minor: all unpaid installments, due or not; the principal while no schedule is known; after a
            write-off as arrears_minor.
        oldest_unmet_number: number of the oldest overdue installment.
        oldest_unmet_day: its due day.
        installment_minor: due on the next due date; the last one's when all have passed.
        last_due_day: newest due date before this day.
        next_due_day: first due date on this day or later.
        cadence_days: days between the last and the next due date, else the nearest pair of due dates there is.
        installments_total: in the terms in force.
        installments_passed: of those, due before this day.
        paid_since_due_minor: money after `last_due_day`, at most WINDOW_DAYS back.
        allocated_minor: money on the terms in force that paid installments up to the next due date.
        credit_minor: money on the terms in force beyond that.
        settled_minor: money that counted on terms since replaced.
        recovered_minor: money after the write-off.
        restructures: how often the terms were replaced.
        days_past_due_before_restructure: the most days past due that a restructure reset.
        wake_day: next day on which any of this changes by time alone.
    """

    loan_id: str
    currency: str
    product: str
    active: bool = False
    written_off: bool = False
    days_past_due: int = 0
    days_past_due_adjusted: int = 0
    bucket: int = 0
    arrears_since: int = 0
    arrears_spell_days: int = 0
    arrears_minor: int = 0
    outstanding_minor: int = 0
    oldest_unmet_number: int = 0
    oldest_unmet_day: int = 0
    installment_minor: int = 0
    last_due_day: int = 0
    next_due_day: int = 0
    cadence_days: int = 0
    installments_total: int = 0
    installments_passed: int = 0
    paid_since_due_minor: int = 0
    allocated_minor: int = 0
    credit_minor: int = 0
    settled_minor: int = 0
    recovered_minor: int = 0
    restructures: int = 0
    days_past_due_before_restructure: int = 0
    wake_day: int = 0


def bucket(days_past_due: int) -> int:
    """Delinquency bucket: 0 current, 1 for 1-30 days past due, 2 for 31-60, 3 for 61-90, 4 beyond."""
    return min(4, (days_past_due + 29) // 30)

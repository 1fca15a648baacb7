"""From a borrower's positions to changes of the book. Called once for each step of a row, after everything is decided.

Flows (count, minor units), each under the segment of its loan:
    due          a due date passed
    exposed      of those: the loan was current before (the denominator of the new-miss hazard)
    missed       of those: the installment was not met; the amount is the arrears
    exposed_pC, missed_pC    the same by how prompt the loan was on its last due dates (C as in `book.promptness`)
    corrected    a miss that a late fact disproved; told when that is known, counted on the day of the miss
    rollAB       from bucket A to bucket B (0 is M0); the amount is the balance after
    cured        from more than 30 days past due to current
    redefault    more than 30 days past due again within a year of that
    opened, closed, written_off    the amount is the balance that came or went
    first_due    the first installment's due date passed; first_default: it is more than 30 days unmet
    restructured terms changed because of difficulty
    tierAB       a borrower's tier moved, under the segment of the first active loan

Marks (count): received and late by source of the payment feed (late: value date before its business date); technical,
declined by processor; promise by result; complaint by fingerprint of its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from streams.events.contacts import ComplaintReceived, PromiseResolved
from streams.events.envelope import BorrowerEvent
from streams.events.loans import LoanRestructured
from streams.events.payments import PaymentFailed, PaymentReceived
from streams.ledger.account import Loan
from streams.ledger.facts import Position, bucket
from streams.portfolio.book import (
    EXPOSED_BY_CLASS,
    MISSED_BY_CLASS,
    Booked,
    Delta,
    Segment,
    coded,
    move,
    promptness,
    punctual,
    roll,
    vintage,
)

#: A loan that is more than 30 days past due so long after it was cured has defaulted anew.
REDEFAULT_DAYS = 365
UNKNOWN = "-"


class Step(Struct, frozen=True, gc=False):
    """How a row came from its last state to the present one.

    Attributes:
        today: the row's day (ordinal).
        woke: by time alone; what it reflects is then the close of the day before.
        late_from: a late fact changed what was known of this day and later; 0 none.
        tier_before: index of the tier before the step.
        tier: and after it.
        restructured: new terms reset what was overdue, which is no cure.
        rescore: the probability of default is due to be looked at anew.
    """

    today: int
    woke: bool
    late_from: int
    tier_before: int
    tier: int
    restructured: bool = False
    rescore: bool = False

    @property
    def told(self) -> int:
        """The day under which the step is told: the last one whose events it reflects (`book`, Rule 2)."""
        return self.today - self.woke


def segment_of(loan: Loan) -> Segment:
    """The finest cell of a loan; what is not known is `-`."""
    return (
        loan.currency,
        loan.product or UNKNOWN,
        vintage(loan.opened_on) if loan.opened_on else UNKNOWN,
        loan.channel or UNKNOWN,
        loan.region or UNKNOWN,
    )


def record(
    delta: Delta,
    booked: dict[str, Booked],
    loans: Sequence[Loan],
    positions: Sequence[Position],
    step: Step,
    score: Callable[[], int],
) -> None:
    """Bring the book up to date with one borrower.

    The probability of default is scored anew when a loan is opened, its bucket or its borrower's tier changes, and when
    `step.rescore` says so (the caller does at month-ends, when a lender reports expected loss): a quarter of the fold
    would go into changes that no report shows.

    Args:
        delta: takes the changes.
        booked: what of the borrower is in the book, by loan; changed. The key of a borrower's only loan is empty, which
            saves its id in most rows; it stays the first loan's if others follow.
        loans: of the account, in its order.
        positions: one a loan, as of the step's day.
        step: what happened.
        score: the probability of default within a year (parts per million) as of the step.
    """
    alone = len(loans) == 1
    home = ppm = None
    for index, (loan, position) in enumerate(zip(loans, positions, strict=True)):
        key = "" if index == 0 and (alone or "" in booked) else loan.loan_id
        before = booked.pop(loan.loan_id, None) or (booked.pop("", None) if index == 0 else None)
        if before is None and not position.active:
            continue
        segment = segment_of(loan)
        home = home or segment
        after = None
        if position.active:
            anew = _needs_score(position, before, step)
            if anew and ppm is None:
                ppm = score()
            after = booked[key] = _entry(position, before, step, ppm if anew else None)
        _restock(delta, segment, before, after, step)
        _flows(delta, segment, loan, position, before, after, step)
    if step.tier != step.tier_before and loans:
        delta.flow(step.told, home or segment_of(loans[0]), move(step.tier_before, step.tier))


def _needs_score(position: Position, before: Booked | None, step: Step) -> bool:
    moved = before is None or before.bucket != bucket(position.days_past_due)
    return moved or step.rescore or step.tier != step.tier_before


def _entry(position: Position, before: Booked | None, step: Step, ppm: int | None) -> Booked:
    left = position.installments_total - position.installments_passed
    quarters = (left * position.cadence_days + 90) // 91
    now = bucket(position.days_past_due)
    cured_on = before.cured_on if before else 0
    if before is not None and before.bucket >= 2 and now == 0 and not step.restructured:
        cured_on = step.today
    elif now >= 2 or (cured_on and step.today - cured_on > REDEFAULT_DAYS):
        cured_on = 0
    if ppm is None:
        assert before is not None, "a loan that enters the book was scored"
        ppm = before.ppm
    punctuality = before.punctuality if before else 1
    if before and _due_passed(position, step):
        punctuality = punctual(punctuality, missed=bool(position.oldest_unmet_day))
    code = coded(now, quarters, punctuality)
    return Booked(position.outstanding_minor, position.oldest_unmet_day, ppm, code, cured_on)


def _due_passed(position: Position, step: Step) -> bool:
    """Whether the step is the one in which time let a due date pass."""
    return step.woke and position.last_due_day == step.today - 1


def _restock(delta: Delta, segment: Segment, before: Booked | None, after: Booked | None, step: Step) -> None:
    if before is None:
        assert after is not None, "a loan that neither was nor is in the book changes nothing"
        delta.hold(step.told, segment, step.tier, after, 1)
    elif after is None:
        delta.hold(step.told, segment, step.tier_before, before, -1)
    elif before != after or step.tier != step.tier_before:
        delta.replace(step.told, segment, before, step.tier_before, after, step.tier)


def _flows(
    delta: Delta,
    segment: Segment,
    loan: Loan,
    position: Position,
    before: Booked | None,
    after: Booked | None,
    step: Step,
) -> None:
    if before is None:
        assert after is not None, "a loan that neither was nor is in the book has no flows"
        delta.flow(step.told, segment, "opened", after.balance_minor)
        return
    if after is None:
        delta.flow(step.told, segment, "written_off" if position.written_off else "closed", before.balance_minor)
        if before.cured_on and position.written_off and step.today - before.cured_on <= REDEFAULT_DAYS:
            delta.flow(step.told, segment, "redefault", before.balance_minor)
        return
    if _due_passed(position, step):
        _due(delta, segment, loan, position, before, step)
    if before.oldest_unmet_day and _disproved(before, after, step):
        delta.correct(step.told, segment, before.oldest_unmet_day, after.balance_minor)
    elif before.bucket >= 2 and after.bucket == 0 and not step.restructured:
        delta.flow(step.told, segment, "cured", after.balance_minor)
    if before.bucket != after.bucket:
        _rolled(delta, segment, loan, position, before, after, step)


def _due(delta: Delta, segment: Segment, loan: Loan, position: Position, before: Booked, step: Step) -> None:
    delta.flow(step.told, segment, "due", position.installment_minor)
    if before.oldest_unmet_day == 0:
        kind = promptness(before.punctuality)
        delta.flow(step.told, segment, "exposed", position.installment_minor)
        delta.flow(step.told, segment, EXPOSED_BY_CLASS[kind])
        if position.oldest_unmet_day:
            delta.flow(step.told, segment, "missed", position.arrears_minor)
            delta.flow(step.told, segment, MISSED_BY_CLASS[kind])
    if position.installments_passed == 1 and _on_first_terms(loan, step.today):
        delta.flow(step.told, segment, "first_due")


def _on_first_terms(loan: Loan, day: int) -> bool:
    """Whether the terms in force are the first ones, and known from their first installment on."""
    first, *later = loan.terms
    return first.effective_from == 0 and first.first_number == 1 and all(each.effective_from > day for each in later)


def _disproved(before: Booked, after: Booked, step: Step) -> bool:
    """Whether a late fact shows that the miss, as it was told, had not been one."""
    if not 0 < step.late_from <= before.oldest_unmet_day:
        return False
    return after.oldest_unmet_day == 0 or after.oldest_unmet_day > before.oldest_unmet_day


def _rolled(
    delta: Delta, segment: Segment, loan: Loan, position: Position, before: Booked, after: Booked, step: Step
) -> None:
    delta.flow(step.told, segment, roll(before.bucket, after.bucket), after.balance_minor)
    if before.bucket < 2 <= after.bucket:
        if before.cured_on and step.today - before.cured_on <= REDEFAULT_DAYS:
            delta.flow(step.told, segment, "redefault", after.balance_minor)
        if position.oldest_unmet_number == 1 and _on_first_terms(loan, step.today):
            delta.flow(step.told, segment, "first_default", after.balance_minor)


def notice(delta: Delta, loans: Sequence[Loan], event: BorrowerEvent, today: int) -> None:
    """Count what an accepted event says by itself. `today` is the row's day, which may be later than the event's."""
    match event:
        case PaymentReceived():
            delta.mark(today, "received", event.source)
            if event.value_date is not None and event.value_date < event.business_date:
                delta.mark(today, "late", event.source)
        case PaymentFailed():
            kind = "technical" if event.failure == "TECHNICAL" else "declined"
            delta.mark(today, kind, event.processor or UNKNOWN)
        case PromiseResolved():
            delta.mark(today, "promise", event.result)
        case ComplaintReceived():
            delta.mark(today, "complaint", event.text_fingerprint or UNKNOWN)
        case LoanRestructured():
            for loan in loans:
                if loan.loan_id == event.loan_id:
                    delta.flow(today, segment_of(loan), "restructured")
        case _:
            pass

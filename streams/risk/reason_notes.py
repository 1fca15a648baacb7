"""What a risk officer should know about each reason: what it stands on, and how to check or contest it.

Only words; the page docs/reasons.md is made of them and of `reasons`, and a test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.risk.reasons import ReasonCode


class Note(NamedTuple):
    """`stands_on`: which facts. `check`: what to look at before acting on it, or to contest it."""

    stands_on: str
    check: str


NOTES: dict[ReasonCode, Note] = {
    ReasonCode.DAYS_PAST_DUE: Note(
        "Contractual days since the oldest installment that is not met in full, as a count and against the time between "
        "installments; and how long something has been overdue without a break. Who is past due has a scorecard of its own, and "
        "the step to it counts here.",
        "Is a payment on its way or booked late? Booked with its value date, it corrects the count and may retract the alert.",
    ),
    ReasonCode.ARREARS: Note(
        "The sum overdue, in installments.",
        "Are fees booked as installments? Is a part disputed? A new schedule or a restructure changes what is owed.",
    ),
    ReasonCode.MISSED_INSTALLMENTS: Note(
        "Installments unmet on the day after they fell due, and those unmet half a cadence later, lately and over a longer "
        "time, each counted less the longer ago it is.",
        "A bank holiday or an outage of the payment rail makes many borrowers late on one day: see `forewarn stress` and "
        "portfolio alerts of kind DATA_OR_RAIL_INCIDENT.",
    ),
    ReasonCode.SHORT_PAYMENTS: Note(
        "Periods in which less than 95 % of the installment was paid: how many of the last 3, 6 and 12, how long ago, and by "
        "how much. It is about money: who has paid ahead can be short without being late.",
        "Does the borrower pay for two periods at once, by agreement? Then the plan should say so: publish the schedule.",
    ),
    ReasonCode.PAID_LATE: Note(
        "Days from due date to payment against the time between installments, lately and over a longer time, and whether "
        "that is getting worse.",
        "Is the payday after the due date? Moving the due date may help both sides.",
    ),
    ReasonCode.PAST_ARREARS: Note(
        "The most days past due so far, fading by a tenth each period, how deep lateness went on average, and the last change.",
        "Is it an old episode with a known cause that has ended? It fades by itself; it is not erased.",
    ),
    ReasonCode.UNRECOVERED_SHORTFALL: Note(
        "Shadow arrears: what was due less what was paid, carried on even where the contract forgave it (a deferral, a "
        "re-age), up to what days past due allow.",
        "Was a deferral granted for a reason that is over? The shadow shrinks as more than the installment is paid.",
    ),
    ReasonCode.PAID_AHEAD: Note(
        "Money beyond what fell due, and money received since the last due date, in installments.",
        "Was the money meant for principal? If the platform re-amortizes, publish the new schedule.",
    ),
    ReasonCode.PAYMENT_PATTERN: Note(
        "How much the share paid varies, and how often exactly the installment is paid, as a standing order does.",
        "Irregular income is no fault. Nothing should follow from this reason alone.",
    ),
    ReasonCode.OWN_PATTERN: Note(
        "Two weights of this borrower alone, learned from each installment: how much likelier a shortfall is than for others "
        "who paid alike, and how much likelier right after one.",
        "With few installments it says little; the feature `personal_doubt` tells how little.",
    ),
    ReasonCode.FIRST_INSTALLMENT: Note(
        "Whether the very first installment was paid in full.",
        "A first debit often fails for technical reasons: is the mandate in order? Look for fraud before lending more.",
    ),
    ReasonCode.FAILED_DEBITS: Note(
        "Debits that failed for lack of funds in the last 90 days. Technical failures do not count.",
        "Is the failure's reason coded right? A wrong account is technical.",
    ),
    ReasonCode.BROKEN_PROMISES: Note(
        "Promises to pay that ended without the money.",
        "Was the promise recorded as agreed, with the right date? A promise kept in part counts as the lender resolved it.",
    ),
    ReasonCode.RESTRUCTURED: Note(
        "How often terms were changed, and the most days past due that a change reset.",
        "A change that the lender made for everyone (a holiday, a statement) is no sign of difficulty.",
    ),
    ReasonCode.HISTORY_LENGTH: Note(
        "How many installments have been seen, how many were paid in a row, and what share is still to come.",
        "It cannot be changed by the borrower. Read it as how much is known.",
    ),
    ReasonCode.SEVERAL_LOANS: Note(
        "How many loans run at once with this lender.",
        "Is one of them a refinancing that replaces another? Then close the old one.",
    ),
    ReasonCode.LOAN_TERMS: Note(
        "Rate, number of installments, amount, and installment against income, as stated when the loan was opened. Absent "
        "facts count nothing.",
        "Was the loan opened with the right figures? They are never updated.",
    ),
    ReasonCode.CREDIT_SCORE: Note(
        "The bureau score stated when the loan was opened. Absent counts nothing.",
        "It is as old as the loan. A newer one is not used.",
    ),
}

"""Why a score is what it is: the active head's actual contributions, grouped into a closed list of named reasons.

Rule 1: every feature belongs to exactly one reason; there is no "other". The reasons' contributions and the base sum to
the log-odds of the score. That a scorecard of its own is used is part of the reason "days past due", which chooses it.
Rule 2: a contribution is against `REFERENCE`, a borrower who has paid a year of installments exactly on time, so a
reason says what sets this borrower apart, and the base is that borrower's score.
Rule 3: texts state facts about the loan's repayment, never a judgment of the person.
Rule 4: when a tier is left, what speaks for it is said instead: contributions against `TROUBLED`, a borrower who missed the
last two installments. They and that borrower's score sum to the score as well.

Source: specific, principal reasons that describe the factors actually scored, 12 CFR 1002.9(b)(2); at most four,
official interpretation of the same paragraph.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from streams.events.outputs import Reason
from streams.risk.behavior import BehaviorState, observe
from streams.risk.features import FEATURES, INDEX, NAMES, features
from streams.risk.inputs import Period, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.risk.heads import Scorer


class ReasonCode(StrEnum):
    """The closed list. The order breaks ties."""

    DAYS_PAST_DUE = "DAYS_PAST_DUE"
    ARREARS = "ARREARS"
    MISSED_INSTALLMENTS = "MISSED_INSTALLMENTS"
    SHORT_PAYMENTS = "SHORT_PAYMENTS"
    PAID_LATE = "PAID_LATE"
    PAST_ARREARS = "PAST_ARREARS"
    UNRECOVERED_SHORTFALL = "UNRECOVERED_SHORTFALL"
    PAID_AHEAD = "PAID_AHEAD"
    PAYMENT_PATTERN = "PAYMENT_PATTERN"
    OWN_PATTERN = "OWN_PATTERN"
    FIRST_INSTALLMENT = "FIRST_INSTALLMENT"
    FAILED_DEBITS = "FAILED_DEBITS"
    BROKEN_PROMISES = "BROKEN_PROMISES"
    RESTRUCTURED = "RESTRUCTURED"
    HISTORY_LENGTH = "HISTORY_LENGTH"
    SEVERAL_LOANS = "SEVERAL_LOANS"
    LOAN_TERMS = "LOAN_TERMS"
    CREDIT_SCORE = "CREDIT_SCORE"


class Text(NamedTuple):
    """What a reason says when it raises the risk and when it lowers it, in English and in Chinese."""

    raises_en: str
    raises_zh: str
    lowers_en: str
    lowers_zh: str


TEXTS: dict[ReasonCode, Text] = {
    ReasonCode.DAYS_PAST_DUE: Text(
        "An installment is past due.", "当前有分期款逾期未还。",
        "Little or nothing is past due.", "当前逾期很少或没有逾期。",
    ),
    ReasonCode.ARREARS: Text(
        "The amount in arrears is high against the installment.", "欠款金额相对每期应还额较高。",
        "The amount in arrears is low.", "欠款金额较低。",
    ),
    ReasonCode.MISSED_INSTALLMENTS: Text(
        "Installments were missed recently.", "近期有分期款未按期偿还。",
        "No installment was missed for some time.", "已有一段时间没有漏还分期款。",
    ),
    ReasonCode.SHORT_PAYMENTS: Text(
        "Payments were below the installment due.", "还款金额低于应还分期款。",
        "Payments have covered the installments due.", "还款金额足以覆盖应还分期款。",
    ),
    ReasonCode.PAID_LATE: Text(
        "Installments are paid late, or later than before.", "分期款还款较晚或越来越晚。",
        "Installments are paid on time.", "分期款按时偿还。",
    ),
    ReasonCode.PAST_ARREARS: Text(
        "The loan was further past due in the past.", "过去曾有较长时间的逾期。",
        "The loan was never far past due.", "过去没有较长时间的逾期。",
    ),
    ReasonCode.UNRECOVERED_SHORTFALL: Text(
        "Past shortfalls have not been made up.", "过去少还的金额尚未补足。",
        "Past shortfalls have been made up.", "过去少还的金额已补足。",
    ),
    ReasonCode.PAID_AHEAD: Text(
        "Nothing is paid ahead.", "没有提前还款。",
        "Installments are paid ahead.", "已提前偿还分期款。",
    ),
    ReasonCode.PAYMENT_PATTERN: Text(
        "Payments are irregular in amount.", "还款金额不规律。",
        "Payments are regular in amount.", "还款金额规律。",
    ),
    ReasonCode.OWN_PATTERN: Text(
        "This borrower's own history points to another shortfall.", "该借款人自身的还款记录显示可能再次少还。",
        "This borrower's own history points to full payment.", "该借款人自身的还款记录显示会足额还款。",
    ),
    ReasonCode.FIRST_INSTALLMENT: Text(
        "The first installment was not paid in full.", "首期分期款未足额偿还。",
        "The first installment was paid in full.", "首期分期款已足额偿还。",
    ),
    ReasonCode.FAILED_DEBITS: Text(
        "A debit was refused for lack of funds in the last 90 days.", "近90天内有扣款因余额不足失败。",
        "No debit was refused for lack of funds in the last 90 days.", "近90天内没有因余额不足的扣款失败。",
    ),
    ReasonCode.BROKEN_PROMISES: Text(
        "A promise to pay was not kept.", "有还款承诺未履行。",
        "No promise to pay was broken.", "没有未履行的还款承诺。",
    ),
    ReasonCode.RESTRUCTURED: Text(
        "The terms were changed while the loan was in difficulty.", "贷款曾因还款困难调整条款。",
        "The terms were never changed because of difficulty.", "贷款没有因还款困难调整过条款。",
    ),
    ReasonCode.HISTORY_LENGTH: Text(
        "The length of the repayment history.", "还款记录的时间长度。",
        "The length of the repayment history.", "还款记录的时间长度。",
    ),
    ReasonCode.SEVERAL_LOANS: Text(
        "Several loans are open at once.", "同时有多笔未结清贷款。",
        "One loan is open.", "只有一笔未结清贷款。",
    ),
    ReasonCode.LOAN_TERMS: Text(
        "The loan's rate, term, amount or installment against income.", "贷款的利率、期限、金额或月供收入比。",
        "The loan's rate, term, amount or installment against income.", "贷款的利率、期限、金额或月供收入比。",
    ),
    ReasonCode.CREDIT_SCORE: Text(
        "The credit score at origination.", "放款时的信用评分。",
        "The credit score at origination.", "放款时的信用评分。",
    ),
}  # fmt: skip

#: The features of each reason. A test checks that each feature stands in exactly one.
GROUPS: dict[ReasonCode, tuple[str, ...]] = {
    ReasonCode.DAYS_PAST_DUE: ("days_past_due", "days_past_due_cadences", "days_past_due_started", "arrears_spell"),
    ReasonCode.ARREARS: ("arrears",),
    ReasonCode.MISSED_INSTALLMENTS: (
        "missed_fast", "missed_slow", "missed_recency", "late_in_12", "late_fast", "late_slow", "late_recency",
    ),
    ReasonCode.SHORT_PAYMENTS: (
        "paid_shortfall_fast", "paid_shortfall_slow", "short_fast", "short_slow", "short_in_3", "short_in_6",
        "short_in_12", "short_run", "short_memory", "short_count", "skipped", "paid_gap_last", "paid_gap_before",
    ),
    ReasonCode.PAID_LATE: ("lateness_fast", "lateness_slow", "lateness_trend"),
    ReasonCode.PAST_ARREARS: ("worst_days_past_due", "late_depth", "days_past_due_change"),
    ReasonCode.UNRECOVERED_SHORTFALL: ("shadow_arrears", "shadow_arrears_slow"),
    ReasonCode.PAID_AHEAD: ("ahead", "ahead_covers", "overpaid", "paid_now"),
    ReasonCode.PAYMENT_PATTERN: ("exact", "paid_deviation"),
    ReasonCode.OWN_PATTERN: ("personal_level", "personal_repeat", "next_short", "personal_doubt"),
    ReasonCode.FIRST_INSTALLMENT: ("first_short",),
    ReasonCode.FAILED_DEBITS: ("failed_debits",),
    ReasonCode.BROKEN_PROMISES: ("broken_promises",),
    ReasonCode.RESTRUCTURED: ("restructures", "before_restructure"),
    ReasonCode.HISTORY_LENGTH: ("periods", "novelty", "full_run", "remaining"),
    ReasonCode.SEVERAL_LOANS: ("more_loans",),
    ReasonCode.LOAN_TERMS: ("rate", "term", "amount", "payment_to_income"),
    ReasonCode.CREDIT_SCORE: ("credit_score",),
}  # fmt: skip

_CODES = tuple(ReasonCode)
_MEMBERS = tuple(tuple(INDEX[name] for name in GROUPS[code]) for code in _CODES)
_CHOOSES = _CODES.index(ReasonCode.DAYS_PAST_DUE)


def _reference() -> tuple[int, ...]:
    """The inputs of a borrower with one monthly loan and a year of exact, punctual payments."""
    state = BehaviorState()
    for month in range(1, 13):
        observe(state, Period(due_day=30 * month, due_minor=10_000, paid_minor=10_000))
    standing = Standing(
        as_of=365, installment_minor=10_000, cadence_days=30, last_due_day=360, installments_total=24,
        installments_passed=12,
    )  # fmt: skip
    return features(state, standing)


def _troubled() -> tuple[int, ...]:
    """The inputs of one who paid ten installments on time and then missed two: a little over a month past due."""
    state = BehaviorState()
    for month in range(1, 13):
        missed = max(0, month - 10)
        paid, overdue = (0, 30 * missed - 29) if missed else (10_000, 0)
        observe(state, Period(30 * month, 10_000, paid, 10_000 * missed, overdue))
    standing = Standing(
        as_of=365, days_past_due=35, installment_minor=10_000, arrears_minor=20_000, arrears_spell_days=35,
        cadence_days=30, last_due_day=360, installments_total=24, installments_passed=12,
    )  # fmt: skip
    return features(state, standing)


REFERENCE, TROUBLED = _reference(), _troubled()


def contributions(
    inputs: Sequence[int], scorer: Scorer, reference: Sequence[int] = REFERENCE
) -> tuple[float, list[tuple[float, int]]]:
    """The base, and for each reason its contribution in log-odds with the feature that weighs most in it.

    Args:
        inputs: quantised features.
        scorer: the head to explain.
        reference: the inputs of the borrower to compare with; its score is the base.

    Returns:
        Base and contributions in the order of `ReasonCode`; their sum is the score's logit, to rounding.
    """
    card, base = scorer.card(inputs), scorer.logit(reference)
    parts = [table[value] - table[usual] for table, value, usual in zip(card.tables, inputs, reference, strict=True)]
    sums = [[parts[index] for index in members] for members in _MEMBERS]
    sums[_CHOOSES].append(card.logit(reference) - base)  # 0 where both are on the same scorecard
    found = []
    for members, group in zip(_MEMBERS, sums, strict=True):
        total = math.fsum(group)
        found.append((total, max(members, key=lambda index: parts[index] if total >= 0 else -parts[index])))
    return base, found


def explain_inputs(inputs: Sequence[int], scorer: Scorer, limit: int, *, improving: bool = False) -> tuple[Reason, ...]:
    """The reasons that raise the score most (or lower it, if `improving`: Rule 4), largest first, at most `limit`."""
    sign, reference = (-1, TROUBLED) if improving else (1, REFERENCE)
    _, found = contributions(inputs, scorer, reference)
    ranked = sorted(range(len(found)), key=lambda group: (-sign * found[group][0], group))
    chosen = [group for group in ranked[:limit] if round(sign * found[group][0] * 1000) > 0]
    return tuple(_reason(_CODES[group], *found[group], inputs) for group in chosen)


def _reason(code: ReasonCode, contribution: float, index: int, inputs: Sequence[int]) -> Reason:
    text = TEXTS[code]
    raises = contribution > 0
    return Reason(
        code=code.value,
        text_en=text.raises_en if raises else text.lowers_en,
        text_zh=text.raises_zh if raises else text.lowers_zh,
        feature=NAMES[index],
        value=f"{inputs[index] / FEATURES[index].scale:.2f} {FEATURES[index].unit}",
        contribution_millilogits=round(contribution * 1000),
    )

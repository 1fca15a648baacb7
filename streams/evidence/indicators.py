"""Wilful or unable: signs of each, collected side by side from the entries, for a person to weigh.

Rule 1: no score, no ranking, no conclusion. A sign of hardship never weighs against the borrower.
Rule 2: every sign names the entries it rests on, so the person, and later a court, can look.
Rule 3: only a `human_decision` entry decides. Without one, `decision` is empty and no legal step may rest on this.

Signs as in practice: pays elsewhere but not here, stops on a date that others stop on, wording shared with others,
refusal right after the first miss, other loans repaid early, money taken back after a promise; beside these partial
payments, debits refused for lack of funds, holds, promises kept, restructures, staying in contact, paying ever later.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from streams.evidence.facts import Content, MoneyFacts, amount_minor, ordinal, read_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: "Right after": a reaction within a week of what it reacts to.
SOON_DAYS = 7
#: One refused debit happens to anyone; two are a sign.
REPEATED = 2
_HARDSHIP_HOLDS = frozenset({"VULNERABILITY", "FORBEARANCE", "BREATHING_SPACE", "BANKRUPTCY", "DISASTER"})

Side = Literal["strategic", "hardship"]


class Indicator(msgspec.Struct, frozen=True):
    """One sign: its name, which side it speaks for, what was seen in both languages, and the entries it rests on."""

    code: str
    side: Side
    text_en: str
    text_zh: str
    entries: tuple[int, ...]


class Decision(msgspec.Struct, frozen=True):
    """What a person decided, and found (WILFUL, UNABLE, UNDECIDED), from a `human_decision` entry."""

    entry: int
    decided_by: str
    decision: str
    finding: str
    reason: str


class WilfulnessEvidence(msgspec.Struct, frozen=True):
    """Signs of both kinds and the person's decision, or None while nobody has decided."""

    borrower_id: str
    loan_id: str
    indicators: tuple[Indicator, ...]
    decision: Decision | None


class Context(msgspec.Struct, frozen=True):
    """What other parts know beyond this borrower's entries.

    Attributes:
        cluster_stop_days: days on which the portfolio saw many borrowers of one segment stop paying together.
        shared_fingerprints: fingerprints of complaint or dispute wording seen from several borrowers.
    """

    cluster_stop_days: frozenset[dt.date] = frozenset()
    shared_fingerprints: frozenset[str] = frozenset()


class _Case(msgspec.Struct, frozen=True):
    """The entries of one borrower, read once for all signs."""

    contents: Sequence[Content]
    loan_id: str
    facts: MoneyFacts
    first_miss_day: int
    context: Context

    def events(self, *types: str) -> list[Content]:
        """Entries of these event types, in order."""
        return [content for content in self.contents if content["body"].get("type") in types]


def collect_indicators(
    contents: Sequence[Content], loan_id: str, as_of: dt.date, context: Context | None = None
) -> WilfulnessEvidence:
    """Collect the signs about one loan's borrower.

    Args:
        contents: leaf contents of the borrower's loans and the borrower's own chain, in index order, with the personal
            fields put back that the reader may see.
        loan_id: the loan in arrears.
        as_of: last day looked at.
        context: what the portfolio knows; absent, the signs that need it are left out.
    """
    facts = read_facts(contents)
    case = _Case(contents, loan_id, facts, _first_miss(facts, loan_id, as_of), context or Context())
    found = [sign for collect in _SIGNS for sign in [collect(case)] if sign is not None] if case.first_miss_day else []
    borrower = next((content["borrower_id"] for content in contents if content["borrower_id"]), "")
    return WilfulnessEvidence(borrower, loan_id, tuple(found), _decision(contents, loan_id))


def _first_miss(facts: MoneyFacts, loan_id: str, as_of: dt.date) -> int:
    """Due day of the first installment that was not met in time; 0 when none."""
    last = as_of.toordinal()
    for terms in facts.terms.get(loan_id, []):
        for row in terms.installments:
            if row.due_day < last and facts.position(loan_id, row.due_day + 1).days_past_due:
                return row.due_day
    return 0


def _decision(contents: Sequence[Content], loan_id: str) -> Decision | None:
    """The newest decision of a person about this loan."""
    for content in reversed(contents):
        body = content["body"]
        if content["kind"] == "human_decision" and body.get("loan_id", loan_id) == loan_id:
            return Decision(
                content["index"],
                content["actor"],
                str(body.get("decision", "")),
                str(body.get("finding", "UNDECIDED")),
                str(body.get("note") or ""),
            )
    return None


def _pays_other_loans(case: _Case) -> Indicator | None:
    """Money went to another loan while this one was overdue."""
    found = [
        payment.entry
        for payment in case.facts.payments
        if payment.loan_id not in (None, case.loan_id)
        and payment.counted_minor
        and case.facts.position(case.loan_id, payment.value_day).days_past_due
    ]
    return _sign(
        "pays_other_loans",
        "strategic",
        "paid another loan here while this one was overdue",
        "本笔逾期期间偿还了其他借款",
        found,
    )


def _stopped_with_cluster(case: _Case) -> Indicator | None:
    """Everything was paid in time until a day on which many others stopped."""
    if dt.date.fromordinal(case.first_miss_day) not in case.context.cluster_stop_days:
        return None
    found = [terms.entry for terms in case.facts.terms[case.loan_id]]
    return _sign(
        "stopped_with_cluster",
        "strategic",
        "first miss on a day on which a group stopped together",
        "首次逾期日与一批借款人同日停止还款",
        found,
    )


def _shared_wording(case: _Case) -> Indicator | None:
    """A complaint in wording that came from several borrowers."""
    found = _indexes(
        content
        for content in case.events("complaint_received", "dispute_raised")
        if content["body"].get("text_fingerprint") in case.context.shared_fingerprints
    )
    return _sign(
        "shared_wording",
        "strategic",
        "complaint in wording shared by several borrowers",
        "投诉内容与多名借款人雷同",
        found,
    )


def _refused_after_first_miss(case: _Case) -> Indicator | None:
    """Contact was refused right after the first miss. Refusing is a right; alone it shows nothing."""
    found = _indexes(
        content
        for content in case.events("contact_outcome")
        if content["body"].get("outcome") == "REFUSED"
        and 0 <= ordinal(content["body"]["business_date"]) - case.first_miss_day <= SOON_DAYS
    )
    return _sign(
        "refused_after_first_miss",
        "strategic",
        "refused contact within a week of the first miss",
        "首次逾期后一周内拒绝联系",
        found,
    )


def _repaid_other_early(case: _Case) -> Indicator | None:
    """Another loan was repaid early after this one was missed."""
    found = _indexes(
        content
        for content in case.events("loan_closed")
        if content["loan_id"] != case.loan_id
        and content["body"].get("reason") == "EARLY_REPAID"
        and ordinal(content["body"]["closed_on"]) > case.first_miss_day
    )
    return _sign(
        "repaid_other_early",
        "strategic",
        "repaid another loan early after missing this one",
        "本笔逾期后提前结清其他借款",
        found,
    )


def _reversed_after_promise(case: _Case) -> Indicator | None:
    """Payments were taken back right after promises."""
    promised = [ordinal(content["body"]["business_date"]) for content in case.events("promise_made")]
    found = _indexes(
        content
        for content in case.events("payment_reversed")
        if any(0 <= ordinal(content["body"]["business_date"]) - day <= SOON_DAYS for day in promised)
    )
    return _sign(
        "reversed_after_promise",
        "strategic",
        "payments taken back within a week of a promise",
        "承诺还款后一周内多次冲正",
        found,
        REPEATED,
    )


def _partial_payments(case: _Case) -> Indicator | None:
    """Less than an installment was paid: as much as could be."""
    least = min((row.amount_minor for terms in case.facts.terms[case.loan_id] for row in terms.installments), default=0)
    found = _indexes(
        content
        for content in case.events("payment_received")
        if content["loan_id"] == case.loan_id and amount_minor(content["body"]["amount"]) < least
    )
    return _sign("partial_payments", "hardship", "paid parts of installments", "部分还款", found)


def _lack_of_funds(case: _Case) -> Indicator | None:
    """Debits were refused for lack of funds."""
    found = _indexes(
        content for content in case.events("payment_failed") if content["body"].get("failure") == "INSUFFICIENT_FUNDS"
    )
    return _sign(
        "lack_of_funds", "hardship", "debits refused for lack of funds", "多次因余额不足扣款失败", found, REPEATED
    )


def _hardship_holds(case: _Case) -> Indicator | None:
    """A hold of a kind that follows from hardship."""
    found = _indexes(content for content in case.events("hold_set") if content["body"].get("kind") in _HARDSHIP_HOLDS)
    return _sign(
        "hardship_hold",
        "hardship",
        "forbearance, breathing space or another hold for hardship",
        "因困难设置的宽限或暂停",
        found,
    )


def _promise_kept(case: _Case) -> Indicator | None:
    """A promise was kept, whole or in part."""
    found = _indexes(
        content for content in case.events("promise_resolved") if content["body"].get("result") in ("KEPT", "PARTIAL")
    )
    return _sign("promise_kept", "hardship", "kept a promise to pay, whole or in part", "履行或部分履行承诺", found)


def _restructured(case: _Case) -> Indicator | None:
    """The terms were eased."""
    found = _indexes(content for content in case.events("loan_restructured") if content["loan_id"] == case.loan_id)
    return _sign("restructured", "hardship", "asked for and got easier terms", "已申请并获得重组", found)


def _stays_in_contact(case: _Case) -> Indicator | None:
    """The borrower talked after the first miss."""
    found = _indexes(
        content
        for content in case.events("contact_outcome")
        if content["body"].get("outcome") == "CONVERSATION"
        and ordinal(content["body"]["business_date"]) > case.first_miss_day
    )
    return _sign(
        "stays_in_contact", "hardship", "talked with the lender after the first miss", "首次逾期后仍保持沟通", found
    )


def _indexes(contents: Any) -> list[int]:  # noqa: ANN401  a generator of leaf contents
    return [content["index"] for content in contents]


def _sign(
    code: str, side: Side, english: str, chinese: str, entries: Sequence[int], least: int = 1
) -> Indicator | None:
    """An indicator if it rests on enough entries."""
    return Indicator(code, side, english, chinese, tuple(entries)) if len(entries) >= least else None


_SIGNS: tuple[Callable[[_Case], Indicator | None], ...] = (
    _pays_other_loans,
    _stopped_with_cluster,
    _shared_wording,
    _refused_after_first_miss,
    _repaid_other_early,
    _reversed_after_promise,
    _partial_payments,
    _lack_of_funds,
    _hardship_holds,
    _promise_kept,
    _restructured,
    _stays_in_contact,
)

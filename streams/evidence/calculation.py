"""`calculation.json`: the days past due of one loan, recomputed step by step from the entries of the exhibit.

Every step names the entries it rests on, so a reader with a pencil gets the same numbers. Each alert's own figure is
set beside what follows from the entries booked until then, and beside what follows from all entries known now.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from streams.evidence.facts import Content, MoneyFacts, Position, ordinal, read_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

METHOD = {
    "rule": "oldest_due_first.v1",
    "en": (
        "Days past due on day B = B minus the due date of the oldest unmet installment that was due before B, else 0. "
        "A payment counts from its value date, toward the oldest due installment first; a reversed payment does not "
        "count. A restructure begins new terms; money valued from that day counts on them. Nothing is due "
        "after closing."
    ),
    "zh": (
        "某日逾期天数 = 该日减去此前到期且未足额偿还的最早一期的应还日; 无此类期次则为 0。"
        "还款自起息日起按最早到期优先冲抵; 被冲正的还款不计。"
        "重组自生效日起适用新还款计划, 自该日起息的还款冲抵新计划。结清后不再计。"
    ),
}

COMPARISON = {
    "en": (
        "Known then: from what was booked before that day, and with what was booked on it; two figures where these differ, "
        "since the order within a day is open. All entries: from everything known today, corrections included."
    ),
    "zh": "依当时已知: 不含与含当日入账的数字, 不同时并列 (同日先后不定)。依全部条目: 依目前全部条目, 含事后更正。",
}


def calculate(contents: Sequence[Content], loan_id: str, as_of: dt.date) -> dict[str, Any]:
    """Recompute a loan as of a day.

    Args:
        contents: parsed leaves of the exhibit in index order.
        loan_id: the loan.
        as_of: last day of the calculation.

    Returns:
        A JSON object: method, terms, payments, steps, result, comparisons, notes. Amounts are minor units.
    """
    facts = read_facts(contents)
    day = as_of.toordinal()
    return {
        "loan_id": loan_id,
        "as_of": as_of.isoformat(),
        "currency": facts.currency,
        "method": METHOD,
        "terms": _terms(facts, loan_id),
        "payments": _payments(facts, loan_id, day),
        "steps": [_step(facts, loan_id, at) for at in _days(facts, loan_id, day)],
        "result": _row(facts.position(loan_id, day)),
        "comparison_method": COMPARISON,
        "comparisons": _comparisons(contents, facts, loan_id),
        "notes": _notes(facts),
    }


def _terms(facts: MoneyFacts, loan_id: str) -> list[dict[str, Any]]:
    return [
        {
            "entry": terms.entry,
            "effective_from": _date(terms.effective_from),
            "installments": [
                {"number": row.number, "due_date": _date(row.due_day), "amount_minor": row.amount_minor}
                for row in terms.installments
            ],
        }
        for terms in facts.terms.get(loan_id, [])
    ]


def _payments(facts: MoneyFacts, loan_id: str, day: int) -> list[dict[str, Any]]:
    """Every payment of the loan with what of it counted."""
    counted = {payment.entry: share for payment, share in facts.shares(loan_id, day)}
    return [
        {
            "entry": payment.entry,
            "payment_id": payment.payment_id,
            "value_date": _date(payment.value_day),
            "amount_minor": payment.amount_minor,
            "reversed_minor": payment.reversed_minor,
            "counted_minor": counted.get(payment.entry, 0),
        }
        for payment in facts.payments
        if payment.loan_id in (loan_id, None)
    ]


def _days(facts: MoneyFacts, loan_id: str, day: int) -> list[int]:
    """Days on which something changes: the day after each due date, each value date, each restructure, the last day."""
    found = {day}
    for terms in facts.terms.get(loan_id, []):
        found.add(terms.effective_from)
        found.update(row.due_day + 1 for row in terms.installments)
    found.update(payment.value_day for payment in facts.payments)
    return sorted(at for at in found if 0 < at <= day)


def _step(facts: MoneyFacts, loan_id: str, day: int) -> dict[str, Any]:
    """One day of the calculation with the sums it rests on."""
    terms = facts.terms_on(loan_id, day)
    begin = terms.effective_from if terms else 0
    shares = [(payment, share) for payment, share in facts.shares(loan_id, day) if payment.value_day >= begin]
    due = sum(row.amount_minor for row in terms.installments if row.due_day < day) if terms else 0
    return {
        "day": _date(day),
        "due_before_minor": due,
        "paid_until_minor": sum(share for _, share in shares),
        "paid_by_entries": [payment.entry for payment, share in shares if share and payment.value_day == day],
        **_row(facts.position(loan_id, day)),
    }


def _row(position: Position) -> dict[str, Any]:
    return {
        "days_past_due": position.days_past_due,
        "arrears_minor": position.arrears_minor,
        "oldest_unmet_due_date": _date(position.oldest_unmet_due_day),
    }


def _comparisons(contents: Sequence[Content], now: MoneyFacts, loan_id: str) -> list[dict[str, Any]]:
    """Each figure that the system stated, beside the recomputed ones. An alert speaks of the borrower's worst loan."""
    rows: list[dict[str, Any]] = []
    for content in contents:
        body = content["body"]
        stated = body.get("days_past_due")
        if content["kind"] not in ("alert", "delinquency") or not isinstance(stated, int):
            continue
        day = ordinal(body["business_date"])
        loans = [loan_id] if content["kind"] == "delinquency" else list(now.terms)
        known = {
            _worst(read_facts(contents, _known_at(content, whole_day=whole)), loans, day) for whole in (False, True)
        }
        rows.append(
            {
                "entry": content["index"],
                "day": body["business_date"],
                "stated_days_past_due": stated,
                "from_entries_known_then": sorted(known),
                "from_all_entries": _worst(now, loans, day),
                "agrees": stated in known,
            }
        )
    return rows


def _known_at(alert: Content, *, whole_day: bool) -> Any:  # noqa: ANN401  a predicate over leaves
    """What was booked by an alert's business day, without that day or with all of it: order within a day is open."""
    day = str(alert["body"]["business_date"])

    def known(content: Content) -> bool:
        booked = str(content["body"].get("business_date", ""))
        return booked < day or (whole_day and booked == day)

    return known


def _worst(facts: MoneyFacts, loans: Sequence[str], day: int) -> int:
    return max((facts.position(loan, day).days_past_due for loan in loans if loan in facts.terms), default=0)


def _notes(facts: MoneyFacts) -> list[str]:
    """What a reader must know before relying on the numbers."""
    notes: list[str] = []
    if facts.repeats:
        notes.append(
            f"Entries {facts.repeats} tell again what an earlier entry told (same idempotency key or payment id) and are "
            "not counted. / 上述条目重复此前条目 (幂等键或还款编号相同), 不重复计入。"
        )
    unnamed = [payment.entry for payment in facts.payments if payment.loan_id is None]
    if unnamed and len(facts.terms) > 1:
        notes.append(
            f"Entries {unnamed} are payments that named no loan; they went to the oldest due installment "
            "over all of the "
            "borrower's loans in this exhibit."
        )
    return notes


def _date(day: int) -> str | None:
    return dt.date.fromordinal(day).isoformat() if day > 0 else None

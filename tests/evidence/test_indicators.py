"""Wilful or unable: every sign is found where it is and nowhere else, and nothing is concluded."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from streams.evidence.indicators import Context, Decision, WilfulnessEvidence, collect_indicators
from tests.evidence.test_calculation import JANUARY, THREE, Content, contents, day, paid, reversed_, schedule


def collected(*events: Content, context: Context | None = None) -> WilfulnessEvidence:
    """Signs about L1 after day 60, its first installment of day 10 missed."""
    book = contents(schedule("L1", *THREE), *[dict(event) for event in events])
    for content in book:
        content |= {"borrower_id": "B1", "actor": "staff-4"}
    return collect_indicators(book, "L1", dt.date.fromordinal(JANUARY + 60), context)


def event(event_type: str, at: int, **fields: Any) -> Content:  # noqa: ANN401
    """An event of a type on a day."""
    return {"type": event_type, "business_date": day(at), "loan_id": "L1"} | fields


def outcome(at: int, result: str) -> Content:
    """A contact and how it ended."""
    return event("contact_outcome", at, outcome=result)


PROMISE = event("promise_made", 20)
OTHER = schedule("L2", (15, 50))
CLUSTER = Context(frozenset({dt.date.fromordinal(JANUARY + 10)}), frozenset({"f1"}))


@pytest.mark.parametrize(
    ("code", "side", "events", "entries"),
    [
        ("pays_other_loans", "strategic", [OTHER, paid("P", 15, 50, "L2")], (2,)),
        ("stopped_with_cluster", "strategic", [], (0,)),
        ("shared_wording", "strategic", [event("complaint_received", 20, text_fingerprint="f1")], (1,)),
        ("refused_after_first_miss", "strategic", [outcome(12, "REFUSED")], (1,)),
        (
            "repaid_other_early",
            "strategic",
            [event("loan_closed", 20, loan_id="L2", reason="EARLY_REPAID", closed_on=day(20))],
            (1,),
        ),
        ("reversed_after_promise", "strategic", [PROMISE, reversed_("P", 21), reversed_("Q", 22)], (2, 3)),
        ("partial_payments", "hardship", [paid("P", 12, 40)], (1,)),
        (
            "lack_of_funds",
            "hardship",
            [event("payment_failed", n, failure="INSUFFICIENT_FUNDS") for n in (10, 12)],
            (1, 2),
        ),
        ("hardship_hold", "hardship", [event("hold_set", 20, kind="FORBEARANCE")], (1,)),
        ("promise_kept", "hardship", [event("promise_resolved", 20, result="PARTIAL")], (1,)),
        ("restructured", "hardship", [schedule("L1", (90, 10), type="loan_restructured", effective_on=day(30))], (1,)),
        ("stays_in_contact", "hardship", [outcome(12, "CONVERSATION")], (1,)),
    ],
)
def test_a_sign_is_named_with_its_entries(
    code: str, side: str, events: list[Content], entries: tuple[int, ...]
) -> None:
    """Each sign, on its side, resting on the entries that show it."""
    signs = {sign.code: sign for sign in collected(*events, context=CLUSTER).indicators}

    assert {code, "stopped_with_cluster"} == set(signs)
    assert (side, entries) == (signs[code].side, signs[code].entries)
    assert signs[code].text_en
    assert signs[code].text_zh


@pytest.mark.parametrize(
    "events",
    [
        [OTHER, paid("P", 9, 50, "L2")],
        [event("complaint_received", 20, text_fingerprint="f1")],
        [outcome(18, "REFUSED")],
        [outcome(9, "CONVERSATION")],
        [event("loan_closed", 20, loan_id="L2", reason="PAID", closed_on=day(20))],
        [PROMISE, reversed_("P", 21)],
        [PROMISE, reversed_("P", 30), reversed_("Q", 31)],
        [event("payment_failed", 10, failure="INSUFFICIENT_FUNDS")],
        [event("payment_failed", n, failure="TECHNICAL") for n in (10, 12)],
        [event("hold_set", 20, kind="CEASE_REQUEST")],
        [event("promise_resolved", 20, result="BROKEN")],
        [paid("P", 12, 100)],
    ],
)
def test_what_is_no_sign(events: list[Content]) -> None:
    """A day too late, once instead of twice, another kind: nothing is read into it."""
    assert collected(*events).indicators == ()


def test_without_a_miss_there_is_nothing_to_weigh() -> None:
    """All paid in time."""
    assert collected(paid("P", 5, 300), outcome(12, "CONVERSATION"), context=CLUSTER).indicators == ()


def test_only_a_person_decides() -> None:
    """No decision until there is an entry of one; then the newest, with who and why. No field holds a verdict."""
    refused = outcome(12, "REFUSED")
    decision = {
        "_kind": "human_decision",
        "loan_id": "L1",
        "decision": "DECLINED",
        "finding": "UNABLE",
        "note": "lost his job",
    }

    assert collected(refused).decision is None
    assert Decision(2, "staff-4", "DECLINED", "UNABLE", "lost his job") == collected(refused, decision).decision
    assert collected(refused, decision | {"loan_id": "L9"}).decision is None
    assert {"borrower_id", "loan_id", "indicators", "decision"} == set(WilfulnessEvidence.__struct_fields__)

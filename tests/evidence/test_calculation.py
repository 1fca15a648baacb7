"""Days past due from the entries: by hand, and by two programs that share no code."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.calculation import calculate
from streams.evidence.facts import Position, read_facts
from streams.evidence.money import money_text
from streams.evidence.verify import Book

Content = dict[str, Any]
JANUARY = dt.date(2026, 1, 1).toordinal()


def contents(*events: Content, kind: str = "event") -> list[Content]:
    """Leaf contents around event bodies."""
    return [
        {"index": index, "kind": event.pop("_kind", kind), "loan_id": event.get("loan_id"), "body": event}
        for index, event in enumerate(events)
    ]


def day(number: int) -> str:
    """ISO date of a day counted from 1 January 2026."""
    return dt.date.fromordinal(JANUARY + number).isoformat()


def schedule(loan_id: str = "L1", *dues: tuple[int, int], **fields: Any) -> Content:  # noqa: ANN401
    """A schedule of (day, amount)."""
    rows = [{"number": n, "due_date": day(at), "amount_minor": amount} for n, (at, amount) in enumerate(dues, 1)]
    return {
        "type": "schedule_set",
        "loan_id": loan_id,
        "currency": "CNY",
        "business_date": day(0),
        "installments": rows,
    } | fields


def paid(name: str, at: int, amount: int, loan_id: str | None = "L1", value: int | None = None) -> Content:
    """A payment booked on a day, maybe valued earlier."""
    body = {
        "type": "payment_received",
        "payment_id": name,
        "business_date": day(at),
        "amount": {"amount_minor": amount, "currency": "CNY"},
    }
    return body | ({"loan_id": loan_id} if loan_id else {}) | ({"value_date": day(value)} if value is not None else {})


def reversed_(name: str, at: int, amount: int | None = None) -> Content:
    """A payment that went back."""
    body: Content = {"type": "payment_reversed", "payment_id": name, "business_date": day(at)}
    return body | ({"amount": {"amount_minor": amount, "currency": "CNY"}} if amount else {})


THREE = [(10, 100), (40, 100), (70, 100)]


@pytest.mark.parametrize(
    ("events", "at", "days_past_due", "arrears"),
    [
        ([], 10, 0, 0),
        ([], 11, 1, 100),
        ([], 41, 31, 200),
        ([paid("P", 10, 100)], 11, 0, 0),
        ([paid("P", 10, 99)], 41, 31, 101),
        ([paid("P", 5, 250)], 71, 1, 50),
        ([paid("P", 45, 250)], 50, 0, 0),
        ([paid("P", 45, 250)], 44, 34, 200),
        ([paid("P", 20, 100, value=10)], 15, 0, 0),
        ([paid("P", 10, 100), reversed_("P", 55)], 56, 46, 200),
        ([reversed_("P", 5), paid("P", 10, 100)], 11, 1, 100),
        ([paid("P", 10, 100), reversed_("P", 55, 1)], 30, 20, 1),
        ([paid("P", 10, 100), reversed_("P", 55, 60), reversed_("P", 56, 60)], 30, 20, 100),
        ([{"type": "loan_written_off", "loan_id": "L1", "written_off_on": day(30)}, paid("P", 35, 300)], 41, 31, 200),
        ([{"type": "loan_closed", "loan_id": "L1", "closed_on": day(40)}, paid("P", 39, 100)], 90, 0, 0),
        ([schedule("L1", (60, 50), (90, 50), type="loan_restructured", effective_on=day(30))], 61, 1, 50),
        ([schedule("L1", (60, 50), type="loan_restructured", effective_on=day(30)), paid("P", 20, 50)], 61, 1, 50),
        ([schedule("L1", (60, 50), type="loan_restructured", effective_on=day(30)), paid("P", 30, 50)], 61, 0, 0),
        ([schedule("L1", (60, 50), type="loan_restructured", effective_on=day(30))], 29, 19, 100),
        ([schedule("L1", (12, 100), (40, 100))], 13, 1, 100),
    ],
)
def test_by_hand(events: list[Content], at: int, days_past_due: int, arrears: int) -> None:
    """Three installments of 1.00 on days 10, 40 and 70, and what may happen to them."""
    book = contents(schedule("L1", *THREE), *[dict(event) for event in events])
    position = read_facts(book).position("L1", JANUARY + at)

    assert (days_past_due, arrears) == (position.days_past_due, position.arrears_minor)
    assert (days_past_due, arrears) == Book(book).standing("L1", JANUARY + at)


def test_money_that_names_no_loan_goes_to_the_oldest_due_of_all() -> None:
    """Two loans, 1.50 unnamed: the day-5 installment of the second first, then the day-10 one of the first."""
    book = contents(schedule("L1", *THREE), schedule("L2", (5, 100)), paid("P", 20, 150, None))
    facts = read_facts(book)

    assert Position(11, 50, JANUARY + 10) == facts.position("L1", JANUARY + 21)
    assert Position(0, 0, 0) == facts.position("L2", JANUARY + 21)
    assert "named no loan" in calculate(book, "L1", dt.date.fromordinal(JANUARY + 21))["notes"][0]


DAYS = st.integers(0, 100)
LOANS = st.sampled_from(["L1", "L2"])


def restructured(at: int, gap: int) -> Content:
    """New terms of two installments."""
    return schedule("L1", (at + gap, 70), (at + gap + 30, 70), type="loan_restructured", effective_on=day(at))


EVENTS = st.one_of(
    st.builds(paid, st.sampled_from("ABCD"), DAYS, st.integers(1, 250), LOANS | st.none(), st.none() | DAYS),
    st.builds(reversed_, st.sampled_from("ABCD"), DAYS, st.none() | st.integers(1, 200)),
    st.builds(lambda loan, at: schedule(loan, (at, 80), (at + 30, 80)), LOANS, st.integers(0, 60)),
    st.builds(restructured, st.integers(1, 60), st.integers(0, 30)),
    st.builds(lambda at: {"type": "loan_written_off", "loan_id": "L1", "written_off_on": day(at)}, DAYS),
    st.builds(lambda at: {"type": "loan_closed", "loan_id": "L2", "closed_on": day(at)}, DAYS),
)


@given(st.lists(EVENTS, max_size=12), st.integers(0, 120))
def test_two_programs_agree(events: list[Content], at: int) -> None:
    """Whatever happens, the package and verify.py recompute the same standing."""
    book = contents(schedule("L1", *THREE), *[dict(event) for event in events])
    facts, theirs = read_facts(book), Book(book)
    for loan_id in ("L1", "L2"):
        position = facts.position(loan_id, JANUARY + at)
        assert theirs.standing(loan_id, JANUARY + at) == (position.days_past_due, position.arrears_minor)


def test_every_step_names_its_entries() -> None:
    """Due, paid, arrears and days on each day on which something changed."""
    steps = calculate(
        contents(schedule("L1", *THREE), paid("P", 10, 100), paid("Q", 45, 60)), "L1", dt.date.fromordinal(JANUARY + 50)
    )["steps"]

    names = ("day", "due_before_minor", "paid_until_minor", "paid_by_entries", "arrears_minor", "days_past_due")
    assert [tuple(step[name] for name in names) for step in steps] == [
        (day(10), 0, 100, [1], 0, 0),
        (day(11), 100, 100, [], 0, 0),
        (day(41), 200, 100, [], 100, 1),
        (day(45), 200, 160, [2], 40, 5),
        (day(50), 200, 160, [], 40, 10),
    ]


@pytest.mark.parametrize(("known", "agrees"), [(5, True), (0, False), (4, False)])
def test_a_stated_figure_is_compared_with_what_was_known(known: int, agrees: bool) -> None:
    """An alert on day 15, and money booked on day 20 with the value date 10."""
    alert = {"_kind": "alert", "business_date": day(15), "days_past_due": known}
    (row,) = calculate(
        contents(schedule("L1", *THREE), alert, paid("P", 20, 100, value=10)), "L1", dt.date.fromordinal(JANUARY + 30)
    )["comparisons"]

    assert (agrees, [5], 0) == (row["agrees"], row["from_entries_known_then"], row["from_all_entries"])


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123456, "CNY", "1,234.56 CNY"),
        (1235, "JPY", "1,235 JPY"),
        (5, "KWD", "0.005 KWD"),
        (-5, "USD", "-0.05 USD"),
        (2**60, "CNY", "11,529,215,046,068,469.76 CNY"),
    ],
)
def test_money_as_people_write_it(amount: int, currency: str, text: str) -> None:
    """Decimals by currency; nothing is rounded."""
    assert text == money_text(amount, currency)


@pytest.mark.parametrize("again", [{"idempotency_key": "k"}, {"payment_id": "P"}])
def test_a_payment_sent_twice_counts_once(again: dict[str, str]) -> None:
    """By idempotency key or by payment id; both programs agree, and a note names the entry."""
    first = paid("P", 5, 600) | {"idempotency_key": "k", "borrower_id": "B"}
    second = first | {"idempotency_key": "other", "payment_id": "Q"} | again
    story = contents(schedule("L1", (10, 1000)), first, second)
    at = JANUARY + 11

    made = calculate(story, "L1", dt.date.fromordinal(at))

    assert (made["result"]["arrears_minor"], made["result"]["days_past_due"]) == (400, 1)
    assert Book(story).standing("L1", at) == (1, 400)
    assert "Entries [2]" in made["notes"][0]

"""Promises to pay, judged by the money that came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.collections.facts import Facts, Promise
from streams.collections.promises import Judgement, Payment, broken_count, judge, open_promise, with_judgements

MADE, DUE = 1000, 1007


def promise(promise_id: str = "R1", amount_minor: int = 1000, due_day: int = DUE, **fields: object) -> Promise:
    """A promise of 10.00 CNY on loan L1, made on day 1000 for day 1007."""
    known: dict[str, object] = {"currency": "CNY", "made_day": MADE, "loan_id": "L1", **fields}
    return Promise(promise_id=promise_id, amount_minor=amount_minor, due_day=due_day, **known)  # type: ignore[arg-type]


def paid(day: int, amount_minor: int, currency: str = "CNY", loan_id: str = "L1") -> Payment:
    """Money on loan L1."""
    return Payment(day, amount_minor, currency, loan_id)


@pytest.mark.parametrize(
    ("payments", "as_of", "result", "paid_minor"),
    [
        pytest.param([], DUE, "OPEN", 0, id="nothing yet, on the due day"),
        pytest.param([], DUE + 1, "BROKEN", 0, id="nothing, the day after"),
        pytest.param([paid(MADE, 1000)], MADE, "KEPT", 1000, id="at once"),
        pytest.param([paid(DUE, 1000)], DUE, "KEPT", 1000, id="on the due day"),
        pytest.param([paid(DUE, 999)], DUE, "OPEN", 999, id="one unit short, on the due day"),
        pytest.param([paid(DUE, 999)], DUE + 1, "PARTIAL", 999, id="one unit short, the day after"),
        pytest.param([paid(DUE + 1, 1000)], DUE + 1, "BROKEN", 0, id="a day late"),
        pytest.param([paid(MADE - 1, 1000)], DUE + 1, "BROKEN", 0, id="before it was promised"),
        pytest.param([paid(MADE, 400), paid(DUE, 600)], DUE, "KEPT", 1000, id="in two parts"),
        pytest.param([paid(DUE, 5000)], DUE, "KEPT", 1000, id="more than promised"),
        pytest.param([paid(DUE, 1000, currency="USD")], DUE + 1, "BROKEN", 0, id="in another currency"),
        pytest.param([paid(DUE, 1000, loan_id="L2")], DUE + 1, "BROKEN", 0, id="on another debt"),
        pytest.param([paid(DUE, 1000, loan_id="")], DUE + 1, "KEPT", 1000, id="on no debt in particular"),
        pytest.param([paid(DUE + 3, 1000)], DUE, "OPEN", 0, id="money of the future does not count"),
    ],
)
def test_one_promise(payments: list[Payment], as_of: int, result: str, paid_minor: int) -> None:
    """Money between the promise and its day, on its debt, in its currency."""
    assert (Judgement("R1", result, paid_minor),) == judge([promise()], payments, as_of)


def test_one_payment_does_not_keep_two_promises() -> None:
    """The promise due first takes the money."""
    results = judge([promise("LATE", due_day=DUE + 5), promise("SOON")], [paid(DUE, 1500)], DUE + 6)

    assert [(r.promise_id, r.result, r.paid_minor) for r in results] == [
        ("SOON", "KEPT", 1000),
        ("LATE", "PARTIAL", 500),
    ]


def test_a_tolerance_forgives_so_much() -> None:
    """Up to the tolerance and not a unit more."""
    results = [judge([promise()], [paid(DUE, amount)], DUE + 1, tolerance_minor=10)[0].result for amount in (990, 989)]

    assert results == ["KEPT", "PARTIAL"]


def test_a_late_fact_corrects_the_judgement() -> None:
    """A payment booked late with an earlier value day mends a broken promise; a reversal breaks it again."""
    facts = Facts(promises=(promise(),))
    histories = [[], [paid(DUE, 1000)], []]
    counts = []
    for payments in histories:
        facts = with_judgements(facts, judge(facts.promises, payments, DUE + 1))
        counts.append(broken_count(facts))

    assert counts == [1, 0, 1]


def test_the_platform_s_own_judgement_wins() -> None:
    """Whatever the payments say."""
    kept = judge([promise(result="KEPT")], [], DUE + 1)
    canceled = judge([promise(result="CANCELED")], [paid(DUE, 1000)], DUE + 1)

    assert [kept[0].result, canceled[0].result] == ["KEPT", "CANCELED"]


def test_a_canceled_promise_takes_no_money() -> None:
    """The next promise has it."""
    results = judge([promise("R0", result="CANCELED", due_day=DUE - 1), promise("R1")], [paid(DUE - 2, 1000)], DUE + 1)

    assert [result.result for result in results] == ["CANCELED", "KEPT"]


@pytest.mark.parametrize(
    ("changes", "as_of", "is_open"),
    [({}, DUE, True), ({}, DUE + 1, False), ({"derived": "KEPT"}, DUE, False), ({"result": "CANCELED"}, DUE, False)],
)
def test_an_open_promise(changes: dict[str, object], as_of: int, is_open: bool) -> None:
    """Open until its day has passed, it is kept, or somebody decided it."""
    assert is_open == open_promise(Facts(promises=(promise(**changes),)), as_of)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(MADE, DUE + 3)), max_size=4),
    st.lists(st.tuples(st.integers(1, 500), st.integers(MADE - 2, DUE + 3)), max_size=6),
)
def test_money_is_counted_once(promises: list[tuple[int, int]], payments: list[tuple[int, int]]) -> None:
    """Whatever was promised and paid, promises never count more money than there is."""
    made = [promise(f"R{n}", amount, due) for n, (amount, due) in enumerate(promises)]
    money = [paid(day, amount) for amount, day in payments]
    results = judge(made, money, DUE + 10)

    assert sum(result.paid_minor for result in results) <= sum(payment.amount_minor for payment in money)
    assert {"KEPT", "PARTIAL", "BROKEN"} >= {result.result for result in results}

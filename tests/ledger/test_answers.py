"""What the ledger answers: one row per refusal, duplicate, quarantine and disagreement."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest

from streams.ledger.account import FAILED_DEBITS_MAX, LOANS_MAX, PAYMENTS_MAX, REVERSALS_MAX, TERMS_MAX, WINDOW_DAYS
from streams.ledger.outcomes import (
    Applied,
    Disagreement,
    Duplicate,
    LateFact,
    Outcome,
    Pending,
    Quarantined,
    Refused,
)
from tests.ledger.book import Book
from tests.strategies import (
    closed,
    failed,
    missed,
    money,
    monthly,
    opened,
    paid,
    restructured,
    scheduled,
    went_back,
    written_off,
)

if TYPE_CHECKING:
    from streams.ledger import LedgerEvent

D = dt.date
OPENED = D(2023, 1, 1)
DUE = D(2023, 2, 15)
SCHEDULE = monthly(DUE, 12, 100)
EURO = money(100, "EUR")


def plus(day: dt.date, days: int) -> dt.date:
    """Some days later."""
    return day + dt.timedelta(days=days)


def book(*more: LedgerEvent) -> Book:
    """A loan of 12 equal installments, and more events."""
    return Book(opened(OPENED), scheduled(OPENED, SCHEDULE), *more)


REPEATS: list[tuple[str, list[LedgerEvent], LedgerEvent, type[Outcome], str]] = [
    ("loan", [], opened(OPENED), Duplicate, "loan_repeated"),
    ("loan otherwise", [], opened(OPENED, amount_minor=7), Refused, "loan_conflict"),
    ("schedule", [], scheduled(OPENED, SCHEDULE), Duplicate, "schedule_repeated"),
    ("schedule otherwise", [], scheduled(OPENED, SCHEDULE[:-1]), Refused, "schedule_conflict"),
    (
        "older schedule",
        [scheduled(OPENED, SCHEDULE, version=3)],
        scheduled(OPENED, SCHEDULE, version=2),
        Refused,
        "schedule_superseded",
    ),
    (
        "schedule for ever",
        [],
        scheduled(OPENED, monthly(D(9999, 12, 31), 1, 1), version=2),
        Refused,
        "due_date_too_far",
    ),
    ("schedule in euro", [], scheduled(OPENED, SCHEDULE, version=2, currency="EUR"), Refused, "wrong_currency"),
    ("restructure", [restructured(DUE, SCHEDULE)], restructured(DUE, SCHEDULE), Duplicate, "schedule_repeated"),
    (
        "restructure otherwise",
        [restructured(DUE, SCHEDULE)],
        restructured(plus(DUE, 1), SCHEDULE),
        Refused,
        "schedule_conflict",
    ),
    ("restructure in euro", [], restructured(DUE, SCHEDULE, currency="EUR"), Refused, "wrong_currency"),
    ("restructure after the end", [closed(DUE)], restructured(plus(DUE, 1), SCHEDULE), Refused, "loan_ended"),
    ("write-off", [written_off(DUE, 5)], written_off(DUE, 5), Duplicate, "write_off_repeated"),
    ("write-off otherwise", [written_off(DUE, 5)], written_off(DUE, 6), Refused, "write_off_conflict"),
    ("write-off in euro", [], written_off(DUE, 5, amount=EURO), Refused, "wrong_currency"),
    ("write-off after the end", [closed(DUE)], written_off(plus(DUE, 1), 5), Refused, "loan_ended"),
    ("closing", [closed(DUE)], closed(DUE), Duplicate, "close_repeated"),
    ("closing otherwise", [closed(DUE)], closed(DUE, reason="SOLD"), Refused, "close_conflict"),
    ("closing of an unknown loan", [], closed(DUE, "L9"), Refused, "unknown_loan"),
    ("payment", [paid(DUE, 100, "P")], paid(plus(DUE, 1), 100, "P"), Duplicate, "payment_repeated"),
    ("payment otherwise", [paid(DUE, 100, "P")], paid(DUE, 99, "P"), Refused, "payment_conflict"),
    (
        "payment of another day",
        [paid(DUE, 100, "P")],
        paid(DUE, 100, "P", value_date=plus(DUE, -1)),
        Refused,
        "payment_conflict",
    ),
    ("payment of another loan", [paid(DUE, 100, "P")], paid(DUE, 100, "P", "L2"), Refused, "payment_conflict"),
    ("payment in euro", [], paid(DUE, 100, amount=EURO), Refused, "wrong_currency"),
    ("payment in euro for no loan", [], paid(DUE, 100, "P", None, amount=EURO), Refused, "wrong_currency"),
    (
        "payment for no loan",
        [opened(OPENED, "L2"), paid(DUE, 100, "P", None)],
        paid(DUE, 100, "P", None),
        Duplicate,
        "payment_repeated",
    ),
    (
        "reversal",
        [paid(DUE, 100, "P"), went_back(DUE, "P")],
        went_back(plus(DUE, 1), "P"),
        Duplicate,
        "reversal_repeated",
    ),
    (
        "reversal otherwise",
        [paid(DUE, 100, "P"), went_back(DUE, "P", 40)],
        went_back(DUE, "P", 41, "back-P"),
        Refused,
        "reversal_conflict",
    ),
    (
        "second reversal",
        [paid(DUE, 100, "P"), went_back(DUE, "P")],
        went_back(DUE, "P", None, "R2"),
        Refused,
        "nothing_to_reverse",
    ),
    ("too great a reversal", [paid(DUE, 100, "P")], went_back(DUE, "P", 101), Refused, "reversal_exceeds_payment"),
    (
        "reversal in dollars of yen",
        [
            opened(OPENED, "L2", principal=money(100, "JPY")),
            paid(DUE, 100, "P", "L2", amount=money(100, "JPY")),
        ],
        went_back(DUE, "P", 100),
        Refused,
        "wrong_currency",
    ),
    ("miss of an unknown loan", [], missed(plus(DUE, 1), 1, DUE, 100, "L9"), Disagreement, "unknown_loan"),
    ("miss of number 13", [], missed(plus(DUE, 1), 13, DUE, 100), Disagreement, "unknown_installment"),
    ("miss with another date", [], missed(plus(DUE, 1), 1, plus(DUE, -1), 100), Disagreement, "due_date_differs"),
    ("miss on the due day", [], missed(DUE, 1, DUE, 100), Disagreement, "not_overdue"),
    ("miss of a paid one", [paid(DUE, 100)], missed(plus(DUE, 1), 1, DUE, 100), Disagreement, "installment_met"),
    ("miss of another amount", [paid(DUE, 40)], missed(plus(DUE, 1), 1, DUE, 100), Disagreement, "shortfall_differs"),
    ("miss after the end", [closed(DUE)], missed(plus(DUE, 1), 1, DUE, 100), Disagreement, "loan_ended"),
    ("miss", [paid(DUE, 40)], missed(plus(DUE, 1), 1, DUE, 60), Applied, ""),
]


@pytest.mark.parametrize(
    ("before", "event", "kind", "code"), [each[1:] for each in REPEATS], ids=[r[0] for r in REPEATS]
)
def test_answer(before: list[LedgerEvent], event: LedgerEvent, kind: type[Outcome], code: str) -> None:
    """Each contradiction or repeat has its answer, and changes no fact."""
    loan = book(*before)
    untouched = msgspec.msgpack.encode(loan.account)
    found = loan.take(event, today=plus(DUE, 1))
    disagreed = isinstance(found, Disagreement)
    loan.account.disagreements -= disagreed

    assert type(found) is kind
    assert getattr(found, "code", "") == code
    assert msgspec.msgpack.encode(loan.account) == untouched


def test_disagreements_are_counted() -> None:
    """They are kept, not believed."""
    loan = book(paid(DUE, 100))
    loan.take(missed(plus(DUE, 1), 1, DUE, 100))
    loan.take(missed(plus(DUE, 1), 13, DUE, 100))

    assert loan.account.disagreements == 2
    assert loan.days_past_due(plus(DUE, 1)) == 0


def test_a_miss_without_any_schedule_is_a_disagreement() -> None:
    """The platform knows installments that it never told."""
    found = Book(opened(OPENED)).take(missed(plus(DUE, 1), 1, DUE, 100))

    assert isinstance(found, Disagreement)
    assert found.code == "unknown_installment"


def test_a_miss_while_its_payment_is_in_flight() -> None:
    """Edge case 16: agreed with first; the late payment then corrects the ledger itself."""
    loan = book()

    assert loan.take(missed(plus(DUE, 1), 1, DUE, 100)) == Applied()
    assert loan.take(paid(plus(DUE, 2), 100, value_date=DUE)) == LateFact(DUE.toordinal())
    assert loan.days_past_due(plus(DUE, 2)) == 0


def test_waiting_facts_in_another_currency_are_set_aside_when_the_loan_opens() -> None:
    """The loan is the authority; nothing is lost without a word."""
    loan = Book(scheduled(OPENED, SCHEDULE, currency="EUR"), paid(DUE, 100, amount=EURO))
    loan.take(opened(OPENED))

    assert isinstance(loan.outcomes[-1], Quarantined)
    assert "1 payments, 1 schedules" in loan.outcomes[-1].reason
    assert loan.loan(DUE).credit_minor == 0


def test_waiting_reversals_that_exceed_their_payment_are_refused_when_it_comes() -> None:
    """The first takes its part, the second finds too little; another payment's waits on."""
    loan = book(went_back(DUE, "P", 80, "R1"), went_back(DUE, "P", 30, "R2"), went_back(DUE, "Q"))
    loan.take(paid(DUE, 100, "P"))

    assert isinstance(loan.outcomes[-2], Applied)
    assert isinstance(loan.outcomes[-1], Refused)
    assert loan.loan(plus(DUE, 1)).arrears_minor == 80
    assert [each.waiting for each in loan.account.reversals] == [False, True]


def test_whatever_waits_is_pending() -> None:
    """Each fact before its loan says so."""
    waiting = Book(
        scheduled(OPENED, SCHEDULE),
        restructured(DUE, SCHEDULE),
        written_off(plus(DUE, 9), 5),
        paid(DUE, 5),
        paid(DUE, 5, "unnamed", None),
        went_back(DUE, "unseen"),
    )
    waiting.take(closed(plus(DUE, 20)))

    assert {type(each) for each in waiting.outcomes} == {Pending}


def test_unnamed_money_before_any_loan_waits_in_the_pool() -> None:
    """And is split when loans have opened."""
    loan = Book(paid(DUE, 100, "P", None))
    assert isinstance(loan.outcomes[0], Pending)
    loan.take(opened(plus(DUE, 1), opened_on=OPENED))
    loan.take(scheduled(plus(DUE, 1), SCHEDULE))
    loan.take(went_back(plus(DUE, 2), "P", 1))

    assert loan.loan(plus(DUE, 2)).arrears_minor == 1
    assert loan.at(plus(DUE, 2)).standing.days_past_due == 2


OLD: list[tuple[str, LedgerEvent, str]] = [
    ("payment", paid(plus(DUE, 300), 100, "old", value_date=DUE), "payment_too_late"),
    ("failed debit", failed(DUE), "failed_debit_too_late"),
    ("reversal", went_back(plus(DUE, 300), "late"), "reversal_too_late"),
    ("restructure", restructured(plus(DUE, 300), SCHEDULE, effective_on=DUE), "restructure_too_late"),
    ("write-off", written_off(plus(DUE, 300), 5, written_off_on=DUE), "write_off_too_late"),
    ("closing", closed(plus(DUE, 300), closed_on=DUE), "close_too_late"),
    ("miss", missed(DUE, 1, DUE, 100), "missed_too_late"),
]


@pytest.mark.parametrize(("event", "code"), [each[1:] for each in OLD], ids=[each[0] for each in OLD])
def test_a_fact_older_than_the_window_is_quarantined(event: LedgerEvent, code: str) -> None:
    """Edge case 15: said, with what to do, and nothing is changed."""
    loan = book(paid(DUE, 100), paid(plus(DUE, 168), 100, "late"))
    today = plus(DUE, 300)
    loan.compact(today)
    untouched = msgspec.msgpack.encode(loan.account)
    found = loan.take(event, today=today)

    assert isinstance(found, Quarantined)
    assert found.code == code
    assert str(plus(today, -WINDOW_DAYS)) in found.reason
    assert msgspec.msgpack.encode(loan.account) == untouched


def test_the_youngest_day_of_the_window_still_counts() -> None:
    """The bound is exact: one day later is taken."""
    today = plus(DUE, 300)
    edge = plus(today, -WINDOW_DAYS)
    loan = book(paid(DUE, 100))
    loan.compact(today)

    assert isinstance(loan.take(paid(today, 1, "A", value_date=edge)), Quarantined)
    assert loan.take(paid(today, 1, "B", value_date=plus(edge, 1))) == LateFact(plus(edge, 1).toordinal())


class TestBounds:
    """A row stays bounded whatever a producer sends."""

    def test_loans(self) -> None:
        """Each kind of event that could begin a loan says so."""
        full = Book(*(opened(OPENED, f"L{at}") for at in range(LOANS_MAX)))
        events: list[LedgerEvent] = [
            opened(OPENED, "X"),
            scheduled(OPENED, SCHEDULE, "X"),
            restructured(DUE, SCHEDULE, "X"),
            written_off(DUE, 5, "X"),
            paid(DUE, 5, "P", "X"),
        ]

        for event in events:
            found = full.take(event)
            assert isinstance(found, Quarantined)
            assert found.code == "too_many_facts"
        assert len(full.account.loans) == LOANS_MAX

    def test_payments(self) -> None:
        """On a loan and in the pool."""
        loan, none = book(), Book()
        for at in range(PAYMENTS_MAX):
            loan.take(paid(DUE, 1, f"P{at}"))
            none.take(paid(DUE, 1, f"P{at}", None))

        assert isinstance(loan.take(paid(DUE, 1, "more")), Quarantined)
        assert isinstance(none.take(paid(DUE, 1, "more", None)), Quarantined)

    def test_reversals(self) -> None:
        """Waiting ones count too."""
        loan = book(*(went_back(DUE, f"P{at}") for at in range(REVERSALS_MAX)))

        assert isinstance(loan.take(went_back(DUE, "more")), Quarantined)

    def test_restructures(self) -> None:
        """More than any lender grants in a window."""
        loan = book()
        for at in range(1, TERMS_MAX):
            loan.take(restructured(plus(DUE, at), SCHEDULE, version=at + 1))

        assert loan.clean
        assert isinstance(loan.take(restructured(plus(DUE, 99), SCHEDULE, version=99)), Quarantined)

    def test_failed_debits(self) -> None:
        """A processor that retries without end."""
        loan = book(*(failed(DUE, payment_id=f"D{at}") for at in range(FAILED_DEBITS_MAX)))

        assert isinstance(loan.take(failed(DUE, payment_id="more")), Quarantined)


def test_failed_debits_are_told_apart_by_cause_and_age() -> None:
    """Lack of funds, the rail's own failures, and neither; 90 days, this one included; late ones in order."""
    loan = book(failed(plus(DUE, 10), "TECHNICAL"), failed(plus(DUE, 10), "LIMIT", "other"))
    loan.take(failed(DUE, "INSUFFICIENT_FUNDS"), today=plus(DUE, 10))
    loan.take(failed(plus(DUE, 10), "MANDATE_REVOKED"))

    counts = [
        (standing.failed_debits_90d, standing.failed_debits_technical_90d)
        for standing in (loan.at(plus(DUE, days)).standing for days in (-1, 0, 10, 89, 90, 99, 100))
    ]
    assert counts == [(0, 0), (1, 0), (2, 1), (2, 1), (1, 1), (1, 1), (0, 0)]

"""What paying a loan off says of it: above all of loans with one installment, of which nothing else does."""

from __future__ import annotations

import datetime as dt

import pytest

from streams.ledger import WINDOW_DAYS, Period
from tests.ledger.book import Book
from tests.strategies import closed, monthly, opened, paid, scheduled, written_off

OPENED = dt.date(2024, 3, 1)
DUE = dt.date(2024, 3, 16)


def plus(day: dt.date, days: int) -> dt.date:
    """Some days later."""
    return day + dt.timedelta(days=days)


def micro(*, late_days: int) -> Book:
    """15 days, one installment of 100, paid so many days after it fell due, and closed then."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE, 1, 100)))
    loan.take(paid(plus(DUE, late_days), 100))
    loan.take(closed(plus(DUE, late_days)))
    return loan


@pytest.mark.parametrize("late_days", [-10, 0])
def test_a_loan_paid_early_has_a_period(late_days: int) -> None:
    """No due date has passed, so no other period tells that it was paid."""
    loan, end = micro(late_days=late_days), plus(DUE, late_days)

    assert loan.periods(OPENED, plus(DUE, 30)) == []
    assert loan.closing(OPENED, plus(end, 1)) == Period(
        end.toordinal(), 100, 100, lateness_days=late_days, cadence_days=15
    )


def test_days_late_differ() -> None:
    """One day late and 40 days late leave the same period at the due date; the closing tells them apart."""
    late = {days: micro(late_days=days) for days in (1, 40)}
    at_due = [loan.periods(OPENED, plus(DUE, 60)) for loan in late.values()]
    told = [loan.closing(OPENED, plus(DUE, 60)) for loan in late.values()]

    assert at_due[0] == at_due[1]
    assert [each and (each.days_past_due, each.lateness_days, each.cadence_days) for each in told] == [
        (1, 1, 15),
        (40, 40, 15),
    ]


def test_what_was_short_is_made_up_for() -> None:
    """Over both periods as much was paid as was due: shadow arrears must come back to nothing."""
    loan = micro(late_days=5)
    end = loan.closing(OPENED, plus(DUE, 60))
    both = [*loan.periods(OPENED, plus(DUE, 60)), *([end] if end else [])]

    assert [(each.due_minor, each.paid_minor) for each in both] == [(100, 0), (100, 200)]


def test_it_is_complete_on_the_day_after() -> None:
    """As every period is: a payment booked later on the closing day still counts."""
    loan, end = micro(late_days=3), plus(DUE, 3)

    assert loan.closing(OPENED, end) is None
    assert loan.closing(end, plus(end, 1)) is not None
    assert loan.closing(plus(end, 1), plus(end, 9)) is None


def test_early_repayment_of_all_installments_is_one_period() -> None:
    """Twelve at once: due and paid are the same, early by the days to the last one."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE, 12, 100)), paid(DUE, 100))
    loan.take(paid(plus(DUE, 5), 1_100))
    loan.take(closed(plus(DUE, 5), reason="EARLY_REPAID"))
    end = loan.closing(DUE, plus(DUE, 6))

    assert end is not None
    assert (end.due_minor, end.paid_minor, end.days_past_due) == (1_100, 1_100, 0)
    assert end.lateness_days < -300


def test_an_end_without_money_says_nothing() -> None:
    """Sold, canceled, settled for less, or written off before: not the borrower's doing."""
    sold = Book(opened(OPENED), scheduled(OPENED, monthly(DUE, 1, 100)), closed(plus(DUE, 9), reason="SOLD"))
    less = Book(opened(OPENED), scheduled(OPENED, monthly(DUE, 1, 100)), paid(plus(DUE, 9), 60))
    less.take(closed(plus(DUE, 9), reason="SETTLED"))
    gone = Book(opened(OPENED), scheduled(OPENED, monthly(DUE, 1, 100)), written_off(plus(DUE, 100), 100))
    gone.take(paid(plus(DUE, 110), 100))
    gone.take(closed(plus(DUE, 110)))

    assert [each.closing(OPENED, plus(DUE, 200)) for each in (sold, less, gone)] == [None, None, None]


def test_it_outlives_the_window_by_a_day() -> None:
    """A loan that closed on the window's edge stays in the row until its last period is folded."""
    loan, end = micro(late_days=3), plus(DUE, 3)
    before = loan.closing(end, plus(end, 1))
    loan.compact(plus(end, WINDOW_DAYS))

    assert before is not None
    assert loan.closing(end, plus(end, 1)) == before
    loan.compact(plus(end, WINDOW_DAYS + 1))
    assert loan.account.loans == []


def test_a_loan_that_nobody_closes_ends_with_its_last_money() -> None:
    """Some platforms send no closing; and one that comes later does not tell it again."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE, 1, 100)), paid(plus(DUE, 12), 60))
    assert loan.closing(OPENED, plus(DUE, 60)) is None

    loan.take(paid(plus(DUE, 20), 40))
    told = loan.closing(OPENED, plus(DUE, 60))
    assert told is not None
    assert (told.due_day, told.lateness_days) == (plus(DUE, 20).toordinal(), 20)

    loan.take(closed(plus(DUE, 33)))
    assert loan.closing(OPENED, plus(DUE, 60)) == told
    assert loan.closing(plus(DUE, 30), plus(DUE, 60)) is None

"""Schedules as runs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ledger.schedule import (
    amount,
    around,
    compress,
    count,
    covered,
    due_before,
    due_day,
    expand,
    total,
    whole,
)
from tests.strategies import every, monthly, schedules

if TYPE_CHECKING:
    from streams.events.fields import Installment


def pairs(installments: list[Installment]) -> list[tuple[int, int]]:
    """What the ledger keeps of a schedule."""
    return [(each.due_date.toordinal(), each.amount_minor) for each in installments]


@settings(deadline=None)
@given(schedules(count_max=30))
def test_any_schedule_comes_back_exactly(installments: list[Installment]) -> None:
    """Regular or not, month ends and equal days included."""
    assert list(expand(*compress(pairs(installments)))) == pairs(installments)


@settings(deadline=None)
@given(schedules(count_max=30), st.data())
def test_each_question_is_answered_as_on_the_list(installments: list[Installment], data: st.DataObject) -> None:
    """The arithmetic on runs equals counting through the list."""
    listed = pairs(installments)
    dates, amounts = compress(listed)
    day = data.draw(st.integers(listed[0][0] - 40, listed[-1][0] + 40))
    index = data.draw(st.integers(0, len(listed) - 1))
    money = data.draw(st.integers(0, sum(each for _, each in listed) + 5))
    passed = [due for due, _ in listed if due < day]
    coming = [due for due, _ in listed if due >= day]

    assert due_before(dates, day) == len(passed)
    assert around(dates, day) == (len(passed), (passed or [0])[-1], (coming or [0])[0])
    assert due_day(dates, index) == listed[index][0]
    assert amount(amounts, index) == listed[index][1]
    assert total(amounts, index) == sum(each for _, each in listed[:index])
    assert covered(amounts, money) == sum(total(amounts, n) <= money for n in range(1, len(listed) + 1))
    assert (count(amounts), total(amounts, len(listed))) == whole(amounts)


def test_an_equal_monthly_loan_is_one_run() -> None:
    """73 installments on the 15th are five numbers."""
    dates, amounts = compress(pairs(monthly(dt.date(2020, 1, 15), 73, 23_296)))

    assert (len(dates), len(amounts)) == (3, 2)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        pytest.param(dt.date(2023, 1, 31), ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30"], id="31st"),
        pytest.param(dt.date(2024, 1, 31), ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"], id="31st-leap"),
        pytest.param(dt.date(2024, 1, 30), ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"], id="30th-leap"),
        pytest.param(dt.date(2023, 1, 29), ["2023-01-29", "2023-02-28", "2023-03-29", "2023-04-29"], id="29th"),
    ],
)
def test_month_ends_follow_the_day_of_month(first: dt.date, expected: list[str]) -> None:
    """A day the month lacks is its last day, and the next month goes back to the day (edge case 29)."""
    dates, amounts = compress(pairs(monthly(first, 4, 1)))

    assert [str(dt.date.fromordinal(due)) for due, _ in expand(dates, amounts)] == expected
    assert len(dates) == 3


def test_a_schedule_that_starts_on_the_last_of_february_finds_its_day() -> None:
    """28 February may mean the 28th, 29th, 30th or 31st: what follows decides."""
    days = [dt.date(2023, 2, 28), dt.date(2023, 3, 30), dt.date(2023, 4, 30), dt.date(2023, 5, 30)]
    dates, _ = compress([(day.toordinal(), 1) for day in days])

    assert dates == (4, days[0].toordinal(), -(32 + 30))


def test_a_quarterly_schedule_is_one_run() -> None:
    """Every third month on the last day."""
    days = [dt.date(2023, 1, 31), dt.date(2023, 4, 30), dt.date(2023, 7, 31), dt.date(2023, 10, 31)]
    dates, _ = compress([(day.toordinal(), 1) for day in days])

    assert len(dates) == 3
    assert due_before(dates, days[2].toordinal()) == 2
    assert due_before(dates, days[2].toordinal() - 45) == 2


def test_due_dates_moved_off_weekends_come_back_exactly() -> None:
    """Following-business-day convention: irregular, so short runs (edge case 33)."""
    plain = monthly(dt.date(2023, 1, 1), 24, 5)
    moved = [(day := each.due_date) + dt.timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0)) for each in plain]

    assert [due for due, _ in expand(*compress([(day.toordinal(), 5) for day in moved]))] == [
        day.toordinal() for day in moved
    ]


def test_the_end_of_the_calendar_does_not_break_it() -> None:
    """A sentinel due date of year 9999 is a schedule like any other here."""
    listed = [(dt.date(9999, 11, 30).toordinal(), 1), (dt.date(9999, 12, 31).toordinal(), 1)]
    listed.append(listed[-1])

    assert list(expand(*compress(listed))) == listed


def test_asking_beyond_the_schedule_is_an_error() -> None:
    """An index that does not exist is our mistake, never a quiet zero."""
    dates, amounts = compress(pairs(every(14, dt.date(2023, 1, 1), 3, 5)))

    with pytest.raises(IndexError):
        due_day(dates, 3)
    with pytest.raises(IndexError):
        amount(amounts, 3)

from __future__ import annotations

import datetime as dt
import statistics

import pytest

from streams.sandbox.datasets.ally.facts import Loan, Month, read_loans
from streams.sandbox.datasets.ally.paydays import day_of_month_due, payment_days
from streams.sandbox.datasets.calendar import due_day, first_day, last_day, month_index, month_of, stable_fraction

MAY = month_index(2017, 5)


@pytest.fixture(scope="module")
def loans() -> list[Loan]:
    """Every loan of the set."""
    return read_loans()


def loan(*days: dt.date | None, days_past_due: int = 0) -> Loan:
    """A loan of 10,000.00 at 7.3 % (2.00 a day) that pays 200.00 on each given day, the first after 15 May 2017."""
    balance, before = 1_000_000, dt.date(2017, 5, 15)
    months = []
    for i, day in enumerate(days, start=1):
        interest = 0
        if day:
            interest = (2 * balance * 73_000 * (day - before).days + 365 * 10**6) // (2 * 365 * 10**6)
            before = day
        paid = 20_000 if day else 0
        principal = paid - interest if day else 0
        balance -= principal
        months.append(Month(MAY + i, balance, paid, principal, 0))
    return Loan(
        "x", MAY - 3, 1_200_000, 73, 73_000, 20_000, MAY, 1_000_000, 20_000, days_past_due, 700, 0, "FL", tuple(months)
    )


def told(of: Loan) -> list[dt.date]:
    """The days found, in order."""
    return [dt.date.fromordinal(day) for day in payment_days(of).values()]


def test_days_between_payments_are_exact() -> None:
    """The interest gives back the days between payments, through short and long months."""
    days = [dt.date(2017, m, d) for m, d in ((6, 30), (7, 1), (8, 31), (9, 2), (10, 20))]

    assert told(loan(*days)) == days


def test_a_month_without_payment_keeps_the_count() -> None:
    """Interest runs on while nobody pays."""
    days = [dt.date(2017, 6, 30), None, dt.date(2017, 8, 1), dt.date(2017, 9, 30)]

    assert told(loan(*days)) == [day for day in days if day]


def test_a_steady_payer_stays_steady() -> None:
    """Where several days fit, the same one is chosen in every month, by the loan's id alone."""
    found = told(loan(*[dt.date(2017, m, 12) for m in range(6, 13)]))

    assert len({day.day for day in found}) == 1
    assert [day.month for day in found] == list(range(6, 13))


def test_a_contradiction_starts_the_count_anew() -> None:
    """A fee counted as interest pushes a payment out of its month: the months win, and later days are right again."""
    honest = loan(*[dt.date(2017, m, d) for m, d in ((6, 30), (7, 30), (8, 30), (9, 1), (10, 31))])
    july = honest.months[1]
    fee = july._replace(principal_paid=july.principal_paid - 13_000)  # as if 65 days more had passed
    months = (honest.months[0], fee, *honest.months[2:])
    found = told(honest._replace(months=months))

    assert [day.month for day in found] == [6, 7, 8, 9, 10]
    assert found[3:] == [dt.date(2017, 9, 1), dt.date(2017, 10, 31)]


def test_days_past_due_give_the_due_day() -> None:
    """Four days past due on 31 May means due on the 27th."""
    assert day_of_month_due(loan(dt.date(2017, 6, 3), days_past_due=4), {}) == 27


def test_the_due_day_is_where_the_payments_are() -> None:
    """A payer who is on time every month was due on that day; without any payment a hash chooses."""
    steady = loan(*[dt.date(2017, m, d) for m, d in ((6, 17), (7, 17), (8, 17), (9, 17), (10, 17))])
    dated = {MAY + i: dt.date(2017, 5 + i, 17).toordinal() for i in range(1, 6)}

    assert day_of_month_due(steady, dated) == 17
    assert 1 <= day_of_month_due(loan(None, None), {}) <= 28


def test_interest_counts_whole_days(loans: list[Loan]) -> None:
    """The ground under it all: most of the filed interest is a whole number of days' interest, as nothing else is."""
    parts = []
    for each in loans:
        balance = each.balance
        for row in each.months:
            if row.paid and balance > 50_000:
                days = (row.paid - row.principal_paid) * 365e6 / (balance * each.rate_ppm)
                parts.append(abs(days - round(days)))
            balance = row.balance

    assert sum(part < 0.02 for part in parts) / len(parts) > 0.7


def test_every_payment_stays_in_its_month(loans: list[Loan]) -> None:
    """No reconstruction moves money out of the month in which the filing has it, and nearly every month is dated."""
    dated = paying = 0
    for each in loans:
        days = payment_days(each)
        assert all(first_day(month) <= day <= last_day(month) for month, day in days.items())
        dated += len(days)
        paying += sum(row.paid > 0 for row in each.months)

    assert dated / paying > 0.99


def test_due_days_found_where_they_are_known(loans: list[Loan]) -> None:
    """Hidden from it, the known due days of the 156 loans in arrears are found to within 4 days for at least half."""
    errors = []
    for each in loans:
        if each.days_past_due:
            days = payment_days(each)
            miss = abs(day_of_month_due(each, days) - day_of_month_due(each._replace(days_past_due=0), days))
            errors.append(min(miss, 30 - miss))

    assert len(errors) == 156
    assert statistics.median(errors) <= 4  # by chance it would be 7.5


def test_calendar() -> None:
    """A due date on the 31st falls on a shorter month's last day, leap years included."""
    assert dt.date.fromordinal(due_day(month_index(2020, 2), 31)) == dt.date(2020, 2, 29)
    assert dt.date.fromordinal(due_day(month_index(2019, 2), 31)) == dt.date(2019, 2, 28)
    assert dt.date.fromordinal(last_day(month_index(2019, 12))) == dt.date(2019, 12, 31)
    assert month_of(dt.date(2019, 12, 31).toordinal()) + 1 == month_of(dt.date(2020, 1, 1).toordinal())


def test_the_hash_is_stable() -> None:
    """The same on every machine: a change of it would redate the whole set."""
    assert stable_fraction("19406600") == 0x671D1BA4 / 2**32

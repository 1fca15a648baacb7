from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from streams.events.loans import LoanRestructured, ScheduleSet
from streams.events.payments import InstallmentMissed, PaymentReceived
from streams.sandbox.datasets.ally.account import Account, Due, first_schedule, installments
from streams.sandbox.datasets.ally.facts import Loan, Month
from streams.sandbox.datasets.ally.narrative import tell
from streams.sandbox.datasets.calendar import month_index
from tests.datasets.contract import live

if TYPE_CHECKING:
    from streams.events.envelope import BorrowerEvent

MAY = month_index(2017, 5)
CENTS = st.integers(0, 60_000)


def loan(*paid: int, next_payment_due: int = 20_000, days_past_due: int = 0) -> Loan:
    """A loan of 200.00 a month that paid so much in each month from June 2017; interest tells no days."""
    months = tuple(Month(MAY + i, 900_000, cents, cents, 0) for i, cents in enumerate(paid, start=1))
    return Loan(
        "x", MAY - 3, 1_200_000, 73, 73_000, 20_000, MAY, 900_000, next_payment_due, days_past_due, 700, 0, "FL", months
    )


def story(of: Loan) -> list[BorrowerEvent]:
    """Its events; its last month is the file's last."""
    return list(tell(of, of.months[-1].month))


def test_paid_in_full_is_quiet() -> None:
    """A loan that pays what is due has payments and nothing else."""
    events = story(loan(20_000, 20_000, 20_000))[2:]

    assert [type(event) for event in events] == [PaymentReceived] * 3


def test_a_partial_payment_is_a_miss_with_its_shortfall() -> None:
    """The money counts, the rest is missed on the next day."""
    payment, missed = story(loan(15_000))[2:]

    assert isinstance(payment, PaymentReceived)
    assert isinstance(missed, InstallmentMissed)
    assert missed.shortfall.amount_minor == 5_000
    assert (
        missed.business_date == missed.due_date + dt.timedelta(days=1) == payment.business_date + dt.timedelta(days=1)
    )


def test_a_rounding_shortfall_moves_to_the_last_installment() -> None:
    """1.99 short is not missed: a new schedule carries it at its end, and the total stays."""
    first, second = [e for e in story(loan(19_801)) if isinstance(e, ScheduleSet)]

    assert second.installments[0].amount_minor == 19_801
    assert second.installments[-1].amount_minor == first.installments[-1].amount_minor + 199
    assert sum(i.amount_minor for i in first.installments) == sum(i.amount_minor for i in second.installments)


def test_just_above_the_tolerance_is_a_miss() -> None:
    """2.01 short, at 1 % of 200.00 or 2.00, is missed."""
    assert any(isinstance(event, InstallmentMissed) for event in story(loan(19_799)))


def test_one_installment_made_up_comes_first() -> None:
    """A double payment after a miss is two payments: the late one 12 days after its due date, the other on time."""
    late, regular = [e for e in story(loan(0, 40_000)) if isinstance(e, PaymentReceived)]
    missed = next(e for e in story(loan(0, 40_000)) if isinstance(e, InstallmentMissed))

    assert late.amount.amount_minor == regular.amount.amount_minor == 20_000
    assert late.business_date == max(dt.date(2017, 7, 1), missed.due_date + dt.timedelta(days=12))
    assert regular.business_date.day == missed.due_date.day


def test_three_full_payments_in_arrears_reveal_a_deferral() -> None:
    """The day after the third one, what is unmet starts anew behind it; two reveal nothing."""
    events = story(loan(0, 0, 20_000, 20_000, 20_000, 20_000))
    deferral = next(e for e in events if isinstance(e, LoanRestructured))
    before = [e for e in events if isinstance(e, PaymentReceived) and e.business_date < deferral.business_date]
    terms = next(e for e in events if isinstance(e, ScheduleSet))
    paid = sum(payment.amount.amount_minor for payment in before)

    assert len(before) == 3
    assert deferral.effective_on == before[-1].business_date + dt.timedelta(days=2)  # it was paid on a due date
    assert deferral.installments[0].due_date >= deferral.effective_on
    assert sum(i.amount_minor for i in deferral.installments) == sum(i.amount_minor for i in terms.installments) - paid
    assert not any(isinstance(e, LoanRestructured) for e in story(loan(0, 0, 20_000, 20_000)))


def test_starts_in_arrears() -> None:
    """51 days past due with two payments overdue: 10 April and 10 May stand unmet beside June."""
    dues, ahead = first_schedule(loan(0, next_payment_due=60_000, days_past_due=51), 10)

    assert [(dt.date.fromordinal(due.day), due.amount) for due in dues[:3]] == [
        (dt.date(2017, 4, 10), 20_000),
        (dt.date(2017, 5, 10), 20_000),
        (dt.date(2017, 6, 10), 20_000),
    ]
    assert ahead == 0


def test_starts_with_an_excess_that_is_not_overdue() -> None:
    """More than one payment due at zero days past due falls due in June."""
    dues, _ = first_schedule(loan(0, next_payment_due=26_410), 10)

    assert dt.date.fromordinal(dues[0].day) == dt.date(2017, 6, 10)
    assert [due.amount for due in dues[:2]] == [26_410, 20_000]


def test_starts_paid_ahead() -> None:
    """Nothing due next means one payment ahead: booked on the first day, counting from the day before."""
    payment = next(e for e in story(loan(0, next_payment_due=0)) if isinstance(e, PaymentReceived))

    assert payment.amount.amount_minor == 20_000
    assert payment.value_date == dt.date(2017, 5, 31)


@given(st.integers(1, 10**7), st.integers(1, 10**5), st.integers(1, 31))
def test_installments_add_up(total: int, payment: int, day: int) -> None:
    """Equal installments, the last one with the remainder, due dates rising."""
    split = installments(min(total, payment * 700), payment, MAY, day)

    assert sum(amount for _, amount in split) == min(total, payment * 700)
    assert all(0 < amount <= payment for _, amount in split)
    assert [due for due, _ in split] == sorted({due for due, _ in split})


@given(st.lists(CENTS, min_size=1, max_size=24), st.integers(0, 60_000))
def test_platform_and_contract_agree(paid: list[int], next_payment_due: int) -> None:
    """Whatever is paid, what the platform reports as missed is what the contract says, and no money is lost."""
    of = loan(*paid, next_payment_due=next_payment_due)
    events = story(of)
    life = live(events, dt.date(2017 + (4 + len(paid)) // 12, (4 + len(paid)) % 12 + 1, 28))
    told = {
        (e.due_date.toordinal(), e.number, e.shortfall.amount_minor) for e in events if isinstance(e, InstallmentMissed)
    }
    received = sum(e.amount.amount_minor for e in events if isinstance(e, PaymentReceived) and e.value_date is None)

    assert told == life.unmet
    assert received == sum(paid)


def test_an_account_absorbs_nothing_into_its_last_installment() -> None:
    """There is no later one to carry it."""
    account = Account([Due(1, 10, 100)])
    account.pay(99)
    account.close_due_date()

    assert not account.absorb(1)
    assert account.arrears() == 1

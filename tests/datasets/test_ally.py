from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import pandas as pd

from streams.events.control import BusinessDateAdvanced
from streams.events.decode import TYPES_BY_TOPIC, accept
from streams.events.envelope import BorrowerEvent, Event
from streams.events.loans import LoanClosed, LoanOpened, LoanRestructured, LoanWrittenOff, ScheduleSet
from streams.events.payments import InstallmentMissed, PaymentReceived

if TYPE_CHECKING:
    from tests.datasets.contract import Life

Loans: TypeAlias = "dict[str, list[BorrowerEvent]]"
Lives: TypeAlias = "dict[str, Life]"


FIRST, LAST = dt.date(2017, 5, 31), dt.date(2020, 12, 31)
NEVER = dt.date.max.toordinal()


def cents(dollars: pd.Series[float]) -> pd.Series[int]:
    """Filed dollars in cents."""
    return (dollars * 100).round().astype("int64")


TOPIC_BY_TYPE = {struct: topic for topic, structs in TYPES_BY_TOPIC.items() for struct in structs}


def test_counts(ally_events: list[Event]) -> None:
    """The conversion is a published figure (docs/data.md): a change of these numbers is a change of the data set."""
    assert Counter(str(event.__struct_config__.tag) for event in ally_events) == {
        "payment_received": 61_513,
        "installment_missed": 17_234,
        "schedule_set": 2_229,
        "loan_opened": 2_130,
        "business_date_advanced": 1_311,
        "loan_closed": 1_116,
        "loan_restructured": 389,
        "loan_written_off": 90,
    }


def test_the_sequencer_takes_every_event(ally_events: list[Event]) -> None:
    """Stamped with its own instant, each event is accepted, and no idempotency key stands twice."""
    for event in ally_events:
        key = event.borrower_id.encode() if isinstance(event, BorrowerEvent) else None
        timestamp_ms = int(event.occurred_at.timestamp() * 1000)
        assert accept(TOPIC_BY_TYPE[type(event)], key, msgspec.json.encode(event), timestamp_ms) == event

    assert len({event.idempotency_key for event in ally_events}) == len(ally_events)


def test_one_tick_a_day_before_all_else(ally_events: list[Event]) -> None:
    """Business dates never fall, each day is announced once, and nothing of a day comes before its tick."""
    announced: list[dt.date] = []
    for event in ally_events:
        if isinstance(event, BusinessDateAdvanced):
            announced.append(event.business_date)
        assert event.business_date == announced[-1]

    assert announced == [day.date() for day in pd.date_range(FIRST, LAST)]


def test_payments_are_the_filed_money(ally_by_loan: Loans, filed_months: pd.DataFrame) -> None:
    """Per loan and calendar month, the borrower's payments add up to the cent to what the filing says was paid."""
    told = pd.DataFrame(
        [
            (loan_id, event.business_date.strftime("%Y-%m"), event.amount.amount_minor)
            for loan_id, events in ally_by_loan.items()
            for event in events
            if isinstance(event, PaymentReceived) and event.payer == "SELF" and event.value_date is None
        ],
        columns=["loan_id", "month", "cents"],
    )
    filed = cents(filed_months[filed_months.paid > 0].set_index(["loan_id", "month"]).paid)

    pd.testing.assert_series_equal(
        told.groupby(["loan_id", "month"]).cents.sum(), filed.sort_index(), check_names=False
    )


def test_starts_as_filed(ally_by_loan: Loans, ally_lives: Lives, filed_loans: pd.DataFrame) -> None:
    """At the end of the first month, every loan has the filed days past due and owes the filed next payment."""
    filed = filed_loans.loc[sorted(ally_by_loan)]
    told = [ally_lives[str(loan_id)].days_past_due[0] for loan_id in filed.index]

    assert told == list(filed.delinquency_days_at_first_month)
    assert [_next_payment_due(ally_by_loan[loan_id]) for loan_id in filed.index] == list(cents(filed.next_payment_due))


def _next_payment_due(events: list[BorrowerEvent]) -> int:
    """What is unmet, when the file begins, up to the due date in June."""
    schedule = next(event for event in events if isinstance(event, ScheduleSet))
    ahead = [e.amount.amount_minor for e in events if isinstance(e, PaymentReceived) and e.value_date == FIRST]
    return sum(i.amount_minor for i in schedule.installments if i.due_date <= dt.date(2017, 6, 30)) - sum(ahead)


def test_missed_installments_are_contractual(ally_by_loan: Loans, ally_lives: Lives) -> None:
    """The platform reports exactly what a reading of the contract finds unmet at the close of each due date.

    Only a due date on the eve of a write-off is not reported: the write-off comes first.
    """
    for loan_id, events in ally_by_loan.items():
        missed = [event for event in events if isinstance(event, InstallmentMissed)]
        told = [(event.due_date.toordinal(), event.number, event.shortfall.amount_minor) for event in missed]
        eves = {e.business_date.toordinal() - 1 for e in events if isinstance(e, LoanWrittenOff)}

        assert sorted(told) == sorted(row for row in ally_lives[loan_id].unmet if row[0] not in eves)
        assert all(event.business_date == event.due_date + dt.timedelta(days=1) for event in missed)


def test_write_offs_and_closings_are_filed(
    ally_by_loan: Loans, filed_loans: pd.DataFrame, filed_months: pd.DataFrame
) -> None:
    """A loan is written off or closed in the month, and with the loss, that the balances show."""
    before = (
        filed_months.groupby("loan_id")
        .end_balance.shift()
        .fillna(filed_months.loan_id.map(filed_loans.balance_at_first_month))
    )
    last = filed_months.assign(lost=before - filed_months.principal_paid).groupby("loan_id").tail(1)
    ended = last[(last.end_balance < 1) | (last.month < "2020-12")].set_index("loan_id")
    lost = ended[ended.lost >= 1]

    assert _by_loan(ally_by_loan, LoanWrittenOff) == lost.month.to_dict()
    assert _by_loan(ally_by_loan, LoanClosed).keys() == set(ended.index) - set(lost.index)
    amounts = {
        loan_id: event.amount.amount_minor
        for loan_id, events in ally_by_loan.items()
        for event in events
        if isinstance(event, LoanWrittenOff)
    }
    assert amounts == cents(lost.lost).to_dict()


def _by_loan(ally_by_loan: Loans, kind: type[Event]) -> dict[str, str]:
    """The month of each loan's event of that kind."""
    return {
        loan_id: f"{event.business_date:%Y-%m}"
        for loan_id, events in ally_by_loan.items()
        for event in events
        if isinstance(event, kind)
    }


def test_nothing_hangs_on_the_order_of_topics_within_a_day(ally_by_loan: Loans) -> None:
    """Terms change, loans end and cars are sold on days on which nothing else happens to the loan."""
    for events in ally_by_loan.values():
        payments = Counter(event.business_date for event in events if isinstance(event, PaymentReceived))
        turns = {
            event.business_date
            for event in events
            if isinstance(event, LoanOpened | LoanRestructured | LoanClosed | LoanWrittenOff)
        }
        missed = {event.business_date for event in events if isinstance(event, InstallmentMissed)}

        assert not turns & payments.keys()
        assert not turns & missed


def test_default_rate_is_as_known(ally_by_loan: Loans, ally_lives: Lives) -> None:
    """Ever 90 days past due or written off: 9 % of loans outside the months of undisclosed deferrals in 2020."""
    defaults = [day for day in _default_days(ally_by_loan, ally_lives).values() if day < NEVER]
    deferrals = [day for day in defaults if dt.date(2020, 4, 1) <= dt.date.fromordinal(day) <= dt.date(2020, 8, 31)]

    assert 0.08 < (len(defaults) - len(deferrals)) / len(ally_by_loan) < 0.10
    assert 0.05 < len(deferrals) / len(ally_by_loan) < 0.07


def _default_days(ally_by_loan: Loans, ally_lives: Lives) -> dict[str, int]:
    """The first day in default of each loan, or NEVER."""
    lost = {
        loan_id: event.business_date.toordinal()
        for loan_id, events in ally_by_loan.items()
        for event in events
        if isinstance(event, LoanWrittenOff)
    }
    aged = {
        loan_id: next((life.first + i for i, days in enumerate(life.days_past_due) if days >= 90), NEVER)
        for loan_id, life in ally_lives.items()
    }
    return {loan_id: min(day, lost.get(loan_id, NEVER)) for loan_id, day in aged.items()}


def test_facts_of_origination(ally_by_loan: Loans, filed_loans: pd.DataFrame) -> None:
    """Score, rate, ratio, amount and term reach the event as filed, in its units."""
    opened = {loan_id: events[0] for loan_id, events in ally_by_loan.items()}
    for loan_id, filed in filed_loans.loc[sorted(opened)].iterrows():
        event = opened[str(loan_id)]
        assert isinstance(event, LoanOpened)
        assert event.credit_score == filed.credit_score
        assert event.annual_rate_bps == round(filed.apr_percent * 10_000)
        assert event.payment_to_income_bps == round(filed.payment_to_income * 10_000)
        assert event.principal.amount_minor == round(filed.original_amount * 100)
        assert event.installment_count == filed.term_months
        assert f"{event.opened_on:%m/%Y}" == filed.opened_month
        assert event.region == filed.region


def test_days_past_due_rank_as_known(ally_by_loan: Loans, ally_lives: Lives) -> None:
    """Among those not in default at a month's end, current days past due rank default within 180 days at AUC 0.81."""
    defaults = _default_days(ally_by_loan, ally_lives)
    month_ends = [day.toordinal() for day in pd.date_range(FIRST, LAST - dt.timedelta(days=180), freq="ME")]
    seen = pd.DataFrame(
        [
            (life.days_past_due[day - life.first], defaults[loan_id] <= day + 180)
            for loan_id, life in ally_lives.items()
            for day in month_ends
            if day < min(defaults[loan_id], life.first + len(life.days_past_due))
        ],
        columns=["days_past_due", "defaults"],
    )
    ranks = seen.days_past_due.rank()
    positives, negatives = int(seen.defaults.sum()), int((~seen.defaults).sum())
    auc = (ranks[seen.defaults].sum() - positives * (positives + 1) / 2) / (positives * negatives)

    assert 0.79 < auc < 0.83

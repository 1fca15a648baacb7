"""Hypothesis strategies for loans and their histories, and the plain event builder they use.

Public to all tests: whoever folds events should be tested with these.
"""

from __future__ import annotations

import calendar
import datetime as dt
from typing import TYPE_CHECKING, TypeVar

import msgspec
from hypothesis import strategies as st

from streams.events.envelope import Event
from streams.events.fields import Installment
from streams.events.loans import LoanClosed, LoanOpened, LoanRestructured, LoanWrittenOff, ScheduleSet
from streams.events.payments import InstallmentMissed, PaymentFailed, PaymentReceived, PaymentReversed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.ledger import LedgerEvent

#: A month end in the year before a leap year: schedules from here cross 28 and 29 February.
START = dt.date(2023, 1, 31)

_Kind = TypeVar("_Kind", bound=Event)


def _event(struct: type[_Kind], fact: str, on: dt.date, /, **fields: object) -> _Kind:
    """An event whose ids are the fact's own words, so equal facts have equal ids."""
    envelope = {
        "type": struct.__struct_config__.tag,
        "event_id": f"event:{fact}",
        "idempotency_key": fact,
        "schema_version": 1,
        "source": "test",
        "occurred_at": dt.datetime.combine(on, dt.time(12), dt.UTC),
        "business_date": on,
        "borrower_id": "B1",
    }
    return msgspec.convert(envelope | fields, struct)


def money(amount_minor: int, currency: str = "USD") -> dict[str, object]:
    """An amount as the events carry it."""
    return {"amount_minor": amount_minor, "currency": currency}


def opened(on: dt.date, loan_id: str = "L1", amount_minor: int = 1200, **fields: object) -> LoanOpened:
    """A loan begins on `on`, in US dollars with 12 installments agreed unless said otherwise."""
    defaults = {"opened_on": on, "principal": money(amount_minor), "installment_count": 12, "product": "auto"}
    return _event(LoanOpened, f"opened:{loan_id}", on, loan_id=loan_id, **(defaults | fields))


def scheduled(
    on: dt.date, installments: Sequence[Installment], loan_id: str = "L1", version: int = 1, currency: str = "USD"
) -> ScheduleSet:
    """The loan's schedule."""
    return _event(
        ScheduleSet,
        f"schedule:{loan_id}:{version}",
        on,
        loan_id=loan_id,
        schedule_version=version,
        currency=currency,
        installments=installments,
    )


def restructured(
    on: dt.date, installments: Sequence[Installment], loan_id: str = "L1", version: int = 2, **fields: object
) -> LoanRestructured:
    """New terms, from `on` unless `effective_on` says otherwise."""
    defaults = {"effective_on": on, "kind": "EXTENSION", "currency": "USD"}
    return _event(
        LoanRestructured,
        f"restructure:{loan_id}:{version}",
        on,
        loan_id=loan_id,
        schedule_version=version,
        installments=installments,
        **(defaults | fields),
    )


def written_off(on: dt.date, amount_minor: int, loan_id: str = "L1", **fields: object) -> LoanWrittenOff:
    """The claim is given up on `on`."""
    defaults = {"written_off_on": on, "amount": money(amount_minor)}
    return _event(LoanWrittenOff, f"written-off:{loan_id}", on, loan_id=loan_id, **(defaults | fields))


def closed(on: dt.date, loan_id: str = "L1", reason: str = "PAID", **fields: object) -> LoanClosed:
    """The loan ends on `on`."""
    defaults = {"closed_on": on, "reason": reason}
    return _event(LoanClosed, f"closed:{loan_id}", on, loan_id=loan_id, **(defaults | fields))


def paid(
    on: dt.date, amount_minor: int, payment_id: str = "", loan_id: str | None = "L1", **fields: object
) -> PaymentReceived:
    """Money arrives on `on`; `loan_id` None names no loan. The payment id is made of the day unless given."""
    payment_id = payment_id or f"pay-{on}"
    defaults = {"loan_id": loan_id, "amount": money(amount_minor)}
    return _event(PaymentReceived, f"paid:{payment_id}", on, payment_id=payment_id, **(defaults | fields))


def failed(on: dt.date, failure: str = "INSUFFICIENT_FUNDS", payment_id: str = "debit") -> PaymentFailed:
    """A debit is refused."""
    return _event(
        PaymentFailed,
        f"failed:{payment_id}:{on}",
        on,
        payment_id=payment_id,
        amount=money(100),
        failure=failure,
        loan_id="L1",
    )


def went_back(on: dt.date, payment_id: str, amount_minor: int | None = None, reversal_id: str = "") -> PaymentReversed:
    """A payment goes back, whole or in part."""
    reversal_id = reversal_id or f"back-{payment_id}"
    amount = None if amount_minor is None else money(amount_minor)
    return _event(
        PaymentReversed, f"back:{reversal_id}", on, payment_id=payment_id, reversal_id=reversal_id, amount=amount
    )


def missed(on: dt.date, number: int, due: dt.date, shortfall_minor: int, loan_id: str = "L1") -> InstallmentMissed:
    """The platform reports a miss."""
    return _event(
        InstallmentMissed,
        f"missed:{loan_id}:{number}",
        on,
        loan_id=loan_id,
        number=number,
        due_date=due,
        shortfall=money(shortfall_minor),
    )


def monthly(first: dt.date, count: int, amount_minor: int, first_number: int = 1) -> list[Installment]:
    """Equal installments on the day of month of `first`, or on the last day of a shorter month."""
    months = [divmod(first.year * 12 + first.month - 1 + at, 12) for at in range(count)]
    days = [dt.date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1])) for year, month in months]
    return [Installment(first_number + at, day, amount_minor) for at, day in enumerate(days)]


def every(step_days: int, first: dt.date, count: int, amount_minor: int, first_number: int = 1) -> list[Installment]:
    """Equal installments, a fixed number of days apart."""
    return [
        Installment(first_number + at, first + dt.timedelta(days=step_days * at), amount_minor) for at in range(count)
    ]


_days = st.integers(0, 800).map(lambda days: START + dt.timedelta(days=days))
#: Small, so that payments often meet, miss and exceed what is due exactly.
amounts = st.integers(1, 12)


@st.composite
def schedules(draw: st.DrawFn, first: st.SearchStrategy[dt.date] = _days, count_max: int = 14) -> list[Installment]:
    """Any valid schedule: monthly (month ends included), every n days, or irregular with equal days; any amounts."""
    start, count = draw(first), draw(st.integers(1, count_max))
    first_number = draw(st.sampled_from([1, 1, 5]))
    match draw(st.sampled_from(["monthly", "days", "irregular"])):
        case "monthly":
            plain = monthly(start, count, 1, first_number)
        case "days":
            plain = every(draw(st.integers(1, 45)), start, count, 1, first_number)
        case _:
            gaps = draw(st.lists(st.integers(0, 40), min_size=count - 1, max_size=count - 1))
            days = [start + dt.timedelta(days=sum(gaps[:at])) for at in range(count)]
            plain = [Installment(first_number + at, day, 1) for at, day in enumerate(days)]
    usual, last = draw(amounts), draw(amounts)
    each = draw(st.one_of(st.just([usual] * (count - 1) + [last]), st.lists(amounts, min_size=count, max_size=count)))
    return [Installment(one.number, one.due_date, amount) for one, amount in zip(plain, each, strict=True)]


@st.composite
def loans(draw: st.DrawFn, loan_id: str = "L1", grace_days_max: int = 12) -> list[LedgerEvent]:
    """A loan opened within 60 days of `START`, and its schedule."""
    on = START + dt.timedelta(days=draw(st.integers(0, 60)))
    first = st.integers(0, 60).map(lambda days: on + dt.timedelta(days=days))
    installments = draw(schedules(first))
    grace_days = draw(st.sampled_from([0, 0, 5, grace_days_max]))
    return [opened(on, loan_id, 100, grace_days=grace_days), scheduled(on, installments, loan_id)]


@st.composite
def histories(
    draw: st.DrawFn,
    loans_max: int = 1,
    steps_max: int = 25,
    *,
    reversals: bool = True,
    restructures: bool = True,
    endings: bool = True,
    unnamed: bool = True,
) -> list[LedgerEvent]:
    """What may happen to one borrower, in order of business date: often late, partial, early, too much, twice, back.

    Business dates go on for about two years, so facts leave the window. Value dates lie up to 40 days back.
    """
    ids = [f"L{at + 1}" for at in range(draw(st.integers(1, loans_max)))]
    events = [event for loan_id in ids for event in draw(loans(loan_id))]
    events.sort(key=lambda event: event.business_date)
    on = events[-1].business_date
    kinds = ["pay", "pay", "pay", "pay", "fail", "wait"]
    kinds += ["back"] * reversals + ["restructure"] * restructures + ["close", "write_off"] * endings
    payments: list[str] = []
    for step in range(draw(st.integers(0, steps_max))):
        on += dt.timedelta(days=draw(st.integers(0, 40)))
        loan_id = draw(st.sampled_from(ids))
        match draw(st.sampled_from(kinds)):
            case "pay":
                named = loan_id if not unnamed or draw(st.booleans()) else None
                back = dt.timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 3, 40])))
                events.append(paid(on, draw(st.integers(1, 30)), f"P{step}", named, value_date=max(START, on - back)))
                payments.append(f"P{step}")
            case "back" if payments:
                amount = draw(st.one_of(st.none(), st.integers(1, 30)))
                events.append(went_back(on, draw(st.sampled_from(payments)), amount, f"R{step}"))
            case "fail":
                events.append(failed(on, draw(st.sampled_from(["INSUFFICIENT_FUNDS", "TECHNICAL", "OTHER"]))))
            case "restructure":
                first = on + dt.timedelta(days=draw(st.integers(0, 40)))
                effective = on - dt.timedelta(days=draw(st.sampled_from([0, 0, 10, -15])))
                new = draw(schedules(st.just(first), 8))
                events.append(restructured(on, new, loan_id, step + 2, effective_on=effective))
            case "close":
                events.append(closed(on, loan_id, draw(st.sampled_from(["PAID", "SOLD"]))))
            case "write_off":
                events.append(written_off(on, draw(st.integers(1, 100)), loan_id))
            case _:
                pass
    return events

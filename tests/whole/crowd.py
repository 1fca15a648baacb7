"""A small book that a rail fails, that runs short of reserve, and that people look after: for what the portfolio says.

168 loans of one product fall due every 14 days, twelve of them on each day, and all are paid on their date, but for two days
on which the acquirer is down: those are made up for on the fifth day, with the right value date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from streams.events import loans, payments, portfolio
from streams.events.envelope import Event
from streams.events.fields import Installment, Money, NonNegativeMoney
from tests.whole.conduct import event

LOANS, CYCLE_DAYS, INSTALLMENTS, AMOUNT = 168, 14, 7, 10_000
OPENED = dt.date(2018, 3, 1)
#: The acquirer is down on these days, and made up for by `CAUGHT_UP`.
DOWN = (dt.date(2018, 5, 2), dt.date(2018, 5, 3))
CAUGHT_UP = dt.date(2018, 5, 6)
CURRENCY, PART = "CNY", "CNY"


def story() -> Iterator[Event]:
    """Loans, their payments, the outage, and what people say on `controls`."""
    for number in range(LOANS):
        yield from _loan(number)
    yield _reserve("2018-03-20", 1_000)
    yield _reserve("2018-04-14", 10**9)
    yield event(
        portfolio.StageSignedOff, "sign-1", "2018-05-16", segment=PART, stage="CRISIS", signed_by="head-of-risk"
    )
    yield event(
        portfolio.ProposalDecided,
        "decide-1",
        "2018-05-24",
        segment=PART,
        proposal_id=f"{PART}/2018-05-23/RECOVERY/reopen-by-vintage",
        decision="ENACTED",
        decided_by="head-of-risk",
    )


def _reserve(day: str, amount_minor: int) -> Event:
    reserve = NonNegativeMoney(amount_minor, CURRENCY)
    return event(portfolio.ReserveStated, f"reserve-{day}", day, reserve=reserve)


def _loan(number: int) -> Iterator[Event]:
    name = f"crowd-{number:03}"
    own = {"borrower_id": name, "loan_id": f"{name}-l"}
    first = OPENED + dt.timedelta(CYCLE_DAYS + number % CYCLE_DAYS)
    dues = [first + dt.timedelta(CYCLE_DAYS * at) for at in range(INSTALLMENTS)]
    yield event(
        loans.LoanOpened,
        f"{name}-opened",
        OPENED,
        **own,
        opened_on=OPENED,
        principal=Money(AMOUNT * INSTALLMENTS, CURRENCY),
        installment_count=INSTALLMENTS,
        product="cash",
        region=f"R{number % 2}",
    )
    plan = tuple(Installment(at, due, AMOUNT) for at, due in enumerate(dues, 1))
    yield event(
        loans.ScheduleSet, f"{name}-plan", OPENED, **own, schedule_version=1, currency=CURRENCY, installments=plan
    )
    for due in dues:
        yield from _due(name, own, due)


def _due(name: str, own: dict[str, str], due: dt.date) -> Iterator[Event]:
    money = Money(AMOUNT, CURRENCY)
    if due not in DOWN:
        paid = {"payment_id": f"{name}-{due}", "amount": money}
        yield event(payments.PaymentReceived, f"{name}-paid-{due}", due, **own, **paid)
        return
    for attempt in (1, 2):
        yield event(
            payments.PaymentFailed,
            f"{name}-failed-{due}-{attempt}",
            due,
            **own,
            payment_id=f"{name}-{due}-{attempt}",
            amount=money,
            failure="TECHNICAL",
            processor="acquirer",
        )
    late = {"payment_id": f"{name}-{due}", "amount": money, "value_date": due}
    yield event(payments.PaymentReceived, f"{name}-paid-{due}", CAUGHT_UP, **own, **late)

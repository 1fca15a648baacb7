"""Made-up books of other products, by seed: only for robustness. No figure from here says anything about real loans.

`microloans`: one or two installments, 15 to 30 days apart, one loan after another, many currencies of behavior.
`repeats`: one borrower of the same, who is always as late.
`mortgages`: 360 monthly installments; next to nobody defaults.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from streams.events.envelope import Event
from streams.events.fields import Installment, Money, NonNegativeMoney
from streams.events.loans import LoanClosed, LoanOpened, LoanWrittenOff, ScheduleSet
from streams.events.payments import PaymentReceived

START = dt.date(2023, 1, 9)


def _head(day: dt.date, key: str, borrower: str) -> dict[str, Any]:
    return {
        "event_id": key, "schema_version": 1, "source": "test", "borrower_id": borrower, "business_date": day,
        "occurred_at": dt.datetime.combine(day, dt.time(9), dt.UTC), "idempotency_key": key,
    }  # fmt: skip


def _opened(day: dt.date, loan: str, borrower: str, product: str, dues: list[tuple[dt.date, int]]) -> Iterator[Event]:
    yield LoanOpened(
        **_head(day, f"{loan}/o", borrower), loan_id=loan, opened_on=day, product=product,
        principal=Money(sum(amount for _, amount in dues), "INR"), installment_count=len(dues),
    )  # fmt: skip
    yield ScheduleSet(
        **_head(day, f"{loan}/s", borrower), loan_id=loan, schedule_version=1, currency="INR",
        installments=[Installment(number, due, amount) for number, (due, amount) in enumerate(dues, 1)],
    )  # fmt: skip


def _paid(day: dt.date, loan: str, borrower: str, amount: int, name: str) -> PaymentReceived:
    return PaymentReceived(
        **_head(day, f"{loan}/p{name}", borrower),
        payment_id=f"{loan}/{name}",
        loan_id=loan,
        amount=Money(amount, "INR"),
    )


def microloans(borrowers: int = 60, days: int = 540, seed: int = 1) -> list[Event]:
    """Loans of 15 or 30 days, repaid early, on the day, late, or never; who never pays is written off after 120 days."""
    events: list[Event] = []
    for number in range(borrowers):
        chance, borrower, day = random.Random(seed * 997 + number), f"m{number}", START
        day += dt.timedelta(days=chance.randrange(30))
        care = chance.choice([0.01, 0.03, 0.2])
        for serial in range(99):
            if (day - START).days > days:
                break
            cadence, count = chance.choice([15, 30]), chance.choice([1, 2])
            dues = [(day + dt.timedelta(days=cadence * (n + 1)), 50_000) for n in range(count)]
            loan = f"{borrower}-{serial}"
            events += _opened(day, loan, borrower, "micro", dues)
            if chance.random() < care:
                gone = dues[0][0] + dt.timedelta(days=120)
                events.append(
                    LoanWrittenOff(**_head(gone, f"{loan}/w", borrower), loan_id=loan, written_off_on=gone,
                                   amount=NonNegativeMoney(50_000 * count, "INR"))
                )  # fmt: skip
                day = gone + dt.timedelta(days=30)
                continue
            late = chance.choice([-2, 0, 0, 0, 1, 3]) + (chance.randrange(20) if chance.random() < care * 3 else 0)
            for n, (due, amount) in enumerate(dues):
                events.append(_paid(due + dt.timedelta(days=late), loan, borrower, amount, str(n)))
            closed = dues[-1][0] + dt.timedelta(days=max(late, 0))
            events.append(
                LoanClosed(**_head(closed, f"{loan}/c", borrower), loan_id=loan, closed_on=closed, reason="PAID")
            )
            day = closed + dt.timedelta(days=chance.randrange(1, 20))
    return events


def repeats(borrower: str, *, late_days: int, loans: int = 6) -> list[Event]:
    """Loans of 20 days and one payment, each paid so many days late; the last is not due yet."""
    events: list[Event] = []
    for serial in range(loans):
        day, loan = START + dt.timedelta(days=40 * serial), f"{borrower}-{serial}"
        due = day + dt.timedelta(days=20 if serial + 1 < loans else 60)
        events += _opened(day, loan, borrower, "micro", [(due, 30_000)])
        if serial + 1 < loans:
            end = due + dt.timedelta(days=late_days)
            events.append(_paid(end, loan, borrower, 30_000, "0"))
            events.append(LoanClosed(**_head(end, f"{loan}/c", borrower), loan_id=loan, closed_on=end, reason="PAID"))
        else:  # so that the file goes on until the last loan has been seen at a month-end
            events.append(_paid(due, loan, borrower, 30_000, "0"))
    return events


def mortgages(borrowers: int = 120, months: int = 22, seed: int = 2) -> list[Event]:
    """Everyone pays, some a few days late; two stop for good."""
    events: list[Event] = []
    for number in range(borrowers):
        chance, borrower = random.Random(seed * 991 + number), f"h{number}"
        loan, day = f"{borrower}-1", START.replace(day=1 + number % 28)
        dues = [(_months(day, n), 9_000_00) for n in range(1, 361)]
        events += _opened(day, loan, borrower, "mortgage", dues)
        stops = {5: 15, 50: 17}.get(number, 999)
        for n, (due, amount) in enumerate(dues[:months]):
            if n < stops:
                late = chance.choice([0] * 9 + [4])
                events.append(_paid(due + dt.timedelta(days=late), loan, borrower, amount, str(n)))
    return events


def _months(day: dt.date, count: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + count
    return dt.date(index // 12, index % 12 + 1, day.day)

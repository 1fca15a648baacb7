"""An invented book that has what the real loans lack.

Loans known from their first installment, several products and channels, two currencies, promises, complaints, payments
booked late, stated reserves. Drawn by a seed.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from streams.events import contacts, loans, payments, portfolio
from streams.events.envelope import Event
from streams.events.fields import Installment, Money, NonNegativeMoney
from tests.whole.conduct import event

LOANS, INSTALLMENTS, AMOUNT = 170, 12, 10_000
FIRST, LAST = dt.date(2023, 1, 9), dt.date(2024, 7, 1)
OPENED_WITHIN_DAYS = 250
PRODUCTS, CHANNELS, REGIONS = ("cash", "phone"), ("app", "branch"), ("N", "S", "W")
#: What a borrower is like, and how many of a hundred are so.
HABITS = {"prompt": 30, "sloppy": 25, "backdated": 8, "relapses": 15, "stops": 9, "never": 5, "eased": 8}


def story(seed: int = 5) -> Iterator[Event]:
    """Every event but the ticks."""
    chance = random.Random(seed)
    for number in range(LOANS):
        yield from _Life(number, chance).events()
    for day in range(0, (LAST - FIRST).days, 61):
        for unit, reserve in (("CNY", 40_000 * (day + 1)), ("EUR", 9_000)):
            on = FIRST + dt.timedelta(day)
            money = NonNegativeMoney(reserve, unit)
            yield event(portfolio.ReserveStated, f"reserve-{unit}-{on}", on, reserve=money)


class _Life:
    """One borrower with one loan."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self._name, self._chance = f"varied-{number:03}", chance
        self._own = {"borrower_id": self._name, "loan_id": f"{self._name}-l"}
        self._unit = "EUR" if number % 17 == 0 else "CNY"
        self._habit = chance.choices(list(HABITS), list(HABITS.values()))[0]
        self._opened = FIRST + dt.timedelta(chance.randrange(OPENED_WITHIN_DAYS))
        self._paid = 0
        self._first_late = chance.randrange(2, INSTALLMENTS - 3)

    def events(self) -> Iterator[Event]:
        """What happens to it."""
        dues = [self._opened + dt.timedelta(30 * at) for at in range(1, INSTALLMENTS + 1)]
        yield from self._open(dues)
        for at, due in enumerate(dues):
            if due > LAST:
                return
            yield from getattr(self, f"_{self._habit}")(at, due)
        if self._habit in {"prompt", "sloppy", "backdated"} and dues[-1] + dt.timedelta(40) < LAST:
            day = dues[-1] + dt.timedelta(40)
            yield event(loans.LoanClosed, f"{self._name}-closed", day, **self._own, closed_on=day, reason="PAID")

    def _open(self, dues: list[dt.date]) -> Iterator[Event]:
        chance, name = self._chance, self._name
        yield event(
            loans.LoanOpened,
            f"{name}-opened",
            self._opened,
            **self._own,
            opened_on=self._opened,
            principal=Money(AMOUNT * INSTALLMENTS, self._unit),
            installment_count=INSTALLMENTS,
            product=chance.choice(PRODUCTS),
            channel=chance.choice(CHANNELS),
            region=chance.choice(REGIONS),
        )
        plan = [Installment(at, due, AMOUNT) for at, due in enumerate(dues, 1)]
        yield event(
            loans.ScheduleSet, f"{name}-plan", self._opened, **self._own, schedule_version=1, currency=self._unit,
            installments=plan,
        )  # fmt: skip

    def _pay(self, day: dt.date, amount: int = AMOUNT, value_date: dt.date | None = None) -> Iterator[Event]:
        if day <= LAST:
            self._paid += 1
            name = f"{self._name}-{self._paid}"
            money = Money(amount, self._unit)
            yield event(
                payments.PaymentReceived, name, day, **self._own, payment_id=name, amount=money, value_date=value_date
            )

    def _said(self, day: dt.date) -> Iterator[Event]:
        """What a late borrower may say: a promise that is judged, a complaint that others send too."""
        name, own = f"{self._name}-{day}", {"borrower_id": self._name}
        if day > LAST - dt.timedelta(12):
            return
        if self._chance.random() < 0.5:
            due = day + dt.timedelta(5)
            promise = {"promise_id": f"{name}-p"}
            made = {"amount": Money(AMOUNT, self._unit), "due_on": due}
            yield event(contacts.PromiseMade, f"{name}-promise", day, **own, **promise, **made)
            result = self._chance.choice(("KEPT", "PARTIAL", "BROKEN", "BROKEN", "CANCELED"))
            judged = due + dt.timedelta(2)
            yield event(contacts.PromiseResolved, f"{name}-judged", judged, **own, **promise, result=result)
        if self._chance.random() < 0.3:
            wording = self._chance.choice(("same", "same", "same", "other", None))
            said = {"complaint_id": f"{name}-c", "category": "FEES", "text_fingerprint": wording}
            yield event(contacts.ComplaintReceived, f"{name}-complaint", day, **own, **said)

    def _prompt(self, _at: int, due: dt.date) -> Iterator[Event]:
        yield from self._pay(due)

    def _sloppy(self, _at: int, due: dt.date) -> Iterator[Event]:
        late = self._chance.choice((0, 0, 0, 3, 8, 20, 29))
        yield from self._pay(due + dt.timedelta(late))
        if late > 3:
            yield from self._said(due + dt.timedelta(late - 2))

    def _backdated(self, _at: int, due: dt.date) -> Iterator[Event]:
        """Paid in time, and often booked some days later."""
        booked = due + dt.timedelta(self._chance.choice((0, 0, 1, 4, 9)))
        yield from self._pay(booked, value_date=due)

    def _relapses(self, at: int, due: dt.date) -> Iterator[Event]:
        """Two installments late, all made up for more than 30 days past due, and later once more."""
        behind = at - self._first_late
        if behind in {0, 4}:
            yield from self._said(due + dt.timedelta(9))
        elif behind in {1, 5}:
            yield from self._pay(due + dt.timedelta(self._chance.randrange(2, 28)), 2 * AMOUNT)
        else:
            yield from self._pay(due)

    def _stops(self, at: int, due: dt.date) -> Iterator[Event]:
        """Pays no more from some installment on, half of one at last, or two and a half; is written off."""
        behind = at - self._first_late
        if behind < 0:
            yield from self._pay(due)
        elif behind == 1:
            yield from self._pay(due + dt.timedelta(5), AMOUNT // 2)
        elif behind == 2 and self._chance.random() < 0.4:
            yield from self._pay(due + dt.timedelta(5), 2 * AMOUNT)
        if behind == 5 and self._chance.random() < 0.7:
            off = Money(AMOUNT, self._unit)
            day = due + dt.timedelta(self._chance.randrange(20))
            if day <= LAST:
                yield event(loans.LoanWrittenOff, f"{self._name}-off", day, **self._own, written_off_on=day, amount=off)

    def _never(self, at: int, due: dt.date) -> Iterator[Event]:
        """Misses the first installment for good, or pays everything 45 days late."""
        if self._first_late % 2:
            yield from self._pay(due + dt.timedelta(45))
        elif at == 3:
            yield from self._said(due)

    def _eased(self, at: int, due: dt.date) -> Iterator[Event]:
        """New terms once two installments are late; they are kept."""
        behind = at - self._first_late
        if behind < 0:
            yield from self._pay(due)
        elif behind == 1:
            day = due + dt.timedelta(12)
            if day > LAST:
                return
            left = INSTALLMENTS - self._first_late
            dues = [day + dt.timedelta(30 * number) for number in range(1, left + 1)]
            plan = [Installment(number, at, AMOUNT) for number, at in enumerate(dues, self._first_late + 1)]
            yield event(
                loans.LoanRestructured, f"{self._name}-eased", day, **self._own, effective_on=day, kind="EXTENSION",
                schedule_version=2, currency=self._unit, installments=plan,
            )  # fmt: skip
            for new_due in dues:
                yield from self._pay(new_due)

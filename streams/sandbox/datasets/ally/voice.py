"""The typed events of one Ally loan. Decides ids (natural keys, so that a second run says the same) and instants."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal, TypedDict

from streams.events.fields import Installment, Money, NonNegativeMoney
from streams.events.loans import LoanClosed, LoanOpened, LoanRestructured, LoanWrittenOff, ScheduleSet
from streams.events.payments import InstallmentMissed, PaymentReceived
from streams.sandbox.datasets.calendar import first_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.sandbox.datasets.ally.account import Due
    from streams.sandbox.datasets.ally.facts import Loan

SOURCE = "ally-2017"
CURRENCY = "USD"
PRODUCT = "used-auto"
NOON = dt.time(12, tzinfo=dt.UTC)


class _Head(TypedDict):
    event_id: str
    schema_version: Literal[1]
    source: str
    occurred_at: dt.datetime
    business_date: dt.date
    idempotency_key: str
    borrower_id: str


class Voice:
    """Makes the events of one loan. Days are ordinals, amounts cents. The filing has one obligor per loan."""

    def __init__(self, loan: Loan) -> None:
        self.loan = loan
        self.deferrals = 0

    def opened(self, day: int) -> LoanOpened:
        """The loan begins, for the file, on its first day; `opened_on` is the first day of the filed month."""
        loan = self.loan
        return LoanOpened(
            **self._head(day, "opened"),
            loan_id=loan.loan_id,
            opened_on=dt.date.fromordinal(first_day(loan.opened_month)),
            principal=Money(loan.original_amount, CURRENCY),
            installment_count=loan.term_months,
            product=PRODUCT,
            region=loan.region,
            annual_rate_bps=round(loan.rate_ppm / 100),
            credit_score=loan.credit_score,
            payment_to_income_bps=round(loan.payment_to_income_ppm / 100),
        )

    def schedule_set(self, day: int, version: int, dues: Sequence[Due]) -> ScheduleSet:
        """The schedule, whole."""
        return ScheduleSet(
            **self._head(day, f"schedule/{version}"),
            loan_id=self.loan.loan_id,
            schedule_version=version,
            currency=CURRENCY,
            installments=_listed(dues),
        )

    def deferred(self, day: int, version: int, dues: Sequence[Due]) -> LoanRestructured:
        """New terms for all that is unmet."""
        self.deferrals += 1
        return LoanRestructured(
            **self._head(day, f"schedule/{version}"),
            loan_id=self.loan.loan_id,
            effective_on=dt.date.fromordinal(day),
            kind="DEFERRAL",
            schedule_version=version,
            currency=CURRENCY,
            installments=_listed(dues),
        )

    def payment(self, day: int, amount: int, name: str, value_day: int | None = None) -> PaymentReceived:
        """Money from the borrower, counting from `value_day` where it is not the day it was booked."""
        return PaymentReceived(
            **self._head(day, f"payment/{name}"),
            payment_id=f"{self.loan.loan_id}/{name}",
            amount=Money(amount, CURRENCY),
            loan_id=self.loan.loan_id,
            value_date=None if value_day is None else dt.date.fromordinal(value_day),
        )

    def recovery(self, day: int, amount: int) -> PaymentReceived:
        """Money from the sale of the car, after the write-off."""
        return PaymentReceived(
            **self._head(day, "payment/recovery"),
            payment_id=f"{self.loan.loan_id}/recovery",
            amount=Money(amount, CURRENCY),
            loan_id=self.loan.loan_id,
            payer="THIRD_PARTY",
        )

    def missed(self, due: Due, shortfall: int) -> InstallmentMissed:
        """Seen by the platform on the day after the due date."""
        return InstallmentMissed(
            **self._head(due.day + 1, f"missed/{due.number}/{dt.date.fromordinal(due.day)}"),
            loan_id=self.loan.loan_id,
            number=due.number,
            due_date=dt.date.fromordinal(due.day),
            shortfall=NonNegativeMoney(shortfall, CURRENCY),
        )

    def written_off(self, day: int, amount: int) -> LoanWrittenOff:
        """The lender gave the balance up."""
        return LoanWrittenOff(
            **self._head(day, "written-off"),
            loan_id=self.loan.loan_id,
            written_off_on=dt.date.fromordinal(day),
            amount=NonNegativeMoney(amount, CURRENCY),
        )

    def closed(self, day: int, *, early: bool) -> LoanClosed:
        """The balance is paid."""
        return LoanClosed(
            **self._head(day, "closed"),
            loan_id=self.loan.loan_id,
            closed_on=dt.date.fromordinal(day),
            reason="EARLY_REPAID" if early else "PAID",
        )

    def _head(self, day: int, name: str) -> _Head:
        date = dt.date.fromordinal(day)
        key = f"{SOURCE}/{self.loan.loan_id}/{name}"
        return {
            "event_id": key,
            "schema_version": 1,
            "source": SOURCE,
            "occurred_at": dt.datetime.combine(date, NOON),
            "business_date": date,
            "idempotency_key": key,
            "borrower_id": f"obligor-{self.loan.loan_id}",
        }


def _listed(dues: Sequence[Due]) -> list[Installment]:
    return [Installment(due.number, dt.date.fromordinal(due.day), due.amount) for due in dues]

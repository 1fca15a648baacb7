"""The filed facts of the Ally loans, read from the bundled CSV files. Decides units: cents, ppm, ordinal days."""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from streams.sandbox.datasets.calendar import month_index

if TYPE_CHECKING:
    from collections.abc import Iterator


class Month(NamedTuple):
    """What one loan did in one calendar month. Money in cents."""

    month: int
    balance: int
    paid: int
    principal_paid: int
    recovered: int


class Loan(NamedTuple):
    """One loan as of the end of its first month, and its months after that. Money in cents, rates in ppm."""

    loan_id: str
    opened_month: int
    original_amount: int
    term_months: int
    rate_ppm: int
    scheduled_payment: int
    first_month: int
    balance: int
    next_payment_due: int
    days_past_due: int
    credit_score: int
    payment_to_income_ppm: int
    region: str
    months: tuple[Month, ...]


def read_loans() -> list[Loan]:
    """Every loan that still owed something when the file begins, in order of its id.

    41 of the 2,171 loans stand in the file with a balance of zero and no month: there is nothing to tell of them.
    """
    months = defaultdict[str, list[Month]](list)
    for row in _rows("months.csv.gz"):
        months[row["loan_id"]].append(_month(row))
    loans = [_loan(row, months[row["loan_id"]]) for row in _rows("loans.csv.gz") if row["loan_id"] in months]
    return sorted(loans)


def _rows(name: str) -> Iterator[dict[str, str]]:
    packed = resources.files("streams.sandbox.datasets.ally").joinpath("data", name).read_bytes()
    with gzip.open(io.BytesIO(packed), "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def _scaled(text: str, factor: int) -> int:
    """A decimal of the file as an integer of a smaller unit, exactly; empty means not reported, hence zero."""
    return int((Decimal(text) * factor).to_integral_value()) if text else 0


def _cents(text: str) -> int:
    return _scaled(text, 100)


def _month(row: dict[str, str]) -> Month:
    year, month = row["month"].split("-")
    # A negative figure is the cost of a repossession, not money that came in.
    recovered = max(0, _cents(row["recovered"])) + max(0, _cents(row["repossession_proceeds"]))
    return Month(
        month=month_index(int(year), int(month)),
        balance=_cents(row["end_balance"]),
        paid=_cents(row["paid"]),
        principal_paid=_cents(row["principal_paid"]),
        recovered=recovered,
    )


def _loan(row: dict[str, str], months: list[Month]) -> Loan:
    opened_month, opened_year = row["opened_month"].split("/")
    first_year, first_month = row["first_month"].split("-")
    return Loan(
        loan_id=row["loan_id"],
        opened_month=month_index(int(opened_year), int(opened_month)),
        original_amount=_cents(row["original_amount"]),
        term_months=int(row["term_months"]),
        rate_ppm=_scaled(row["apr_percent"], 1_000_000),
        scheduled_payment=_cents(row["scheduled_payment"]),
        first_month=month_index(int(first_year), int(first_month)),
        balance=_cents(row["balance_at_first_month"]),
        next_payment_due=_cents(row["next_payment_due"]),
        days_past_due=int(row["delinquency_days_at_first_month"]),
        credit_score=int(row["credit_score"]),
        payment_to_income_ppm=_scaled(row["payment_to_income"], 1_000_000),
        region=row["region"],
        months=tuple(sorted(months)),
    )

"""The Taiwan credit-card set as events: for tests, where a second kind of product must work without a setting.

The file has six monthly statements (April to September 2005) and no days. What had to be assumed:

- A card is one loan; its limit is the principal. It opens, for the file, with the April statement.
- Statements fall on the last day of a month, due dates on the 20th of the next, payments on the due date. `PAY_AMT` of
  a month is what came in that month, against the statement before.
- The minimum due is 5 % of the bill, at least NT$ 1,000, at most the bill.
- The bank's own status is the truth: each statement after the first sets new terms (`loan_restructured`), by which
  exactly `PAY_x` installments stand unmet and no money is left over. For money above the minimum lowers a card's
  balance; it does not pay the next minimum in advance, as it would on an installment loan. What was late under earlier
  terms stays a fact. After a statement without a bill nothing is due before the one after next.
- `installment_missed` is published on the day after a due date at whose month's end the bank calls the client late,
  also where the minimum assumed here was paid: the bank knew better, and a ledger must live with such a platform.

SEX, EDUCATION, MARRIAGE and AGE are not even in the bundled file. The outcome (default in October) is no event: it
stands in a file of its own.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

from streams.events.fields import Installment, Money, NonNegativeMoney
from streams.events.loans import LoanOpened, LoanRestructured, ScheduleSet
from streams.events.payments import InstallmentMissed, PaymentReceived
from streams.sandbox.datasets.calendar import due_day, last_day, month_index
from streams.sandbox.datasets.eventfile import in_order, ticks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.events.envelope import BorrowerEvent, Event

SOURCE = "uci-credit-card"
CURRENCY = "TWD"
FIRST_MONTH = month_index(2005, 4)
STATEMENTS = 6
DUE_DAY_OF_MONTH = 20
MINIMUM_SHARE = 20  # one in so many: 5 %
MINIMUM_CENTS = 100_000
#: So many installments may stand unmet before April: numbers start above it.
NUMBER_OF_APRIL = 13


class Client(NamedTuple):
    """One client; the tuples run from April to September. Money in cents of a New Taiwan dollar."""

    client: str
    limit: int
    months_late: tuple[int, ...]
    bills: tuple[int, ...]
    paid: tuple[int, ...]


def read_clients(path: Path, limit: int | None = None) -> list[Client]:
    """The clients of `clients.csv.gz`, or the first so many."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as text:
        return [_client(row) for row in islice(csv.DictReader(text), limit)]


def read_outcomes(path: Path) -> dict[str, bool]:
    """Whether a borrower defaulted in October 2005, by borrower id, from `outcomes.csv.gz`."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as text:
        return {_borrower(row["client"]): row["defaulted"] == "1" for row in csv.DictReader(text)}


def events(clients: list[Client]) -> list[Event]:
    """Every event of these clients, in order, with a tick a day from the April to the September statement."""
    first = dt.date.fromordinal(last_day(FIRST_MONTH))
    last = dt.date.fromordinal(last_day(FIRST_MONTH + STATEMENTS - 1))
    return in_order([*ticks(SOURCE, first, last), *(event for client in clients for event in tell(client))])


def tell(client: Client) -> Iterator[BorrowerEvent]:
    """One client's events, in order of the business date."""
    opened = dt.date.fromordinal(last_day(FIRST_MONTH))
    yield LoanOpened(
        **_head(client, last_day(FIRST_MONTH), "opened"),
        loan_id=client.client,
        opened_on=opened,
        principal=Money(client.limit, CURRENCY),
        installment_count=STATEMENTS,
        product="credit-card",
    )
    first = True
    for month in range(STATEMENTS):
        if month and client.paid[month]:
            first = False  # earlier money must not pay what a first schedule asks for
            yield _payment(client, month)
        if month and client.months_late[month] > 0 and _minimum(client, month - 1):
            yield _missed(client, month)
        if (dues := _schedule(client, month)) or not first:
            yield _statement(client, month, dues or [_installment(month + 2, MINIMUM_CENTS)], first=first)
            first = False


def _statement(client: Client, month: int, dues: list[Installment], *, first: bool) -> ScheduleSet | LoanRestructured:
    day = last_day(FIRST_MONTH + month)
    head = _head(client, day, f"statement/{month}")
    if first:
        return ScheduleSet(
            **head, loan_id=client.client, schedule_version=month + 1, currency=CURRENCY, installments=dues
        )
    return LoanRestructured(
        **head,
        loan_id=client.client,
        effective_on=dt.date.fromordinal(day),
        kind="OTHER",
        schedule_version=month + 1,
        currency=CURRENCY,
        installments=dues,
    )


def _schedule(client: Client, month: int) -> list[Installment]:
    """As of a statement: the installments that stand unmet, and the next."""
    late = max(0, client.months_late[month])
    dues = [_installment(m, _minimum(client, m - 1) or MINIMUM_CENTS) for m in range(month - late + 1, month + 1)]
    if following := _minimum(client, month):
        dues.append(_installment(month + 1, following))
    return dues


def _minimum(client: Client, statement: int) -> int:
    """What is due after a statement; before April, after April's (the file knows no earlier bill)."""
    bill = client.bills[max(0, statement)]
    return min(bill, max(MINIMUM_CENTS, bill // MINIMUM_SHARE)) if bill > 0 else 0


def _installment(month: int, amount: int) -> Installment:
    due = dt.date.fromordinal(due_day(FIRST_MONTH + month, DUE_DAY_OF_MONTH))
    return Installment(NUMBER_OF_APRIL + month, due, amount)


def _payment(client: Client, month: int) -> PaymentReceived:
    return PaymentReceived(
        **_head(client, due_day(FIRST_MONTH + month, DUE_DAY_OF_MONTH), f"payment/{month}"),
        payment_id=f"{client.client}/{month}",
        amount=Money(client.paid[month], CURRENCY),
        loan_id=client.client,
    )


def _missed(client: Client, month: int) -> InstallmentMissed:
    due = due_day(FIRST_MONTH + month, DUE_DAY_OF_MONTH)
    return InstallmentMissed(
        **_head(client, due + 1, f"missed/{month}"),
        loan_id=client.client,
        number=NUMBER_OF_APRIL + month,
        due_date=dt.date.fromordinal(due),
        shortfall=NonNegativeMoney(max(0, _minimum(client, month - 1) - client.paid[month]), CURRENCY),
    )


class _Head(TypedDict):
    event_id: str
    schema_version: Literal[1]
    source: str
    occurred_at: dt.datetime
    business_date: dt.date
    idempotency_key: str
    borrower_id: str


def _head(client: Client, day: int, name: str) -> _Head:
    date = dt.date.fromordinal(day)
    key = f"{SOURCE}/{client.client}/{name}"
    return {
        "event_id": key,
        "schema_version": 1,
        "source": SOURCE,
        "occurred_at": dt.datetime.combine(date, dt.time(12, tzinfo=dt.UTC)),
        "business_date": date,
        "idempotency_key": key,
        "borrower_id": _borrower(client.client),
    }


def _borrower(client: str) -> str:
    return f"client-{client}"


def _client(row: dict[str, str]) -> Client:
    def series(stem: str, first: int) -> tuple[int, ...]:
        names = [f"{stem}{n}" for n in (6, 5, 4, 3, 2, first)]  # 6 is April; the file calls September's status PAY_0
        return tuple(_whole(row[name]) for name in names)

    return Client(
        client=row["client"],
        limit=_whole(row["LIMIT_BAL"]) * 100,
        months_late=series("PAY_", 0),
        bills=tuple(bill * 100 for bill in series("BILL_AMT", 1)),
        paid=tuple(paid * 100 for paid in series("PAY_AMT", 1)),
    )


def _whole(text: str) -> int:
    """A whole number; the file writes some round ones as 1.00E+05."""
    return int(float(text))

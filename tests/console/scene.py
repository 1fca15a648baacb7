"""A small book in which everything happens that a page can show: fourteen months of a dozen borrowers."""

from __future__ import annotations

import datetime as dt
import itertools
from importlib.resources import files
from typing import Any, TypeVar

from streams.events import contacts, control, loans, payments, portfolio
from streams.events.envelope import Event
from streams.events.fields import Installment, Money, NonNegativeMoney
from streams.files.events import FileEvent, from_events

E = TypeVar("E", bound=Event)
AMOUNT = 20_600
OPENED, LAST = dt.date(2025, 2, 5), dt.date(2026, 3, 28)
#: Ids that a page must only ever show, never obey. All are valid ids: visible ASCII.
HOSTILE = (
    "<script>document.title='owned'</script>",
    "\"'><img/src=x/onerror=document.title='owned'>",
    "../../quality?id=%3Cb%3E&lang=zh#x",
    "{{7*7}}${7*7}<%=7*7%>",
    "x" * 128,
)
GOOD, WORSE, RETRACTED, HELD, GONE, RESTRUCTURED = (
    "b-good",
    "b-worse",
    "b-retracted",
    "b-held",
    "b-gone",
    "b-restructured",
)
#: The others say none.
REGIONS = {GOOD: "CN-GD", "b-late": "CN-GD", RETRACTED: "CN-GD", WORSE: "CN-SC", HELD: "CN-SC", "b-part": "x" * 64}


class _Book:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self._number = itertools.count(1)

    def say(self, struct: type[E], day: dt.date, /, **fields: Any) -> None:  # noqa: ANN401  any field of any event
        """Add an event, booked on a day."""
        number = next(self._number)
        head: dict[str, object] = {
            "event_id": f"e{number}", "schema_version": 1, "source": "scene", "business_date": day,
            "occurred_at": dt.datetime(day.year, day.month, day.day, 9, tzinfo=dt.UTC), "idempotency_key": f"k{number}",
        }  # fmt: skip
        self.events.append(struct(**(head | fields)))  # type: ignore[arg-type]  # as the event needs them

    def loan(self, borrower_id: str, *, product: str = "phone") -> None:
        own = {"borrower_id": borrower_id, "loan_id": f"l-{borrower_id}"[:128]}
        dues = [Installment(n, due(n), AMOUNT) for n in range(1, 19)]
        opened_on = OPENED - dt.timedelta(days=90 if borrower_id in {HELD, GONE, RESTRUCTURED} else 0)
        self.say(
            loans.LoanOpened, OPENED, **own, opened_on=opened_on, region=REGIONS.get(borrower_id),
            principal=Money(320_000, "CNY"), installment_count=18, product=product,
        )  # fmt: skip
        self.say(loans.ScheduleSet, OPENED, **own, schedule_version=1, currency="CNY", installments=dues)

    def pay(self, borrower_id: str, number: int, late: int = 0, share: int = 100, **fields: object) -> None:
        day = due(number) + dt.timedelta(days=late)
        self.say(
            payments.PaymentReceived, day, borrower_id=borrower_id, loan_id=f"l-{borrower_id}"[:128],
            payment_id=f"p-{borrower_id[:60]}-{number}-{late}", amount=Money(AMOUNT * share // 100, "CNY"), method="WALLET",
            **fields,
        )  # fmt: skip


def _pack(name: str) -> str:
    return files("streams.collections").joinpath("packs", name).read_text(encoding="utf-8")


def due(number: int) -> dt.date:
    """The day of an installment: the fifth of each month from March 2025."""
    month = 2 + number
    return dt.date(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 5)


def events() -> list[FileEvent]:
    """The whole scene, with a date a day."""
    book = _Book()
    book.say(control.PolicyActivated, OPENED, kind="pack", name="cn", version="2026.1", text=_pack("cn-2026.1.toml"))
    names = [GOOD, WORSE, RETRACTED, HELD, GONE, RESTRUCTURED, "b-late", "b-part", *HOSTILE]
    for name in names:
        book.loan(name, product="laptop" if name in {HELD, GONE} else "phone")
    for name in names:
        _PATHS.get(name, _hostile)(book, name)
    book.say(portfolio.ReserveStated, dt.date(2025, 9, 1), reserve=NonNegativeMoney(250_000, "CNY"))
    book.say(control.BusinessDateAdvanced, LAST)
    return from_events(book.events)


def _good(book: _Book, name: str) -> None:
    for number in range(1, 14):
        book.pay(name, number, late=-1)


def _worse(book: _Book, name: str) -> None:
    for number in range(1, 9):
        book.pay(name, number, late=(0, 0, 1, 3, 6, 9, 14, 20)[number - 1])
    book.pay(name, 9, late=25, share=50)
    book.say(
        payments.PaymentFailed, due(10), borrower_id=name, payment_id="f-1", amount=Money(AMOUNT, "CNY"),
        failure="INSUFFICIENT_FUNDS", loan_id=f"l-{name}",
    )  # fmt: skip


def _retracted(book: _Book, name: str) -> None:
    for number in range(1, 9):
        book.pay(name, number)
    # The money for November was there in time, but is booked 40 days late: the alert meanwhile was wrong.
    book.pay(name, 9, late=40, value_date=due(9))
    for number in range(10, 14):
        book.pay(name, number, late=6 if number == 10 else 0)


def _held(book: _Book, name: str) -> None:
    for number in range(1, 7):
        book.pay(name, number, late=2)
    own, start = {"borrower_id": name}, due(8)
    days = [start + dt.timedelta(days=each) for each in range(10)]
    book.say(contacts.ContactAttempted, days[1], **own, attempt_id="a-1", channel="CALL", contact_point_id="c-1")
    book.say(contacts.ContactOutcome, days[1], **own, attempt_id="a-1", outcome="CONVERSATION")
    book.say(contacts.PromiseMade, days[1], **own, promise_id="pr-1", amount=Money(AMOUNT, "CNY"), due_on=days[8])
    book.say(contacts.DisputeRaised, days[3], **own, dispute_id="d-1", scope="AMOUNT", amount=Money(5_000, "CNY"))
    book.say(contacts.DisputeResolved, days[6], **own, dispute_id="d-1", result="REJECTED")
    book.say(contacts.HoldSet, days[7], **own, hold_id="h-1", kind="VULNERABILITY", from_date=days[7])
    book.say(contacts.HoldCleared, due(10), **own, hold_id="h-1")
    book.say(contacts.HoldSet, due(13), **own, hold_id="h-2", kind="BREATHING_SPACE", from_date=due(13))
    book.say(contacts.NoticeSent, due(11), **own, kind="DEFAULT", delivered_on=due(11))


def _gone(book: _Book, name: str) -> None:
    book.pay(name, 1)
    book.pay(name, 2, share=40)
    own, day = {"borrower_id": name, "loan_id": f"l-{name}"}, due(9)
    book.say(loans.LoanWrittenOff, day, **own, written_off_on=day, amount=NonNegativeMoney(300_000, "CNY"))


def _restructured(book: _Book, name: str) -> None:
    for number in range(1, 5):
        book.pay(name, number)
    own, day = {"borrower_id": name, "loan_id": f"l-{name}"}, due(8)
    dues = [Installment(n, due(n + 1), AMOUNT // 2) for n in range(8, 17)]
    book.say(
        loans.LoanRestructured, day, **own, effective_on=day, kind="EXTENSION", schedule_version=2, currency="CNY",
        installments=dues,
    )  # fmt: skip
    for number in range(9, 14):
        book.pay(name, number, share=50)


def _late(book: _Book, name: str) -> None:
    for number in range(1, 14):
        book.pay(name, number, late=4 + number % 5, value_date=due(number) + dt.timedelta(days=1))


def _part(book: _Book, name: str) -> None:
    for number in range(1, 14):
        book.pay(name, number, share=80)


def _hostile(book: _Book, name: str) -> None:
    for number in range(1, 7):
        book.pay(name, number, late=3)


_PATHS = {
    GOOD: _good, WORSE: _worse, RETRACTED: _retracted, HELD: _held, GONE: _gone, RESTRUCTURED: _restructured,
    "b-late": _late, "b-part": _part,
}  # fmt: skip

#: Records that no topic takes: (topic, key, value).
REFUSED: tuple[tuple[str, bytes | None, bytes | None], ...] = (
    ("payments", b"b-good", b"{not json"),
    ("payments", b"b-good", b'{"type": "<script>document.title=\'owned\'</script>"}'),
    ("loans", "\u202egnp.exe".encode(), '{"type": "loan_opened", "x": "\u202e\u2066\u200b借款\u0007"}'.encode()),
    ("contacts", b"\xff\xfe", b"\xff\xfe\x00"),
    ("payments", b"b-good", b"x" * 5_000),
    ("payments", None, None),
)

from __future__ import annotations

import ast
import inspect
from typing import NamedTuple

import pytest

from streams.events import decode
from streams.events.decode import VALUE_BYTES_MAX, Refusal, accept
from tests.events.helpers import TIMESTAMP_MS, Absent, key, value

PAYMENT_KEY = key("payment_received")
INSTALLMENT = {"number": 1, "due_date": "2026-02-05", "amount_minor": 100}


class Row(NamedTuple):
    """One bad record: what is wrong, the code it gets, and words that its reason must hold."""

    name: str
    code: str
    says: str
    value: bytes | None
    key: bytes | None = PAYMENT_KEY
    topic: str = "payments"
    timestamp_ms: int = TIMESTAMP_MS


def payment(**changes: object) -> bytes:
    """The payment of the examples, changed."""
    return value("payment_received", **changes)


def money(amount_minor: object, currency: object = "CNY") -> dict[str, object]:
    """An amount as it stands in JSON, right or wrong."""
    return {"amount_minor": amount_minor, "currency": currency}


def schedule(*installments: dict[str, object]) -> bytes:
    """A schedule of these installments."""
    return value("schedule_set", installments=list(installments))


# In order of precedence: a record with several faults gets the first one's code.
ROWS = (
    Row("tombstone", "empty", "no value", None),
    Row("ten megabytes", "too_large", "10,000,000 bytes", b" " * 10_000_000),
    Row("one byte too many", "too_large", "1,048,577 bytes", b"{" * (VALUE_BYTES_MAX + 1)),
    Row("invalid utf-8", "not_utf8", "byte 9 is 0xff", b'{"type":"\xff"}'),
    Row("utf-16", "not_utf8", "byte 0 is 0xff", "{}".encode("utf-16")),
    Row("not json", "not_json", "truncated", payment()[:-1]),
    Row("no bytes", "not_json", "truncated", b""),
    Row("two values", "not_json", "not JSON", payment() + payment()),
    Row("nested 100,000 deep", "not_json", "recursion", b"[" * 100_000),
    Row("objects nested 100,000 deep", "not_json", "recursion", b'{"a":' * 100_000),
    Row("array", "not_object", "list", b"[" + payment() + b"]"),
    Row("null", "not_object", "NoneType", b"null"),
    Row("no type", "missing_type", "payment_received", payment(type=Absent)),
    Row("unknown type", "unknown_type", "'payment_recieved'", payment(type="payment_recieved")),
    Row("type of wrong type", "unknown_type", "5", payment(type=5)),
    Row("next version", "unknown_version", "schema_version 2", payment(schema_version=2)),
    Row("version as text", "bad_field", "schema_version", payment(schema_version="1")),
    Row("no version", "bad_field", "schema_version", payment(schema_version=Absent)),
    Row("missing field", "bad_field", "payment_id", payment(payment_id=Absent)),
    Row("unknown field", "bad_field", "unknown field `amuont`", payment(amuont=1)),
    Row("null where a value must be", "bad_field", "amount", payment(amount=None)),
    Row("negative amount", "bad_field", "amount.amount_minor", payment(amount=money(-1))),
    Row("zero amount", "bad_field", "amount.amount_minor", payment(amount=money(0))),
    Row("absurd amount", "bad_field", "amount.amount_minor", payment(amount=money(10**15 + 1))),
    Row("amount beyond 64 bits", "bad_field", "amount.amount_minor", payment(amount=money(2**64 + 1))),
    Row("fraction of a minor unit", "bad_field", "got `float`", payment(amount=money(10.5))),
    Row("whole float", "bad_field", "got `float`", payment(amount=money(10.0))),
    Row("amount as text", "bad_field", "got `str`", payment(amount=money("10"))),
    Row("currency in lower case", "bad_field", "amount.currency", payment(amount=money(1, "cny"))),
    Row("currency with a line break", "bad_field", "amount.currency", payment(amount=money(1, "CNY\n"))),
    Row("space in an id", "bad_field", "payment_id", payment(payment_id="p 1")),
    Row("id too long", "bad_field", "payment_id", payment(payment_id="p" * 129)),
    Row("naive time", "bad_field", "timezone", payment(occurred_at="2026-02-16T09:30:00")),
    Row("time as a number", "bad_field", "occurred_at", payment(occurred_at=1_771_234_200_000)),
    Row("day that does not exist", "bad_field", "business_date", payment(business_date="2026-02-30")),
    Row("other topic", "wrong_topic", "belongs on topic payments, not loans", payment(), topic="loans"),
    Row("null key", "null_key", "no key", payment(), key=None),
    Row("key of another borrower", "wrong_key", "'c-0000'", payment(), key=b"c-0000"),
    Row("key in another encoding", "wrong_key", "\\xff", payment(), key=b"\xff\xfe"),
    Row("local time", "time_not_utc", "+08:00", payment(occurred_at="2026-02-16T09:30:00+08:00")),
    Row("three days ahead", "time_in_future", "occurred_at", payment(occurred_at="2027-01-04T00:00:00Z")),
    Row("business date ahead", "time_in_future", "business_date", payment(business_date="2027-01-04")),
    Row("record without a timestamp", "time_in_future", "future", payment(), timestamp_ms=-1),
    Row("seconds for milliseconds", "time_too_old", "check the unit", payment(occurred_at="1969-12-31T23:59:59Z")),
    Row("ancient business date", "time_too_old", "business_date", payment(business_date="0001-01-01")),
    Row("value date ahead", "day_after_booking", "2026-02-17", payment(value_date="2026-02-17")),
    Row("ancient value date", "time_too_old", "1969-12-31", payment(value_date="1969-12-31")),
    Row("opened ahead", "day_after_booking", "2026-01-06", value("loan_opened", opened_on="2026-01-06"), topic="loans"),
    Row("no installments", "bad_field", "installments", schedule(), topic="loans"),
    Row("721 installments", "bad_field", "installments", schedule(*[INSTALLMENT] * 721), topic="loans"),
    Row("same number twice", "schedule_numbers", "rise by one", schedule(INSTALLMENT, INSTALLMENT), topic="loans"),
    Row(
        "due dates fall",
        "schedule_order",
        "due 2026-01-05, before number 1",
        schedule(INSTALLMENT, INSTALLMENT | {"number": 2, "due_date": "2026-01-05"}),
        topic="loans",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_refused_with_its_code(row: Row) -> None:
    """Each bad record gets one code for counting and a reason that names what is wrong."""
    with pytest.raises(Refusal) as refused:
        accept(row.topic, row.key, row.value, row.timestamp_ms)

    assert row.code == refused.value.code
    assert row.says in refused.value.reason


def test_every_code_has_a_row() -> None:
    """A refusal that nobody tested does not exist."""
    tree = ast.parse(inspect.getsource(decode))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    codes = {c.args[0].value for c in calls if c.func.id == "Refusal" and isinstance(c.args[0], ast.Constant)}  # type: ignore[attr-defined] # filtered above

    assert codes == {row.code for row in ROWS}


def test_just_inside_the_bounds() -> None:
    """Two days ahead, the largest amount, UTC written as +00:00 and a value of exactly the limit are taken."""
    body = payment(
        occurred_at="2027-01-03T23:59:59+00:00", business_date="2027-01-03", amount=money(10**15), payment_id="p" * 128
    )
    padded = body + b" " * (VALUE_BYTES_MAX - len(body))

    assert accept("payments", PAYMENT_KEY, padded, TIMESTAMP_MS).business_date.isoformat() == "2027-01-03"


def test_any_timestamp_of_64_bits() -> None:
    """A producer sets the record's timestamp: the largest one must not stop the stream."""
    accept("payments", PAYMENT_KEY, payment(), 2**63 - 1)
    with pytest.raises(Refusal, match="future"):
        accept("payments", PAYMENT_KEY, payment(), -(2**63))


def test_a_reason_stays_short() -> None:
    """A reason shows a bounded piece of what was sent: it goes into a record and a table."""
    with pytest.raises(Refusal) as refused:
        accept("payments", b"k" * 100_000, payment(type="x" * 100_000), TIMESTAMP_MS)
    with pytest.raises(Refusal) as wrong_key:
        accept("payments", b"k" * 100_000, payment(), TIMESTAMP_MS)

    assert len(refused.value.reason) < 1_000
    assert len(wrong_key.value.reason) < 400

"""What a borrower's row tells the book, step by step, through the real fold."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import msgspec

from streams.events.contacts import ComplaintReceived, PromiseResolved
from streams.events.envelope import Event
from streams.events.fields import Installment, Money
from streams.events.loans import LoanRestructured, LoanWrittenOff
from streams.events.payments import PaymentFailed, PaymentReversed
from streams.portfolio.book import Delta, bucket_on
from streams.portfolio.sums import Sums
from tests.borrower.book import AMOUNT, LOAN, Folded, event, lived, loan, paid


def told(folded: Folded) -> tuple[Counter[str], dict[tuple[int, str, str], int]]:
    """Flows by name over all days, and the marks."""
    flows: Counter[str] = Counter()
    for (_, _, name), (count, _) in folded.shard.book.flows.items():
        flows[name] += count
    return flows, folded.shard.book.marks


def stock(folded: Folded) -> list[tuple[int, int, int]]:
    """(oldest unmet day, loans, balance) of all that is in the book now."""
    sums = Sums()
    sums.take(folded.shard.book.take(0))
    sums.close(dt.date(2030, 1, 1).toordinal())
    return [(oldest, cell[0], cell[1]) for cells in sums.stock.values() for (oldest, _), cell in sorted(cells.items())]


def test_a_loan_that_pays_is_exposed_and_never_missed() -> None:
    """Three due dates, three payments: one loan in the book with what is left of it."""
    folded = lived(paid("2026-02-05"), paid("2026-03-04"), paid("2026-04-05"), until="2026-04-20")
    flows, marks = told(folded)

    assert (flows["opened"], flows["due"], flows["exposed"], flows["missed"]) == (1, 3, 3, 0)
    assert sum(count for (_, kind, _), count in marks.items() if kind == "received") == 3
    assert stock(folded) == [(0, 1, 9 * AMOUNT)]


def test_a_loan_that_stops_rolls_once_through_every_bucket() -> None:
    """Each edge once, whatever wakes the row in between; only the first miss is a new one; it is a first-payment default."""
    flows, _ = told(lived(until="2026-06-30"))

    rolls = {name: count for name, count in flows.items() if name.startswith("roll")}
    assert rolls == {"roll01": 1, "roll12": 1, "roll23": 1, "roll34": 1}
    assert (flows["exposed"], flows["missed"], flows["due"]) == (1, 1, 5)
    assert (flows["first_due"], flows["first_default"]) == (1, 1)


def test_a_miss_is_told_under_its_due_date() -> None:
    """The tick that finds it comes a day later, and what it finds belongs to the day before."""
    days = {day: name for day, _, name in lived(until="2026-02-10").shard.book.flows if name == "missed"}

    assert [dt.date.fromordinal(day) for day in days] == [dt.date(2026, 2, 5)]


def test_days_without_a_tick_of_their_own_change_nothing() -> None:
    """The same history, with a tick a day and one every three weeks, tells the same to the unit."""
    history = [paid("2026-02-25"), paid("2026-05-20", 2 * AMOUNT)]
    daily, rare = (lived(*history, until="2026-07-01", every_days=days).shard.book.take(0) for days in (1, 21))

    assert daily == rare


def test_a_late_payment_that_was_in_time_disproves_the_miss() -> None:
    """Booked five days late with its value date: told when booked, as no miss of the due date, and no cure."""
    payment = paid("2026-02-10", value_date=dt.date(2026, 2, 5))
    folded = lived(payment, until="2026-02-20")
    flows, marks = told(folded)
    corrected = [
        (dt.date.fromordinal(told), dt.date.fromordinal(missed)) for told, _, missed in folded.shard.book.corrected
    ]

    assert corrected == [(dt.date(2026, 2, 10), dt.date(2026, 2, 5))]
    assert (flows["missed"], flows["cured"]) == (1, 0)
    assert sum(count for (_, kind, _), count in marks.items() if kind == "late") == 1


def test_a_reversal_puts_it_back() -> None:
    """Paid, and taken back a month later: past due from its old due date again."""
    payment = paid("2026-02-05")
    back = event(PaymentReversed, "2026-03-20", payment_id=payment.payment_id, reversal_id="R1")
    (entry,) = stock(lived(payment, paid("2026-03-05"), back, until="2026-03-25"))

    assert entry == (dt.date(2026, 3, 5).toordinal(), 1, 11 * AMOUNT)
    assert bucket_on(dt.date(2026, 3, 25).toordinal(), entry[0]) == 1


def test_cure_and_redefault() -> None:
    """Current again after 40 days, more than 30 days past due again within the year."""
    flows, _ = told(lived(paid("2026-03-17", 2 * AMOUNT), until="2026-06-30"))

    assert (flows["cured"], flows["redefault"]) == (1, 1)


def test_new_terms_are_no_cure() -> None:
    """A restructure resets days past due, and is told as what it is."""
    terms = [Installment(1, dt.date(2026, 9, 5), 11 * AMOUNT)]
    new = event(
        LoanRestructured, "2026-04-01", loan_id=LOAN, effective_on=dt.date(2026, 4, 1), kind="EXTENSION",
        schedule_version=2, currency="CNY", installments=terms,
    )  # fmt: skip
    flows, _ = told(lived(new, until="2026-04-10"))

    assert (flows["restructured"], flows["cured"], flows["roll20"]) == (1, 0, 1)


def test_new_terms_have_no_first_payment() -> None:
    """The first due date of a restructure is not the first payment of a loan, whatever number it bears."""
    terms = [Installment(1, dt.date(2026, 5, 5), 6 * AMOUNT), Installment(2, dt.date(2026, 6, 5), 6 * AMOUNT)]
    new = event(
        LoanRestructured, "2026-04-01", loan_id=LOAN, effective_on=dt.date(2026, 4, 1), kind="EXTENSION",
        schedule_version=2, currency="CNY", installments=terms,
    )  # fmt: skip
    flows, _ = told(lived(paid("2026-02-05"), new, until="2026-06-10"))

    assert flows["due"] > 1
    assert (flows["first_due"], flows["first_default"]) == (1, 0)


def test_a_written_off_loan_leaves_the_book() -> None:
    """Its balance is told once; nothing is left."""
    off = event(
        LoanWrittenOff, "2026-06-15", loan_id=LOAN, written_off_on=dt.date(2026, 6, 15), amount=Money(AMOUNT, "CNY")
    )
    folded = lived(off, until="2026-07-01")
    amounts = [cell for (_, _, name), cell in folded.shard.book.flows.items() if name == "written_off"]

    assert amounts == [[1, 12 * AMOUNT]]
    assert stock(folded) == []


def test_marks() -> None:
    """Failed debits by processor and kind, promises by result, complaints by wording."""
    amount = Money(AMOUNT, "CNY")
    events: list[Event] = [
        event(PaymentFailed, "2026-02-05", payment_id="d1", amount=amount, failure="TECHNICAL", processor="acq"),
        event(PaymentFailed, "2026-02-06", payment_id="d2", amount=amount, failure="LIMIT"),
        event(PromiseResolved, "2026-02-07", promise_id="P1", result="KEPT"),
        event(ComplaintReceived, "2026-02-07", complaint_id="C1", category="FEES", text_fingerprint="f1"),
    ]
    _, marks = told(lived(*events, until="2026-02-09"))

    assert {(kind, name): count for (_, kind, name), count in marks.items()} == {
        ("technical", "acq"): 1,
        ("declined", "-"): 1,
        ("promise", "KEPT"): 1,
        ("complaint", "f1"): 1,
    }


def test_a_borrower_with_two_loans() -> None:
    """Both are in the book, under keys that survive the other's end."""
    second = [
        msgspec.structs.replace(each, loan_id="L2", idempotency_key=f"{each.idempotency_key}b") for each in loan()
    ]
    folded = Folded().live([*loan(), *second], "2026-03-10")

    assert sum(count for _, count, _ in stock(folded)) == 2
    assert set(folded.row().booked) == {"", "L2"}


def test_a_row_grows_by_little() -> None:
    """A loan that is current costs its row at most 16 bytes."""
    assert len(msgspec.msgpack.encode(lived(paid("2026-02-05"), until="2026-02-20").row().booked)) <= 16


def test_what_cancels_out_is_not_told() -> None:
    """A change and its opposite in one batch leave no stock to send."""
    folded = lived(until="2026-02-10")
    held = folded.shard.book
    other = Delta()
    other.stock = {key: [-value for value in cell] for key, cell in held.stock.items()}
    for key, cell in held.stock.items():
        other.stock[key] = [a + b for a, b in zip(cell, other.stock[key], strict=True)]

    assert other.take(0).stock == []

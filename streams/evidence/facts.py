"""The facts about money that the entries of one exhibit hold, and the days past due that follow from them.

Rule 1: an independent reading. It shares no code with `streams.ledger`, so agreement with an alert means something.
Rule 2: days past due on day B = B - the due day of the oldest unmet installment whose due day is before B, else 0.
Rule 3: money goes to the oldest due installment first (`oldest_due_first.v1`), from its value date on, on the terms
in force that day. A reversal takes it back from the same value date. After a write-off, money is a recovery and cures
nothing. Days are `date.toordinal()` ints.
Rule 4: a fact counts once, however often it was sent: the first entry with an idempotency key, or with a payment id.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Content = dict[str, Any]


class Installment(msgspec.Struct, frozen=True):
    """One due date of one loan."""

    number: int
    due_day: int
    amount_minor: int


class Terms(msgspec.Struct, frozen=True):
    """A schedule, the day from which money counts on it, and the entry that set it."""

    effective_from: int
    installments: tuple[Installment, ...]
    entry: int


class Payment(msgspec.Struct, frozen=True):
    """Money received; `reversed_minor` of it went back. `loan_id` None: the borrower named no loan."""

    entry: int
    payment_id: str
    loan_id: str | None
    value_day: int
    amount_minor: int
    reversed_minor: int

    @property
    def counted_minor(self) -> int:
        """What is left of it."""
        return max(0, self.amount_minor - self.reversed_minor)


class Position(msgspec.Struct, frozen=True):
    """Where a loan stands at the close of a day."""

    days_past_due: int
    arrears_minor: int
    oldest_unmet_due_day: int


class MoneyFacts(msgspec.Struct):
    """Everything about money in a set of entries."""

    terms: dict[str, list[Terms]]
    payments: list[Payment]
    written_off: dict[str, int]
    closed: dict[str, int]
    currency: str
    repeats: list[int] = []

    def position(self, loan_id: str, day: int) -> Position:
        """Where a loan stands on a day; all zero before its first schedule."""
        terms = self.terms_on(loan_id, day)
        if terms is None:
            return Position(0, 0, 0)
        paid = sum(share for payment, share in self.shares(loan_id, day) if payment.value_day >= terms.effective_from)
        due = 0
        oldest = 0
        for installment in terms.installments:
            if installment.due_day >= min(day, self.closed.get(loan_id, day)):
                break
            due += installment.amount_minor
            if due > paid and not oldest:
                oldest = installment.due_day
        return Position(day - oldest if oldest else 0, max(0, due - paid), oldest)

    def terms_on(self, loan_id: str, day: int) -> Terms | None:
        """The terms in force on a day."""
        found = [terms for terms in self.terms.get(loan_id, []) if terms.effective_from <= day]
        return found[-1] if found else None

    def shares(self, loan_id: str, day: int) -> list[tuple[Payment, int]]:
        """What each payment valued until `day` brings to a loan, in order of value."""
        cutoff = self.written_off.get(loan_id, day + 1)
        found: list[tuple[Payment, int]] = []
        paid = dict.fromkeys(self.terms, 0)
        for payment in self.payments:
            if payment.value_day > day:
                break
            for target, amount in self._split(payment, paid):
                paid[target] += amount
                if target == loan_id and payment.value_day < cutoff:
                    found.append((payment, amount))
        return found

    def _split(self, payment: Payment, paid: dict[str, int]) -> list[tuple[str, int]]:
        """To which loans a payment goes, given what each has been paid."""
        if payment.loan_id is not None:
            return [(payment.loan_id, payment.counted_minor)] if payment.loan_id in self.terms else []
        if len(self.terms) == 1:
            return [(next(iter(self.terms)), payment.counted_minor)]
        left = payment.counted_minor
        split: list[tuple[str, int]] = []
        for _, loan_id, open_minor in self._open(payment.value_day, paid):
            part = min(left, open_minor)
            if part:
                split.append((loan_id, part))
                left -= part
        return split

    def _open(self, day: int, paid: dict[str, int]) -> list[tuple[int, str, int]]:
        """(due day, loan, unmet amount) of every installment that is not met, oldest due first."""
        rows: list[tuple[int, str, int]] = []
        for loan_id, done in paid.items():
            terms = self.terms_on(loan_id, day)
            left = done
            for installment in terms.installments if terms else ():
                met = min(left, installment.amount_minor)
                left -= met
                rows.append((installment.due_day, loan_id, installment.amount_minor - met))
        return sorted(row for row in rows if row[2])


def ordinal(text: object) -> int:
    """Day number of an ISO date."""
    return dt.date.fromisoformat(str(text)[:10]).toordinal()


def amount_minor(value: object) -> int:
    """Minor units of a money object or number; a number beyond a double's range is kept as a decimal string."""
    if isinstance(value, dict):
        value = value.get("amount_minor", 0)
    return int(str(value or 0))


def read_facts(contents: Iterable[Content], known: Callable[[Content], bool] = lambda _: True) -> MoneyFacts:
    """Collect the facts from leaf contents, in index order, that `known` lets through."""
    facts = MoneyFacts({}, [], {}, {}, "")
    reversed_minor: dict[str, int | None] = {}
    seen: set[tuple[str, str]] = set()
    for content in contents:
        if content["kind"] != "event" or not known(content):
            continue
        if _is_repeat(content["body"], seen):
            facts.repeats.append(content["index"])
        else:
            _read_event(facts, content, content["body"], reversed_minor)
    for loan_id in facts.terms:
        facts.terms[loan_id].sort(key=lambda terms: terms.effective_from)
    facts.payments = sorted(
        (_less_reversal(payment, reversed_minor) for payment in facts.payments),
        key=lambda item: (item.value_day, item.entry),
    )
    return facts


def _is_repeat(body: Content, seen: set[tuple[str, str]]) -> bool:
    """Whether the fact was told before; notes it otherwise."""
    borrower = str(body.get("borrower_id", ""))
    names = {(borrower, f"key {body['idempotency_key']}")} if body.get("idempotency_key") else set()
    if body.get("type") == "payment_received" and body.get("payment_id"):
        names.add((borrower, f"payment {body['payment_id']}"))
    if names & seen:
        return True
    seen |= names
    return False


def _read_event(facts: MoneyFacts, content: Content, body: Content, reversed_minor: dict[str, int | None]) -> None:
    """Take in one journal event; events that move no money pass by."""
    match body.get("type"):
        case "schedule_set" | "loan_restructured":
            _read_terms(facts, content["index"], body)
        case "payment_received":
            facts.payments.append(_read_payment(content["index"], body))
            facts.currency = facts.currency or str(body["amount"].get("currency", ""))
        case "payment_reversed":
            key = str(body["payment_id"])
            part = amount_minor(body["amount"]) if body.get("amount") else None
            before = reversed_minor.get(key, 0)
            reversed_minor[key] = None if part is None or before is None else before + part
        case "loan_written_off":
            facts.written_off[str(body["loan_id"])] = ordinal(body["written_off_on"])
        case "loan_closed":
            facts.closed[str(body["loan_id"])] = ordinal(body["closed_on"])
        case _:
            pass


def _read_terms(facts: MoneyFacts, entry: int, body: Content) -> None:
    """A schedule replaces the one it follows; a restructure begins new terms."""
    rows = tuple(
        Installment(int(row["number"]), ordinal(row["due_date"]), amount_minor(row["amount_minor"]))
        for row in body["installments"]
    )
    facts.currency = str(body.get("currency", facts.currency))
    known = facts.terms.setdefault(str(body["loan_id"]), [])
    if body["type"] == "loan_restructured":
        known.append(Terms(ordinal(body["effective_on"]), rows, entry))
    elif known:
        known[-1] = Terms(known[-1].effective_from, rows, entry)
    else:
        known.append(Terms(0, rows, entry))


def _read_payment(entry: int, body: Content) -> Payment:
    loan_id = body.get("loan_id")
    return Payment(
        entry,
        str(body.get("payment_id", "")),
        str(loan_id) if loan_id else None,
        ordinal(body.get("value_date") or body["business_date"]),
        amount_minor(body["amount"]),
        0,
    )


def _less_reversal(payment: Payment, reversed_minor: dict[str, int | None]) -> Payment:
    """The payment with what went back; None means all of it did."""
    back = reversed_minor.get(payment.payment_id, 0)
    return msgspec.structs.replace(payment, reversed_minor=payment.amount_minor if back is None else back)

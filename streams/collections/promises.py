"""Promises to pay: kept, partly kept or broken, derived from the payments themselves.

Pure and repeatable: judging again after a late payment or a reversal gives the corrected answer, nothing is remembered.

Rule 1: a promise is kept as soon as enough money with a value date in [made day, due day] is there; it can be partly
kept or broken only once its due day is over.
Rule 2: money is counted once. Promises take it in order of their due day, so one payment never keeps two promises.
Rule 3: the platform's own judgement, when it gave one, wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.collections.facts import Facts, Promise

OPEN = "OPEN"
KEPT = "KEPT"
PARTIAL = "PARTIAL"
BROKEN = "BROKEN"


class Payment(Struct, frozen=True, gc=False):
    """Money credited and not reversed, by value day (ordinal); `loan_id` is the debt it was credited to."""

    day: int
    amount_minor: int
    currency: str
    loan_id: str = ""


class Judgement(Struct, frozen=True, gc=False):
    """What became of a promise: OPEN, KEPT, PARTIAL, BROKEN or CANCELED, and the money counted toward it."""

    promise_id: str
    result: str
    paid_minor: int


def judge(
    promises: Iterable[Promise], payments: Iterable[Payment], as_of_day: int, tolerance_minor: int = 0
) -> tuple[Judgement, ...]:
    """Judge every promise as of the close of a day.

    Args:
        promises: open or decided.
        payments: with value days up to and including `as_of_day`; later ones are left out of account.
        as_of_day: ordinal day.
        tolerance_minor: how much may be missing from a kept promise, in minor units.
    """
    left = sorted((p for p in payments if p.day <= as_of_day), key=lambda p: (p.day, p.loan_id, p.amount_minor))
    remaining = [payment.amount_minor for payment in left]
    ordered = sorted(promises, key=lambda p: (p.due_day, p.made_day, p.promise_id))
    return tuple([_judge_one(promise, left, remaining, as_of_day, tolerance_minor) for promise in ordered])


def _judge_one(
    promise: Promise, payments: Sequence[Payment], remaining: list[int], as_of_day: int, tolerance_minor: int
) -> Judgement:
    if promise.result == "CANCELED":
        return Judgement(promise.promise_id, promise.result, 0)
    paid_minor = 0
    for index, payment in enumerate(payments):
        if paid_minor < promise.amount_minor and _counts(payment, promise):
            taken = min(remaining[index], promise.amount_minor - paid_minor)
            remaining[index] -= taken
            paid_minor += taken
    return Judgement(
        promise.promise_id, promise.result or _result(promise, paid_minor, as_of_day, tolerance_minor), paid_minor
    )


def _counts(payment: Payment, promise: Promise) -> bool:
    return (
        promise.made_day <= payment.day <= promise.due_day
        and payment.currency == promise.currency
        and (not promise.loan_id or not payment.loan_id or payment.loan_id == promise.loan_id)
    )


def _result(promise: Promise, paid_minor: int, as_of_day: int, tolerance_minor: int) -> str:
    if paid_minor >= promise.amount_minor - tolerance_minor:
        return KEPT
    if as_of_day <= promise.due_day:
        return OPEN
    return PARTIAL if paid_minor > 0 else BROKEN


def with_judgements(facts: Facts, judgements: Iterable[Judgement]) -> Facts:
    """The facts with what the payments say written beside each promise; replaces an earlier derivation."""
    said = {judgement.promise_id: judgement.result for judgement in judgements}
    promises = [replace(p, derived=said.get(p.promise_id, p.derived)) for p in facts.promises]
    return replace(facts, promises=tuple(promises))


def broken_count(facts: Facts) -> int:
    """How many promises were broken, as far as judged: the one thing here that is a feature of the risk model."""
    return facts.broken_before + sum(1 for p in facts.promises if (p.result or p.derived) == BROKEN)


def open_promise(facts: Facts, as_of_day: int) -> bool:
    """Whether the borrower has promised to pay, and the day has not passed: collection waits for it."""
    if not facts.promises:
        return False
    return any(p.due_day >= as_of_day and (p.result or p.derived) in {"", OPEN} for p in facts.promises)

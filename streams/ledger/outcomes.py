"""What the ledger answers to an event: small frozen values that the borrower fold matches on.

Rule 1: no fact is dropped without an answer that names it.
Rule 2: an answer with a `code` is counted by the code and read by a person through the `reason`.
"""

from __future__ import annotations

import msgspec


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """Base of all answers."""


class Applied(Outcome, frozen=True, gc=False):
    """Taken; nothing that was derived for an earlier day changes."""


class LateFact(Outcome, frozen=True, gc=False):
    """Taken, and it corrects the past: what was derived for `from_day` (ordinal day) and later may change."""

    from_day: int


class Pending(Outcome, frozen=True, gc=False):
    """Kept until the fact it needs arrives (a payment before its loan, a reversal before its payment)."""

    code: str
    reason: str


class Duplicate(Outcome, frozen=True, gc=False):
    """The same fact with the same content was taken before; nothing changes."""

    code: str
    reason: str


class Refused(Outcome, frozen=True, gc=False):
    """The event contradicts what is known, so it becomes a dead letter. Nothing changed."""

    code: str
    reason: str


class Quarantined(Outcome, frozen=True, gc=False):
    """The fact cannot be counted any more: it is older than the window, or waited too long. A person must look."""

    code: str
    reason: str


class Disagreement(Outcome, frozen=True, gc=False):
    """The platform says an installment was missed; the ledger's own facts say otherwise. The ledger stands."""

    code: str
    reason: str


Outcomes = tuple[Outcome, ...]

#: The usual answer, made once.
APPLIED: Outcomes = (Applied(),)


def taken(from_day: int, today: int) -> Outcomes:
    """Answer for a fact that counts from `from_day`, taken by a row whose clock stands at `today`."""
    return APPLIED if from_day >= today else (LateFact(from_day),)

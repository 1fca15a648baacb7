"""Debits that were refused, by whose fault it was.

Rule 1: only lack of money counts as lack of money: a reason shown to a person must describe what happened.
Rule 2: a failure of the rail, the processor or the account data is never the borrower's.
A revoked mandate, a closed account and "other" are kept but count as neither.
"""

from __future__ import annotations

#: Place in this list is what a row stores: add at the end only.
FAILURES = (
    "INSUFFICIENT_FUNDS",
    "MANDATE_REVOKED",
    "ACCOUNT_CLOSED",
    "INVALID_ACCOUNT",
    "LIMIT",
    "TECHNICAL",
    "FRAUD_BLOCK",
    "OTHER",
)
FUNDS = frozenset(map(FAILURES.index, ("INSUFFICIENT_FUNDS", "LIMIT")))
TECHNICAL = frozenset(map(FAILURES.index, ("INVALID_ACCOUNT", "TECHNICAL", "FRAUD_BLOCK")))

#: How far back a failed debit says something.
FAILED_DEBIT_DAYS = 90


def count_failed_debits(failed_debits: tuple[int, ...], day: int) -> tuple[int, int]:
    """How many debits failed in (day - 90, day] for lack of funds, and for a technical reason."""
    classes = [
        failed_debits[at + 1]
        for at in range(0, len(failed_debits), 2)
        if day - FAILED_DEBIT_DAYS < failed_debits[at] <= day
    ]
    return sum(each in FUNDS for each in classes), sum(each in TECHNICAL for each in classes)

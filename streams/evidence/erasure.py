"""Taking personal fields away, on request or when their time is over, and saying so in the log.

Rule 1: the entry that records an erasure comes first; if the process dies before the fields are gone, doing it again
finishes.
Rule 2: nothing is erased before its minimum retention is over: a duty to keep outweighs the request (GDPR Art.
17(3)(b)). How long is a matter of the policy pack, so both periods are arguments.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from streams.evidence.entry import Entry, Kind, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.evidence.store import EvidenceLog


class Retention(msgspec.Struct, frozen=True):
    """How long personal fields are kept under a policy pack, in days from when they were recorded.

    Attributes:
        pack: name and version of the pack that says so.
        minimum_days: not erased earlier, even on request; 0 for no duty to keep.
        maximum_days: erased then without a request; 0 for no limit.
    """

    pack: str
    minimum_days: int = 0
    maximum_days: int = 0


class Erased(msgspec.Struct, frozen=True):
    """Outcome: fields erased, fields kept because their minimum is not over, and the day the last of those may go."""

    erased: int
    kept: int
    kept_until: dt.date | None


def erase_borrower(
    log: EvidenceLog, borrower_id: str, moment: dt.datetime, actor: str, reason: str, retention: Retention
) -> Erased:
    """Erase a borrower's personal fields that need not be kept any more; entries and proofs stay.

    Raises:
        StoreWriteError: not all bytes are overwritten yet; doing it again finishes.
    """
    held = log.payloads.held(borrower_id)
    due = [
        (index, path) for index, path, recorded_at in held if _age_days(recorded_at, moment) >= retention.minimum_days
    ]
    if due:
        _record_and_erase(log, borrower_id, due, moment, actor, f"{reason} ({retention.pack})")
    newest = max((recorded_at for _, _, recorded_at in held), default="")
    kept = len(held) - len(due)
    until = _day(newest) + dt.timedelta(days=retention.minimum_days) if kept else None
    return Erased(len(due), kept, until)


def erase_expired(log: EvidenceLog, moment: dt.datetime, actor: str, retention: Retention) -> Erased:
    """Erase every personal field older than the pack's maximum.

    Raises:
        StoreWriteError: as `erase_borrower`.
    """
    if not retention.maximum_days:
        return Erased(0, 0, None)
    before = instant(moment - dt.timedelta(days=retention.maximum_days))
    count = 0
    for borrower_id, fields in log.payloads.held_before(before).items():
        reason = f"retention of {retention.maximum_days} days is over ({retention.pack})"
        _record_and_erase(log, borrower_id, fields, moment, actor, reason)
        count += len(fields)
    return Erased(count, 0, None)


def _record_and_erase(
    log: EvidenceLog, borrower_id: str, fields: Sequence[tuple[int, str]], moment: dt.datetime, actor: str, reason: str
) -> None:
    """The entry first, then the bytes."""
    body = {
        "type": "personal_fields_erased",
        "borrower_id": borrower_id,
        "reason": reason,
        "fields": [{"index": index, "path": path} for index, path in fields],
    }
    entry = Entry(kind=Kind.ERASURE, body=body, recorded_at=instant(moment), actor=actor, borrower_id=borrower_id)
    log.append([entry])
    log.payloads.erase(fields)


def _day(recorded_at: str) -> dt.date:
    return dt.date.fromisoformat(recorded_at[:10])


def _age_days(recorded_at: str, moment: dt.datetime) -> int:
    """Whole days since a field was recorded."""
    return (moment.date() - _day(recorded_at)).days

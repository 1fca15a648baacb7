"""What must wait while a rail or a feed is broken: whom an incident reaches, and what of them it holds back.

Rule 1: a freeze is an event in the journal (`freeze_changed`, published by the portfolio's outage guard, or by a person), so
it holds from an exact position on, and every replay holds back the same.
Rule 2: a processor's incident reaches those whose debit failed for a technical reason since it began. A payment feed's
incident reaches everyone, for whoever seems to be late may have paid.
Rule 3: escalation: nobody reached who seems to be overdue is asked for money; what is due is proposed when the freeze is
lifted, if it is still due. Learning: no label that matures meanwhile is learned, for its outcome may be the outage's.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from streams.events.portfolio import FreezeChanged, Scope
from streams.ledger.account import Account
from streams.ledger.failed_debits import FAILURES

_TECHNICAL = FAILURES.index("TECHNICAL")
_PROCESSOR = "processor:"


class Freeze(Struct, array_like=True, frozen=True):
    """One incident's freeze, as the partition's row keeps it.

    Attributes:
        incident_id: whose freeze it is; the same id again replaces it.
        since_day: the incident's first day (ordinal).
        scopes: what waits.
        everyone: a feed is affected, so everyone is.
    """

    incident_id: str
    since_day: int
    scopes: tuple[Scope, ...]
    everyone: bool


def changed(freezes: tuple[Freeze, ...], event: FreezeChanged) -> tuple[Freeze, ...]:
    """The freezes that hold after an event."""
    others = tuple(each for each in freezes if each.incident_id != event.incident_id)
    if not event.scopes:
        return others
    everyone = not all(name.startswith(_PROCESSOR) for name in event.affected)
    added = Freeze(event.incident_id, event.since.toordinal(), event.scopes, everyone)
    return tuple(sorted((*others, added), key=lambda each: each.incident_id))


def holds(freezes: Iterable[Freeze], scope: Scope, account: Account) -> bool:
    """Whether a borrower's share in something waits."""
    return any(scope in each.scopes and (each.everyone or _reached(account, each.since_day)) for each in freezes)


def _reached(account: Account, since_day: int) -> bool:
    failed = account.failed_debits
    return any(failed[at] >= since_day and failed[at + 1] == _TECHNICAL for at in range(0, len(failed), 2))

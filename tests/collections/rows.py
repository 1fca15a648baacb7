"""What a row of the tables of cases is, and the facts that rows share."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from streams.collections.facts import Consent, Facts, Hold, Notice, SignOff
from streams.collections.terms import HoldKind, NoticeKind
from tests.collections.helpers import attempt

if TYPE_CHECKING:
    from streams.collections.packs import Pack
    from streams.collections.rules.base import Action

SHANGHAI = ("Asia/Shanghai",)
NEW_YORK = ("America/New_York",)
LONDON = ("Europe/London",)
KOLKATA = ("Asia/Kolkata",)
IN_CHINA = Facts(zones=SHANGHAI)
IN_NEW_YORK = Facts(zones=NEW_YORK)
IN_LONDON = Facts(zones=LONDON)
IN_INDIA = Facts(zones=KOLKATA)
NOON_CN = "2026-03-04T12:00:00+08:00"


class Row(NamedTuple):
    """One case: the pack or packs, what is known, what is asked, when, and the whole answer in words."""

    name: str
    packs: Pack | tuple[Pack, ...]
    facts: Facts
    action: Action
    at: str
    expected: str


def day(text: str) -> int:
    """Ordinal day."""
    return dt.date.fromisoformat(text).toordinal()


def us_calls(count: int, **fields: object) -> Facts:
    """`count` unanswered calls, one a day from 2 March at noon in New York."""
    days = [attempt(f"2026-03-{2 + n:02}T12:00:00-05:00", **fields) for n in range(count)]  # type: ignore[arg-type]
    return Facts(zones=NEW_YORK, attempts=tuple(days))


def cn_calls(count: int, **fields: object) -> Facts:
    """`count` unanswered calls on 4 March in Shanghai, one an hour from nine."""
    hours = [attempt(f"2026-03-04T{9 + n:02}:00:00+08:00", **fields) for n in range(count)]  # type: ignore[arg-type]
    return Facts(zones=SHANGHAI, attempts=tuple(hours))


def held(kind: HoldKind, from_day: str, until_day: str = "", **fields: object) -> Facts:
    """A borrower in China under one hold."""
    hold = Hold("H1", kind, day(from_day), day(until_day) if until_day else 0, **fields)  # type: ignore[arg-type]
    return Facts(zones=SHANGHAI, holds=(hold,))


def noticed(delivered: str, loan_id: str) -> Facts:
    """A borrower in China who was called three times and given notice of legal action on one debt."""
    notice = Notice(NoticeKind.LEGAL, day(delivered), loan_id)
    return Facts(zones=SHANGHAI, made={"CALL": 3}, notices=(notice,), sign_offs=(SignOff("L1", day("2026-03-03")),))


def signed_off(*sign_offs: SignOff) -> Facts:
    """A borrower in China who was tried and given notice long ago, and what a person decided."""
    return replace(noticed("2026-01-01", "L1"), sign_offs=sign_offs)


def consents(*known: Consent, zones: tuple[str, ...] = SHANGHAI) -> Facts:
    """A borrower in China (or elsewhere) and their latest words about channels."""
    return Facts(zones=zones, consents=known)

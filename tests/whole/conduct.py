"""What the loans of the bundled set lack: contacts with some of the borrowers, and policies that are activated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TypeVar

from streams.cli_policy import shipped
from streams.events import contacts
from streams.events.control import PolicyActivated
from streams.events.envelope import Event
from streams.events.fields import Money

E = TypeVar("E", bound=Event)


def story(borrowers: list[str]) -> Iterator[Event]:
    """The US pack from the middle of 2018 on, one policy that is refused, and things said by every second borrower."""
    text = (
        shipped("packs")["us-reg-f-2026.1"].decode().replace("effective_from = 20", "effective_from = 2000-01-01 # 20")
    )
    yield event(PolicyActivated, "pack", "2018-06-10", kind="pack", name="us-reg-f", version="1", text=text)
    yield event(PolicyActivated, "bad", "2018-07-11", kind="plan", name="broken", version="1", text="plan = 7")
    for number, borrower_id in enumerate(borrowers[::2]):
        day = dt.date(2017, 9, 1) + dt.timedelta(days=7 * number)
        yield from _said(borrower_id, number, day)


def _said(borrower_id: str, number: int, day: dt.date) -> Iterator[Event]:
    own = {"borrower_id": borrower_id}
    match number % 4:
        case 0:
            yield event(contacts.HoldSet, f"h{number}", day, **own, hold_id="H", kind="VULNERABILITY", from_date=day)
        case 1:
            due = day + dt.timedelta(days=20)
            money = Money(10_000, "USD")
            yield event(contacts.PromiseMade, f"p{number}", day, **own, promise_id="P", amount=money, due_on=due)
        case 2:
            zones = ["America/Los_Angeles"]
            yield event(contacts.ContactPreferenceSet, f"z{number}", day, **own, time_zones=zones)
        case _:
            act = {"attempt_id": "A", "channel": "CALL", "contact_point_id": "T"}
            yield event(contacts.ContactAttempted, f"a{number}", day, **own, **act)
            yield event(contacts.ContactOutcome, f"o{number}", day, **own, attempt_id="A", outcome="CONVERSATION")


def event(kind: type[E], name: str, day: dt.date | str, /, **fields: object) -> E:
    """An event of a test's own, named once for id and fact."""
    date = dt.date.fromisoformat(day) if isinstance(day, str) else day
    envelope: dict[str, object] = {
        "event_id": name,
        "schema_version": 1,
        "source": "test",
        "occurred_at": dt.datetime(date.year, date.month, date.day, 15, tzinfo=dt.UTC),
        "business_date": date,
        "idempotency_key": name,
    }
    return kind(**{**envelope, **fields})  # type: ignore[arg-type]  # a test may change any field

"""Builders for tests of collections: shipped packs, packs of single rules, contact events, histories."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, TypeVar

from streams.cli_policy import shipped
from streams.collections.facts import NO_FACTS, Attempt, Conversation, Facts
from streams.collections.fold import apply
from streams.collections.instants import to_us, token
from streams.collections.packs import Pack, PackFile, load_pack
from streams.collections.plans import LoadedPlan, load_plan
from streams.collections.rules.base import Action, Rule
from streams.collections.terms import ActionKind, Result

if TYPE_CHECKING:
    from streams.events.contacts import ContactTopicEvent
    from streams.events.envelope import BorrowerEvent

E = TypeVar("E", bound="BorrowerEvent")

SHIPPED = {name.rpartition("-")[0]: load_pack(text, name) for name, text in shipped("packs").items()}
BASE, CN, US, UK, IN = (SHIPPED[name] for name in ("base", "cn", "us-reg-f", "uk-conc7", "in-rbi"))
_numbers = itertools.count(1)


def shipped_plan() -> LoadedPlan:
    """The plan that comes with Forewarn."""
    return load_plan(shipped("plans")["installment-2026.1"], "installment-2026.1")


def pack_of(*rules: Rule, name: str = "test", zones: tuple[str, ...] = ()) -> Pack:
    """A pack of just these rules, in force since long ago."""
    file = PackFile(
        pack=name,
        version="1",
        jurisdiction="*",
        effective_from=dt.date(2000, 1, 1),
        status="test",
        zones=zones,
        rules=rules,  # type: ignore[arg-type]  # every concrete rule is one of AnyRule
    )
    return Pack(file, "")


def instant(text: str) -> dt.datetime:
    """An aware datetime from ISO 8601."""
    return dt.datetime.fromisoformat(text)


def call(**changes: object) -> Action:
    """A call by a person about loan L1 at contact point P1, changed as told."""
    fields: dict[str, object] = {"kind": ActionKind.CALL, "loan_id": "L1", "contact_point_id": "P1", **changes}
    return Action(**fields)  # type: ignore[arg-type]  # a test may change any field


def event(kind: type[E], at: str, /, **fields: object) -> E:
    """A contact event of borrower B1 that happened at `at` and is booked on that UTC date."""
    number = next(_numbers)
    happened = instant(at).astimezone(dt.UTC)
    envelope: dict[str, object] = {
        "event_id": f"e{number}",
        "schema_version": 1,
        "source": "test",
        "occurred_at": happened,
        "business_date": happened.date(),
        "idempotency_key": f"k{number}",
        "borrower_id": "B1",
    }
    return kind(**{**envelope, **fields})  # type: ignore[arg-type]  # a test may change any field


def fold(*events: ContactTopicEvent, facts: Facts = NO_FACTS) -> Facts:
    """The facts after these events."""
    for each in events:
        facts = apply(facts, each)
    return facts


def attempt(at: str, result: Result = Result.UNANSWERED, **fields: object) -> Attempt:
    """A call on loan L1 at contact point P1, changed as told (`debt` and `point` are given as ids)."""
    debt, point = str(fields.pop("debt", "L1")), str(fields.pop("point", "P1"))
    known: dict[str, object] = {"key": next(_numbers), "channel": "CALL", **fields}
    return Attempt(at_us=to_us(instant(at)), debt=token(debt), point=token(point), result=result, **known)  # type: ignore[arg-type]


def talk(at: str, debt: str = "L1", channel: str = "CALL") -> Conversation:
    """A conversation about a debt."""
    return Conversation(token(debt), to_us(instant(at)), channel)

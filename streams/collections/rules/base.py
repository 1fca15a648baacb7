"""What every rule shares: its data in a pack, the question it is asked, and the finding it gives.

A rule is data until `compile` turns it into a `Check`, a pure function from an `Inquiry` to a `Finding`.

Rule 1: a finding that defers names an instant later than the one asked about, and never later than the first one that
would satisfy this rule if nothing else happened. The gate asks again at that instant, so its answer is exact.
Rule 2: a finding that is `lasting` is right about every later instant; counts only fall and quiet days only pass.
Rule 3: adding a hold, a withdrawal or (to a counting rule) an attempt may only make a check stricter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from streams.collections.facts import Attempt, Facts
from streams.collections.instants import SECOND_US, from_us, token, zones_of
from streams.collections.terms import ActionKind, Actor, Content, Disclosure, Party, Purpose, Verdict

RuleId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+\Z")]
#: How far the text behind a rule has been read: in the rule's own words, quoted by a press source, in somebody's code,
#: not verified, or set by the lender itself.
Trust = Literal["primary", "press", "code", "UNVERIFIED", "house"]
ClockTime = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="a clock time HH:MM from 00:00 to 23:59")
]


class Action(Struct, frozen=True, kw_only=True, gc=False):
    """One intended act toward one borrower.

    Attributes:
        kind: what.
        actor: who acts.
        party: toward whom.
        purpose: why.
        loan_id: which debt; empty asks for every debt at once, which is judged the strictest way.
        contact_point_id: which telephone, address or account; empty is judged the strictest way.
        action_id: id of the proposal carried out, so that its own reservation does not count against it.
        staff_count: people who go on a visit.
        disclosures: what the script discloses.
        content: what the message contains.
        claim_minor: amount asked for, in minor units; 0 asks for all that is owed.
        owed_minor: all that is owed on the debt, in minor units; 0 when unknown.
        currency: ISO 4217 of both amounts.
    """

    kind: ActionKind
    actor: Actor = Actor.HUMAN
    party: Party = Party.DEBTOR
    purpose: Purpose = Purpose.COLLECT
    loan_id: str = ""
    contact_point_id: str = ""
    action_id: str = ""
    staff_count: int = 1
    disclosures: tuple[Disclosure, ...] = ()
    content: tuple[Content, ...] = ()
    claim_minor: int = 0
    owed_minor: int = 0
    currency: str = ""


class Finding(Struct, frozen=True, omit_defaults=True, gc=False):
    """What one rule said, with the figures that it looked at.

    Attributes:
        rule_id: of the rule; starts with GATE- when the gate itself speaks.
        kind: of the rule.
        verdict: what this rule alone would allow.
        until_us: when deferred: the first instant that satisfies this rule.
        observed: what was counted (attempts, people, days).
        limit: what is allowed.
        subject: which hold, notice, consent or zone decided.
        lasting: waiting cannot turn this rule against the action again: it allows for good, now or from `until_us` on,
            unless something happens. The gate need not ask it again at a later instant.
    """

    rule_id: str
    kind: str
    verdict: Verdict
    until_us: int = 0
    observed: int = 0
    limit: int = 0
    subject: str = ""
    lasting: bool = False


class Clock(NamedTuple):
    """What the debtor's clock shows in one zone: the local date (ordinal) and the microseconds since its midnight."""

    zone: ZoneInfo
    day: int
    time_us: int


Locals = tuple[Clock, ...]


@lru_cache(maxsize=16384)
def clocks_of(zones: tuple[ZoneInfo, ...], at_us: int) -> Locals:
    """What the clocks in these zones show. Days begin and quiet hours end at the same instants for many debtors."""
    instant = from_us(at_us)
    return tuple([_clock(zone, instant.astimezone(zone)) for zone in zones])


def _clock(zone: ZoneInfo, local: dt.datetime) -> Clock:
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    return Clock(zone, local.toordinal(), seconds * SECOND_US + local.microsecond)


class Inquiry:
    """One action at one instant against one borrower's facts; works out once what several rules need.

    Only `at_us` may be set: to ask the same question about another instant.
    """

    __slots__ = ("_matching", "action", "at_us", "debt", "elsewhere", "facts", "own", "own_zones", "point")

    def __init__(self, action: Action, facts: Facts, at_us: int, elsewhere: tuple[Attempt, ...] = ()) -> None:
        self.action = action
        self.facts = facts
        self.elsewhere = elsewhere
        self.debt = token(action.loan_id)
        self.point = token(action.contact_point_id)
        self.own = token(action.action_id)
        self.own_zones = zones_of(facts.zones) if facts.zones else ()
        self.at_us = at_us
        self._matching: dict[tuple[int, int], tuple[Attempt, ...]] = {}

    def attempts(self, debt: int, point: int) -> tuple[Attempt, ...]:
        """Attempts on file that may be about a debt and at a contact point (tokens; 0 asks for all), oldest first.

        One whose debt or contact point is not known counts for each.
        """
        found = self._matching.get((debt, point))
        if found is None:
            found = self.facts.attempts
            if debt:
                debts = (0, debt)  # made once: this loop is most of what a gate evaluation costs at 64 attempts
                found = tuple([attempt for attempt in found if attempt.debt in debts])
            if point:
                points = (0, point)
                found = tuple([attempt for attempt in found if attempt.point in points])
            self._matching[debt, point] = found
        return found

    def locals(self, candidates: tuple[ZoneInfo, ...]) -> Locals:
        """The debtor's local time in every zone they may be in; empty when nobody can say.

        Args:
            candidates: the zones of the pack's jurisdiction, for a debtor whose zone is not on file.
        """
        if self.own_zones is None:  # a zone on file that does not exist: unknown, whatever else is on file
            return ()
        return clocks_of(self.own_zones or candidates, self.at_us)


Check = Callable[[Inquiry], Finding]


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every rule of a pack says about itself.

    Attributes:
        id: unique within the pack; appears in decisions.
        source: where the rule stands: law, article, date. For a person who must check it.
        trust: how far that has been verified. An UNVERIFIED rule is off unless `accepted_by` says who checked it.
        channels: kinds of action it applies to; left out means every one.
        actors: who it applies to; left out means everybody.
        purposes: purposes it applies to; left out means every one.
        enabled: left out means on, unless UNVERIFIED.
        accepted_by: who decided to switch an UNVERIFIED rule on.
        note: for the reader.
    """

    #: The rule's kind, as written in a pack.
    kind: ClassVar[str] = ""
    #: Whether waiting could change its answer; if not, the gate asks it only once.
    depends_on_time: ClassVar[bool] = True

    id: RuleId
    source: Annotated[str, Meta(min_length=1)]
    trust: Trust
    channels: Annotated[tuple[ActionKind, ...], Meta(min_length=1)] | None = None
    actors: Annotated[tuple[Actor, ...], Meta(min_length=1)] | None = None
    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1)] | None = None
    enabled: bool | None = None
    accepted_by: str = ""
    note: str = ""

    @property
    def is_on(self) -> bool:
        """Whether the gate asks it."""
        return self.trust != "UNVERIFIED" if self.enabled is None else self.enabled

    def applies_to(self, kind: ActionKind, actor: Actor, purpose: Purpose) -> bool:
        """Whether the rule has a say about such an action."""
        return (
            (self.channels is None or kind in self.channels)
            and (self.actors is None or actor in self.actors)
            and (self.purposes is None or purpose in self.purposes)
        )

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong beyond the types: pairs of field and sentence. Empty when the rule makes sense."""
        if self.trust == "UNVERIFIED" and self.enabled and not self.accepted_by:
            return [
                ("enabled", "an UNVERIFIED rule is off; to switch it on, say in accepted_by who checked its source")
            ]
        return []

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:
        """The pure function that asks this rule.

        Args:
            candidates: zones of the pack's jurisdiction, for a debtor whose own zone is not on file.
        """
        raise NotImplementedError

    def allow(self, observed: int = 0, limit: int = 0, subject: str = "", *, lasting: bool = False) -> Finding:
        """This rule has no objection."""
        return Finding(self.id, self.kind, Verdict.ALLOW, 0, observed, limit, subject, lasting)

    def deny(self, subject: str, observed: int = 0, limit: int = 0) -> Finding:
        """Waiting alone does not help."""
        return Finding(self.id, self.kind, Verdict.DENY, 0, observed, limit, subject)

    def defer(
        self, until_us: int, subject: str = "", observed: int = 0, limit: int = 0, *, lasting: bool = False
    ) -> Finding:
        """Not before `until_us`."""
        return Finding(self.id, self.kind, Verdict.DEFER, until_us, observed, limit, subject, lasting)


#: Subject of a denial because nobody knows which clock the debtor lives by.
ZONE_UNKNOWN = "TIME_ZONE_UNKNOWN"

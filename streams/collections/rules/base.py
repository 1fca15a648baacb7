"""What every rule shares: its data in a pack, the question it is asked, and the finding it gives.

A rule is data until `compile` turns it into a `Check`, a pure function from an `Inquiry` to a `Finding`.

Rule 1: a finding that defers names an instant later than the one asked about, and never later than the first one that
would satisfy this rule if nothing else happened. The gate asks again at that instant, so its answer is exact.
Rule 2: adding a hold, a withdrawal or (to a counting rule) an attempt may only make a check stricter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from streams.collections.facts import Attempt, Facts
from streams.collections.instants import from_us, token, zones_of
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
    """

    rule_id: str
    kind: str
    verdict: Verdict
    until_us: int = 0
    observed: int = 0
    limit: int = 0
    subject: str = ""


Locals = tuple[tuple[ZoneInfo, dt.datetime], ...]


class Inquiry:
    """One action at one instant against one borrower's facts; works out once what several rules need."""

    __slots__ = ("_fallbacks", "_locals", "action", "at_us", "debt", "elsewhere", "facts", "own", "own_zones", "point")

    def __init__(self, action: Action, facts: Facts, at_us: int, elsewhere: tuple[Attempt, ...] = ()) -> None:
        self.action = action
        self.facts = facts
        self.elsewhere = elsewhere
        self.debt = token(action.loan_id)
        self.point = token(action.contact_point_id)
        self.own = token(action.action_id)
        self.own_zones = zones_of(facts.zones) if facts.zones else ()
        self.set_instant(at_us)

    def moved_to(self, at_us: int) -> Inquiry:
        """The same question at another instant."""
        moved = Inquiry.__new__(Inquiry)
        moved.action, moved.facts, moved.elsewhere = self.action, self.facts, self.elsewhere
        moved.debt, moved.point, moved.own, moved.own_zones = self.debt, self.point, self.own, self.own_zones
        moved.set_instant(at_us)
        return moved

    def set_instant(self, at_us: int) -> None:
        """Ask about this instant; forgets the local times of another one."""
        self.at_us = at_us
        self._locals: Locals | None = None
        self._fallbacks: dict[int, Locals] = {}

    def locals(self, candidates: tuple[ZoneInfo, ...]) -> Locals:
        """The debtor's local time in every zone they may be in; empty when nobody can say.

        Args:
            candidates: the zones of the pack's jurisdiction, for a debtor whose zone is not on file.
        """
        if self.own_zones is None:  # a zone on file that does not exist: unknown, whatever else is on file
            return ()
        if self.own_zones:
            if self._locals is None:
                self._locals = self._in(self.own_zones)
            return self._locals
        known = self._fallbacks.get(id(candidates))
        if known is None:
            known = self._fallbacks[id(candidates)] = self._in(candidates)
        return known

    def _in(self, zones: tuple[ZoneInfo, ...]) -> Locals:
        instant = from_us(self.at_us)
        return tuple([(zone, instant.astimezone(zone)) for zone in zones])


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

    def allow(self, observed: int = 0, limit: int = 0, subject: str = "") -> Finding:
        """This rule has no objection."""
        return Finding(self.id, self.kind, Verdict.ALLOW, 0, observed, limit, subject)

    def deny(self, subject: str, observed: int = 0, limit: int = 0) -> Finding:
        """Waiting alone does not help."""
        return Finding(self.id, self.kind, Verdict.DENY, 0, observed, limit, subject)

    def defer(self, until_us: int, subject: str = "", observed: int = 0, limit: int = 0) -> Finding:
        """Not before `until_us`."""
        return Finding(self.id, self.kind, Verdict.DEFER, until_us, observed, limit, subject)


#: Subject of a denial because nobody knows which clock the debtor lives by.
ZONE_UNKNOWN = "TIME_ZONE_UNKNOWN"

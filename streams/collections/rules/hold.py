"""hold: a pause on file (dispute, vulnerability, breathing space, cease request, ...) blocks the actions a rule names.

A hold with an end defers to it; one without an end denies. Days are the debtor's; where the zone is not known the hold
begins with the first place on Earth to reach its first day and ends with the last place to reach its end.
"""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.facts import Hold
from streams.collections.instants import (
    EARLIEST_DAY_START_US,
    LATEST_DAY_START_US,
    day_start_us,
    utc_day_start_us,
)
from streams.collections.rules.base import Check, Finding, Inquiry, Locals, Rule
from streams.collections.terms import HoldKind, Verdict

SINCE_EVER_US = -(2**62)


class HoldRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="hold"):
    """Which holds stop the actions the rule applies to.

    Attributes:
        holds: kinds of hold.
        whole_borrower: a hold on one debt stops actions on every debt.
        undisputed_rest: a dispute about part of an amount leaves the rest collectable, when the action says how much
            it claims and how much is owed.
    """

    kind: ClassVar[str] = "hold"

    holds: Annotated[tuple[HoldKind, ...], Meta(min_length=1)]
    whole_borrower: bool = False
    undisputed_rest: bool = False

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:
        """See `Rule.compile`."""
        none_on_file = self.allow(lasting=True)

        def ask(inquiry: Inquiry) -> Finding:
            return self._ask(inquiry, candidates) if inquiry.facts.holds else none_on_file

        return ask

    def _ask(self, inquiry: Inquiry, candidates: tuple[ZoneInfo, ...]) -> Finding:
        active = [hold for hold in inquiry.facts.holds if self._stops(hold, inquiry)]
        if not active:
            return self.allow(lasting=True)
        clocks = inquiry.locals(candidates)
        active = [hold for hold in active if _is_on(hold, inquiry.at_us, clocks)]
        if not active or (self.undisputed_rest and _claims_only_the_rest(active, inquiry)):
            return self.allow()
        return max((self._finding(hold, clocks) for hold in active), key=_strictness)

    def _stops(self, hold: Hold, inquiry: Inquiry) -> bool:
        loan_id = inquiry.action.loan_id
        return hold.kind in self.holds and (
            self.whole_borrower or not hold.loan_id or not loan_id or hold.loan_id == loan_id
        )

    def _finding(self, hold: Hold, clocks: Locals) -> Finding:
        if not hold.until_day:
            return self.deny(hold.kind)
        return self.defer(_end_us(hold, clocks), hold.kind)


def _strictness(finding: Finding) -> tuple[bool, int, str]:
    return (finding.verdict is Verdict.DENY, finding.until_us, finding.subject)


def _begin_us(hold: Hold, clocks: Locals) -> int:
    if not hold.from_day:
        return SINCE_EVER_US
    if not clocks:
        return utc_day_start_us(hold.from_day) + EARLIEST_DAY_START_US
    return min(day_start_us(clock.zone, hold.from_day) for clock in clocks)


def _end_us(hold: Hold, clocks: Locals) -> int:
    if not clocks:
        return utc_day_start_us(hold.until_day) + LATEST_DAY_START_US
    return max(day_start_us(clock.zone, hold.until_day) for clock in clocks)


def _is_on(hold: Hold, at_us: int, clocks: Locals) -> bool:
    return _begin_us(hold, clocks) <= at_us and (not hold.until_day or at_us < _end_us(hold, clocks))


def _claims_only_the_rest(disputes: list[Hold], inquiry: Inquiry) -> bool:
    """Whether the action claims no more than what nobody disputes; a dispute about everything leaves no rest."""
    action = inquiry.action
    partial = all(hold.amount_minor > 0 and hold.currency == action.currency for hold in disputes)
    disputed_minor = sum(hold.amount_minor for hold in disputes)
    return partial and 0 < action.claim_minor <= action.owed_minor - disputed_minor

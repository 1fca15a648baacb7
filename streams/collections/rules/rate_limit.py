"""rate_limit: at most so many attempts in a window, counted before they are made.

An attempt *leaves* the count at one instant: the end of its window in the debtor's zone (`window_days`, counted as
local calendar days, the day of the attempt being the first) or a fixed time after it (`window_hours`). An attempt dated
in the future by a skewed clock is counted until it leaves. What is not known (which debt, telephone or channel) counts
everywhere. A proposal that was allowed holds a place until it is carried out or lapses.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.facts import WINDOW_DAYS_MAX, Attempt
from streams.collections.instants import HOUR_US, day_start_us, local_day
from streams.collections.rules.base import ZONE_UNKNOWN, Check, Finding, Inquiry, Locals, Rule
from streams.collections.terms import CONTACT_KINDS, Result

Scope = Literal["borrower", "debt", "contact_point"]
UNANSWERED = frozenset({Result.PENDING, Result.UNANSWERED, Result.UNDELIVERABLE})


class RateLimitRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="rate_limit"):
    """Exactly one of `window_days` and `window_hours` is given.

    Attributes:
        max: attempts allowed in the window; one more is not.
        scope: what the count is kept for: the borrower alone, or the borrower's debt, or contact point, or both.
            With contact_point, attempts on the same point for other borrowers count when the caller supplies them.
        count: every attempt, or only those nobody answered (an attempt under way counts as unanswered).
        window_days: local calendar days, today included; 1 is the calendar day.
        window_hours: hours before the instant.
    """

    kind: ClassVar[str] = "rate_limit"

    max: Annotated[int, Meta(ge=1, le=60)]
    scope: Annotated[tuple[Scope, ...], Meta(min_length=1)]
    count: Literal["all", "unanswered"] = "all"
    window_days: Annotated[int, Meta(ge=1, le=WINDOW_DAYS_MAX)] | None = None
    window_hours: Annotated[int, Meta(ge=1, le=WINDOW_DAYS_MAX * 24)] | None = None

    def problems(self) -> list[tuple[str, str]]:
        """See `Rule.problems`."""
        found = super().problems()
        if (self.window_days is None) == (self.window_hours is None):
            found.append(("window_days", "give either window_days or window_hours, not both and not neither"))
        if self.channels is not None and not set(self.channels) <= CONTACT_KINDS:
            found.append(("channels", f"only contacts are counted: {', '.join(sorted(CONTACT_KINDS))}"))
        return found

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:
        """See `Rule.compile`."""
        none_on_file = self.allow(0, self.max, lasting=True)
        sharing = "contact_point" in self.scope

        def ask(inquiry: Inquiry) -> Finding:
            shared = inquiry.elsewhere if sharing else ()
            if not inquiry.facts.attempts and not shared:
                return none_on_file
            return self._ask(inquiry, candidates, shared)

        return ask

    def _ask(self, inquiry: Inquiry, candidates: tuple[ZoneInfo, ...], shared: tuple[Attempt, ...]) -> Finding:
        facts = inquiry.facts
        clocks: Locals = ()
        if self.window_days is not None:
            clocks = inquiry.locals(candidates)
            if not clocks:
                return self.deny(ZONE_UNKNOWN)
        since_us = self._since_us(inquiry.at_us, clocks)
        counted = self._counted(inquiry, shared, since_us)
        observed = len(counted)
        if facts.evicted_us and self._leaves_us(facts.evicted_us, 0, clocks) > inquiry.at_us:
            return self.defer(self._leaves_us(facts.evicted_us, 0, clocks), "TOO_MANY_TO_KEEP", observed, self.max)
        if observed < self.max:
            return self.allow(observed, self.max, lasting=True)
        return self.defer(self._free_us(counted, clocks), "", observed, self.max, lasting=True)

    def _counted(self, inquiry: Inquiry, shared: tuple[Attempt, ...], since_us: int) -> list[Attempt]:
        debt = inquiry.debt if "debt" in self.scope else 0
        point = inquiry.point if "contact_point" in self.scope else 0
        attempts = inquiry.attempts(debt, point)
        if shared:
            attempts += tuple(
                [a for a in shared if (not debt or a.debt in (0, debt)) and (not point or a.point in (0, point))]
            )
        own, at_us = inquiry.own, inquiry.at_us
        channels = None if self.channels is None else ("", *self.channels)
        counts_all = self.count == "all"
        return [
            attempt
            for attempt in attempts
            if attempt.at_us >= since_us
            and (channels is None or attempt.channel in channels)
            and (counts_all or attempt.result in UNANSWERED)
            and (not attempt.expires_us or (attempt.expires_us > at_us and attempt.key != own))
        ]

    def _since_us(self, at_us: int, clocks: Locals) -> int:
        """Attempts at or after this instant are in the window, in at least one zone."""
        if self.window_hours is not None:
            return at_us - self.window_hours * HOUR_US + 1
        days = self.window_days or 1
        return min([day_start_us(clock.zone, clock.day - days + 1) for clock in clocks])

    def _free_us(self, counted: list[Attempt], clocks: Locals) -> int:
        """The instant at which fewer than `max` of these are left in the count."""
        if any([attempt.expires_us for attempt in counted]):  # noqa: C419 - a list is faster than a generator
            return sorted([self._leaves_us(a.at_us, a.expires_us, clocks) for a in counted])[-self.max]
        return self._leaves_us(sorted([a.at_us for a in counted])[-self.max], 0, clocks)  # they leave as they came

    def _leaves_us(self, at_us: int, expires_us: int, clocks: Locals) -> int:
        """The instant at which an attempt no longer counts in any zone."""
        if self.window_hours is not None:
            leaves = at_us + self.window_hours * HOUR_US
        else:
            days = self.window_days or 1
            leaves = max([day_start_us(clock.zone, local_day(clock.zone, at_us) + days) for clock in clocks])
        return min(leaves, expires_us) if expires_us else leaves

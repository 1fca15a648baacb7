"""quiet_hours: no contact inside a window of the debtor's local day, or outside the hours the debtor asked for.

The window is half-open: with ["22:00", "08:00"] contact is forbidden at 22:00:00 and allowed at 08:00:00. Where the
text says "after 9 p.m.", `start_allowed = true` allows 21:00:00 itself and forbids the first microsecond after it.
In several candidate zones the hour must be right in each of them.
"""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from streams.collections.facts import NO_TIME, Facts
from streams.collections.instants import SECOND_US, next_wall_us
from streams.collections.rules.base import ZONE_UNKNOWN, Check, Clock, ClockTime, Finding, Inquiry, Rule

MINUTE_US = 60 * SECOND_US
Window = tuple[int, int]


class QuietHoursRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="quiet_hours"):
    """Exactly one of `window` and `debtor_preference` is given.

    Attributes:
        window: local clock times between which contact is forbidden; may cross midnight.
        start_allowed: the first of the two times is itself still allowed.
        debtor_preference: forbid what lies outside the hours the debtor asked for instead of a fixed window.
        consent_lifts: a live consent of the debtor with scope OUT_OF_HOURS on the channel lifts the rule.
    """

    kind: ClassVar[str] = "quiet_hours"

    window: tuple[ClockTime, ClockTime] | None = None
    start_allowed: bool = False
    debtor_preference: bool = False
    consent_lifts: bool = False

    def problems(self) -> list[tuple[str, str]]:
        """See `Rule.problems`."""
        found = super().problems()
        if (self.window is None) == (not self.debtor_preference):
            found.append(("window", "give either window or debtor_preference = true, not both and not neither"))
        if self.window is not None and self.window[0] == self.window[1]:
            found.append(("window", "the two clock times must differ"))
        return found

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:
        """See `Rule.compile`."""
        no_objection, no_window = self.allow(), self.allow(lasting=True)
        fixed = self._fixed_window()

        def ask(inquiry: Inquiry) -> Finding:
            window = fixed or _outside_preference(inquiry.facts)
            if window is None:
                return no_window
            clocks = inquiry.locals(candidates)
            if not clocks:
                return self.deny(ZONE_UNKNOWN)
            forbidden = [clock for clock in clocks if _inside(clock.time_us, window)]
            return self._forbidden(inquiry, forbidden, window) if forbidden else no_objection

        return ask

    def _fixed_window(self) -> Window | None:
        if self.window is None:
            return None
        return (_time_of_day_us(self.window[0]) + self.start_allowed, _time_of_day_us(self.window[1]))

    def _forbidden(self, inquiry: Inquiry, clocks: list[Clock], window: Window) -> Finding:
        if self.consent_lifts and _consents_out_of_hours(inquiry):
            return self.allow(subject="OUT_OF_HOURS")
        ends = [(_window_end_us(clock, window, inquiry.at_us), clock.zone.key) for clock in clocks]
        return self.defer(*max(ends))


def _consents_out_of_hours(inquiry: Inquiry) -> bool:
    for consent in inquiry.facts.consents:
        if consent.scope == "OUT_OF_HOURS" and consent.channel == inquiry.action.kind:
            return consent.given and (consent.expires_us == 0 or inquiry.at_us < consent.expires_us)
    return False


def _outside_preference(facts: Facts) -> Window | None:
    """The window outside the hours asked for: after the last minute, until the first one."""
    if facts.not_after_minute == NO_TIME:
        return (0, facts.not_before_minute * MINUTE_US) if facts.not_before_minute > 0 else None
    return (facts.not_after_minute * MINUTE_US + 1, max(facts.not_before_minute, 0) * MINUTE_US)


def _time_of_day_us(clock: str) -> int:
    return (int(clock[:2]) * 60 + int(clock[3:])) * MINUTE_US


def _inside(time_us: int, window: Window) -> bool:
    start, end = window
    return start <= time_us < end if start < end else time_us >= start or time_us < end


def _window_end_us(clock: Clock, window: Window, at_us: int) -> int:
    """The first instant after the window around what the clock shows."""
    ends_today = clock.time_us < window[1]
    return next_wall_us(clock.zone, clock.day + (not ends_today), window[1], at_us)

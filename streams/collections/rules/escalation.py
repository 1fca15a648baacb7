"""escalation_order: milder measures first; no severe one before its notice and the time the notice gives to pay.

A notice delivered on day d with `cure_days = n` leaves the n full days after d to the borrower; d + n + 1 is free.
"""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.instants import LATEST_DAY_START_US, day_start_us, utc_day_start_us
from streams.collections.rules.base import Check, Finding, Inquiry, Rule
from streams.collections.terms import CONTACT_KINDS, ActionKind, NoticeKind


class EscalationOrderRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="escalation_order"):
    """At least one of `min_attempts` and `notice` is given.

    Attributes:
        min_attempts: attempts by `after_channels` in this arrears spell before the action.
        after_channels: which attempts count; left out means any.
        notice: notice that must have been delivered on this debt (or on all of them).
        cure_days: full days left to the borrower after the day of delivery.
    """

    kind: ClassVar[str] = "escalation_order"

    min_attempts: Annotated[int, Meta(ge=0, le=60)] = 0
    after_channels: Annotated[tuple[ActionKind, ...], Meta(min_length=1)] | None = None
    notice: NoticeKind | None = None
    cure_days: Annotated[int, Meta(ge=0, le=365)] = 0

    def problems(self) -> list[tuple[str, str]]:
        """See `Rule.problems`."""
        found = super().problems()
        if not self.min_attempts and self.notice is None:
            found.append(("min_attempts", "give min_attempts, or notice, or both; otherwise the rule asks for nothing"))
        if self.cure_days and self.notice is None:
            found.append(("cure_days", "a cure period needs a notice that starts it"))
        if self.after_channels is not None and not set(self.after_channels) <= CONTACT_KINDS:
            found.append(("after_channels", f"only contacts are counted: {', '.join(sorted(CONTACT_KINDS))}"))
        return found

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:
        """See `Rule.compile`."""
        return lambda inquiry: self._ask(inquiry, candidates)

    def _ask(self, inquiry: Inquiry, candidates: tuple[ZoneInfo, ...]) -> Finding:
        made = inquiry.facts.made
        attempts = sum(
            n for channel, n in made.items() if self.after_channels is None or channel in self.after_channels
        )
        if attempts < self.min_attempts:
            return self.deny("TOO_FEW_ATTEMPTS", attempts, self.min_attempts)
        if self.notice is None:
            return self.allow(attempts, self.min_attempts, lasting=True)
        return self._noticed(inquiry, candidates, self.notice)

    def _noticed(self, inquiry: Inquiry, candidates: tuple[ZoneInfo, ...], kind: NoticeKind) -> Finding:
        loan_id = inquiry.action.loan_id
        delivered = [
            notice.delivered_day
            for notice in inquiry.facts.notices
            if notice.kind == kind and (not notice.loan_id or notice.loan_id == loan_id)
        ]
        if not delivered:
            return self.deny(f"NO_{kind}_NOTICE")
        free_day = max(delivered) + self.cure_days + 1
        clocks = inquiry.locals(candidates)
        free_us = max(
            (day_start_us(clock.zone, free_day) for clock in clocks),
            default=utc_day_start_us(free_day) + LATEST_DAY_START_US,
        )
        if inquiry.at_us < free_us:
            return self.defer(free_us, f"{kind}_NOTICE", 0, self.cure_days, lasting=True)
        return self.allow(lasting=True)

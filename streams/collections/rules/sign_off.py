"""sign_off: no legal step before a person has decided that it may be taken.

A sign-off of day d with `within_days = n` is good up to and including day d + n - 1, where that day ends first on
Earth. A later refusal takes it back. It is about one debt; an action that names none is judged as not signed off.
"""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.instants import EARLIEST_DAY_START_US, utc_day_start_us
from streams.collections.rules.base import Check, Finding, Inquiry, Rule


class SignOffRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="sign_off"):
    """Actions that a person must have signed off.

    Attributes:
        within_days: days for which a sign-off is good, its own day included.
    """

    kind: ClassVar[str] = "sign_off"

    within_days: Annotated[int, Meta(ge=1, le=365)] = 90

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002 - the shortest day on Earth counts
        """See `Rule.compile`."""
        return self._ask

    def _ask(self, inquiry: Inquiry) -> Finding:
        loan_id = inquiry.action.loan_id
        day = next((each.day for each in inquiry.facts.sign_offs if each.loan_id == loan_id), 0)
        if not day:
            return self.deny("NOT_SIGNED_OFF")
        if inquiry.at_us >= utc_day_start_us(day + self.within_days) + EARLIEST_DAY_START_US:
            return self.deny("SIGN_OFF_EXPIRED", 0, self.within_days)
        return self.allow(0, self.within_days)

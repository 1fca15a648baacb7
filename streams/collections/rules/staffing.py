"""staffing: how many people must go."""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.rules.base import Check, Finding, Inquiry, Rule


class StaffingRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="staffing"):
    """A visit by fewer than `min_staff` people is denied."""

    kind: ClassVar[str] = "staffing"
    depends_on_time: ClassVar[bool] = False

    min_staff: Annotated[int, Meta(ge=1, le=10)]

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002 - no local time in it
        """See `Rule.compile`."""
        return self._ask

    def _ask(self, inquiry: Inquiry) -> Finding:
        staff = inquiry.action.staff_count
        if staff < self.min_staff:
            return self.deny("TOO_FEW_STAFF", staff, self.min_staff)
        return self.allow(staff, self.min_staff)

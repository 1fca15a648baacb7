"""third_party: when somebody other than the debtor may be contacted, and never about the debt itself.

A contact point that somebody else has answered is treated as theirs: contact in the debtor's name there is denied.
"""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.rules.base import Check, Finding, Inquiry, Rule
from streams.collections.rules.rate_limit import UNANSWERED
from streams.collections.terms import Party, Purpose


class ThirdPartyRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="third_party"):
    """Conditions for contacting somebody else.

    Attributes:
        parties: to whom the rule applies.
        allowed_purposes: purposes for which such a person may be contacted; empty forbids it.
        unreachable_attempts: unanswered attempts that, with no conversation on file, make the debtor unreachable.
    """

    kind: ClassVar[str] = "third_party"
    depends_on_time: ClassVar[bool] = False

    parties: Annotated[tuple[Party, ...], Meta(min_length=1)] = (Party.RELATED, Party.UNRELATED)
    allowed_purposes: tuple[Purpose, ...] = ()
    unreachable_attempts: Annotated[int, Meta(ge=0, le=60)] = 0

    def problems(self) -> list[tuple[str, str]]:
        """See `Rule.problems`."""
        found = super().problems()
        if Party.DEBTOR in self.parties:
            found.append(("parties", "the debtor is not a third party; allowed: RELATED, UNRELATED"))
        return found

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002 - no local time in it
        """See `Rule.compile`."""
        no_objection = self.allow()

        def ask(inquiry: Inquiry) -> Finding:
            known = inquiry.facts.third_party_points or inquiry.facts.refused_points
            if inquiry.action.party is Party.DEBTOR and not known:
                return no_objection
            return self._ask(inquiry)

        return ask

    def _ask(self, inquiry: Inquiry) -> Finding:
        facts, action = inquiry.facts, inquiry.action
        if inquiry.point and inquiry.point in facts.refused_points:
            return self.deny("REFUSED_TO_BE_CONTACTED")
        if action.party is Party.DEBTOR:
            theirs = inquiry.point and inquiry.point in facts.third_party_points
            return self.deny("CONTACT_POINT_OF_ANOTHER") if theirs else self.allow()
        if action.party not in self.parties:
            return self.allow()
        if action.purpose not in self.allowed_purposes:
            return self.deny(f"PURPOSE_{action.purpose}")
        return self._reachability(inquiry)

    def _reachability(self, inquiry: Inquiry) -> Finding:
        if inquiry.facts.conversations:
            return self.deny("DEBTOR_REACHABLE")
        tried = sum(1 for a in inquiry.facts.attempts if a.result in UNANSWERED and not a.expires_us)
        if tried < self.unreachable_attempts:
            return self.deny("DEBTOR_NOT_TRIED", tried, self.unreachable_attempts)
        return self.allow(tried, self.unreachable_attempts)

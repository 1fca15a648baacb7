"""consent: what the borrower has said about a channel, judged at the instant of the act, not when it was queued."""

from __future__ import annotations

from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from streams.collections.rules.base import Check, Finding, Inquiry, Rule


class ConsentRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="consent"):
    """What the rule asks for.

    Attributes:
        requires: `not_withdrawn`: the borrower has not opted out of the channel; `given`: the borrower has opted in and
            the consent has not expired; `preferred`: the channel is among those the borrower asked for, if any.
    """

    kind: ClassVar[str] = "consent"

    requires: Literal["not_withdrawn", "given", "preferred"]

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002 - a consent has no local time
        """See `Rule.compile`."""
        asks = {"not_withdrawn": self._not_withdrawn, "given": self._given, "preferred": self._preferred}
        ask, no_objection = asks[self.requires], self.allow(lasting=True)
        if self.requires == "given":
            return ask
        return lambda inquiry: ask(inquiry) if inquiry.facts.consents or inquiry.facts.channels else no_objection

    def _not_withdrawn(self, inquiry: Inquiry) -> Finding:
        for consent in inquiry.facts.consents:
            if consent.channel == inquiry.action.kind and consent.scope == "CHANNEL" and not consent.given:
                return self.deny("WITHDRAWN")
        return self.allow()

    def _given(self, inquiry: Inquiry) -> Finding:
        for consent in inquiry.facts.consents:
            if consent.channel == inquiry.action.kind and consent.scope == "CHANNEL":
                if not consent.given:
                    return self.deny("WITHDRAWN")
                if consent.expires_us and inquiry.at_us >= consent.expires_us:
                    return self.deny("EXPIRED")
                return self.allow()
        return self.deny("NOT_GIVEN")

    def _preferred(self, inquiry: Inquiry) -> Finding:
        wanted = inquiry.facts.channels
        return self.deny("NOT_PREFERRED") if wanted and inquiry.action.kind not in wanted else self.allow()

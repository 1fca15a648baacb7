"""disclosure_required and content_ban: what a script or message must say, and what it must not contain."""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.rules.base import Check, Finding, Inquiry, Rule
from streams.collections.terms import Content, Disclosure, Party


class DisclosureRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="disclosure_required"):
    """An action whose script lacks one of `disclosures` is denied."""

    kind: ClassVar[str] = "disclosure_required"
    depends_on_time: ClassVar[bool] = False

    disclosures: Annotated[tuple[Disclosure, ...], Meta(min_length=1)]

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002 - no local time in it
        """See `Rule.compile`."""
        return self._ask

    def _ask(self, inquiry: Inquiry) -> Finding:
        missing = [needed for needed in self.disclosures if needed not in inquiry.action.disclosures]
        return self.deny(" ".join(missing)) if missing else self.allow()


class ContentBanRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="content_ban"):
    """An action that contains one of `content` is denied; with `parties`, only toward those."""

    kind: ClassVar[str] = "content_ban"
    depends_on_time: ClassVar[bool] = False

    content: Annotated[tuple[Content, ...], Meta(min_length=1)]
    parties: Annotated[tuple[Party, ...], Meta(min_length=1)] = tuple(Party)

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002 - no local time in it
        """See `Rule.compile`."""
        no_objection = self.allow()

        def ask(inquiry: Inquiry) -> Finding:
            action = inquiry.action
            if not action.content or action.party not in self.parties:
                return no_objection
            banned = [part for part in action.content if part in self.content]
            return self.deny(" ".join(banned)) if banned else no_objection

        return ask

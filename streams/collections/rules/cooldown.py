"""cooldown: quiet days after a conversation with the debtor; the day of the conversation is the first of them."""

from __future__ import annotations

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from streams.collections.facts import WINDOW_DAYS_MAX, Conversation
from streams.collections.instants import day_start_us, local_day
from streams.collections.rules.base import ZONE_UNKNOWN, Check, Finding, Inquiry, Rule
from streams.collections.terms import ActionKind


class CooldownRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="cooldown"):
    """With `days = 7` a conversation on the 1st blocks through the 7th; the 8th is free.

    Attributes:
        days: local calendar days, the day of the conversation included.
        per_debt: only conversations about the same debt (or about no debt in particular) count.
        after_channels: the conversations that count; left out means any.
    """

    kind: ClassVar[str] = "cooldown"

    days: Annotated[int, Meta(ge=1, le=WINDOW_DAYS_MAX)]
    per_debt: bool = True
    after_channels: Annotated[tuple[ActionKind, ...], Meta(min_length=1)] | None = None

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:
        """See `Rule.compile`."""
        none_on_file = self.allow(0, self.days, lasting=True)

        def ask(inquiry: Inquiry) -> Finding:
            return self._ask(inquiry, candidates) if inquiry.facts.conversations else none_on_file

        return ask

    def _ask(self, inquiry: Inquiry, candidates: tuple[ZoneInfo, ...]) -> Finding:
        talks = [talk for talk in inquiry.facts.conversations if self._concerns(talk, inquiry.debt)]
        if not talks:
            return self.allow(0, self.days, lasting=True)
        clocks = inquiry.locals(candidates)
        if not clocks:
            return self.deny(ZONE_UNKNOWN)
        free_us = max(
            day_start_us(clock.zone, local_day(clock.zone, talk.at_us) + self.days)
            for talk in talks
            for clock in clocks
        )
        if inquiry.at_us < free_us:
            return self.defer(free_us, "", 0, self.days, lasting=True)
        return self.allow(0, self.days, lasting=True)

    def _concerns(self, talk: Conversation, debt: int) -> bool:
        same_debt = not self.per_debt or not debt or not talk.debt or talk.debt == debt
        return same_debt and (self.after_channels is None or not talk.channel or talk.channel in self.after_channels)

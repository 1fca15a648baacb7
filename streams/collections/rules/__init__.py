"""The rule kinds of a policy pack, one module each, in the fixed order in which the gate asks them.

The order never changes a verdict (every rule is asked); it fixes the order of the trail, cheapest and most final first.
"""

from __future__ import annotations

from streams.collections.rules.base import Check, Finding, Inquiry, Rule, Trust
from streams.collections.rules.consent import ConsentRule
from streams.collections.rules.cooldown import CooldownRule
from streams.collections.rules.escalation import EscalationOrderRule
from streams.collections.rules.hold import HoldRule
from streams.collections.rules.quiet_hours import QuietHoursRule
from streams.collections.rules.rate_limit import RateLimitRule
from streams.collections.rules.retention import RetentionRule
from streams.collections.rules.script import ContentBanRule, DisclosureRule
from streams.collections.rules.sign_off import SignOffRule
from streams.collections.rules.staffing import StaffingRule
from streams.collections.rules.third_party import ThirdPartyRule

AnyRule = (
    HoldRule
    | ConsentRule
    | ThirdPartyRule
    | ContentBanRule
    | DisclosureRule
    | StaffingRule
    | EscalationOrderRule
    | SignOffRule
    | CooldownRule
    | RateLimitRule
    | QuietHoursRule
    | RetentionRule
)
#: The fixed order.
ORDER: tuple[type[Rule], ...] = (
    HoldRule,
    ConsentRule,
    ThirdPartyRule,
    ContentBanRule,
    DisclosureRule,
    StaffingRule,
    EscalationOrderRule,
    SignOffRule,
    CooldownRule,
    RateLimitRule,
    QuietHoursRule,
    RetentionRule,
)

__all__ = ["ORDER", "AnyRule", "Check", "Finding", "Inquiry", "Rule", "Trust"]

"""Rule kinds and options that no shipped pack uses, at their boundaries."""

# ruff: noqa: E501 - a table reads best with one row a line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streams.collections.facts import NO_FACTS, Consent, Facts
from streams.collections.gate import evaluate
from streams.collections.instants import to_us
from streams.collections.rules.consent import ConsentRule
from streams.collections.rules.cooldown import CooldownRule
from streams.collections.rules.escalation import EscalationOrderRule
from streams.collections.rules.rate_limit import RateLimitRule
from streams.collections.terms import ActionKind
from tests.collections.helpers import attempt, call, instant, pack_of, talk
from tests.collections.test_gate_cases import in_utc, in_words

if TYPE_CHECKING:
    from streams.collections.rules.base import Rule

NOON = "2026-03-04T12:00:00+00:00"
NOON_US = to_us(instant(NOON))
UTC = ("Etc/UTC",)
OPT_IN = ConsentRule(id="O", source="t", trust="house", requires="given")
DAY = RateLimitRule(id="D", source="t", trust="house", max=2, window_hours=24, scope=("borrower",))
WEEK = RateLimitRule(id="W", source="t", trust="house", max=1, window_days=7, scope=("borrower",))
QUIET = CooldownRule(id="C", source="t", trust="house", days=2, per_debt=False, after_channels=(ActionKind.CALL,))
ORDER = EscalationOrderRule(id="E", source="t", trust="house", min_attempts=2, after_channels=(ActionKind.SMS,))
TWO = (attempt("2026-03-03T12:00:00+00:00"), attempt("2026-03-04T09:00:00+00:00"))


def consented(*, given: bool, expires_us: int = 0, scope: str = "CHANNEL") -> Facts:
    """The debtor's latest word about calls."""
    return Facts(zones=UTC, consents=(Consent("CALL", scope, given, expires_us),))


@pytest.mark.parametrize(
    ("rule", "facts", "at", "expected"),
    [
        pytest.param(OPT_IN, NO_FACTS, NOON, "DENY O", id="consent never given"),
        pytest.param(OPT_IN, consented(given=True), NOON, "ALLOW", id="consent given"),
        pytest.param(OPT_IN, consented(given=False), NOON, "DENY O", id="consent withdrawn"),
        pytest.param(OPT_IN, consented(given=True, scope="OUT_OF_HOURS"), NOON, "DENY O", id="consent to something else"),
        pytest.param(OPT_IN, consented(given=True, expires_us=NOON_US + 1), NOON, "ALLOW", id="consent in its last microsecond"),
        pytest.param(OPT_IN, consented(given=True, expires_us=NOON_US), NOON, "DENY O", id="consent expired this instant"),
        pytest.param(DAY, Facts(attempts=TWO), "2026-03-04T11:59:59.999999+00:00", "DEFER D until 2026-03-04T12:00:00+00:00", id="rolling hours: the last microsecond"),
        pytest.param(DAY, Facts(attempts=TWO), NOON, "ALLOW", id="rolling hours: exactly a day later, no zone needed"),
        pytest.param(WEEK, Facts(attempts=TWO), NOON, "DENY W", id="days are counted in a zone: unknown"),
        pytest.param(QUIET, Facts(conversations=(talk(NOON),)), NOON, "DENY C", id="quiet days need a zone: unknown"),
        pytest.param(QUIET, Facts(zones=UTC, conversations=(talk(NOON, debt="L9"),)), NOON, "DEFER C until 2026-03-06T00:00:00+00:00", id="quiet days for the whole borrower"),
        pytest.param(QUIET, Facts(zones=UTC, conversations=(talk(NOON, channel="VISIT"),)), NOON, "ALLOW", id="quiet days after calls only"),
        pytest.param(QUIET, Facts(zones=UTC, conversations=(talk("2026-03-20T12:00:00+00:00"),)), NOON, "DEFER C until 2026-03-22T00:00:00+00:00", id="a conversation dated in the future by a skewed clock"),
        pytest.param(ORDER, Facts(made={"SMS": 1, "CALL": 9}), NOON, "DENY E", id="too few of the milder kind"),
        pytest.param(ORDER, Facts(made={"SMS": 2}), NOON, "ALLOW", id="enough of the milder kind, no notice asked for"),
    ],
)  # fmt: skip
def test_rule(rule: Rule, facts: Facts, at: str, expected: str) -> None:
    """Each option, on both sides of its boundary."""
    assert in_utc(expected) == in_words(evaluate(call(), facts, [pack_of(rule)], instant(at)))

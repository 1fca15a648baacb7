"""What must hold for every history, action, pack and instant, not only for the cases somebody thought of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.collections.facts import Facts
from streams.collections.gate import Decision, evaluate
from streams.collections.instants import from_us
from streams.collections.rules.cooldown import CooldownRule
from streams.collections.rules.hold import HoldRule
from streams.collections.rules.rate_limit import UNANSWERED, RateLimitRule
from streams.collections.terms import Result, Verdict
from tests.collections import strategies as make
from tests.collections.helpers import BASE, CN, IN, UK, US, call, pack_of

if TYPE_CHECKING:
    from streams.collections.packs import Pack
    from streams.collections.rules.base import Action, Rule
    from streams.collections.rules.quiet_hours import QuietHoursRule

PACKS = (BASE, CN, US, UK, IN)
NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def first_allowed(decision: Decision) -> dt.datetime:
    """When the gate allows it: now, later, or never. Later is stricter."""
    if decision.verdict is Verdict.ALLOW:
        return decision.at
    return decision.until or NEVER


def is_forbidden(rule: QuietHoursRule, zones: tuple[str, ...], at: dt.datetime) -> bool:
    """An oracle without instants or jumps: does any clock on a wall show a forbidden time?"""
    assert rule.window is not None
    start, end = (dt.time.fromisoformat(clock) for clock in rule.window)
    for zone in zones:
        shown = at.astimezone(ZoneInfo(zone)).time()
        begun = shown > start if rule.start_allowed else shown >= start
        if (begun and shown < end) if start < end else (begun or shown < end):
            return True
    return False


@given(make.quiet_hours, make.zones, make.instants)
def test_quiet_hours_allow_exactly_outside_the_window(
    rule: QuietHoursRule, zones: tuple[str, ...], at: dt.datetime
) -> None:
    """ALLOW if and only if no candidate clock shows a forbidden time."""
    decision = evaluate(call(), Facts(zones=zones), [pack_of(rule)], at)

    assert is_forbidden(rule, zones, at) == (decision.verdict is not Verdict.ALLOW)


@given(make.quiet_hours, make.zones, make.instants, st.integers(0, 999))
def test_quiet_hours_defer_to_the_first_instant_outside(
    rule: QuietHoursRule, zones: tuple[str, ...], at: dt.datetime, permille: int
) -> None:
    """At `until` no clock shows a forbidden time; at any instant before it, some clock does."""
    decision = evaluate(call(), Facts(zones=zones), [pack_of(rule)], at)
    assume(decision.until is not None)
    assert decision.until is not None
    between = at + (decision.until - at) * permille // 1000

    assert not is_forbidden(rule, zones, decision.until)
    assert is_forbidden(rule, zones, between)
    assert is_forbidden(rule, zones, decision.until - dt.timedelta(microseconds=1))


@given(st.data(), make.rate_limits, make.instants_us)
def test_rate_limits_count_as_a_person_would(data: st.DataObject, rule: RateLimitRule, at_us: int) -> None:
    """The count in every zone, by local dates alone, decides."""
    facts = replace(make.at(data.draw(make.histories), at_us), evicted_us=0, zones=data.draw(make.zones))
    action = data.draw(make.actions)
    at = from_us(at_us)

    counts = [by_local_dates(rule, facts, action, ZoneInfo(zone), at) for zone in facts.zones]
    decision = evaluate(action, facts, [pack_of(rule)], at)

    assert (max(counts) < rule.max) == (decision.verdict is Verdict.ALLOW)


def by_local_dates(rule: RateLimitRule, facts: Facts, action: Action, zone: ZoneInfo, at: dt.datetime) -> int:
    """How many attempts count against the action, by the dates on one calendar."""
    from streams.collections.instants import to_us, token  # noqa: PLC0415 - only the oracle needs them

    first = at.astimezone(zone).date() - dt.timedelta(days=(rule.window_days or 1) - 1)
    return sum(
        1
        for each in facts.attempts
        if from_us(each.at_us).astimezone(zone).date() >= first
        and (not each.expires_us or each.expires_us > to_us(at))
        and ("debt" not in rule.scope or not action.loan_id or each.debt in {0, token(action.loan_id)})
        and (
            "contact_point" not in rule.scope
            or not action.contact_point_id
            or each.point in {0, token(action.contact_point_id)}
        )
        and (rule.count == "all" or each.result in UNANSWERED)
    )


@given(st.data(), make.instants_us, make.actions, make.some_rules)
def test_a_wait_ends_at_the_first_permitted_instant(
    data: st.DataObject, at_us: int, action: Action, rules: tuple[Rule, ...]
) -> None:
    """DEFER is exact: allowed at `until`, and at no instant before it."""
    facts, packs = make.at(data.draw(make.histories), at_us), [pack_of(*rules, zones=("Asia/Shanghai",))]
    decision = evaluate(action, facts, packs, from_us(at_us))
    assume(decision.until is not None)
    assert decision.until is not None
    between = decision.at + (decision.until - decision.at) * data.draw(st.integers(0, 999)) // 1000

    assert evaluate(action, facts, packs, decision.until).verdict is Verdict.ALLOW
    assert evaluate(action, facts, packs, between).verdict is not Verdict.ALLOW


@given(st.data(), make.instants_us, make.actions, st.lists(st.sampled_from(PACKS), min_size=1, unique=True))
def test_a_hold_never_widens(data: st.DataObject, at_us: int, action: Action, packs: list[Pack]) -> None:
    """One hold more: the same instant or a later one, never an earlier one."""
    facts = make.at(data.draw(make.histories), at_us)
    more = replace(facts, holds=(*facts.holds, make.hold_at(data.draw(make.holds), at_us)))
    before, after = (evaluate(action, known, packs, from_us(at_us)) for known in (facts, more))

    assert first_allowed(before) <= first_allowed(after)


@given(st.data(), make.instants_us, make.actions, st.lists(st.sampled_from(PACKS), min_size=1, unique=True))
def test_another_pack_never_widens(data: st.DataObject, at_us: int, action: Action, packs: list[Pack]) -> None:
    """The strictest wins: a further pack cannot make anything earlier, once the first is in force."""
    facts = make.at(data.draw(make.histories), at_us)
    fewer, all_of_them = (evaluate(action, facts, some, from_us(at_us)) for some in (packs[:1], packs))
    assume(fewer.packs)

    assert first_allowed(fewer) <= first_allowed(all_of_them)


@given(st.data(), make.instants_us, make.actions, make.some_rules)
def test_a_stricter_pack_never_allows_more(
    data: st.DataObject, at_us: int, action: Action, rules: tuple[Rule, ...]
) -> None:
    """Lower limits, longer windows, more kinds of hold: the same instant or a later one."""
    facts = make.at(data.draw(make.histories), at_us)
    mild, strict = (
        evaluate(action, facts, [pack_of(*some, zones=("Asia/Shanghai",))], from_us(at_us))
        for some in (rules, tuple(stricter(rule) for rule in rules))
    )

    assert first_allowed(mild) <= first_allowed(strict)


def stricter(rule: Rule) -> Rule:
    """The rule with every dial turned toward the borrower."""
    match rule:
        case RateLimitRule():
            longer = {"window_days": rule.window_days + 1} if rule.window_days else {"window_hours": rule.window_hours}
            return replace(rule, max=max(rule.max - 1, 1), count="all", **longer)
        case CooldownRule():
            return replace(rule, days=rule.days + 1, per_debt=False)
        case HoldRule():
            return replace(rule, undisputed_rest=False, whole_borrower=True)
        case _:
            return rule


@given(st.data(), make.instants_us, make.actions, st.permutations(PACKS))
def test_the_same_question_gets_the_same_answer(
    data: st.DataObject, at_us: int, action: Action, packs: list[Pack]
) -> None:
    """Neither the order of packs nor a trip through the row's bytes changes anything of a decision."""
    facts = make.at(data.draw(make.histories), at_us)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts)

    assert facts == stored
    assert evaluate(action, facts, PACKS, from_us(at_us)) == evaluate(action, stored, packs, from_us(at_us))


@given(st.data(), make.instants_us, make.some_rules)
def test_one_more_attempt_never_widens(data: st.DataObject, at_us: int, rules: tuple[Rule, ...]) -> None:
    """An attempt on file, even one whose outcome is not known, makes nothing earlier."""
    facts = make.at(data.draw(make.histories), at_us)
    extra = replace(make.attempt_at(data.draw(make.attempts), at_us), result=Result.PENDING)
    more = replace(facts, attempts=(*facts.attempts, extra))
    packs = [pack_of(*rules, zones=("Asia/Shanghai",))]
    before, after = (evaluate(call(), known, packs, from_us(at_us)) for known in (facts, more))

    assert first_allowed(before) <= first_allowed(after)

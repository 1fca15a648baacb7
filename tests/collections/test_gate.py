"""The gate itself: what it refuses, how it fails, what it records, and how packs and facts reach it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import pytest
from msgspec.structs import replace

from streams.collections.explain import explain
from streams.collections.facts import NO_FACTS, Facts, Hold
from streams.collections.gate import evaluate
from streams.collections.instants import NaiveInstantError, to_us, token
from streams.collections.packs import Pack
from streams.collections.rules import ORDER
from streams.collections.rules.base import Action, Check, Finding, Inquiry
from streams.collections.rules.rate_limit import RateLimitRule
from streams.collections.rules.staffing import StaffingRule
from streams.collections.terms import ActionKind, HoldKind, Verdict
from streams.events import contacts
from tests.collections.helpers import BASE, CN, IN, UK, US, attempt, call, event, fold, instant, pack_of, talk

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NOON = "2026-03-04T12:00:00+08:00"
IN_CHINA = Facts(zones=("Asia/Shanghai",))


class BrokenRule(StaffingRule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="broken"):
    """A rule with a defect."""

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002
        """Divides by zero when asked."""
        return lambda inquiry: self.allow(1 // (inquiry.at_us * 0))


class BackwardRule(StaffingRule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="backward"):
    """A rule that defers to the instant it was asked about."""

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002
        """Never gets on."""
        return lambda inquiry: self.defer(inquiry.at_us)


class ForgetfulRule(StaffingRule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="forgetful"):
    """A rule that fails only later: at the instant to which another rule defers."""

    depends_on_time: ClassVar[bool] = True

    def compile(self, candidates: tuple[ZoneInfo, ...]) -> Check:  # noqa: ARG002
        """Allowed on 4 March, broken afterwards."""

        def ask(inquiry: Inquiry) -> Finding:
            if inquiry.at_us >= to_us(instant("2026-03-05T00:00:00+08:00")):
                raise LookupError
            return self.allow()

        return ask


def broken(kind: type[StaffingRule]) -> StaffingRule:
    """One rule of a broken kind."""
    return kind(id="X1", source="test", trust="house", min_staff=1)


@pytest.mark.parametrize(
    ("rule", "subject"),
    [(BrokenRule, "X1:ZeroDivisionError"), (BackwardRule, "X1:DEFERS_TO_THE_PAST")],
)
def test_gate_crash_is_a_denial_on_record(
    rule: type[StaffingRule], subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that fails or contradicts itself denies, and the trail says which rule and how."""
    monkeypatch.setattr("streams.collections.packs.ORDER", (*ORDER, rule))
    decision = evaluate(call(), IN_CHINA, [pack_of(broken(rule)), CN], instant(NOON))

    assert (decision.verdict, decision.rule_ids) == (Verdict.DENY, ("GATE-CRASH",))
    assert subject in [finding.subject for finding in decision.trail]
    assert "CN-H1" in [finding.rule_id for finding in decision.trail]


def test_gate_crash_while_looking_for_a_later_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that fails at the instant waited for turns the wait into a denial."""
    monkeypatch.setattr("streams.collections.packs.ORDER", (*ORDER, ForgetfulRule))
    decision = evaluate(call(), IN_CHINA, [pack_of(broken(ForgetfulRule)), CN], instant("2026-03-04T23:00:00+08:00"))

    assert (decision.verdict, decision.rule_ids) == (Verdict.DENY, ("CN-H1", "CN-H2", "GATE-CRASH"))
    assert decision.until is None


def test_a_naive_instant_is_refused() -> None:
    """Nothing is decided about an instant without an offset."""
    with pytest.raises(NaiveInstantError, match="no UTC offset"):
        evaluate(call(), NO_FACTS, [CN], dt.datetime(2026, 3, 4, 12, 0))  # noqa: DTZ001 - that is the point


def test_an_instant_before_1970_fails_closed() -> None:
    """Negative instants are instants: a deferral among them is not mistaken for silence."""
    decision = evaluate(call(), IN_CHINA, [pack_of(CN.file.rules[-3])], instant("2001-03-04T23:00:00+08:00"))
    old = replace(CN.file.rules[-3])
    pack = pack_of(old)
    pack.from_us = -(2**62)
    ancient = evaluate(call(), IN_CHINA, [pack], instant("1951-01-01T23:00:00+08:00"))

    assert [decision.verdict, ancient.verdict] == [Verdict.DEFER, Verdict.DEFER]


def test_the_trail_holds_every_rule_in_the_fixed_order() -> None:
    """Also rules that do not object, also after one that denies."""
    decision = evaluate(
        Action(kind=ActionKind.VISIT, staff_count=1), IN_CHINA, [US, BASE, CN], instant("2026-03-04T23:00:00+08:00")
    )
    tags = [rule.kind for rule in ORDER]
    by_pack = [
        [finding.kind for finding in decision.trail if finding.rule_id.startswith(prefix)]
        for prefix in ("BASE-", "CN-", "US-")
    ]

    assert decision.packs == ("base@2026.1", "cn@2026.1", "us-reg-f@2026.1")
    assert [sorted(kinds, key=tags.index) for kinds in by_pack] == by_pack
    assert {"BASE-VISIT-STAFF", "CN-V1", "CN-H1", "US-H1", "BASE-PREFERRED-HOURS"} <= {
        f.rule_id for f in decision.trail
    }


def test_retention_is_declared_and_never_asked() -> None:
    """The gate has no opinion on how long records are kept; the pack has."""
    decision = evaluate(call(), IN_CHINA, [CN], instant(NOON))

    assert "CN-K1" not in [finding.rule_id for finding in decision.trail]
    assert [pack.retention_years for pack in (CN, US, UK)] == [5, 3, 0]


def test_same_phone_for_two_borrowers() -> None:
    """The cap per contact point counts the other borrower's calls, where known; the cap per person does not."""
    limit = RateLimitRule(id="P", source="t", trust="house", max=3, window_days=1, scope=("contact_point",))
    person = RateLimitRule(id="B", source="t", trust="house", max=3, window_days=1, scope=("borrower",))
    mine = Facts(zones=("Asia/Shanghai",), attempts=(attempt("2026-03-04T09:00:00+08:00"),))
    others = tuple(attempt(f"2026-03-04T1{hour}:00:00+08:00", debt="L9") for hour in (0, 1))
    packs = [pack_of(limit, person)]

    assert evaluate(call(), mine, packs, instant(NOON)).rule_ids == ()
    assert evaluate(call(), mine, packs, instant(NOON), others).rule_ids == ("P",)
    assert evaluate(call(contact_point_id="P2"), mine, packs, instant(NOON), others).rule_ids == ()


def test_a_proposal_does_not_stand_in_its_own_way() -> None:
    """A reserved place counts for every other action, not for the one it was reserved for, and lapses."""
    limit = RateLimitRule(id="R", source="t", trust="house", max=1, window_days=1, scope=("borrower",))
    expires_us = to_us(instant("2026-03-04T18:00:00+08:00"))
    reserved = attempt("2026-03-04T09:00:00+08:00", key=token("A1"), expires_us=expires_us)
    facts, packs = Facts(zones=("Asia/Shanghai",), attempts=(reserved,)), [pack_of(limit)]

    own, other, later = (
        evaluate(action, facts, packs, instant(at))
        for action, at in (
            (call(action_id="A1"), NOON),
            (call(action_id="A2"), NOON),
            (call(action_id="A2"), "2026-03-04T18:00:00+08:00"),
        )
    )
    assert [own.verdict, other.verdict, later.verdict] == [Verdict.ALLOW, Verdict.DEFER, Verdict.ALLOW]
    assert other.until == instant("2026-03-04T18:00:00+08:00")


def test_consent_withdrawn_while_queued() -> None:
    """What was allowed when it was queued is denied when it is sent."""
    consented = fold(event(contacts.ConsentGiven, "2026-03-04T09:00:00+08:00", channel="SMS"), facts=IN_CHINA)
    withdrawn = fold(event(contacts.ConsentWithdrawn, "2026-03-04T11:00:00+08:00", channel="SMS"), facts=consented)
    message = call(kind=ActionKind.SMS)

    queued = evaluate(message, consented, [BASE, CN], instant("2026-03-04T10:00:00+08:00"))
    sent = evaluate(message, withdrawn, [BASE, CN], instant(NOON))
    assert [queued.verdict, sent.verdict] == [Verdict.ALLOW, Verdict.DENY]


def test_cease_request_between_decision_and_dial() -> None:
    """The same call, allowed when it was decided, is denied when it is dialed."""
    asked = event(
        contacts.HoldSet,
        "2026-03-04T11:00:00+08:00",
        hold_id="H1",
        kind="CEASE_REQUEST",
        from_date=dt.date(2026, 3, 4),
    )
    decided = evaluate(call(), IN_CHINA, [BASE, CN], instant("2026-03-04T10:00:00+08:00"))
    dialed = evaluate(call(), fold(asked, facts=IN_CHINA), [BASE, CN], instant("2026-03-04T11:30:00+08:00"))

    assert [decided.verdict, dialed.verdict] == [Verdict.ALLOW, Verdict.DENY]


def test_packs_change_at_midnight_while_actions_are_queued() -> None:
    """Which packs hold is decided at the instant of the act; while the old and the new overlap, both hold."""
    ends, begins = dt.date(2026, 4, 1), dt.date(2026, 4, 1)
    old = type(CN)(replace(CN.file, pack="old", effective_to=ends), "")
    new = type(CN)(replace(CN.file, pack="new", effective_from=begins), "")

    packs = [
        evaluate(call(), IN_CHINA, [old, new], instant(at)).packs
        for at in (
            "2026-03-31T17:59:59+08:00",
            "2026-03-31T18:00:00+08:00",
            "2026-04-01T19:59:59+08:00",
            "2026-04-01T20:00:00+08:00",
        )
    ]
    both = ("new@2026.1", "old@2026.1")
    assert packs == [("old@2026.1",), both, both, ("new@2026.1",)]


def test_a_pack_that_begins_while_waiting_is_asked_in_full() -> None:
    """The wait ends under a pack that was not in force when the question was asked: all its rules count there."""
    alone = StaffingRule(id="S", source="t", trust="house", min_staff=2)
    later = Pack(replace(pack_of(alone).file, pack="later", effective_from=dt.date(2026, 3, 10)), "")
    until = dt.date(2026, 3, 20).toordinal()
    held = replace(IN_CHINA, holds=(Hold("H", HoldKind.FORBEARANCE, 0, until),))
    decisions = [evaluate(call(), held, packs, instant(NOON)) for packs in ([BASE], [BASE, later])]

    assert [decision.rule_ids for decision in decisions] == [("BASE-RELIEF",), ("BASE-RELIEF", "S")]
    assert [decision.verdict for decision in decisions] == [Verdict.DEFER, Verdict.DENY]


def test_explanation_names_the_rule_the_reason_and_its_source() -> None:
    """A person reads when, why and where it is written."""
    decision = evaluate(call(), IN_CHINA, [CN], instant("2026-03-04T23:00:00+08:00"))
    answer, *rules = explain(decision, [CN], IN_CHINA.zones)
    quiet = next(sentence for sentence in rules if "CN-H1" in sentence)

    assert answer.startswith(
        "DEFER at 2026-03-04 23:00:00 Asia/Shanghai, by cn@2026.1: allowed from 2026-03-05 08:00:00"
    )
    assert "quiet hours in Asia/Shanghai until 2026-03-05 08:00:00" in quiet
    assert "[press: CBA guideline" in quiet


def test_every_kind_of_finding_can_be_explained() -> None:
    """No finding of the tables of cases leaves a placeholder or an empty reason."""
    from tests.collections.test_gate_cases import ROWS  # noqa: PLC0415 - the rows belong to that test

    packs = [BASE, CN, US, UK, IN]
    sentences = [
        sentence
        for row in ROWS
        for sentence in explain(evaluate(row.action, row.facts, packs, instant(row.at)), packs, row.facts.zones)
    ]
    assert [sentence for sentence in sentences if "{" in sentence or "): ." in sentence or ": :" in sentence] == []


@pytest.mark.parametrize(
    ("facts", "at", "asked_again"),
    [
        (
            Facts(zones=("America/New_York",), conversations=(talk("2026-03-04T12:00:00-05:00"),)),
            "2026-03-05T15:00:00-05:00",
            2,
        ),
        (
            Facts(
                zones=("America/New_York",),
                attempts=tuple(attempt(f"2026-03-0{day}T12:00:00-05:00") for day in range(1, 8)),
            ),
            "2026-03-07T15:00:00-05:00",
            2,
        ),
        (Facts(zones=("America/New_York",)), "2026-03-05T22:00:00-05:00", 1),
    ],
    ids=["after a conversation", "after seven calls", "at night"],
)
def test_a_wait_asks_again_only_what_waiting_can_change(
    facts: Facts, at: str, asked_again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What keeps a deferral cheap, in questions and not in seconds: 13 of 16 rules are settled by their first answer."""
    asked: Counter[str] = Counter()
    for pack in (BASE, US):
        counting = {
            key: tuple((rule_id, _counting(asked, rule_id, check)) for rule_id, check in checks)
            for key, checks in pack.checks.items()
        }
        timed = {key: tuple((place, counting[key][place]) for place, _ in pack.timed[key]) for key in counting}
        monkeypatch.setattr(pack, "checks", counting)
        monkeypatch.setattr(pack, "timed", timed)
    decision = evaluate(call(), facts, [BASE, US], instant(at))

    assert decision.verdict is Verdict.DEFER
    assert sum(asked.values()) - len(decision.trail) == asked_again
    assert set(asked.values()) == {1, 1 + asked_again}


def _counting(asked: Counter[str], rule_id: str, check: Check) -> Check:
    def ask(inquiry: Inquiry) -> Finding:
        asked[rule_id] += 1
        return check(inquiry)

    return ask

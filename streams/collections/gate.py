"""The conduct gate: may this action happen to this borrower at this instant, and if not, when?

Pure. Every rule in force of every pack is asked, in a fixed order, and each answer goes into the trail. The strictest
wins: one DENY denies; otherwise one DEFER defers; silence of all rules allows.

Rule 1: fails closed. No pack, no pack in force, a rule that crashes or contradicts itself: DENY, with a GATE- rule id
that says so.
Rule 2: DEFER is a promise about these facts: at `until` the same question is allowed, and at no instant before.
Rule 3: it never reads a clock. A naive instant is refused before anything is decided.

Source: that the stricter of two laws prevails is 12 CFR 1006.104 for federal and state law; here all packs add up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from streams.collections.facts import Attempt, Facts
from streams.collections.instants import DAY_US, from_us, to_us
from streams.collections.packs import CheckKey, Checks, Pack
from streams.collections.rules.base import Action, Finding, Inquiry
from streams.collections.terms import Verdict

#: A wait longer than this is a denial: facts will have changed. 60 days of breathing space fit, zones included.
HORIZON_DAYS = 62
NO_PACK = "GATE-NO-PACK"
CRASH = "GATE-CRASH"
HORIZON = "GATE-HORIZON"
ALLOW, DEFER, DENY = Verdict.ALLOW, Verdict.DEFER, Verdict.DENY
_LABEL = attrgetter("label")


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """The gate's answer and everything it rests on.

    Attributes:
        verdict: ALLOW, DEFER or DENY.
        at: the instant asked about, UTC.
        until: with DEFER, the first instant at which the same question is allowed.
        rule_ids: the rules that stand in the way; empty when allowed.
        packs: the packs in force, `name@version`.
        trail: every rule asked at `at`, in order, with its answer; then those that denied the wait, if any did.
    """

    verdict: Verdict
    at: dt.datetime
    until: dt.datetime | None
    rule_ids: tuple[str, ...]
    packs: tuple[str, ...]
    trail: tuple[Finding, ...]


def evaluate(
    action: Action,
    facts: Facts,
    packs: Sequence[Pack],
    instant: dt.datetime,
    elsewhere: Sequence[Attempt] = (),
) -> Decision:
    """Ask every rule whether `action` may happen at `instant`.

    Args:
        action: the intended act.
        facts: what is known about the borrower.
        packs: every pack that applies; the strictest wins. Their order does not matter.
        instant: when the act would happen, with a UTC offset.
        elsewhere: attempts on the same contact point for other borrowers, where the caller knows them.

    Raises:
        NaiveInstantError: `instant` has no offset.
    """
    at_us = to_us(instant)
    key = (action.kind, action.actor, action.purpose)
    ordered = packs if len(packs) <= 1 else sorted(packs, key=_LABEL)
    inquiry = Inquiry(action, facts, at_us, tuple(elsewhere))
    in_force = [pack for pack in ordered if pack.from_us <= at_us < pack.until_us]
    trail, objections = _ask_all(inquiry, [pack.checks[key] for pack in in_force])
    verdict, until_us = _strictest(objections)
    rule_ids = _ids(objections)
    if verdict is DEFER:
        refusals = _settle(inquiry, ordered, key, until_us, _open_checks(in_force, key, trail))
        if isinstance(refusals, int):
            until_us = refusals
        else:
            verdict = DENY
            trail += refusals
            rule_ids = _ids([*objections, *refusals])
    return Decision(
        verdict=verdict,
        at=from_us(at_us),
        until=from_us(until_us) if verdict is DEFER else None,
        rule_ids=rule_ids,
        packs=tuple([pack.label for pack in in_force]),
        trail=tuple(trail),
    )


def _ask_all(inquiry: Inquiry, checks: Sequence[Checks]) -> tuple[list[Finding], list[Finding]]:
    """Every rule's finding in order, and those of them that object. No pack in force is an objection."""
    findings: list[Finding] = []
    objections: list[Finding] = []
    for checks_of_pack in checks:
        for rule_id, check in checks_of_pack:
            try:
                finding = check(inquiry)
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the answer is no and the trail says so
                finding = _crash(f"{rule_id}:{type(error).__name__}")
            if finding.verdict is not ALLOW:
                if finding.verdict is DEFER and finding.until_us <= inquiry.at_us:
                    finding = _crash(f"{rule_id}:DEFERS_TO_THE_PAST")
                objections.append(finding)
            findings.append(finding)
    if not checks:
        objections = findings = [Finding(NO_PACK, "gate", DENY, subject="NO_PACK_IN_FORCE")]
    return findings, objections


def _crash(subject: str) -> Finding:
    return Finding(CRASH, "gate", DENY, subject=subject)


def _strictest(objections: Sequence[Finding]) -> tuple[Verdict, int]:
    """The strictest verdict, and the latest of the instants that findings defer to."""
    if not objections:
        return ALLOW, 0
    until_us = 0
    for number, finding in enumerate(objections):
        if finding.verdict is DENY:
            return DENY, 0
        until_us = max(until_us, finding.until_us) if number else finding.until_us  # may be before 1970
    return DEFER, until_us


def _ids(findings: Sequence[Finding]) -> tuple[str, ...]:
    if len(findings) == 1:
        return (findings[0].rule_id,)
    return tuple(dict.fromkeys([finding.rule_id for finding in findings]))


def _open_checks(in_force: Sequence[Pack], key: CheckKey, trail: Sequence[Finding]) -> dict[str, Checks]:
    """By pack: the rules that waiting could turn against the action, given what they found."""
    found: dict[str, Checks] = {}
    start = 0
    for pack in in_force:
        found[pack.label] = tuple([check for place, check in pack.timed[key] if not trail[start + place].lasting])
        start += len(pack.checks[key])
    return found


def _settle(
    inquiry: Inquiry, packs: Sequence[Pack], key: CheckKey, until_us: int, known: Mapping[str, Checks]
) -> int | list[Finding]:
    """The first instant that satisfies every rule, or the findings because of which there is none in sight.

    Every rule defers no later than to its own first instant, so going to the latest of them never jumps over an
    instant that satisfies all; asking again there until nobody objects finds the first such instant.
    """
    last_us = inquiry.at_us + HORIZON_DAYS * DAY_US
    while until_us <= last_us:
        inquiry.at_us = until_us
        checks = [
            known[pack.label] if pack.label in known else pack.checks[key]
            for pack in packs
            if pack.from_us <= until_us < pack.until_us
        ]
        _, objections = _ask_all(inquiry, checks)
        verdict, later_us = _strictest(objections)
        if verdict is ALLOW:
            return until_us
        if verdict is DENY:
            return [finding for finding in objections if finding.verdict is DENY]
        until_us = later_us
    return [Finding(HORIZON, "gate", DENY, until_us, 0, HORIZON_DAYS, "NO_INSTANT_IN_SIGHT")]

"""Puts a decision of the gate into words, rule by rule, for the person who must act on it or answer for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from streams.collections.gate import CRASH, HORIZON, NO_PACK, Decision
from streams.collections.instants import from_us, zones_of
from streams.collections.packs import Pack
from streams.collections.rules.base import ZONE_UNKNOWN, Finding
from streams.collections.terms import Verdict

WORDS = {
    "WITHDRAWN": "the borrower has closed this channel",
    "EXPIRED": "the consent has expired",
    "NOT_GIVEN": "the borrower has not consented to this channel",
    "NOT_PREFERRED": "the borrower asked to be contacted by other channels",
    "OUT_OF_HOURS": "the borrower consented to contact at these hours",
    "TOO_FEW_STAFF": "too few people for a visit",
    "TOO_FEW_ATTEMPTS": "milder attempts must come first",
    "TOO_MANY_TO_KEEP": "so many attempts that the oldest were dropped, so the count is not known to be low enough",
    "REFUSED_TO_BE_CONTACTED": "the person at this contact point has refused to be contacted",
    "CONTACT_POINT_OF_ANOTHER": "somebody else answers at this contact point",
    "NOT_SIGNED_OFF": "no person has signed off a legal step on this debt",
    "SIGN_OFF_EXPIRED": "the sign-off of a legal step on this debt is too old",
    "DEBTOR_REACHABLE": "the debtor can be reached, so nobody else may be contacted",
    "DEBTOR_NOT_TRIED": "the debtor has not been tried often enough",
    ZONE_UNKNOWN: "nobody knows which time zone the debtor lives in, and the pack names no candidates",
}
GATE_WORDS = {
    NO_PACK: "No policy pack is in force at this instant, and without one nothing is allowed. Activate a pack.",
    HORIZON: "Waiting leads nowhere: within 62 days there is no instant that satisfies every rule.",
    CRASH: "A rule failed, so the answer is no. Report this as a defect, with the rule and error named here",
}
#: Where the figures or the subject need a sentence of their own.
TEMPLATES = {
    ("rate_limit", Verdict.ALLOW): "{observed} on file, {limit} allowed",
    ("rate_limit", Verdict.DEFER): "{observed} on file, {limit} allowed {known}",
    ("rate_limit", Verdict.DENY): "{known}",
    ("quiet_hours", Verdict.DEFER): "quiet hours in {known}",
    ("cooldown", Verdict.DEFER): "a conversation counts as the first of {limit} quiet days",
    ("hold", Verdict.DENY): "a hold is on file: {known}",
    ("hold", Verdict.DEFER): "a hold is on file: {known}",
    ("escalation_order", Verdict.DEFER): "{limit} full days after the {known} are the borrower's",
    ("disclosure_required", Verdict.DENY): "the script does not disclose {known}",
    ("content_ban", Verdict.DENY): "the message contains {known}",
}


def explain(decision: Decision, packs: Sequence[Pack], zones: tuple[str, ...] = ()) -> Iterator[str]:
    """Sentences about a decision: the answer first, then every rule asked, in order.

    Args:
        decision: the gate's.
        packs: those it was given, to quote the rules' sources.
        zones: zones of the debtor, to show instants on their clock.
    """
    clocks = zones_of(zones) or ()
    yield _answer(decision, clocks)
    for finding in decision.trail:
        yield explain_finding(finding, packs, clocks)


def explain_finding(finding: Finding, packs: Sequence[Pack], clocks: tuple[ZoneInfo, ...] = ()) -> str:
    """One sentence: which rule, what it said, why, and where it stands."""
    if finding.kind == "gate":
        return f"DENY   {finding.rule_id}: {GATE_WORDS[finding.rule_id]} ({finding.subject})."
    rule = next((found for pack in packs if (found := pack.rule(finding.rule_id))), None)
    source = f" [{rule.trust}: {rule.source}]" if rule else ""
    return f"{finding.verdict:<6} {finding.rule_id} ({finding.kind}): {_why(finding, clocks)}.{source}"


def _answer(decision: Decision, clocks: tuple[ZoneInfo, ...]) -> str:
    at = _clock(decision.at, clocks)
    packs = ", ".join(decision.packs) or "no pack"
    match decision.verdict:
        case Verdict.ALLOW:
            return f"ALLOW at {at}, by {packs}: no rule objects."
        case Verdict.DEFER:
            until = _clock(decision.until or decision.at, clocks)
            return f"DEFER at {at}, by {packs}: allowed from {until} if nothing changes ({_list(decision)})."
        case Verdict.DENY:
            return f"DENY at {at}, by {packs}: {_list(decision)}. Waiting alone does not help."


def _list(decision: Decision) -> str:
    return "because of " + ", ".join(decision.rule_ids)


def _why(finding: Finding, clocks: tuple[ZoneInfo, ...]) -> str:
    until = f" until {_clock(from_us(finding.until_us), clocks)}" if finding.verdict is Verdict.DEFER else ""
    return f"{_reason(finding)}{until}"


def _reason(finding: Finding) -> str:
    known = WORDS.get(finding.subject, finding.subject)
    needed = (
        f" ({finding.observed} of {finding.limit} needed)" if finding.verdict is Verdict.DENY and finding.limit else ""
    )
    template = TEMPLATES.get((finding.kind, finding.verdict), "{known}{needed}")
    values = {"known": known, "needed": needed, "observed": finding.observed, "limit": finding.limit}
    return template.format(**values) or "no objection"


def _clock(instant: dt.datetime, clocks: tuple[ZoneInfo, ...]) -> str:
    shown = [f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone}" for zone in clocks]
    return " / ".join(shown) or f"{instant:%Y-%m-%d %H:%M:%S} UTC"

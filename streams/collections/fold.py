"""Folds contact events into a borrower's `Facts`.

Rule 1: fails closed on what is missing or odd. An outcome without its attempt counts on every channel and debt; a time
zone that does not exist makes the debtor's clock unknown; an attempt whose clock is far off its business date is
counted on the business date.
Rule 2: old facts are pruned by the lender's business date, never by the clock of whoever sent an event.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from streams.collections.facts import (
    ATTEMPTS_KEPT_DAYS,
    ATTEMPTS_MAX,
    DENIED,
    NO_TIME,
    POINTS_MAX,
    PROMISES_MAX,
    Attempt,
    Consent,
    Conversation,
    Facts,
    Hold,
    Notice,
    Promise,
    SignOff,
    StageMark,
)
from streams.collections.instants import DAY_US, to_us, token, utc_day_start_us
from streams.collections.terms import HoldKind, NoticeKind, Result
from streams.events import contacts as events

#: An instant further ahead of its business date than this is a wrong clock, not a time zone or a late booking.
AHEAD_DAYS_MAX = 2
RESULTS = {
    "NO_ANSWER": Result.UNANSWERED,
    "BUSY": Result.UNANSWERED,
    "VOICEMAIL": Result.UNANSWERED,
    "INVALID": Result.UNDELIVERABLE,
    "BOUNCED": Result.UNDELIVERABLE,
    "CONVERSATION": Result.CONVERSATION,
    "REFUSED": Result.CONVERSATION,
    "THIRD_PARTY": Result.THIRD_PARTY,
    "DELIVERED": Result.DELIVERED,
}


def apply(facts: Facts, event: events.ContactTopicEvent) -> Facts:
    """The facts after one contact event.

    Args:
        facts: before.
        event: any event of topic `contacts`, already known not to be a repeat.
    """
    facts = prune(facts, event.business_date.toordinal())
    stages = tuple([mark for mark in facts.stages if not mark.name.endswith(DENIED)])
    if len(stages) < len(facts.stages) and not isinstance(event, events.GateConsulted):
        facts = replace(facts, stages=stages)
    return _FOLDS[type(event)](facts, event)


def prune(facts: Facts, business_day: int) -> Facts:
    """Drop what no rule can ask about any more.

    Args:
        facts: before.
        business_day: the lender's logical day (ordinal).
    """
    if not (facts.attempts or facts.conversations or facts.holds):
        return facts
    oldest_day = business_day - ATTEMPTS_KEPT_DAYS
    oldest_us = utc_day_start_us(oldest_day)
    now_us = utc_day_start_us(business_day) - DAY_US
    attempts = tuple([a for a in facts.attempts if a.at_us >= oldest_us and not 0 < a.expires_us < now_us])
    conversations = tuple([talk for talk in facts.conversations if talk.at_us >= oldest_us])
    holds = tuple([hold for hold in facts.holds if not hold.until_day or hold.until_day >= oldest_day])
    same = (
        len(attempts) == len(facts.attempts)
        and len(conversations) == len(facts.conversations)
        and len(holds) == len(facts.holds)
    )
    return facts if same else replace(facts, attempts=attempts, conversations=conversations, holds=holds)


def _booked_us(event: events.ContactTopicEvent) -> int:
    """When it happened, or the start of its business date when the sender's clock cannot be right."""
    at_us = to_us(event.occurred_at)
    start_us = utc_day_start_us(event.business_date.toordinal())
    plausible = start_us - ATTEMPTS_KEPT_DAYS * DAY_US <= at_us < start_us + AHEAD_DAYS_MAX * DAY_US
    return at_us if plausible else start_us


def _attempted(facts: Facts, event: events.ContactAttempted) -> Facts:
    key = token(event.attempt_id)
    reserved = token(event.action_id or "")
    known = next((a for a in facts.attempts if a.key == key and not a.expires_us), None)
    attempt = Attempt(
        key=key,
        at_us=_booked_us(event),
        channel=event.channel,
        debt=token(event.loan_id or ""),
        point=token(event.contact_point_id),
        result=known.result if known else Result.PENDING,
    )
    kept = [a for a in facts.attempts if a is not known and not (a.expires_us and a.key == reserved)]
    stages = tuple([_answered(mark, event) for mark in facts.stages])
    facts = with_attempt(replace(facts, attempts=tuple(kept), stages=stages), attempt)
    if known is None or not known.channel:  # not told twice
        facts = replace(facts, made={**facts.made, event.channel: facts.made.get(event.channel, 0) + 1})
    return _concluded(facts, attempt, _booked_us(event)) if known else facts


def _answered(mark: StageMark, event: events.ContactAttempted) -> StageMark:
    """A stage whose proposal is carried out is repeated so many days after that, not after it was proposed."""
    if not mark.action or mark.action != event.action_id:
        return mark
    return replace(mark, last_day=max(mark.last_day, event.business_date.toordinal()), action="")


def with_attempt(facts: Facts, attempt: Attempt) -> Facts:
    """The facts with one more attempt or reservation; beyond the bound the oldest goes, and is remembered as gone."""
    attempts = sorted((*facts.attempts, attempt), key=_by_instant)
    dropped = attempts[:-ATTEMPTS_MAX]
    evicted_us = max([facts.evicted_us, *[a.at_us for a in dropped]])
    return replace(facts, attempts=tuple(attempts[-ATTEMPTS_MAX:]), evicted_us=evicted_us)


def _by_instant(attempt: Attempt) -> tuple[int, int]:
    return (attempt.at_us, attempt.key)


def _outcome(facts: Facts, event: events.ContactOutcome) -> Facts:
    key, result = token(event.attempt_id), RESULTS[event.outcome]
    known = next((a for a in facts.attempts if a.key == key), None)
    if known is None:
        attempt = Attempt(key=key, at_us=_booked_us(event), channel="", result=result)
        return _concluded(with_attempt(facts, attempt), attempt, attempt.at_us)
    refused_by_another = event.outcome == "REFUSED" and (
        known.result is Result.THIRD_PARTY or known.point in facts.third_party_points
    )
    attempt = replace(known, result=Result.THIRD_PARTY if refused_by_another else result)
    attempts = tuple([attempt if a is known else a for a in facts.attempts])
    facts = _concluded(replace(facts, attempts=attempts), attempt, _booked_us(event))
    if refused_by_another and attempt.point:
        return replace(facts, refused_points=_with(facts.refused_points, attempt.point))
    return facts


def _concluded(facts: Facts, attempt: Attempt, at_us: int) -> Facts:
    """What an attempt with a result leaves behind besides itself."""
    if attempt.result is Result.CONVERSATION:
        talk = Conversation(attempt.debt, at_us, attempt.channel)
        older = [c for c in facts.conversations if (c.debt, c.channel) == (talk.debt, talk.channel)]
        latest = max([talk, *older], key=lambda c: c.at_us)
        others = [c for c in facts.conversations if c not in older]
        return replace(facts, conversations=(*others, latest))
    if attempt.result is Result.THIRD_PARTY and attempt.point:
        return replace(facts, third_party_points=_with(facts.third_party_points, attempt.point))
    return facts


def _with(points: tuple[int, ...], point: int) -> tuple[int, ...]:
    return points if point in points else (*points, point)[-POINTS_MAX:]


def _promise_made(facts: Facts, event: events.PromiseMade) -> Facts:
    promise = Promise(
        promise_id=event.promise_id,
        amount_minor=event.amount.amount_minor,
        currency=event.amount.currency,
        made_day=event.business_date.toordinal(),
        due_day=event.due_on.toordinal(),
        loan_id=event.loan_id or "",
    )
    promises = (*[p for p in facts.promises if p.promise_id != promise.promise_id], promise)
    dropped = promises[:-PROMISES_MAX]
    broken = sum(1 for p in dropped if (p.result or p.derived) == "BROKEN")
    return replace(facts, promises=promises[-PROMISES_MAX:], broken_before=facts.broken_before + broken)


def _promise_resolved(facts: Facts, event: events.PromiseResolved) -> Facts:
    promises = [replace(p, result=event.result) if p.promise_id == event.promise_id else p for p in facts.promises]
    return replace(facts, promises=tuple(promises))


def _with_hold(facts: Facts, hold: Hold) -> Facts:
    others = [h for h in facts.holds if (h.hold_id, h.kind) != (hold.hold_id, hold.kind)]
    return replace(facts, holds=(*others, hold))


def _hold_set(facts: Facts, event: events.HoldSet) -> Facts:
    return _with_hold(
        facts,
        Hold(
            hold_id=event.hold_id,
            kind=HoldKind(event.kind),
            from_day=event.from_date.toordinal(),
            until_day=event.until_date.toordinal() if event.until_date else 0,
            loan_id=event.loan_id or "",
        ),
    )


def _hold_cleared(facts: Facts, event: events.HoldCleared) -> Facts:
    own = {HoldKind.DISPUTE, HoldKind.COMPLAINT}
    return replace(facts, holds=tuple([h for h in facts.holds if h.hold_id != event.hold_id or h.kind in own]))


def _dispute_raised(facts: Facts, event: events.DisputeRaised) -> Facts:
    partial = event.amount if event.scope == "AMOUNT" else None
    return _with_hold(
        facts,
        Hold(
            hold_id=event.dispute_id,
            kind=HoldKind.DISPUTE,
            from_day=0,
            loan_id=event.loan_id or "",
            amount_minor=partial.amount_minor if partial else 0,
            currency=partial.currency if partial else "",
        ),
    )


def _dispute_resolved(facts: Facts, event: events.DisputeResolved) -> Facts:
    return _without_hold(facts, event.dispute_id, HoldKind.DISPUTE)


def _complaint_received(facts: Facts, event: events.ComplaintReceived) -> Facts:
    return _with_hold(facts, Hold(event.complaint_id, HoldKind.COMPLAINT, from_day=0))


def _complaint_closed(facts: Facts, event: events.ComplaintClosed) -> Facts:
    return _without_hold(facts, event.complaint_id, HoldKind.COMPLAINT)


def _without_hold(facts: Facts, hold_id: str, kind: HoldKind) -> Facts:
    return replace(facts, holds=tuple([h for h in facts.holds if (h.hold_id, h.kind) != (hold_id, kind)]))


def _consent_given(facts: Facts, event: events.ConsentGiven) -> Facts:
    expires_us = to_us(event.expires_at) if event.expires_at else 0
    return _with_consent(facts, Consent(event.channel, event.scope, given=True, expires_us=expires_us))


def _consent_withdrawn(facts: Facts, event: events.ConsentWithdrawn) -> Facts:
    return _with_consent(facts, Consent(event.channel, event.scope, given=False))


def _with_consent(facts: Facts, consent: Consent) -> Facts:
    others = [c for c in facts.consents if (c.channel, c.scope) != (consent.channel, consent.scope)]
    return replace(facts, consents=(*others, consent))


def _preference_set(facts: Facts, event: events.ContactPreferenceSet) -> Facts:
    return replace(
        facts,
        zones=tuple(event.time_zones),
        not_before_minute=_minute(event.not_before),
        not_after_minute=_minute(event.not_after),
        channels=tuple(event.channels or ()),
    )


def _minute(clock: str | None) -> int:
    if clock is None:
        return NO_TIME
    time = dt.time.fromisoformat(clock)
    return time.hour * 60 + time.minute


def _notice_sent(facts: Facts, event: events.NoticeSent) -> Facts:
    notice = Notice(NoticeKind(event.kind), event.delivered_on.toordinal(), event.loan_id or "")
    others = [n for n in facts.notices if (n.kind, n.loan_id) != (notice.kind, notice.loan_id)]
    return replace(facts, notices=(*others, notice))


def _legal_step_decided(facts: Facts, event: events.LegalStepDecided) -> Facts:
    others = tuple([each for each in facts.sign_offs if each.loan_id != event.loan_id])
    if event.decision == "DECLINED":
        return replace(facts, sign_offs=others)
    return replace(facts, sign_offs=(*others, SignOff(event.loan_id, event.business_date.toordinal())))


def _gate_consulted(facts: Facts, _event: events.GateConsulted) -> Facts:
    return facts  # only a record: nothing was done, and no answer changes by it


_FOLDS: dict[type, Callable[[Facts, Any], Facts]] = {  # type: ignore[explicit-any]  # each takes its own event
    events.ContactAttempted: _attempted,
    events.ContactOutcome: _outcome,
    events.PromiseMade: _promise_made,
    events.PromiseResolved: _promise_resolved,
    events.DisputeRaised: _dispute_raised,
    events.DisputeResolved: _dispute_resolved,
    events.ComplaintReceived: _complaint_received,
    events.ComplaintClosed: _complaint_closed,
    events.HoldSet: _hold_set,
    events.HoldCleared: _hold_cleared,
    events.ConsentGiven: _consent_given,
    events.ConsentWithdrawn: _consent_withdrawn,
    events.ContactPreferenceSet: _preference_set,
    events.NoticeSent: _notice_sent,
    events.LegalStepDecided: _legal_step_decided,
    events.GateConsulted: _gate_consulted,
}

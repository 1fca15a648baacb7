"""Hypothesis strategies: borrowers' facts, actions, rules and instants, with the nasty ones included."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st
from msgspec.structs import replace

from streams.collections.facts import Attempt, Consent, Conversation, Facts, Hold
from streams.collections.instants import DAY_US, HOUR_US, from_us, to_us, token
from streams.collections.rules.base import Action
from streams.collections.rules.cooldown import CooldownRule
from streams.collections.rules.hold import HoldRule
from streams.collections.rules.quiet_hours import QuietHoursRule
from streams.collections.rules.rate_limit import RateLimitRule
from streams.collections.terms import CONTACT_KINDS, ActionKind, Actor, HoldKind, Party, Purpose, Result

#: Zones with and without daylight saving, half hours, midnight changes, and the two ends of the day.
ZONES = (
    "Asia/Shanghai",
    "Asia/Kolkata",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
START_US = to_us(START)
#: The nights on which some of these zones change their clocks, in 2026.
CHANGES = tuple(
    to_us(dt.datetime(2026, *month_day, tzinfo=dt.UTC))
    for month_day in [(3, 8), (3, 29), (4, 4), (4, 5), (4, 23), (4, 24), (10, 3), (10, 25), (10, 29), (10, 30), (11, 1)]
)

zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
instants_us = st.one_of(
    st.integers(START_US, START_US + 364 * DAY_US),
    st.builds(lambda night, offset: night + offset, st.sampled_from(CHANGES), st.integers(-18 * HOUR_US, 18 * HOUR_US)),
    st.builds(lambda day, hour: START_US + day * DAY_US + hour * HOUR_US, st.integers(0, 364), st.integers(0, 23)),
)
instants = instants_us.map(from_us)
loans = st.sampled_from(["", "L1", "L2"])
points = st.sampled_from(["", "P1", "P2"])
channels = st.sampled_from(sorted(CONTACT_KINDS))
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))


#: From nine days before to (clock skew) a day after; whole days hit the edges of windows.
offsets_us = st.one_of(st.integers(-9 * DAY_US, DAY_US), st.integers(-9, 0).map(lambda days: days * DAY_US), st.just(0))
attempts = st.builds(
    Attempt,
    key=st.integers(1, 2**62),
    at_us=offsets_us,
    channel=st.sampled_from(["CALL", "CALL", "SMS", "VISIT", ""]),
    debt=loans.map(token),
    point=points.map(token),
    result=st.sampled_from(Result),
    expires_us=st.sampled_from([0, 0, HOUR_US, DAY_US]),
)
holds = st.builds(
    Hold,
    hold_id=st.integers(1, 10**9).map(str),
    kind=st.sampled_from(HoldKind),
    from_day=st.sampled_from([0, -5, 0, 1, 5]),
    until_day=st.sampled_from([0, 1, 4, 100]),
    loan_id=loans,
    amount_minor=st.sampled_from([0, 300]),
    currency=st.just("CNY"),
)
talks = st.builds(Conversation, loans.map(token), offsets_us, channels)
consents = st.builds(
    Consent, channels, st.sampled_from(["CHANNEL", "OUT_OF_HOURS"]), st.booleans(), st.sampled_from([0, DAY_US])
)
histories = st.builds(
    Facts,
    zones=st.one_of(zones, st.just(())),
    attempts=st.lists(attempts, max_size=10).map(tuple),
    evicted_us=st.sampled_from([0, 0, -DAY_US]),
    conversations=st.lists(talks, max_size=2).map(tuple),
    holds=st.lists(holds, max_size=2).map(tuple),
    consents=st.lists(consents, max_size=2, unique_by=lambda c: (c.channel, c.scope)).map(tuple),
    not_before_minute=st.sampled_from([-1, 0, 600, 1320]),
    not_after_minute=st.sampled_from([-1, 300, 960]),
    third_party_points=st.sampled_from([(), (token("P1"),)]),
    made=st.sampled_from([{}, {"CALL": 4}]),
)


def at(facts: Facts, at_us: int) -> Facts:
    """A history told in offsets from an instant, moved to that instant."""
    return replace(
        facts,
        attempts=tuple(sorted((attempt_at(each, at_us) for each in facts.attempts), key=lambda a: a.at_us)),
        evicted_us=facts.evicted_us and facts.evicted_us + at_us,
        conversations=tuple(replace(talk, at_us=talk.at_us + at_us) for talk in facts.conversations),
        holds=tuple(hold_at(hold, at_us) for hold in facts.holds),
        consents=tuple(replace(c, expires_us=c.expires_us and c.expires_us + at_us) for c in facts.consents),
    )


def attempt_at(attempt: Attempt, at_us: int) -> Attempt:
    """An attempt moved; one that expires is a reservation and does so after it begins."""
    begins_us = attempt.at_us + at_us
    return replace(attempt, at_us=begins_us, expires_us=attempt.expires_us and begins_us + attempt.expires_us)


def hold_at(hold: Hold, at_us: int) -> Hold:
    """A hold moved; day 0 stays "since ever" and "open"."""
    day = from_us(at_us).toordinal()
    return replace(
        hold, from_day=hold.from_day and hold.from_day + day, until_day=hold.until_day and hold.until_day + day
    )


actions = st.builds(
    Action,
    kind=st.sampled_from(ActionKind),
    actor=st.sampled_from(Actor),
    party=st.sampled_from(Party),
    purpose=st.sampled_from(Purpose),
    loan_id=loans,
    contact_point_id=points,
    staff_count=st.integers(1, 3),
    claim_minor=st.sampled_from([0, 100, 700]),
    owed_minor=st.sampled_from([0, 1000]),
    currency=st.just("CNY"),
)

quiet_hours = st.builds(
    lambda window, start_allowed: QuietHoursRule(
        id="Q", source="test", trust="house", window=window, start_allowed=start_allowed
    ),
    st.tuples(clocks, clocks).filter(lambda window: window[0] != window[1]),
    st.booleans(),
)
rate_limits = st.builds(
    lambda limit, days, scope, count: RateLimitRule(
        id="R", source="test", trust="house", max=limit, window_days=days, scope=scope, count=count
    ),
    st.integers(1, 8),
    st.integers(1, 9),
    st.sampled_from([("borrower",), ("debt",), ("contact_point",), ("debt", "contact_point")]),
    st.sampled_from(["all", "unanswered"]),
)
rolling_limits = st.builds(
    lambda limit, hours: RateLimitRule(
        id="W", source="test", trust="house", max=limit, window_hours=hours, scope=("borrower",)
    ),
    st.integers(1, 8),
    st.integers(1, 200),
)
cooldowns = st.builds(
    lambda days, per_debt: CooldownRule(id="C", source="test", trust="house", days=days, per_debt=per_debt),
    st.integers(1, 9),
    st.booleans(),
)
hold_rules = st.builds(
    lambda kinds, rest: HoldRule(id="H", source="test", trust="house", holds=kinds, undisputed_rest=rest),
    st.lists(st.sampled_from(HoldKind), min_size=1, unique=True).map(tuple),
    st.booleans(),
)


#: Up to five rules, of different kinds.
rules = st.tuples(
    *[st.one_of(st.none(), each) for each in (quiet_hours, rate_limits, rolling_limits, cooldowns, hold_rules)]
).map(lambda found: tuple(rule for rule in found if rule is not None))
some_rules = rules.filter(bool)

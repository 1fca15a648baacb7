"""Rows about hours, counts and quiet days after a conversation."""

# ruff: noqa: E501 - a table reads best with one row a line

from __future__ import annotations

from streams.collections.facts import NO_FACTS, Facts
from streams.collections.instants import to_us
from streams.collections.terms import (
    ActionKind,
    Purpose,
    Result,
)
from tests.collections.helpers import CN, IN, UK, US, attempt, call, instant, talk
from tests.collections.rows import (
    IN_CHINA,
    IN_INDIA,
    IN_LONDON,
    IN_NEW_YORK,
    LONDON,
    NEW_YORK,
    NOON_CN,
    SHANGHAI,
    Row,
    cn_calls,
    us_calls,
)

# fmt: off
QUIET = [
    Row("CN-H1 21:59:59.999999", CN, IN_CHINA, call(), "2026-03-04T21:59:59.999999+08:00", "ALLOW"),
    Row("CN-H1 22:00:00", CN, IN_CHINA, call(), "2026-03-04T22:00:00+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("CN-H1 07:59:59.999999", CN, IN_CHINA, call(), "2026-03-05T07:59:59.999999+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("CN-H1 08:00:00", CN, IN_CHINA, call(), "2026-03-05T08:00:00+08:00", "ALLOW"),
    Row("CN-H1 midnight is inside", CN, IN_CHINA, call(), "2026-03-05T00:00:00+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("CN-H1 a letter makes no noise", CN, IN_CHINA, call(kind=ActionKind.LETTER), "2026-03-05T00:00:00+08:00", "ALLOW"),
    Row("CN-H1 zone unknown: the pack's candidates", CN, NO_FACTS, call(), "2026-03-04T23:00:00+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("US-H1 08:00:00", US, IN_NEW_YORK, call(), "2026-03-04T08:00:00-05:00", "ALLOW"),
    Row("US-H1 07:59:59.999", US, IN_NEW_YORK, call(), "2026-03-04T07:59:59.999-05:00", "DEFER US-H1 until 2026-03-04T08:00:00-05:00"),
    Row("US-H1 21:00:00 is not after nine", US, IN_NEW_YORK, call(), "2026-03-04T21:00:00-05:00", "ALLOW"),
    Row("US-H1 21:00:00.001", US, IN_NEW_YORK, call(), "2026-03-04T21:00:00.001-05:00", "DEFER US-H1 until 2026-03-05T08:00:00-05:00"),
    Row("US-H1 21:00:00.000001", US, IN_NEW_YORK, call(), "2026-03-04T21:00:00.000001-05:00", "DEFER US-H1 until 2026-03-05T08:00:00-05:00"),
    Row("US-H1 spring night, the hour is lost", US, IN_NEW_YORK, call(), "2026-03-07T22:00:00-05:00", "DEFER US-H1 until 2026-03-08T08:00:00-04:00"),
    Row("US-H1 autumn night, the hour comes twice", US, IN_NEW_YORK, call(), "2026-10-31T22:00:00-04:00", "DEFER US-H1 until 2026-11-01T08:00:00-05:00"),
    Row("US-H1 zone unknown: eight in Honolulu comes last", US, NO_FACTS, call(), "2026-03-04T18:00:00+00:00", "DEFER US-H1 until 2026-03-04T22:00:00+00:00"),
    Row("US-H1 two candidate zones, one asleep", US, Facts(zones=("America/New_York", "America/Los_Angeles")), call(), "2026-03-04T09:00:00-05:00", "DEFER US-H1 until 2026-03-04T08:00:00-08:00"),
    Row("US-H1 a zone that does not exist", US, Facts(zones=("America/New_York", "Mars/Base")), call(), "2026-03-04T12:00:00-05:00", "DENY US-H1"),
    Row("IN-H1 19:00:00 is not after seven", IN, IN_INDIA, call(), "2026-03-04T19:00:00+05:30", "ALLOW"),
    Row("IN-H1 19:00:00.001", IN, IN_INDIA, call(), "2026-03-04T19:00:00.001+05:30", "DEFER IN-H1 until 2026-03-05T08:00:00+05:30"),
    Row("IN-H1 a reminder before the due date is no recovery", IN, IN_INDIA, call(purpose=Purpose.REMIND), "2026-03-04T20:00:00+05:30", "ALLOW"),
    Row("UK-H1 no request, no hours", UK, IN_LONDON, call(), "2026-03-04T03:00:00+00:00", "ALLOW"),
    Row("UK-H1 asked for 10:00 to 16:00", UK, Facts(zones=LONDON, not_before_minute=600, not_after_minute=960), call(), "2026-03-04T16:00:00.000001+00:00", "DEFER UK-H1 until 2026-03-05T10:00:00+00:00"),
    Row("UK-H1 16:00:00 is not after four", UK, Facts(zones=LONDON, not_before_minute=600, not_after_minute=960), call(), "2026-03-04T16:00:00+00:00", "ALLOW"),
    Row("UK-H1 a night shift asks for 22:00 to 05:00", UK, Facts(zones=LONDON, not_before_minute=1320, not_after_minute=300), call(), "2026-03-04T12:00:00+00:00", "DEFER UK-H1 until 2026-03-04T22:00:00+00:00"),
    Row("UK-H1 only a beginning was asked for", UK, Facts(zones=LONDON, not_before_minute=600), call(), "2026-03-04T09:59:59+00:00", "DEFER UK-H1 until 2026-03-04T10:00:00+00:00"),
    Row("UK-H1 from midnight on asks for nothing", UK, Facts(zones=LONDON, not_before_minute=0), call(), "2026-03-04T00:00:00+00:00", "ALLOW"),
    Row("UK-H1 only an end was asked for", UK, Facts(zones=LONDON, not_after_minute=960), call(), "2026-03-04T16:30:00+00:00", "DEFER UK-H1 until 2026-03-05T00:00:00+00:00"),
]
# fmt: on

# fmt: off
RATES = [
    Row("US-F1 7th call in 7 days", US, us_calls(6), call(), "2026-03-08T12:00:00-04:00", "ALLOW"),
    Row("US-F1 8th call in 7 days", US, us_calls(7), call(), "2026-03-08T15:00:00-04:00", "DEFER US-F1 until 2026-03-09T08:00:00-04:00"),
    Row("US-F1 the 8th day", US, us_calls(7), call(), "2026-03-09T08:00:00-04:00", "ALLOW"),
    Row("US-F1 another debt has its own count", US, us_calls(7), call(loan_id="L2"), "2026-03-08T15:00:00-04:00", "ALLOW"),
    Row("US-F1 no debt named: every call counts", US, us_calls(7), call(loan_id=""), "2026-03-08T15:00:00-04:00", "DEFER US-F1 until 2026-03-09T08:00:00-04:00"),
    Row("US-F1 calls about no debt in particular count for each", US, us_calls(7, debt=""), call(loan_id="L2"), "2026-03-08T15:00:00-04:00", "DEFER US-F1 until 2026-03-09T08:00:00-04:00"),
    Row("US-F1 two telephones, one person", US, us_calls(7), call(contact_point_id="P2"), "2026-03-08T15:00:00-04:00", "DEFER US-F1 until 2026-03-09T08:00:00-04:00"),
    Row("US-F1 messages are not calls", US, us_calls(7, channel="SMS"), call(), "2026-03-08T15:00:00-04:00", "ALLOW"),
    Row("US-F1 an outcome without its attempt counts", US, us_calls(7, channel=""), call(), "2026-03-08T15:00:00-04:00", "DEFER US-F1 until 2026-03-09T08:00:00-04:00"),
    Row("US-F1 a skewed clock dates a call tomorrow", US, us_calls(7), call(), "2026-03-07T15:00:00-05:00", "DEFER US-F1 until 2026-03-09T08:00:00-04:00"),
    Row("US-F1 the debtor moved west: the same calls in the new zone", US, Facts(zones=("America/Los_Angeles",), attempts=us_calls(7).attempts), call(), "2026-03-09T08:00:00-07:00", "ALLOW"),
    Row("CN-F1 6th unanswered call today", CN, cn_calls(5), call(), "2026-03-04T16:00:00+08:00", "ALLOW"),
    Row("CN-F1 7th unanswered call today", CN, cn_calls(6), call(), "2026-03-04T16:00:00+08:00", "DEFER CN-F1 until 2026-03-05T08:00:00+08:00"),
    Row("CN-F1 new day", CN, cn_calls(6), call(), "2026-03-05T08:00:00+08:00", "ALLOW"),
    Row("CN-F1 another telephone", CN, cn_calls(6), call(contact_point_id="P2"), "2026-03-04T16:00:00+08:00", "ALLOW"),
    Row("CN-F1 telephone not named: every one counts", CN, cn_calls(6), call(contact_point_id=""), "2026-03-04T16:00:00+08:00", "DEFER CN-F1 until 2026-03-05T08:00:00+08:00"),
    Row("CN-F1 answered calls do not count", CN, cn_calls(6, result=Result.CONVERSATION), call(), "2026-03-04T16:00:00+08:00", "ALLOW"),
    Row("CN-F1 calls under way count before they end", CN, cn_calls(6, result=Result.PENDING), call(), "2026-03-04T16:00:00+08:00", "DEFER CN-F1 until 2026-03-05T08:00:00+08:00"),
    Row("CN-F2 is UNVERIFIED and off: 4th call today", CN, cn_calls(3, point="P2"), call(), "2026-03-04T16:00:00+08:00", "ALLOW"),
    Row("CN-F1 dropped for lack of room", CN, Facts(zones=SHANGHAI, attempts=(attempt("2026-03-04T11:00:00+08:00"),), evicted_us=to_us(instant("2026-03-04T10:00:00+08:00"))), call(), NOON_CN, "DEFER CN-F1 until 2026-03-05T08:00:00+08:00"),
]
# fmt: on

# fmt: off
COOLDOWN = [
    Row("US-F2 the evening of the conversation", US, Facts(zones=NEW_YORK, conversations=(talk("2026-03-02T09:00:00-05:00"),)), call(), "2026-03-02T18:00:00-05:00", "DEFER US-F2 until 2026-03-09T08:00:00-04:00"),
    Row("US-F2 day of the conversation + 6", US, Facts(zones=NEW_YORK, conversations=(talk("2026-03-02T09:00:00-05:00"),)), call(), "2026-03-08T20:00:00-04:00", "DEFER US-F2 until 2026-03-09T08:00:00-04:00"),
    Row("US-F2 day of the conversation + 7", US, Facts(zones=NEW_YORK, conversations=(talk("2026-03-02T09:00:00-05:00"),)), call(), "2026-03-09T08:00:00-04:00", "ALLOW"),
    Row("US-F2 another debt", US, Facts(zones=NEW_YORK, conversations=(talk("2026-03-02T09:00:00-05:00"),)), call(loan_id="L2"), "2026-03-03T12:00:00-05:00", "ALLOW"),
    Row("US-F2 a conversation at the door is no call", US, Facts(zones=NEW_YORK, conversations=(talk("2026-03-02T09:00:00-05:00", channel="VISIT"),)), call(), "2026-03-03T12:00:00-05:00", "ALLOW"),
    Row("US-F2 a message may be sent", US, Facts(zones=NEW_YORK, conversations=(talk("2026-03-02T09:00:00-05:00"),)), call(kind=ActionKind.SMS), "2026-03-03T12:00:00-05:00", "ALLOW"),
]
# fmt: on

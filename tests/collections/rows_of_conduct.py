"""Rows about holds, consent, third parties, visits, notices and packs."""

# ruff: noqa: E501 - a table reads best with one row a line

from __future__ import annotations

from streams.collections.facts import Consent, Facts, Notice, SignOff
from streams.collections.instants import to_us, token
from streams.collections.rules.base import Action
from streams.collections.terms import (
    ActionKind,
    Actor,
    Content,
    Disclosure,
    HoldKind,
    NoticeKind,
    Party,
    Purpose,
)
from tests.collections.helpers import BASE, CN, IN, UK, US, attempt, call, instant, talk
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
    consents,
    day,
    held,
    noticed,
    signed_off,
)

VISIT = Action(
    kind=ActionKind.VISIT,
    loan_id="L1",
    staff_count=2,
    disclosures=(Disclosure.IDENTITY, Disclosure.PURPOSE, Disclosure.CONSENT_TO_ENTER),
)
LEGAL = Action(kind=ActionKind.LEGAL_REVIEW, loan_id="L1")
SIGNED_OFF = SignOff("L1", day("2026-03-04"))
TRIED = Facts(
    zones=SHANGHAI,
    made={"CALL": 2, "SMS": 1},
    notices=(Notice(NoticeKind.VISIT, day("2026-03-01"), "L1"),),
    sign_offs=(SIGNED_OFF,),
)
UNREACHED = Facts(zones=SHANGHAI, attempts=(attempt("2026-03-03T12:00:00+08:00"),))

# fmt: off
HOLDS = [
    Row("BASE-DECEASED also stops a notice", BASE, held(HoldKind.DECEASED, "2026-03-04"), call(kind=ActionKind.LETTER, purpose=Purpose.NOTICE), NOON_CN, "DENY BASE-DECEASED"),
    Row("BASE-STOP bankruptcy", BASE, held(HoldKind.BANKRUPTCY, "2026-03-04"), call(), NOON_CN, "DENY BASE-STOP"),
    Row("BASE-STOP a required notice may go out", BASE, held(HoldKind.CEASE_REQUEST, "2026-03-04"), call(kind=ActionKind.LETTER, purpose=Purpose.NOTICE), NOON_CN, "ALLOW"),
    Row("BASE-STOP on one debt stops every debt", BASE, held(HoldKind.CEASE_REQUEST, "2026-03-04", loan_id="L2"), call(), NOON_CN, "DENY BASE-STOP"),
    Row("BASE-RELIEF on another debt", BASE, held(HoldKind.FORBEARANCE, "2026-03-04", "2026-03-20", loan_id="L2"), call(), NOON_CN, "ALLOW"),
    Row("BASE-RELIEF no debt named", BASE, held(HoldKind.FORBEARANCE, "2026-03-04", "2026-03-20", loan_id="L2"), call(loan_id=""), NOON_CN, "DEFER BASE-RELIEF until 2026-03-20T00:00:00+08:00"),
    Row("BASE-RELIEF the instant before its first day", BASE, held(HoldKind.FORBEARANCE, "2026-03-04", "2026-03-20"), call(), "2026-03-03T23:59:59.999999+08:00", "ALLOW"),
    Row("BASE-RELIEF first instant", BASE, held(HoldKind.FORBEARANCE, "2026-03-04", "2026-03-20"), call(), "2026-03-04T00:00:00+08:00", "DEFER BASE-RELIEF until 2026-03-20T00:00:00+08:00"),
    Row("BASE-RELIEF last instant", BASE, held(HoldKind.FORBEARANCE, "2026-03-04", "2026-03-20"), call(), "2026-03-19T23:59:59.999999+08:00", "DEFER BASE-RELIEF until 2026-03-20T00:00:00+08:00"),
    Row("BASE-RELIEF is over", BASE, held(HoldKind.FORBEARANCE, "2026-03-04", "2026-03-20"), call(), "2026-03-20T00:00:00+08:00", "ALLOW"),
    Row("BASE-RELIEF 60 days of breathing space", BASE, held(HoldKind.BREATHING_SPACE, "2026-03-04", "2026-05-03"), call(), "2026-03-04T00:00:00+08:00", "DEFER BASE-RELIEF until 2026-05-03T00:00:00+08:00"),
    Row("BASE-RELIEF longer than the gate looks ahead", BASE, held(HoldKind.DISASTER, "2026-03-04", "2026-09-01"), call(), NOON_CN, "DENY BASE-RELIEF GATE-HORIZON"),
    Row("BASE-RELIEF zone unknown: over everywhere on Earth", BASE, Facts(holds=held(HoldKind.DISASTER, "2026-03-04", "2026-03-20").holds), call(), "2026-03-19T12:00:00+00:00", "DEFER BASE-RELIEF until 2026-03-20T12:00:00+00:00"),
    Row("BASE-RELIEF zone unknown: begun anywhere on Earth", BASE, Facts(holds=held(HoldKind.DISASTER, "2026-03-04", "2026-03-20").holds), call(), "2026-03-03T10:00:00+00:00", "DEFER BASE-RELIEF until 2026-03-20T12:00:00+00:00"),
    Row("BASE-VULNERABLE-BOT no machine", BASE, held(HoldKind.VULNERABILITY, "2026-03-04"), call(actor=Actor.BOT), NOON_CN, "DENY BASE-VULNERABLE-BOT"),
    Row("BASE-VULNERABLE-BOT a person may", BASE, held(HoldKind.VULNERABILITY, "2026-03-04"), call(), NOON_CN, "ALLOW"),
    Row("BASE-VULNERABLE-SEVERE", BASE, held(HoldKind.VULNERABILITY, "2026-03-04"), Action(kind=ActionKind.AGENCY, loan_id="L1"), NOON_CN, "DENY BASE-VULNERABLE-SEVERE"),
    Row("BASE-DISPUTE all that is owed", BASE, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1"), call(), NOON_CN, "DENY BASE-DISPUTE"),
    Row("BASE-DISPUTE relief may be offered", BASE, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1"), call(purpose=Purpose.FORBEARANCE), NOON_CN, "ALLOW"),
    Row("BASE-DISPUTE the undisputed rest", BASE, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1", amount_minor=300, currency="CNY"), call(claim_minor=700, owed_minor=1000, currency="CNY"), NOON_CN, "ALLOW"),
    Row("BASE-DISPUTE one minor unit of the disputed part", BASE, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1", amount_minor=300, currency="CNY"), call(claim_minor=701, owed_minor=1000, currency="CNY"), NOON_CN, "DENY BASE-DISPUTE"),
    Row("BASE-DISPUTE in another currency", BASE, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1", amount_minor=300, currency="USD"), call(claim_minor=700, owed_minor=1000, currency="CNY"), NOON_CN, "DENY BASE-DISPUTE"),
    Row("BASE-DISPUTE-SEVERE not even for the rest", BASE, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1", amount_minor=300, currency="CNY"), Action(kind=ActionKind.AGENCY, loan_id="L1", claim_minor=700, owed_minor=1000, currency="CNY"), NOON_CN, "DENY BASE-DISPUTE-SEVERE"),
    Row("BASE-DISPUTE-SEVERE during a complaint", BASE, held(HoldKind.COMPLAINT, "2026-03-04"), Action(kind=ActionKind.AGENCY, loan_id="L1"), NOON_CN, "DENY BASE-DISPUTE-SEVERE"),
    Row("UK-D1 the rest of a disputed debt waits too", UK, held(HoldKind.DISPUTE, "2026-03-04", loan_id="L1", amount_minor=300, currency="GBP"), call(claim_minor=700, owed_minor=1000, currency="GBP"), NOON_CN, "DENY UK-D1"),
    Row("UK-B1 breathing space", UK, held(HoldKind.BREATHING_SPACE, "2026-03-04", "2026-05-03"), call(), "2026-03-05T12:00:00+08:00", "DEFER UK-B1 until 2026-05-03T00:00:00+08:00"),
    Row("UK-B2 is UNVERIFIED and off", UK, held(HoldKind.OTHER, "2026-03-04"), call(), NOON_CN, "ALLOW"),
    Row("US-C1 a request to cease", US, held(HoldKind.CEASE_REQUEST, "2026-03-04"), call(), NOON_CN, "DENY US-C1"),
    Row("US-A1 represented by an attorney", US, held(HoldKind.ATTORNEY, "2026-03-04"), call(), NOON_CN, "DENY US-A1"),
    Row("US-A1 with respect to another debt", US, held(HoldKind.ATTORNEY, "2026-03-04", loan_id="L2"), call(), NOON_CN, "ALLOW"),
]
# fmt: on

# fmt: off
CONSENTS = [
    Row("BASE-OPT-OUT withdrawn", BASE, consents(Consent("CALL", "CHANNEL", given=False)), call(), NOON_CN, "DENY BASE-OPT-OUT"),
    Row("BASE-OPT-OUT of another channel", BASE, consents(Consent("SMS", "CHANNEL", given=False)), call(), NOON_CN, "ALLOW"),
    Row("BASE-OPT-OUT an expired consent is no opt-out", BASE, consents(Consent("CALL", "CHANNEL", given=True, expires_us=1)), call(), NOON_CN, "ALLOW"),
    Row("BASE-PREFERRED-CHANNEL", BASE, Facts(zones=SHANGHAI, channels=("EMAIL",)), call(), NOON_CN, "DENY BASE-PREFERRED-CHANNEL"),
    Row("CN-H1 consent to late hours", CN, consents(Consent("CALL", "OUT_OF_HOURS", given=True)), call(), "2026-03-04T23:00:00+08:00", "ALLOW"),
    Row("CN-H1 consent for another channel", CN, consents(Consent("SMS", "OUT_OF_HOURS", given=True)), call(), "2026-03-04T23:00:00+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("CN-H1 consent taken back", CN, consents(Consent("CALL", "OUT_OF_HOURS", given=False)), call(), "2026-03-04T23:00:00+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("CN-H1 consent still live", CN, consents(Consent("CALL", "OUT_OF_HOURS", given=True, expires_us=to_us(instant("2026-03-04T23:00:00.000001+08:00"))) ), call(), "2026-03-04T23:00:00+08:00", "ALLOW"),
    Row("CN-H1 consent expired this instant", CN, consents(Consent("CALL", "OUT_OF_HOURS", given=True, expires_us=to_us(instant("2026-03-04T23:00:00+08:00")))), call(), "2026-03-04T23:00:00+08:00", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+08:00"),
    Row("US-H1 knows no such consent", US, consents(Consent("CALL", "OUT_OF_HOURS", given=True), zones=NEW_YORK), call(), "2026-03-04T22:00:00-05:00", "DEFER US-H1 until 2026-03-05T08:00:00-05:00"),
    Row("BASE-PREFERRED-HOURS", BASE, Facts(zones=SHANGHAI, not_before_minute=600), call(), "2026-03-04T09:00:00+08:00", "DEFER BASE-PREFERRED-HOURS until 2026-03-04T10:00:00+08:00"),
    Row("UK-W1 asked for e-mail", UK, Facts(zones=LONDON, channels=("EMAIL",)), call(), NOON_CN, "DENY UK-W1"),
]
# fmt: on

# fmt: off
THIRD = [
    Row("CN-T1 collecting from an unrelated person", CN, UNREACHED, call(party=Party.UNRELATED), NOON_CN, "DENY CN-T1"),
    Row("CN-T1 asking where the debtor is", CN, UNREACHED, call(party=Party.UNRELATED, purpose=Purpose.LOCATE), NOON_CN, "ALLOW"),
    Row("CN-T1 before the debtor was tried", CN, IN_CHINA, call(party=Party.UNRELATED, purpose=Purpose.RELAY), NOON_CN, "DENY CN-T1"),
    Row("CN-T1 the debtor can be reached", CN, Facts(zones=SHANGHAI, attempts=UNREACHED.attempts, conversations=(talk("2026-03-03T12:00:00+08:00"),)), call(party=Party.UNRELATED, purpose=Purpose.RELAY), NOON_CN, "DENY CN-T1"),
    Row("CN-T1 a person related to the debt", CN, UNREACHED, call(party=Party.RELATED), NOON_CN, "ALLOW"),
    Row("CN-T1 who refused is left alone", CN, Facts(zones=SHANGHAI, attempts=UNREACHED.attempts, refused_points=(token("P1"),)), call(party=Party.UNRELATED, purpose=Purpose.LOCATE), NOON_CN, "DENY CN-T1"),
    Row("CN-T2 no word about the debt", CN, UNREACHED, call(party=Party.UNRELATED, purpose=Purpose.RELAY, content=(Content.DEBT_DETAIL,)), NOON_CN, "DENY CN-T2"),
    Row("CN-C1 threats", CN, IN_CHINA, call(content=(Content.DEBT_DETAIL, Content.THREAT)), NOON_CN, "DENY CN-C1"),
    Row("UK-P2 publicly", UK, IN_LONDON, call(content=(Content.PUBLIC_DISPLAY,)), NOON_CN, "DENY UK-P2"),
    Row("IN-T1 family", IN, IN_INDIA, call(party=Party.RELATED, purpose=Purpose.REMIND, content=(Content.DEBT_DETAIL,)), NOON_CN, "DENY IN-T1"),
    Row("US-T1 relaying is not locating", US, IN_NEW_YORK, call(party=Party.UNRELATED, purpose=Purpose.RELAY), "2026-03-04T12:00:00-05:00", "DENY US-T1"),
    Row("BASE-THIRD-PARTY somebody else answers there", BASE, Facts(zones=SHANGHAI, third_party_points=(token("P1"),)), call(), NOON_CN, "DENY BASE-THIRD-PARTY"),
    Row("BASE-THIRD-PARTY at the debtor's other telephone", BASE, Facts(zones=SHANGHAI, third_party_points=(token("P1"),)), call(contact_point_id="P2"), NOON_CN, "ALLOW"),
    Row("UK-P1 a third party learns of legal steps", UK, IN_LONDON, call(party=Party.RELATED, content=(Content.LEGAL_THREAT,)), NOON_CN, "DENY UK-P1"),
    Row("IN-C1 threats", IN, IN_INDIA, call(purpose=Purpose.REMIND, content=(Content.THREAT,)), NOON_CN, "DENY IN-C1"),
    Row("BASE-CONTENT advice to borrow elsewhere", BASE, IN_CHINA, call(content=(Content.NEW_BORROWING,)), NOON_CN, "DENY BASE-CONTENT"),
    Row("BASE-CONTENT-THIRD-PARTY", BASE, Facts(zones=SHANGHAI, attempts=(attempt("2026-03-03T12:00:00+08:00"),) * 3), call(party=Party.RELATED, purpose=Purpose.LOCATE, content=(Content.DEBT_DETAIL,)), NOON_CN, "DENY BASE-CONTENT-THIRD-PARTY"),
]
# fmt: on

# fmt: off
VISITS = [
    Row("BASE-VISIT-ORDER all is in order", (BASE, CN), TRIED, VISIT, NOON_CN, "ALLOW"),
    Row("CN-V1 one person", CN, TRIED, Action(kind=ActionKind.VISIT, staff_count=1, disclosures=VISIT.disclosures), NOON_CN, "DENY CN-V1"),
    Row("CN-V2 no identification", CN, TRIED, Action(kind=ActionKind.VISIT, staff_count=2), NOON_CN, "DENY CN-V2"),
    Row("UK-V1 purpose not explained", UK, TRIED, Action(kind=ActionKind.VISIT, loan_id="L1", staff_count=2), NOON_CN, "DENY UK-V1"),
    Row("UK-V2 not announced", UK, IN_LONDON, VISIT, NOON_CN, "DENY UK-V2"),
    Row("BASE-VISIT-ORDER two attempts", BASE, Facts(zones=SHANGHAI, made={"CALL": 2, "VISIT": 5}, notices=TRIED.notices), VISIT, NOON_CN, "DENY BASE-VISIT-ORDER"),
    Row("BASE-VISIT-ORDER announced the day before yesterday", BASE, Facts(zones=SHANGHAI, made=TRIED.made, notices=(Notice(NoticeKind.VISIT, day("2026-03-02"), "L1"),)), VISIT, NOON_CN, "DEFER BASE-VISIT-ORDER until 2026-03-05T00:00:00+08:00"),
    Row("BASE-LEGAL-NOTICE not given", BASE, TRIED, LEGAL, NOON_CN, "DENY BASE-LEGAL-NOTICE"),
    Row("BASE-LEGAL-NOTICE on another debt", BASE, noticed("2026-01-01", "L2"), LEGAL, NOON_CN, "DENY BASE-LEGAL-NOTICE"),
    Row("BASE-LEGAL-NOTICE on one debt, legal for all", BASE, noticed("2026-01-01", "L2"), Action(kind=ActionKind.LEGAL_REVIEW), NOON_CN, "DENY BASE-LEGAL-NOTICE BASE-LEGAL-SIGN-OFF"),
    Row("BASE-LEGAL-NOTICE day 30 of the cure period", BASE, noticed("2026-03-01", "L1"), LEGAL, "2026-03-31T23:59:59.999999+08:00", "DEFER BASE-LEGAL-NOTICE until 2026-04-01T00:00:00+08:00"),
    Row("BASE-LEGAL-NOTICE day 31", BASE, noticed("2026-03-01", "L1"), LEGAL, "2026-04-01T00:00:00+08:00", "ALLOW"),
    Row("BASE-LEGAL-SIGN-OFF nobody has decided", BASE, signed_off(), LEGAL, NOON_CN, "DENY BASE-LEGAL-SIGN-OFF"),
    Row("BASE-LEGAL-SIGN-OFF on another debt", BASE, signed_off(SignOff("L2", day("2026-03-04"))), LEGAL, NOON_CN, "DENY BASE-LEGAL-SIGN-OFF"),
    Row("BASE-LEGAL-SIGN-OFF of today", BASE, signed_off(SIGNED_OFF), LEGAL, NOON_CN, "ALLOW"),
    Row("BASE-LEGAL-SIGN-OFF day 90, till it is over in Kiritimati", BASE, signed_off(SIGNED_OFF), LEGAL, "2026-06-01T17:59:59.999999+08:00", "ALLOW"),
    Row("BASE-LEGAL-SIGN-OFF day 91", BASE, signed_off(SIGNED_OFF), LEGAL, "2026-06-01T18:00:00+08:00", "DENY BASE-LEGAL-SIGN-OFF"),
    Row("BASE-VISIT-STAFF one person", BASE, TRIED, Action(kind=ActionKind.VISIT, loan_id="L1"), NOON_CN, "DENY BASE-VISIT-STAFF"),
]
# fmt: on

# fmt: off
PACKS = [
    Row("GATE-NO-PACK none given", (), IN_CHINA, call(), NOON_CN, "DENY GATE-NO-PACK"),
    Row("GATE-NO-PACK the instant before it is the 30th anywhere", CN, IN_CHINA, call(), "2026-01-29T17:59:59.999999+08:00", "DENY GATE-NO-PACK"),
    Row("GATE-NO-PACK it is the 30th on Kiritimati", CN, IN_CHINA, call(), "2026-01-29T18:00:00+08:00", "ALLOW"),
    Row("two packs, the debtor moved: India's evening is shorter", (CN, IN), IN_INDIA, call(), "2026-03-04T20:00:00+05:30", "DEFER IN-H1 until 2026-03-05T08:00:00+05:30"),
    Row("two packs, China's message rule holds too", (IN, CN), IN_INDIA, call(kind=ActionKind.SMS), "2026-03-04T22:00:00+05:30", "DEFER CN-H1 CN-H2 until 2026-03-05T08:00:00+05:30"),
    Row("two packs, a wait ends in the other's quiet hours", (CN, US), Facts(zones=SHANGHAI, conversations=(talk("2026-03-04T12:00:00+08:00"),)), call(), "2026-03-05T12:00:00+08:00", "DEFER US-F2 until 2026-03-11T08:00:00+08:00"),
]
# fmt: on

"""A pack or plan that makes no sense is refused as a whole, in words a person can act on."""

# ruff: noqa: E501 - a table reads best with one row a line

from __future__ import annotations

import datetime as dt

import pytest

from streams.cli_policy import shipped
from streams.collections.packs import PolicyError, load_pack
from streams.collections.plans import load_plan
from tests.collections.helpers import SHIPPED

HEAD = """
pack = "mine"
version = "1"
jurisdiction = "CN"
effective_from = 2026-01-01
status = "test"
zones = ["Asia/Shanghai"]
"""
RULE = """
[[rules]]
id = "M-1"
kind = "rate_limit"
source = "somewhere"
trust = "press"
max = 3
scope = ["debt"]
window_days = 7
"""
STAGE = """
[[stages]]
stage = "SMS"
priority = 1
when = [{ days_past_due_at_least = 3 }]
measures = [{ kind = "SMS" }]
"""
PLAN = """
plan = "mine"
version = "1"
products = ["*"]
"""

REFUSED_PACKS = [
    ("not UTF-8", b"\xff\xfe", "byte 0 is not UTF-8"),
    ("not TOML", b"pack = ", "not TOML"),
    ("a field is missing", HEAD.encode(), "the top of the file: Object missing required field `rules`"),
    ("no rules", (HEAD + "rules = []").encode(), "rules: Expected `array` of length >= 1"),
    ("unknown field", (HEAD + "colour = 1" + RULE).encode(), "unknown field `colour`. Allowed: effective_from, effective_to"),
    ("a kind that does not exist", (HEAD + RULE.replace("rate_limit", "rate")).encode(), "rule M-1, rules[0].kind: Invalid value 'rate'. Allowed: hold, consent"),
    ("a field of another kind", (HEAD + RULE + "holds = []").encode(), "rule M-1, rules[0]: Object contains unknown field `holds`. Allowed: accepted_by, actors, channels, count"),
    ("out of range", (HEAD + RULE.replace("max = 3", "max = 61")).encode(), "rule M-1, rules[0].max: Expected `int` <= 60. Allowed: a whole number from 1 to 60"),
    ("a longer window than facts are kept", (HEAD + RULE.replace("= 7", "= 31")).encode(), "rules[0].window_days: Expected `int` <= 30"),
    ("a word that is not allowed", (HEAD + RULE.replace('"debt"', '"loan"')).encode(), "rules[0].scope[0]: Invalid enum value 'loan'. Allowed: borrower, contact_point, debt"),
    ("a trust mark that does not exist", (HEAD + RULE.replace("press", "sure")).encode(), "Allowed: "),
    ("a number for a text", (HEAD + RULE.replace('"somewhere"', "5")).encode(), "rule M-1, rules[0].source: Expected `str`, got `int`. Allowed: text"),
    ("not a country", (HEAD.replace('"CN"', '"China"') + RULE).encode(), "jurisdiction: Expected `str` matching regex"),
    ("not a date", (HEAD.replace("2026-01-01", '"soon"') + RULE).encode(), "Allowed: a date, for example 2026-01-30"),
    ("not true or false", (HEAD + RULE + "enabled = 1").encode(), "rule M-1, rules[0].enabled: Expected `bool | null`, got `int`. Allowed: true or false"),
    ("two windows", (HEAD + RULE + "window_hours = 5").encode(), "rule M-1, window_days: give either window_days or window_hours"),
    ("no window", (HEAD + RULE.replace("window_days = 7", "")).encode(), "rule M-1, window_days: give either"),
    ("a count of what is no contact", (HEAD + RULE + 'channels = ["AGENCY"]').encode(), "rule M-1, channels: only contacts are counted: CALL"),
    ("the same id twice", (HEAD + RULE + RULE).encode(), "rule M-1, id: used twice"),
    ("not verified, yet on", (HEAD + RULE.replace("press", "UNVERIFIED") + "enabled = true").encode(), "rule M-1, enabled: an UNVERIFIED rule is off"),
    ("a zone that does not exist", (HEAD.replace("Shanghai", "Shanghigh") + RULE).encode(), "zones: Asia/Shanghigh is not an IANA time zone"),
    ("over before it begins", (HEAD + "effective_to = 2026-01-01" + RULE).encode(), "effective_to: must be later than effective_from (2026-01-01)"),
    ("not a clock time", (HEAD + '[[rules]]\nid="Q"\nkind="quiet_hours"\nsource="s"\ntrust="press"\nwindow=["22:00","24:00"]').encode(), "rule Q, rules[0].window[1]: "),
    ("a window of no length", (HEAD + '[[rules]]\nid="Q"\nkind="quiet_hours"\nsource="s"\ntrust="press"\nwindow=["22:00","22:00"]').encode(), "rule Q, window: the two clock times must differ"),
    ("a window and a preference", (HEAD + '[[rules]]\nid="Q"\nkind="quiet_hours"\nsource="s"\ntrust="press"\nwindow=["22:00","08:00"]\ndebtor_preference=true').encode(), "rule Q, window: give either window or debtor_preference"),
    ("the debtor as third party", (HEAD + '[[rules]]\nid="T"\nkind="third_party"\nsource="s"\ntrust="press"\nparties=["DEBTOR"]').encode(), "rule T, parties: the debtor is not a third party"),
    ("an order that asks for nothing", (HEAD + '[[rules]]\nid="E"\nkind="escalation_order"\nsource="s"\ntrust="press"').encode(), "rule E, min_attempts: give min_attempts, or notice"),
    ("a cure period that nothing starts", (HEAD + '[[rules]]\nid="E"\nkind="escalation_order"\nsource="s"\ntrust="press"\nmin_attempts=1\ncure_days=3').encode(), "rule E, cure_days: a cure period needs a notice"),
    ("attempts by what is no contact", (HEAD + '[[rules]]\nid="E"\nkind="escalation_order"\nsource="s"\ntrust="press"\nmin_attempts=1\nafter_channels=["AGENCY"]').encode(), "rule E, after_channels: only contacts"),
]  # fmt: skip

REFUSED_PLANS = [
    ("no stages", PLAN, "missing required field `stages`"),
    ("stages out of order", PLAN + STAGE + STAGE.replace('stage = "SMS"', 'stage = "REMINDER"'), "stages: list each stage once, in the order REMINDER, SMS"),
    ("a stage twice", PLAN + STAGE + STAGE, "stages: list each stage once"),
    ("a later stage that opens earlier", PLAN + STAGE + STAGE.replace('stage = "SMS"', 'stage = "CALL"').replace("= 3", "= 2"), "stage CALL, days_past_due_at_least: 2 is earlier than the 3 of SMS"),
    ("the clear state as a stage", PLAN + STAGE.replace('stage = "SMS"', 'stage = "CLEAR"'), "stage CLEAR, stage: CLEAR is the absence of a stage"),
    ("a tier that does not exist", PLAN + STAGE.replace("days_past_due_at_least = 3", 'tier_at_least = "BAD"'), "stage SMS, stages[0].when[0].tier_at_least: Invalid enum value 'BAD'. Allowed: NORMAL, WATCH, ELEVATED, HIGH, CRITICAL"),
    ("arrears below nothing", PLAN + STAGE.replace("days_past_due_at_least = 3", "arrears_minor_at_least = -1"), "Allowed: a whole number, at least 0"),
    ("a measure twice", PLAN + STAGE.replace('{ kind = "SMS" }', '{ kind = "SMS" }, { kind = "SMS" }'), "stage SMS, measures: each kind of action once"),
    ("legal review as a message", PLAN + STAGE.replace('{ kind = "SMS" }', '{ kind = "LEGAL_REVIEW" }'), "stage SMS, measures: allowed are contacts: CALL"),
    ("a message as legal review", PLAN + STAGE.replace('stage = "SMS"', 'stage = "LEGAL_REVIEW"'), "stage LEGAL_REVIEW, measures: the only measure"),
    ("a message as a placement", PLAN + STAGE.replace('stage = "SMS"', 'stage = "AGENCY"'), "stage AGENCY, measures: the only measure"),
    ("collection before the due date", PLAN + STAGE.replace("days_past_due_at_least = 3", "days_to_due_at_most = 3"), "stage SMS, days_to_due_at_most: only the REMINDER stage"),
    ("a share above one", PLAN + "holdout_ppm = 1000001" + STAGE, "holdout_ppm: Expected `int` <= 1000000"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in REFUSED_PACKS], ids=[row[0] for row in REFUSED_PACKS])
def test_a_wrong_pack_is_refused_in_words(text: bytes, said: str) -> None:
    """The message names the file, the rule, the field and what is allowed."""
    with pytest.raises(PolicyError) as refused:
        load_pack(text, "mine.toml")

    assert said in str(refused.value)
    assert str(refused.value).startswith("mine.toml: ")


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in REFUSED_PLANS], ids=[row[0] for row in REFUSED_PLANS])
def test_a_wrong_plan_is_refused_in_words(text: str, said: str) -> None:
    """The message names the file, the stage, the field and what is allowed."""
    with pytest.raises(PolicyError) as refused:
        load_plan(text.encode(), "mine.toml")

    assert said in str(refused.value)


def test_every_problem_is_told_at_once() -> None:
    """Nobody corrects a file one message at a time."""
    text = HEAD.replace("Shanghai", "Nowhere") + RULE + RULE

    with pytest.raises(PolicyError) as refused:
        load_pack(text.encode(), "mine.toml")

    assert len(refused.value.problems) == 2


def test_the_same_text_is_the_same_pack() -> None:
    """The digest names the text; one character more is another pack."""
    text = (HEAD + RULE).encode()
    digests = [load_pack(each, "x").digest for each in (text, text, text + b"\n")]

    assert digests[0] == digests[1] != digests[2]


def test_an_unverified_rule_is_off_until_somebody_answers_for_it() -> None:
    """Off by default; on when the pack names who checked the source."""
    text = HEAD + RULE.replace("press", "UNVERIFIED")
    off = load_pack(text.encode(), "x")
    on = load_pack((text + 'enabled = true\naccepted_by = "compliance, 2026-03-01"').encode(), "x")

    assert [pack.file.rules[0].is_on for pack in (off, on)] == [False, True]


def test_a_rule_can_be_switched_off() -> None:
    """A lender's copy of a pack may leave a rule out of force without deleting it."""
    pack = load_pack((HEAD + RULE + "enabled = false").encode(), "x")

    assert all(checks == () for checks in pack.checks.values())


@pytest.mark.parametrize("name", shipped("packs"))
def test_shipped_packs_keep_their_promises(name: str) -> None:
    """Each loads; each rule has a source and a mark; nothing UNVERIFIED is on; no pack is in force forever by mistake."""
    pack = load_pack(shipped("packs")[name], name)

    assert name == f"{pack.file.pack}-{pack.file.version}"
    assert [rule.id for rule in pack.file.rules if rule.trust == "UNVERIFIED" and rule.is_on] == []
    assert all(len(rule.source) > 20 for rule in pack.file.rules)
    assert pack.file.effective_from >= dt.date(2020, 1, 1) or pack.file.jurisdiction == "*"


def test_the_jurisdictions_that_were_promised_are_there() -> None:
    """China, the United States, the United Kingdom, India and the lender's own standard."""
    assert {"CN", "US", "GB", "IN", "*"} == {pack.file.jurisdiction for pack in SHIPPED.values()}


@pytest.mark.parametrize("name", shipped("plans"))
def test_shipped_plans_load(name: str) -> None:
    """Each loads under its own name."""
    plan = load_plan(shipped("plans")[name], name).plan

    assert name == f"{plan.plan}-{plan.version}"

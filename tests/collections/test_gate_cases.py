"""One row per rule and boundary: what the shipped packs answer, named by rule id."""

from __future__ import annotations

import pytest

from streams.collections.gate import Decision, evaluate
from streams.collections.packs import Pack
from tests.collections import rows_of_conduct, rows_of_time
from tests.collections.helpers import SHIPPED, instant
from tests.collections.rows import Row

ROWS = [
    *rows_of_time.QUIET,
    *rows_of_time.RATES,
    *rows_of_time.COOLDOWN,
    *rows_of_conduct.HOLDS,
    *rows_of_conduct.CONSENTS,
    *rows_of_conduct.THIRD,
    *rows_of_conduct.VISITS,
    *rows_of_conduct.PACKS,
]


def in_words(decision: Decision) -> str:
    """VERDICT, ids of the rules in the way, and the instant in UTC."""
    until = ["until", decision.until.isoformat()] if decision.until else []
    return " ".join([decision.verdict, *decision.rule_ids, *until])


def in_utc(expected: str) -> str:
    """The words of a row with its instant in UTC."""
    words, _, until = expected.partition(" until ")
    return (
        f"{words} until {instant(until).astimezone(instant('2026-01-01T00:00:00+00:00').tzinfo).isoformat()}"
        if until
        else words
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row) -> None:
    """Each row gives its verdict, its rules and its instant."""
    packs = (row.packs,) if isinstance(row.packs, Pack) else row.packs

    assert in_utc(row.expected) == in_words(evaluate(row.action, row.facts, packs, instant(row.at)))


def test_every_rule_that_is_on_decides_a_row() -> None:
    """No rule of a shipped pack goes without a row in which it stands in the way."""
    rules = [rule for pack in SHIPPED.values() for rule in pack.file.rules]
    asked = {rule.id for rule in rules if rule.is_on and rule.kind != "retention"}
    decided = {word for row in ROWS for word in row.expected.split()}

    assert asked - decided == set()

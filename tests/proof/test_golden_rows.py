"""Rows of every released codec version still decode, and decode to the same facts."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.borrower import state

GOLDEN = Path(__file__).parent / "golden"
FACTS = ("business_day", "tier", "sequence", "alerts_sent")


def lines(version: int) -> list[dict[str, Any]]:
    """The kept rows of a version, with what was known of each when it was written."""
    text = (GOLDEN / f"state-v{version}.jsonl").read_bytes()
    return [msgspec.json.decode(line) for line in text.splitlines()]


@pytest.mark.parametrize("version", range(1, state.VERSION + 1))
def test_rows_decode_to_what_they_meant(version: int) -> None:
    """Golden bytes give the facts that were noted beside them."""
    for line in lines(version):
        borrower = state.decode(base64.b64decode(line["row"]))

        assert {name: getattr(borrower, name) for name in FACTS} == {name: line[name] for name in FACTS}
        assert len(borrower.account.loans) == line["loans"]
        assert len(borrower.observations) == line["observations"]


@pytest.mark.parametrize("version", range(1, state.VERSION + 1))
def test_rows_survive_being_written_anew(version: int) -> None:
    """What was read is written so that it reads the same again."""
    for line in lines(version):
        borrower = state.decode(base64.b64decode(line["row"]))

        assert state.decode(state.encode(borrower)) == borrower

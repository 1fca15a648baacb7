"""Canonical bytes: the fast way and `rfc8785` agree; what JSON cannot hold is refused."""

from __future__ import annotations

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.canonical import INTEGER_MAX, canonical_bytes
from streams.evidence.entry import Entry, Kind, Source
from streams.evidence.errors import EntryError
from streams.evidence.sealing import Head, seal

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-INTEGER_MAX, INTEGER_MAX)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=5), max_leaves=20
)


@given(JSON)
def test_agrees_with_rfc8785(value: object) -> None:
    """Any JSON value, with keys and texts from all of Unicode."""
    assert rfc8785.dumps(value) == canonical_bytes(value)  # type: ignore[arg-type]


@given(
    st.dictionaries(st.text(max_size=3), JSON, max_size=6),
    st.text(),
    st.none() | st.text(),
    st.none() | st.builds(Source, topic=st.text(), partition=st.integers(0, 99), offset=st.integers(0, INTEGER_MAX)),
    st.none() | st.builds(Head, sequence=st.integers(1, 2**40), index=st.integers(0, 2**40), digest=st.binary()),
)
def test_a_leaf_is_canonical(
    body: dict[str, object], text: str, borrower_id: str | None, source: Source | None, previous: Head | None
) -> None:
    """Whatever stands in an entry, and whatever its personal fields are called."""
    entry = Entry(
        kind=Kind.EVENT,
        body=body,
        recorded_at="2026-01-01T00:00:00Z",
        actor=text,
        borrower_id=borrower_id,
        source=source,
        clock=text,
    )
    personal = frozenset(list(body)[::2])
    leaf = seal(entry, 7, text, previous, personal, lambda: b"salt").leaf
    withheld = personal if borrower_id else frozenset[str]()
    shown = {name: value for name, value in body.items() if name not in withheld or value is None}

    assert leaf == rfc8785.dumps(orjson.loads(leaf) | {"body": shown})


def test_key_order_is_that_of_utf16() -> None:
    """RFC 8785 section 3.2.3 sorts by UTF-16 code units; UTF-8 order differs beyond the basic plane."""
    assert '{"\U0001f600":1,"\uffff":2}'.encode() == canonical_bytes({"\uffff": 2, "\U0001f600": 1})


def test_no_digit_of_a_large_amount_is_lost() -> None:
    """An integer that a double cannot hold is written as a string."""
    assert canonical_bytes({"amount_minor": 2**53 + 1}) == b'{"amount_minor":"9007199254740993"}'


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", {"\ud800": 1}, {1: 2}, {"a": b"bytes"}, {"a": object()}]
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    """One clear error, whichever way was taken."""
    with pytest.raises(EntryError, match="canonical JSON"):
        canonical_bytes(value)

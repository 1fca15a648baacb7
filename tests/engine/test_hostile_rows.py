"""Whatever bytes stand on the state topic: a worker takes them or stops with one clear error, and never does more."""

from __future__ import annotations

import base64
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.agents.assess import Assessor
from streams.borrower import state
from streams.engine import rows
from streams.engine.errors import EngineError
from streams.risk.tiers import DEFAULT

_GOLDEN = Path(__file__).parents[1] / "proof/golden"


def golden() -> bytes:
    """The body of one real row."""
    line: dict[str, Any] = msgspec.json.decode((_GOLDEN / f"state-v{state.VERSION}.jsonl").read_bytes().splitlines()[0])
    return base64.b64decode(line["row"])


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A real row's body, cut, spliced or with bytes changed; or no row at all."""
    body = bytearray(golden())
    for _ in range(draw(st.integers(0, 4))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(body)))
    return draw(st.one_of(st.just(bytes(body)), st.just(bytes(body[:cut])), st.binary(max_size=200)))


@given(broken())
@example(b"\xdf\xff\xff\xff\xff")  # a map of four billion entries
@example(b"\xdd\xff\xff\xff\xff" + b"\x00" * 64)  # an array as long
@example(b"\x91" * 3_000)  # nested three thousand deep
def test_a_body_decodes_or_is_refused(body: bytes) -> None:
    """What decodes is a row with typed fields; anything else is a decoding error: no crash, no memory spent on a claim."""
    tracemalloc.start()
    try:
        borrower = state.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        borrower = None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert peak < 1_000_000
    assert borrower is None or isinstance(borrower.business_day, int)


@given(st.binary(max_size=60), st.integers(0, 2**62))
def test_a_row_is_taken_or_stops_the_worker(row: bytes, next_offset: int) -> None:
    """Opening a partition looks at frames only, and says what is wrong with one."""
    try:
        Assessor(1, DEFAULT).opened("journal", 0, {b"key": row}, next_offset)
        said = ""
    except EngineError as error:
        said = str(error)

    assert "\n" not in said
    assert said or len(row) >= rows.FRAME_BYTES


@pytest.mark.parametrize("claim", [b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff"])
def test_the_examples_are_claims(claim: bytes) -> None:
    """They are well-formed beginnings, so it is the decoder that must not believe them."""
    with pytest.raises(msgspec.DecodeError):
        msgspec.msgpack.decode(claim)

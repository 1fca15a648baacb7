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
from streams.agents.learn import LearningAgent
from streams.agents.portfolio import PortfolioAgent
from streams.agents.sequence import Sequencer
from streams.borrower import state
from streams.borrower.shard import POLICY_KEY, SHARD_KEY
from streams.engine import rows, source
from streams.engine.driver import LocalRecord
from streams.engine.errors import EngineError, Misconfigured
from streams.engine.processor import Processor
from streams.engine.writes import Writes
from streams.files.events import tick
from streams.risk.tiers import DEFAULT
from streams.sandbox.proof.workload import story

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


def journal_record(key: bytes, offset: int) -> LocalRecord:
    """A record that touches a borrower's row."""
    event = next(record.value for record in story(1_000, 1, 30) if record.topic == "loans" and not record.poison)
    borrower = msgspec.json.decode(event or b"")["borrower_id"].encode()
    value = (event or b"").replace(borrower, key)
    return LocalRecord("journal", offset, key, value, 0, [source.header("loans", 0, 0, 1)])


def date_record(offset: int) -> LocalRecord:
    """A date that wakes every row that asked for a day up to it."""
    return LocalRecord("journal", offset, None, tick(740_000).value, 0, [source.header("loans", 0, 0, 1)])


@pytest.mark.parametrize("record", [journal_record(b"b-77", 4), date_record(4)], ids=["an event", "a date"])
@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x91" * 3_000, b"\x91\xa3\xff\xff\xff"])
def test_a_damaged_row_stops_the_worker_when_it_is_touched(body: bytes, record: LocalRecord) -> None:
    """One line: where the row is, whose it is only by its hash, and what to do. Nothing is written."""
    assessor, writes = Assessor(1, DEFAULT), Writes()
    assessor.opened("journal", 0, {b"b-77": rows.pack(state.VERSION, 3, 700_000, body)}, 4)

    with pytest.raises(Misconfigured, match=r"in state/0 cannot be decoded .* Nothing was changed\. Put back") as told:
        assessor.fold("journal", 0, [record], writes)
    assert "b-77" not in str(told.value)
    assert rows.named(b"b-77") in str(told.value)
    assert "\n" not in str(told.value)
    assert writes.records == []


@pytest.mark.parametrize(
    ("agent", "topic", "partition", "key", "said"),
    [
        (Assessor(4, DEFAULT), "journal", 3, SHARD_KEY, "state/3"),
        (Assessor(4, DEFAULT), "journal", 3, POLICY_KEY, "state/3"),
        (Sequencer(4, None), "payments", 2, b"payments/2", "sequence-state/0"),
        (LearningAgent(), "labels", 0, b"closed", "learn-state/0"),
        (LearningAgent(), "labels", 0, b"learner", "learn-state/0"),
        (LearningAgent(), "labels", 0, b"measures", "learn-state/0"),
        (PortfolioAgent(), "book", 0, b"progress", "portfolio-state/0"),
        (PortfolioAgent(), "book", 0, b"book", "portfolio-state/0"),
        (PortfolioAgent(), "book", 0, b"stock/a/b", "portfolio-state/0"),
        (PortfolioAgent(), "book", 0, b"waiting/738000", "portfolio-state/0"),
        (PortfolioAgent(), "book", 0, b"waiting/x", "portfolio-state/0"),
        (PortfolioAgent(), "book", 0, b"line/738000", "portfolio-state/0"),
        (PortfolioAgent(), "book", 0, b"part/EUR", "portfolio-state/0"),
    ],
)
def test_a_damaged_row_of_an_agent_stops_it_when_it_opens(
    agent: Processor, topic: str, partition: int, key: bytes, said: str
) -> None:
    """Every agent says where the row is and what to do."""
    with pytest.raises(Misconfigured, match=f"in {said} cannot be decoded"):
        agent.opened(topic, partition, {key: rows.pack(1, 0, 0, b"\xc1")}, 5)

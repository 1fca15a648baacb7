from __future__ import annotations

import contextlib
import datetime as dt
import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events import decode
from streams.events.catalog import INPUTS
from streams.events.decode import Refusal, accept
from streams.events.envelope import BorrowerEvent
from streams.events.examples import BY_TYPE
from tests.events.helpers import TIMESTAMP_MS, TOPIC_BY_TYPE, key, value

TOPICS = sorted({channel.topic for channel in INPUTS})
TAGS = sorted(TOPIC_BY_TYPE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("tag", TAGS)
def test_example_is_accepted(tag: str) -> None:
    """What the schemas show as an example is what the sequencer takes, and it comes back as it was sent."""
    event = accept(TOPIC_BY_TYPE[tag], key(tag), value(tag), TIMESTAMP_MS)

    assert event == BY_TYPE[tag]
    assert decode.decode(value(tag)) == event


def test_every_input_type_has_an_example() -> None:
    """A new event without an example would be published untested."""
    union = {str(struct.__struct_config__.tag) for struct in typing.get_args(decode.InputEvent)}

    assert union == set(TAGS)
    assert set(TAGS) <= set(BY_TYPE)


@given(st.sampled_from(TOPICS), st.none() | st.binary(), st.binary(max_size=300), st.integers(-(2**63), 2**63 - 1))
def test_arbitrary_bytes_never_crash(topic: str, record_key: bytes | None, body: bytes, timestamp_ms: int) -> None:
    """Whatever a producer sends, the answer is an event or a refusal."""
    with contextlib.suppress(Refusal):
        accept(topic, record_key, body, timestamp_ms)


@given(st.sampled_from(TAGS), st.data())
def test_one_field_of_anything_never_crashes(tag: str, data: st.DataObject) -> None:
    """A valid event with one field replaced by arbitrary JSON is accepted or refused, never a crash."""
    plain = msgspec.to_builtins(BY_TYPE[tag])
    name = data.draw(st.sampled_from(sorted(plain)))
    body = msgspec.json.encode(plain | {name: data.draw(JSON)})

    with contextlib.suppress(Refusal):
        accept(TOPIC_BY_TYPE[tag], key(tag), body, TIMESTAMP_MS)


@given(st.sampled_from(TAGS), st.data())
def test_mutilated_examples_never_crash(tag: str, data: st.DataObject) -> None:
    """A valid record with a piece cut out or overwritten is accepted or refused, never a crash."""
    body = bytearray(value(tag))
    start = data.draw(st.integers(0, len(body)))
    body[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))

    with contextlib.suppress(Refusal):
        accept(TOPIC_BY_TYPE[tag], key(tag), bytes(body), TIMESTAMP_MS)


@given(
    st.integers(1, 10**15),
    st.from_regex(r"[A-Z]{3}", fullmatch=True),
    st.from_regex(r"[!-~]{1,128}", fullmatch=True),
    st.dates(min_value=decode.EARLIEST, max_value=dt.date(2027, 1, 3)),
    st.sampled_from(["AUTODEBIT", "CARD", "WALLET", "TRANSFER", "CASH", "OTHER"]),
)
def test_valid_payment_round_trips(amount_minor: int, currency: str, name: str, date: dt.date, method: str) -> None:
    """Bytes to event to bytes is the identity for every valid payment, amounts beyond 2^53 included."""
    body = value(
        "payment_received",
        amount={"amount_minor": amount_minor, "currency": currency},
        borrower_id=name,
        business_date=date.isoformat(),
        occurred_at=f"{date}T12:00:00Z",
        value_date=None,
        method=method,
    )
    event = accept("payments", name.encode(), body, TIMESTAMP_MS)

    assert isinstance(event, BorrowerEvent)
    assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(body)

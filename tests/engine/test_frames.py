"""Row frames, source headers, the chain of fetches: what the audits of the engine stand on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import faust_app, groups, rows, source
from streams.engine.delivery import BatchScheduler
from streams.engine.errors import Inconsistent, Misconfigured


@given(version=st.integers(1, 255), offset=st.integers(0, 2**63 - 1), wake=st.integers(0, 2**32 - 1), body=st.binary())
def test_a_frame_round_trips(version: int, offset: int, wake: int, body: bytes) -> None:
    """And the wake day can be read without unpacking."""
    row = rows.pack(version, offset, wake, body)

    assert rows.unpack(row) == (version, offset, wake, body)
    assert rows.wake_day(row) == wake


@given(st.binary(max_size=rows.FRAME_BYTES - 1))
def test_a_stump_is_no_row(stump: bytes) -> None:
    """It is refused with a sentence, not an index error."""
    with pytest.raises(Inconsistent, match="shorter than its frame"):
        rows.unpack(stump)


def test_a_newer_row_stops_the_worker() -> None:
    """Before anything is folded."""
    with pytest.raises(Misconfigured, match="upgrade this worker"):
        rows.check_version(rows.pack(9, 0, 0, b""), 1, b"key")


def test_rows_are_stripped_where_they_are() -> None:
    """The wake index comes with it; a day of 0 is no day."""
    kept = {b"a": rows.pack(1, 7, 0, b"A"), b"b": rows.pack(2, 8, 30, b"B"), b"c": rows.pack(1, 1, 30, b"")}

    assert rows.strip(kept, 2, 9) == {30: [b"b", b"c"]}
    assert kept == {b"a": b"A", b"b": b"B", b"c": b""}


@pytest.mark.parametrize(
    ("row", "newest", "error", "said"),
    [
        (rows.pack(3, 0, 0, b""), 2, Misconfigured, "upgrade this worker"),
        (rows.pack(0, 0, 0, b""), 2, Misconfigured, "upgrade this worker"),
        (rows.pack(1, 9, 0, b""), 2, Inconsistent, "only 9 is committed"),
        (b"\x01short", 2, Inconsistent, "shorter than its frame"),
    ],
)
def test_a_row_that_cannot_be_is_not_taken(row: bytes, newest: int, error: type[Exception], said: str) -> None:
    """Each stops the worker before anything is folded."""
    with pytest.raises(error, match=said):
        rows.strip({b"key": row}, newest, 9)


@given(st.integers(0, 10**9), st.integers(0, 10**12), st.integers(1, 10**9))
def test_a_source_header_round_trips(partition: int, offset: int, count: int) -> None:
    """Also for topics with slashes in no prefix: the numbers are split from the right."""
    name, value = source.header("missed-installments", partition, offset, count)
    found = source.parse([("other", b"x"), (name, value)])

    assert (found.topic, found.partition, found.offset, found.count) == (
        "missed-installments",
        partition,
        offset,
        count,
    )


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_missing_repeated_or_reordered_record_is_noticed(count: int) -> None:
    """After two records of a source only the third may come."""
    continuity = source.Continuity({"payments/0": 2})

    with pytest.raises(Inconsistent, match="where 3 was due"):
        continuity.check(source.Source("payments", 0, 77, count), 5)


def _fetch(*offsets: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(offset=offset, timestamp=0) for offset in offsets]


def test_a_fetch_follows_the_one_before() -> None:
    """Gaps within a topic are legitimate; a fetch that nobody saw is not."""
    scheduler, tp = BatchScheduler(), TP("journal", 0)
    [(_, first)] = scheduler.iterate({tp: _fetch(10, 11)})
    scheduler.iterate({tp: _fetch(13, 14)})  # cleared from a queue, never looked at
    [(_, third)] = scheduler.iterate({tp: _fetch(15)})

    assert (first.follows, first.offset) == (0, 11)
    assert third.follows == 15


def test_reading_again_from_before_is_no_hole() -> None:
    """After a seek back the chain starts anew: what lies before is a transaction's marker."""
    scheduler, tp = BatchScheduler(), TP("journal", 0)
    scheduler.iterate({tp: _fetch(10, 11, 12)})
    [(_, again)] = scheduler.iterate({tp: _fetch(11, 12)})

    assert again.follows == 0


def test_the_internals_relied_on_are_there() -> None:
    """The self-tests of start-up pass with the locked versions."""
    faust_app.self_test()
    groups.self_test()


def test_an_internal_that_moved_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of Faust stops the worker at its start, with the name of what is gone."""

    class Other:
        """A worker without a spinner."""

    monkeypatch.setattr("faust.Worker", Other)

    with pytest.raises(Misconfigured, match=r"faust Worker\.spinner"):
        faust_app.self_test()


def test_group_metadata_has_an_instance_or_none() -> None:
    """Static members carry their name: the broker fences by it."""
    assert groups.metadata("g", 7, "m", None) == b"CGMDv2:\x07\0\0\0g\0m\0\x01"
    assert groups.metadata("g", 7, "m", "i") == b"CGMDv2:\x07\0\0\0g\0m\0\x00i\0"

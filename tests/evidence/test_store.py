"""The log's files: once each, in order, whole after any death, honest about damage."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.evidence.entry import Entry, Kind, Source, borrower_chain, loan_chain
from streams.evidence.errors import EntryError, ProofError, StoreCorruptError, StoreError
from streams.evidence.merkle import leaf_hash, verify_consistency, verify_inclusion
from streams.evidence.segments import Segments
from streams.evidence.store import EvidenceLog, create_log
from tests.evidence.story import ORIGIN, counted_salt
from tests.evidence.trees import tree_head

if TYPE_CHECKING:
    from pathlib import Path


def record(
    offset: int, partition: int = 0, loan_id: str | None = "L1", text: str = "x", topic: str = "journal"
) -> Entry:
    """An entry from a record at a position."""
    source = Source(topic=topic, partition=partition, offset=offset)
    body = {"type": "test", "text": text, "contact_point_id": f"tel-{offset}"}
    return Entry(
        kind=Kind.EVENT,
        body=body,
        recorded_at="2026-01-01T00:00:00Z",
        actor="test",
        borrower_id="B1",
        loan_id=loan_id,
        source=source,
    )


def new_log(path: Path, segment_bytes: int = 1 << 20) -> EvidenceLog:
    """A fresh log."""
    create_log(path, ORIGIN)
    return EvidenceLog(path, salt=counted_salt(), segment_bytes=segment_bytes)


def leaves_of(log: EvidenceLog) -> list[bytes]:
    """All entries."""
    return [log.leaf(index) for index in range(log.size)]


def test_an_entry_says_everything_and_links_to_the_one_before(tmp_path: Path) -> None:
    """The leaf is canonical JSON with source, actor, clock, number and the hash of the entry before."""
    with new_log(tmp_path / "log") as log:
        log.append([record(0), record(1, loan_id="L2"), record(2)])
        first, last = log.leaf(0), orjson.loads(log.leaf(2))

    assert {"id": "loan/L1", "sequence": 2, "previous_index": 0, "previous_hash": leaf_hash(first).hex()} == last[
        "chain"
    ]
    assert (last["source"], last["actor"], last["clock"]) == (
        {"topic": "journal", "partition": 0, "offset": 2},
        "test",
        "unknown",
    )
    assert list(last["commitments"]) == ["contact_point_id"]
    assert b"tel-0" not in first


def test_the_same_records_again_change_nothing(tmp_path: Path) -> None:
    """A batch that is appended twice, whole or in part, is in the log once."""
    with new_log(tmp_path / "log") as log:
        log.append([record(0), record(1), record(7, partition=1)])
        root = log.root()
        again = log.append([record(0), record(1), record(7, partition=1)])

        assert (again.appended, again.skipped) == (0, 3)
        assert root == log.root()
        assert log.append([record(1), record(2)]).appended == 1
        assert (log.position("journal", 0), log.position("journal", 1), log.position("alerts", 0)) == (2, 7, -1)


def test_positions_move_without_entries_and_survive(tmp_path: Path) -> None:
    """Records that are no evidence are accounted for too."""
    with new_log(tmp_path / "log") as log:
        log.append([], {("journal", 3): 41})
        log.append([], {("journal", 3): 40})
    with EvidenceLog(tmp_path / "log") as log:
        assert log.position("journal", 3) == 41
        assert log.append([record(41, partition=3)]).appended == 0
        assert log.size == 0


def test_several_entries_of_one_record_come_in_one_batch(tmp_path: Path) -> None:
    """An event and what was decided on it share an offset; a falling offset is refused whole."""
    with new_log(tmp_path / "log") as log:
        assert log.append([record(5), record(5, text="decision")]).appended == 2
        with pytest.raises(EntryError, match="append in order"):
            log.append([record(7), record(6)])
        assert log.size == 2


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=6), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_gives_the_same_log_in_any_batches(quick_path: Path, history: list[list[tuple[int, int]]]) -> None:
    """Roots, chains and proofs hold for any batches, and reopening at any point changes nothing."""
    shutil.rmtree(quick_path / "log", ignore_errors=True)
    log = new_log(quick_path / "log", segment_bytes=2_000)
    offsets = [-1, -1, -1]
    for batch in history:
        entries = []
        for partition, loan in batch:
            offsets[partition] += 1
            entries.append(record(offsets[partition], partition, f"L{loan}" if loan else None))
        log.append(entries)
        log.close()
        log = EvidenceLog(quick_path / "log", salt=counted_salt(), segment_bytes=2_000)
    hashes = [leaf_hash(leaf) for leaf in leaves_of(log)]

    assert tree_head(hashes) == log.root()
    for chain in [loan_chain(f"L{n}") for n in (1, 2, 3)] + [borrower_chain("B1")]:
        numbers = [orjson.loads(leaf)["chain"]["sequence"] for leaf in log.chain(chain)]
        assert list(range(1, len(numbers) + 1)) == numbers
    for index, digest in enumerate(hashes):
        verify_inclusion(index, log.size, digest, log.inclusion(index, log.size), log.root())
        verify_consistency(index, log.size, tree_head(hashes[:index]), log.root(), log.consistency(index, log.size))
    log.close()


def test_two_processes_take_turns(tmp_path: Path) -> None:
    """Two open logs on one directory see each other's entries before they append."""
    with (
        new_log(tmp_path / "log", 3_000) as one,
        EvidenceLog(tmp_path / "log", salt=counted_salt(), segment_bytes=3_000) as two,
    ):
        for offset in range(0, 20, 2):
            one.append([record(offset)])
            two.append([record(offset + 1)])
            assert two.append([record(offset)]).appended == 0
        one.refresh()

        assert (one.size, two.size) == (20, 20)
        assert one.root() == two.root()
        assert len(one.chain(loan_chain("L1"))) == 20


def crash_states(tmp_path: Path) -> tuple[Path, bytes, int]:
    """A log before its last batch, that batch's segment bytes, and where the batch begins."""
    with new_log(tmp_path / "log") as log:
        log.append([record(0), record(1)])
        log.append([record(2)])
        segment = log.segments.path(0)
    before = tmp_path / "before"
    shutil.copytree(tmp_path / "log", before)
    start = segment.stat().st_size
    with EvidenceLog(tmp_path / "log", salt=counted_salt()) as log:
        log.append([record(3, text="torn"), record(4)])
    return before, segment.read_bytes(), start


def test_a_batch_torn_at_every_byte_is_not_read(quick_path: Path) -> None:
    """Of the last batch, every beginning but the whole is no batch; the batches before it always are."""
    before, data, start = crash_states(quick_path)
    segments = Segments(before / "entries")
    for end in range(start, len(data) + 1):
        segments.path(0).write_bytes(data[:end])
        batches = list(segments.read_batches(0))
        assert (len(data) if end == len(data) else start) == batches[-1].end
        assert (5 if end == len(data) else 3) == sum(len(batch.leaves) for batch in batches)


def test_a_torn_batch_is_all_or_nothing(quick_path: Path) -> None:
    """Whatever part of the last write reached the disk, the log opens with the batches before it and goes on."""
    before, data, start = crash_states(quick_path)
    ends = {
        *range(start, start + 60, 7),
        *range(start, len(data), 61),
        *range(len(data) - 70, len(data) + 1, 7),
        len(data) - 1,
    }
    for end in sorted(ends):
        torn = quick_path / "torn"
        shutil.rmtree(torn, ignore_errors=True)
        shutil.copytree(before, torn)
        (torn / "entries" / "0000000000000000.seg").write_bytes(data[:end])
        with EvidenceLog(torn, salt=counted_salt()) as log:
            assert (5 if end == len(data) else 3) == log.size
            log.append([record(3, text="torn"), record(4)])
            log.append([record(5)])
            assert list(range(1, 7)) == [
                orjson.loads(leaf)["chain"]["sequence"] for leaf in log.chain(loan_chain("L1"))
            ]
            assert tree_head([leaf_hash(leaf) for leaf in leaves_of(log)]) == log.root()


def test_garbage_after_the_last_batch_is_cut_off(tmp_path: Path) -> None:
    """A power failure may leave zeros or old blocks where the batch should be."""
    before, data, start = crash_states(tmp_path)
    segment = before / "entries" / "0000000000000000.seg"
    segment.write_bytes(data[:start] + bytes(len(data) - start))
    with EvidenceLog(before) as log:
        assert log.size == 3
    assert start == segment.stat().st_size


def test_a_segment_torn_at_its_opening_is_dropped(quick_path: Path) -> None:
    """Dying while a new segment is begun costs nothing."""
    with new_log(quick_path / "log", segment_bytes=1) as log:
        log.append([record(0)])
    before = quick_path / "before"
    shutil.copytree(quick_path / "log", before)
    with EvidenceLog(quick_path / "log", segment_bytes=1) as log:
        log.append([record(1)])
        whole = log.segments.path(1).read_bytes()
    for end in [*range(0, len(whole), 29), len(whole) - 1, len(whole)]:
        torn = quick_path / "torn"
        shutil.rmtree(torn, ignore_errors=True)
        shutil.copytree(before, torn)
        (torn / "entries" / f"{1:016d}.seg").write_bytes(whole[:end])
        with EvidenceLog(torn, segment_bytes=1) as log:
            assert (2 if end == len(whole) else 1) == log.size
            log.append([record(1), record(2)])
            assert log.size == 3


def test_acknowledged_entries_that_vanish_are_no_torn_end(tmp_path: Path) -> None:
    """Cutting the log after an append returned is found on opening, and nothing more is changed."""
    _, data, start = crash_states(tmp_path)
    segment = tmp_path / "log" / "entries" / "0000000000000000.seg"
    for end in (start, len(data) - 1):
        segment.write_bytes(data[:end])
        with pytest.raises(StoreCorruptError, match="acknowledged 5 entries but holds only 3"):
            EvidenceLog(tmp_path / "log")
        assert data[:end] == segment.read_bytes()


def test_damage_in_the_middle_is_reported_and_left_alone(tmp_path: Path) -> None:
    """A flipped bit with good batches behind it is never cut off."""
    _, data, start = crash_states(tmp_path)
    segment = tmp_path / "log" / "entries" / "0000000000000000.seg"
    flipped = bytearray(data)
    flipped[start - 200] ^= 1
    segment.write_bytes(flipped)

    with pytest.raises(StoreCorruptError, match="damaged at byte"):
        EvidenceLog(tmp_path / "log")
    assert bytes(flipped) == segment.read_bytes()


def test_a_removed_or_exchanged_segment_is_reported(tmp_path: Path) -> None:
    """Segments continue each other by digest, so a missing one shows once they are read."""
    with new_log(tmp_path / "log", segment_bytes=1) as log:
        for offset in range(4):
            log.append([record(offset)])
        log.segments.path(2).unlink()
        with pytest.raises(StoreCorruptError, match="does not continue"):
            log.rebuild()


@pytest.mark.parametrize("lost", ["tree", "tree/00", "tree/places", "heads.sqlite3", "heads.sqlite3-wal"])
def test_what_is_derived_comes_back(tmp_path: Path, lost: str) -> None:
    """Tree and heads are made again from the segments, however many there are."""
    with new_log(tmp_path / "log", segment_bytes=600) as log:
        for offset in range(12):
            log.append([record(offset, loan_id=f"L{offset % 3}")])
        root, chain = log.root(), log.chain("loan/L1")
    path = tmp_path / "log" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    with EvidenceLog(tmp_path / "log") as log:
        assert root == log.root() == log.root(12)
        assert chain == log.chain("loan/L1")
        assert log.heads.loans("B1") == ["L0", "L1", "L2"]
        assert log.append([record(12)]).appended == 1


def test_a_flipped_bit_in_an_entry_is_found_when_it_is_read(tmp_path: Path) -> None:
    """Reading checks the bytes against the tree."""
    with new_log(tmp_path / "log") as log:
        log.append([record(0, text="amount 100"), record(1)])
        segment = log.segments.path(0)
        segment.write_bytes(segment.read_bytes().replace(b"amount 100", b"amount 900"))
        with pytest.raises(StoreCorruptError, match="not what was appended"):
            log.leaf(0)
        with pytest.raises(ProofError, match="no entry 2"):
            log.leaf(2)


def test_only_a_log_opens_as_a_log(tmp_path: Path) -> None:
    """Absent, foreign or doubled logs are refused in a sentence."""
    with pytest.raises(StoreError, match="no evidence log"):
        EvidenceLog(tmp_path)
    create_log(tmp_path / "log", ORIGIN)
    with pytest.raises(StoreError, match="holds a log already"):
        create_log(tmp_path / "log", ORIGIN)
    with pytest.raises(StoreError, match="cannot name a log"):
        create_log(tmp_path / "other", "two words")
    (tmp_path / "log" / "log.json").write_text('{"format":"future/9"}')
    with pytest.raises(StoreError, match="future/9"):
        EvidenceLog(tmp_path / "log")


def test_a_bad_entry_spoils_its_whole_batch(tmp_path: Path) -> None:
    """Nothing of a batch is kept when one entry cannot be."""
    with new_log(tmp_path / "log") as log:
        for bad in ({"text": float("nan")}, {"text": object()}):
            entry = Entry(kind=Kind.EVENT, body=bad, recorded_at="2026-01-01T00:00:00Z", actor="test")
            with pytest.raises(EntryError, match="canonical"):
                log.append([record(0), entry])
        with pytest.raises(EntryError, match="not an instant"):
            log.append([record(0), Entry(kind=Kind.EVENT, body={}, recorded_at="yesterday", actor="test")])
        assert (log.size, log.position("journal", 0)) == (0, -1)

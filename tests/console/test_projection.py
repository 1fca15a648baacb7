"""From records to rows: exact, whatever the batches, and after a crash or a restart."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from streams.console import queries
from streams.console.projection import Projection
from streams.console.store import LAYOUT, Store
from tests.console import scene
from tests.console.feeding import Fed


def content(store: Store) -> dict[str, str]:
    """A hash of every table's rows."""
    found = {}
    with store.reading() as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            rows = sorted(map(repr, db.execute(f"SELECT * FROM {name}")))  # noqa: S608  our names
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


@pytest.mark.parametrize("size", [1, 97, 100_000])
def test_batches_do_not_matter(fed: Fed, tmp_path: Path, size: int) -> None:
    """The same records in batches of any size give the same rows."""
    store = Store(tmp_path / "other.sqlite3")
    projection = Projection(store)
    for start in range(0, len(fed.records), size):
        projection.take(fed.records[start : start + size])

    assert content(store) == content(fed.store)
    store.close()


def test_what_comes_again_is_skipped(fed: Fed, tmp_path: Path) -> None:
    """Records that were taken come again after a restart, and change nothing."""
    store = Store(tmp_path / "again.sqlite3")
    middle = len(fed.records) // 2
    Projection(store).take(fed.records[:middle])
    store.close()
    store = Store(tmp_path / "again.sqlite3")
    taken = Projection(store).take(fed.records)

    assert taken == len(fed.records) - middle
    assert content(store) == content(fed.store)
    store.close()


def test_a_batch_is_kept_whole_or_not_at_all(fed: Fed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing fails after the rows, neither they nor the offsets are there, and the same batch can be taken."""
    store = Store(tmp_path / "crash.sqlite3")
    projection = Projection(store)
    before = content(store)
    with monkeypatch.context() as patch:
        patch.setattr("streams.console.projection._add", _fail)
        with pytest.raises(sqlite3.OperationalError):
            projection.take(fed.records)
    crashed = content(store)
    projection.take(fed.records)

    assert crashed == before
    assert content(store) == content(fed.store)
    store.close()


def _fail(*_: object) -> None:
    raise sqlite3.OperationalError("the disk is full")


def test_tallies_are_what_was_published(fed: Fed) -> None:
    """The sums that the pages draw count each published record once."""
    topics = Counter(record.topic for record in fed.records)
    sums = {"moves": "risk-tier-changes", "rolls": "delinquency-changes", "measures": "collection-actions",
            "letters": "dead-letters"}  # fmt: skip
    with fed.store.reading() as db:
        counted = {
            topic: db.execute(f"SELECT sum(n) FROM {table}").fetchone()[0]  # noqa: S608  our names
            for table, topic in sums.items()
        }

    assert counted == {topic: topics[topic] for topic in sums.values()}


def test_late_events_are_counted_by_how_late_they_are(fed: Fed) -> None:
    """The payment that was booked 40 days after its value date is one of them."""
    with fed.store.reading() as db:
        late = [(days, kind) for days, kind, _ in queries.late(db)]

    assert (40, "payment_received") in late
    assert all(days > 0 for days, _ in late)


def test_a_file_of_another_layout_is_emptied(tmp_path: Path) -> None:
    """What an older console wrote is read anew, and not misread."""
    store = Store(tmp_path / "old.sqlite3")
    with store.writing() as db:
        db.execute("INSERT INTO place VALUES ('journal', 0, 7)")
        db.execute(f"PRAGMA user_version = {LAYOUT + 1}")
    store.close()
    store = Store(tmp_path / "old.sqlite3")

    assert store.offsets() == {}
    store.close()


def test_topics_made_anew_are_noticed(tmp_path: Path) -> None:
    """Topic ids are kept; a topic of the same name with another id is another topic."""
    store = Store(tmp_path / "ids.sqlite3")

    assert store.belongs_to({"journal": "a"})
    assert store.belongs_to({"journal": "a", "state": "b"})
    assert not store.belongs_to({"journal": "c", "state": "b"})
    store.close()


def test_only_the_owner_may_read_the_file(fed: Fed) -> None:
    """It holds borrowers' records."""
    assert fed.store.path.stat().st_mode & 0o077 == 0


def test_no_page_scans_the_book(fed: Fed) -> None:
    """Every query of a large table goes through an index: what a lookup costs does not grow with the book."""
    asked: list[str] = []
    with fed.store.reading() as db:
        db.set_trace_callback(asked.append)
        queries.alerts(db)
        queries.alerts(db, tier=3, direction="UP", before=(738_000, 5))
        queries.alert_place(db, 3)
        found = queries.borrower(db, scene.WORSE)
        assert found is not None
        queries.journal_of(db, found.no)
        queries.published(db, found.no)
        queries.similar(db, "b-")
        queries.worst(db)
        queries.borrowers(db)
        queries.refused_with_key(db, b"b-good")
        queries.letters(db)
        db.set_trace_callback(None)
        plans = [(each, str(row[3])) for each in asked for row in db.execute(f"EXPLAIN QUERY PLAN {each}")]

    scans = [(query, step) for query, step in plans if step.startswith("SCAN") and "USING" not in step]
    assert len(plans) > len(asked) > 10
    assert [scan for scan in scans if not _bounded(*scan)] == []


def _bounded(query: str, step: str) -> bool:
    """A scan in order of the row's number that a LIMIT ends is no scan of the table."""
    return "CONSTANT ROW" in step or ("ORDER BY seq DESC LIMIT" in query) or "subquery" in step.lower()

"""The console's own file: an SQLite database that holds what the pages show, indexed by borrower.

Rule 1: a batch of records and the offsets after it are one transaction, so the file is exact after any crash.
Rule 2: everything in it follows from the topics. A file of another layout, or of topics that were made anew, is emptied
and filled again; nobody has to do anything.
Rule 3: it holds borrowers' records, so only its owner may read it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from streams.engine.reading import Place

#: Raised with every change of the tables below, or of what is put in them.
LAYOUT = 1
#: A writer waits so long for a reader that holds the file, in ms.
_BUSY_MS = 10_000
#: Pages that a connection keeps in memory (negative: KiB). Each of the web server's 40 threads has a connection.
_WRITER_CACHE, _READER_CACHE = -65_536, -4_096

_TABLES = """
CREATE TABLE place (topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE topic (name TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID;
CREATE TABLE borrower (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL DEFAULT -1,
    tier INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL DEFAULT 0, ppm INTEGER NOT NULL DEFAULT 0,
    day INTEGER NOT NULL DEFAULT 0, sequence INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX borrower_worst ON borrower (tier, ppm) WHERE tier > 0;
CREATE TABLE record (borrower INTEGER, topic TEXT, partition INTEGER, offset INTEGER, value BLOB);
CREATE INDEX record_borrower ON record (borrower);
CREATE TABLE broadcast (
    partition INTEGER, offset INTEGER, value BLOB, PRIMARY KEY (partition, offset)
) WITHOUT ROWID;
CREATE TABLE clock (partition INTEGER PRIMARY KEY, day INTEGER);
CREATE TABLE alert (
    seq INTEGER PRIMARY KEY, id TEXT, borrower INTEGER, day INTEGER, from_tier INTEGER, to_tier INTEGER,
    direction TEXT, supersedes TEXT, value BLOB
);
CREATE INDEX alert_borrower ON alert (borrower);
CREATE INDEX alert_day ON alert (day, seq);
CREATE INDEX alert_tier ON alert (to_tier, day, seq);
CREATE INDEX alert_supersedes ON alert (supersedes) WHERE supersedes IS NOT NULL;
CREATE TABLE moves (day INTEGER, direction TEXT, from_tier INTEGER, to_tier INTEGER, n INTEGER,
    PRIMARY KEY (day, direction, from_tier, to_tier)) WITHOUT ROWID;
CREATE TABLE reasons (day INTEGER, code TEXT, to_tier INTEGER, n INTEGER, first INTEGER, millilogits INTEGER,
    PRIMARY KEY (day, code, to_tier)) WITHOUT ROWID;
CREATE TABLE rolls (day INTEGER, from_bucket INTEGER, to_bucket INTEGER, n INTEGER,
    PRIMARY KEY (day, from_bucket, to_bucket)) WITHOUT ROWID;
CREATE TABLE measures (day INTEGER, stage TEXT, verdict TEXT, n INTEGER,
    PRIMARY KEY (day, stage, verdict)) WITHOUT ROWID;
CREATE TABLE traffic (day INTEGER, type TEXT, n INTEGER, PRIMARY KEY (day, type)) WITHOUT ROWID;
CREATE TABLE late (days INTEGER, type TEXT, n INTEGER, PRIMARY KEY (days, type)) WITHOUT ROWID;
CREATE TABLE letter (
    seq INTEGER PRIMARY KEY, topic TEXT, partition INTEGER, offset INTEGER, code TEXT, reason TEXT,
    at_ms INTEGER, key BLOB, value BLOB, bytes INTEGER
);
CREATE INDEX letter_key ON letter (key) WHERE key IS NOT NULL;
CREATE TABLE letters (day INTEGER, code TEXT, topic TEXT, n INTEGER, PRIMARY KEY (day, code, topic)) WITHOUT ROWID;
CREATE TABLE notice (seq INTEGER PRIMARY KEY, day INTEGER, value BLOB);
CREATE TABLE book (key BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID;
"""


class Store:
    """The file. One thread writes; any number of threads read, each through a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; a file of another layout is emptied.

        Raises:
            OSError, sqlite3.Error: it cannot be written there.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600, exist_ok=True)
        self.path = path
        self._local = threading.local()
        self._writer = self._connect(_WRITER_CACHE)
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = NORMAL")  # a lost last batch is read again: offsets are in the file
        self._readers: list[sqlite3.Connection] = []
        if self._layout() != LAYOUT:
            self.empty()

    def _connect(self, cache: int) -> sqlite3.Connection:
        found = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        found.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        found.execute(f"PRAGMA cache_size = {cache}")
        return found

    def _layout(self) -> int:
        return int(self._writer.execute("PRAGMA user_version").fetchone()[0])

    def empty(self) -> None:
        """Forget everything: the feed then reads the topics from their start."""
        with self.writing() as db:
            names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for name in names:
                db.execute(f'DROP TABLE "{name}"')
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {LAYOUT}")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, kept or undone as a whole. Of one thread only."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the file that no later batch changes: all figures of a page are of one moment."""
        found: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if found is None:
            found = self._local.reader = self._connect(_READER_CACHE)
            found.execute("PRAGMA query_only = ON")
            self._readers.append(found)
        found.execute("BEGIN")
        try:
            yield found
        finally:
            found.execute("ROLLBACK")

    def offsets(self) -> dict[Place, int]:
        """The next offset to read, by partition."""
        with self.reading() as db:
            rows = db.execute("SELECT topic, partition, next FROM place")
            return {(topic, partition): offset for topic, partition, offset in rows}

    def belongs_to(self, topic_ids: Mapping[str, str]) -> bool:
        """Whether what is in the file came from these very topics. Topics it has not seen are noted as its own."""
        with self.writing() as db:
            known = dict(db.execute("SELECT name, id FROM topic"))
            rows = [(name, topic_id) for name, topic_id in topic_ids.items() if name not in known]
            db.executemany("INSERT INTO topic VALUES (?, ?)", rows)
        return all(known.get(name, topic_id) == topic_id for name, topic_id in topic_ids.items())

    def close(self) -> None:
        """Close every connection."""
        for connection in (self._writer, *self._readers):
            connection.close()

"""The personal fields of entries, apart from the log, so that they can be erased and the log stays whole.

Rule 1: a field is durable here before its leaf is durable in the log; rows of leaves that never came are dropped on
opening.
Rule 2: erased bytes are overwritten (SQLite `secure_delete`) and the write-ahead log is emptied, so they are gone
from the file. Backups are the operator's to expire: see `docs/evidence.md`.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from streams.evidence.errors import StoreWriteError
from streams.evidence.privacy import PrivateField

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from streams.evidence.sealing import Sealed

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payload (leaf INTEGER, path TEXT, borrower TEXT, recorded_at TEXT, salt BLOB, value BLOB,
    PRIMARY KEY (leaf, path)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS payload_borrower ON payload (borrower);
"""


class Payloads:
    """The payload store of one log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, isolation_level=None, timeout=30)
            path.chmod(0o600)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StoreWriteError(
                f"Cannot open the payload store {path}: {error}. Check rights and free space."
            ) from error

    def put(self, sealed: Iterable[Sealed]) -> None:
        """Keep the personal fields of these entries, durably.

        Raises:
            StoreWriteError: none of them is kept.
        """
        rows = [
            (item.head.index, field.path, item.borrower_id, item.recorded_at, field.salt, field.value)
            for item in sealed
            for field in item.private
        ]
        if rows:
            self._run("INSERT OR REPLACE INTO payload VALUES (?, ?, ?, ?, ?, ?)", rows)

    def fields(self, index: int) -> list[PrivateField]:
        """The personal fields still kept for a leaf."""
        rows = self._database.execute("SELECT path, salt, value FROM payload WHERE leaf = ? ORDER BY path", (index,))
        return [PrivateField(*row) for row in rows]

    def held(self, borrower_id: str) -> list[tuple[int, str, str]]:
        """(leaf index, field path, recorded at) of everything kept about a borrower."""
        rows = self._database.execute(
            "SELECT leaf, path, recorded_at FROM payload WHERE borrower = ? ORDER BY leaf, path", (borrower_id,)
        )
        return [(int(leaf), str(path), str(recorded_at)) for leaf, path, recorded_at in rows]

    def held_before(self, moment: str) -> dict[str, list[tuple[int, str]]]:
        """By borrower, (leaf index, field path) of fields recorded before an RFC 3339 instant."""
        found: dict[str, list[tuple[int, str]]] = {}
        rows = self._database.execute(
            "SELECT borrower, leaf, path FROM payload WHERE recorded_at < ? ORDER BY leaf, path", (moment,)
        )
        for borrower, leaf, path in rows:
            found.setdefault(str(borrower), []).append((int(leaf), str(path)))
        return found

    def erase(self, fields: Sequence[tuple[int, str]]) -> None:
        """Remove fields for good.

        Raises:
            StoreWriteError: the bytes are not overwritten yet; erasing again finishes it.
        """
        self._run("DELETE FROM payload WHERE leaf = ? AND path = ?", fields)
        (busy, *_) = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreWriteError(
                f"The fields are deleted, but another process holds {self._path}: their bytes are not yet overwritten. "
                "Run the same command again once that process is done."
            )

    def drop_from(self, size: int) -> None:
        """Remove rows of leaves that never reached the log."""
        if self._database.execute("SELECT 1 FROM payload WHERE leaf >= ? LIMIT 1", (size,)).fetchone():
            self._run("DELETE FROM payload WHERE leaf >= ?", [(size,)])

    def _run(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """One statement over many rows, in one durable transaction."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(statement, rows)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StoreWriteError(
                f"The payload store {self._path} could not be written: {error}. Free space or mend the "
                "rights, then retry."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

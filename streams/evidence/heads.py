"""The newest entry of every chain, in SQLite: derived from the leaves, so it may be deleted and comes back.

Its `size` is committed after the batch is durable, so a log that is shorter than `size` has lost acknowledged entries.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import orjson

from streams.evidence.errors import StoreWriteError
from streams.evidence.sealing import Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS head (chain TEXT PRIMARY KEY, sequence INTEGER, leaf INTEGER, digest BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS loan (borrower TEXT, loan TEXT, PRIMARY KEY (borrower, loan)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('size', 0);
"""
#: Chains lie in order of their names, batches touch them in any order, so most pages change again and again: they are
#: moved from the write-ahead log to the file only when it is this long (64 MB of 4 kB pages).
CHECKPOINT_PAGES = 16_384
#: Chains kept in memory; beyond this the cache starts anew. About 100 MB at the bound.
CACHE_CHAINS_MAX = 400_000


class Heads:
    """Chain heads with a cache in memory. Whoever changes them holds the log's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cache: dict[str, Head] = {}
        self._known_loans: set[tuple[str, str]] = set()
        self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("PRAGMA cache_size=-65536")
        database.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        database.executescript(_SCHEMA)
        return database

    def reset(self) -> None:
        """Forget everything: the file is made again from the leaves."""
        self._database.close()
        self._cache.clear()
        self._known_loans.clear()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._database = self._open()

    def size(self) -> int:
        """Leaves that the heads account for."""
        (value,) = self._database.execute("SELECT value FROM meta WHERE name = 'size'").fetchone()
        return int(value)

    def get(self, chain: str) -> Head | None:
        """The newest entry of a chain, or None when the chain is empty."""
        head = self._cache.get(chain)
        if head is None:
            row = self._database.execute("SELECT sequence, leaf, digest FROM head WHERE chain = ?", (chain,)).fetchone()
            if row is None:
                return None
            head = Head(*row)
            self._cache[chain] = head
        return head

    def get_many(self, chains: Iterable[str]) -> dict[str, Head]:
        """The newest entries of those chains that are not empty, in one query for all that are not in memory."""
        wanted = set(chains)
        missing = [chain for chain in wanted if chain not in self._cache]
        if missing:
            rows = self._database.execute(
                "SELECT chain, sequence, leaf, digest FROM head WHERE chain IN (SELECT value FROM json_each(?))",
                (orjson.dumps(missing).decode(),),
            )
            self._cache.update((chain, Head(*rest)) for chain, *rest in rows)
        return {chain: self._cache[chain] for chain in wanted if chain in self._cache}

    def loans(self, borrower_id: str) -> list[str]:
        """The loans under which this borrower has entries."""
        rows = self._database.execute("SELECT loan FROM loan WHERE borrower = ? ORDER BY loan", (borrower_id,))
        return [row[0] for row in rows]

    def put(self, heads: Mapping[str, Head], loans: Iterable[tuple[str, str]], size: int) -> None:
        """Move chains forward and account for `size` leaves, in one transaction."""
        fresh = {pair for pair in loans if pair not in self._known_loans}
        try:
            self._put(heads, fresh, size)
        except sqlite3.Error as error:
            raise StoreWriteError(
                f"Could not write {self._path}: {error}. The batch itself is safe: free space, then append again."
            ) from error
        self._remember(heads, fresh)

    def _put(self, heads: Mapping[str, Head], loans: Iterable[tuple[str, str]], size: int) -> None:
        """The transaction of `put`."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(
                "INSERT INTO head VALUES (?, ?, ?, ?) ON CONFLICT (chain) DO UPDATE SET sequence = excluded.sequence, "
                "leaf = excluded.leaf, digest = excluded.digest",
                [(chain, head.sequence, head.index, head.digest) for chain, head in sorted(heads.items())],
            )
            self._database.executemany("INSERT OR IGNORE INTO loan VALUES (?, ?)", sorted(loans))
            self._database.execute("UPDATE meta SET value = ? WHERE name = 'size'", (size,))
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _remember(self, heads: Mapping[str, Head], loans: set[tuple[str, str]]) -> None:
        """Keep what was just written, within the bound."""
        if len(self._cache) + len(heads) > CACHE_CHAINS_MAX:
            self._cache.clear()
            self._known_loans.clear()
        self._cache.update(heads)
        self._known_loans |= loans

    def forget(self) -> None:
        """Drop the cache: another process has moved chains forward."""
        self._cache.clear()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

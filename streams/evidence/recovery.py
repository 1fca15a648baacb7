"""Opening a log and keeping up with it: from the segments on disk to what is derived from them.

Rule 1: the segments decide. The tree, the places and the heads are made to agree with them.
Rule 2: a torn end is cut off; damage is reported and left as it is.
Rule 3: memory moves only after everything on disk did, so a write that failed half-way is taken in by the next
`_catch_up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streams.evidence.errors import StoreCorruptError
from streams.evidence.heads import Heads
from streams.evidence.merkle import Frontier, leaf_hash
from streams.evidence.payloads import Payloads
from streams.evidence.sealing import Head
from streams.evidence.segments import FIRST_DIGEST, Batch, Segments
from streams.evidence.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: (borrower, loan) pairs.
Loans = set[tuple[str, str]]


class LogFiles:
    """The files of one log and where its end is. Whoever calls a method that begins with `_` holds the log's lock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.segments = Segments(directory / "entries")
        self.tree = Tree(directory / "tree")
        self.heads = Heads(directory / "heads.sqlite3")
        self.payloads = Payloads(directory / "payloads.sqlite3")
        self._frontier = Frontier()
        self._positions: dict[str, int] = {}
        self._digest = FIRST_DIGEST
        self._segment, self._end = 0, 0

    @property
    def size(self) -> int:
        """Entries in the log, as of the last append or `refresh`."""
        return self._frontier.size

    def close(self) -> None:
        """Sync what is derived and give all handles back."""
        self.tree.sync()
        for part in (self.tree, self.heads, self.payloads, self.segments):
            part.close()

    def _move(self, edge: Frontier, end: int, digest: bytes, moved: Mapping[str, int]) -> None:
        """Account in memory for a batch that is written everywhere."""
        self._frontier, self._end, self._digest = edge, end, digest
        self._positions.update(moved)

    def _recover(self) -> None:
        """Start from the newest segment if what is derived fits it, else from the first."""
        firsts = self.segments.firsts()
        while firsts and next(self.segments.read_batches(firsts[-1]), None) is None:
            self._assert_nothing_lost(firsts[-1])
            self.segments.remove(firsts.pop())
        newest = firsts[-1] if firsts else 0
        start = self._stored_frontier(newest)
        self._replay_from(newest if start else 0, start or Frontier())
        self.payloads.drop_from(self.size)

    def _stored_frontier(self, first: int) -> Frontier | None:
        """The edge before a segment from the stored tree, or None when that does not fit the segment's own record."""
        if not self.tree.covers(first) or self.heads.size() < first:
            return None
        frontier = self.tree.frontier(first)
        opening = next(self.segments.read_batches(first), None) if first else None
        return frontier if opening is None or opening.root == frontier.root() else None

    def _replay_from(self, first: int, frontier: Frontier) -> None:
        """Read segments from `first` on and make what is derived agree with them."""
        self._segment, self._end, self._frontier = first, 0, frontier
        self._digest, self._positions = FIRST_DIGEST, {}
        if first:
            opening = next(self.segments.read_batches(first))
            self._digest = opening.previous
        self._catch_up()
        self._assert_nothing_lost(self.size)
        self.tree.truncate(self.size)

    def _catch_up(self) -> None:
        """Take in whole batches behind the known end; cut a torn one."""
        firsts = [first for first in self.segments.firsts() if first >= self._segment]
        for first in firsts:
            if first != self._segment:
                self._segment, self._end = first, 0
            if self.segments.size(first) == self._end:
                continue
            for batch in self.segments.read_batches(first, self._end):
                self._take(batch)
            if self.segments.size(first) > self._end:
                self._assert_nothing_lost(self.size)
                self.segments.cut(first, self._end)

    def _take(self, batch: Batch) -> None:
        """Fold one batch read back into the derived files."""
        if batch.previous != self._digest or batch.first_index != self.size:
            raise StoreCorruptError(
                f"The batch at entry {batch.first_index} in {self.segments.path(self._segment)} does not "
                "continue the one "
                "before it: a batch was removed or exchanged. Keep the directory as it is and restore a copy beside it."
            )
        edge = self._frontier.copy()
        hashes = [leaf_hash(leaf) for leaf in batch.leaves]
        grown = edge.extend(hashes)
        if edge.root() != batch.root:
            raise StoreCorruptError(f"The root after entry {edge.size - 1} is not the one recorded. Restore a copy.")
        self.tree.write(batch.first_index, grown, self._segment, batch.offsets)
        self._take_heads(batch, hashes, edge.size)
        self._move(edge, batch.end, batch.digest, batch.positions)

    def _take_heads(self, batch: Batch, hashes: Sequence[bytes], size: int) -> None:
        """Bring the heads forward over a batch, unless whoever wrote it did."""
        if size <= self.heads.size():
            self.heads.forget()
            return
        heads: dict[str, Head] = {}
        loans: Loans = set()
        for index, (leaf, digest) in enumerate(zip(batch.leaves, hashes, strict=True), batch.first_index):
            content: dict[str, Any] = orjson.loads(leaf)
            heads[content["chain"]["id"]] = Head(content["chain"]["sequence"], index, digest)
            if content["borrower_id"] and content["loan_id"]:
                loans.add((content["borrower_id"], content["loan_id"]))
        self.heads.put(heads, loans, size)

    def _assert_nothing_lost(self, size: int) -> None:
        """Refuse a log that ends before what was acknowledged."""
        known = self.heads.size()
        if size < known:
            raise StoreCorruptError(
                f"{self.directory} acknowledged {known} entries but holds only {size}: entries were "
                "removed from its end. "
                "Nothing was changed. Restore the missing segment before anything is appended."
            )

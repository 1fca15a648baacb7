"""The evidence log: appends batches exactly once, reads entries, proves them.

One directory:

    log.json            format and origin, written once
    entries/*.seg       the log itself (`segments`)
    payloads.sqlite3    personal fields (`payloads`)
    checkpoints.jsonl   every checkpoint signed (`signing`)
    tree/, heads.sqlite3, lock    derived, or of no content

Rule 1: a batch is in the log when its bytes are synced, never partly. The source positions are in the same bytes, so
a record that was appended is never appended again, whatever died in between.
Rule 2: several processes may append; each holds the lock for one batch and first reads what the others wrote.
Rule 3: the log never gets shorter than what was acknowledged. If it did, opening fails.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
import orjson

from streams.evidence.errors import EntryError, ProofError, StoreCorruptError, StoreError, StoreWriteError
from streams.evidence.files import locked, write_durably
from streams.evidence.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash, root_of
from streams.evidence.privacy import DEFAULT_PERSONAL_FIELDS, SALT_BYTES, PrivateField
from streams.evidence.recovery import Loans, LogFiles
from streams.evidence.sealing import Head, Sealed, seal
from streams.evidence.segments import Batch, encode_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from streams.evidence.entry import Entry

LOG_FORMAT = "forewarn-log/1"
#: A new segment begins after this many bytes: opening reads one segment, about 0.3 s at this size.
SEGMENT_BYTES = 64 * 2**20


class Appended(msgspec.Struct, frozen=True):
    """Outcome of an append: leaf index of the first new entry, how many are new, how many were in the log already."""

    first_index: int
    appended: int
    skipped: int


class EvidenceLog(LogFiles):
    """An open log. Not for use from several threads at once."""

    def __init__(
        self,
        directory: Path,
        personal_fields: frozenset[str] = DEFAULT_PERSONAL_FIELDS,
        salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        """Open the log and bring what is derived up to date, or fail.

        Args:
            directory: made by `create_log`.
            personal_fields: names of body fields kept as commitments.
            salt: gives a fresh random salt for each personal field.
            segment_bytes: size after which a new segment begins.

        Raises:
            StoreError: there is no log, it is damaged, or it lost entries that were acknowledged.
        """
        self.origin = _read_origin(directory)
        self._personal, self._salt, self._segment_bytes = personal_fields, salt, segment_bytes
        super().__init__(directory)
        with locked(directory / "lock"):
            self._recover()

    # reading

    def root(self, size: int | None = None) -> bytes:
        """Merkle root of the whole log, or of its first `size` entries."""
        return self._frontier.root() if size is None else root_of(size, self.tree.node)

    def position(self, topic: str, partition: int) -> int:
        """Offset of the last record of a partition that is accounted for; -1 when none is."""
        return self._positions.get(f"{topic}:{partition}", -1)

    def leaf(self, index: int) -> bytes:
        """Exact bytes of an entry, checked against the tree.

        Raises:
            ProofError: no such entry.
            StoreCorruptError: the bytes on disk are not those that were hashed.
        """
        if not 0 <= index < self.size:
            raise ProofError(f"There is no entry {index}: the log holds {self.size}.")
        segment, at = self.tree.place(index)
        data = self.segments.leaf(segment, at)
        if leaf_hash(data) != self.tree.node(0, index):
            raise StoreCorruptError(
                f"Entry {index} in {self.segments.path(segment)} is not what was appended. Keep the "
                "directory as it is and "
                "restore a copy beside it."
            )
        return data

    def chain(self, chain: str) -> list[bytes]:
        """All entries of a chain in order.

        Raises:
            StoreCorruptError: as `backwards`.
        """
        return list(self.backwards(chain))[::-1]

    def backwards(self, chain: str) -> Iterator[bytes]:
        """The entries of a chain from the newest to the first.

        Raises:
            StoreCorruptError: a link leads to another chain or skips a number.
        """
        head = self.heads.get(chain)
        index = head.index if head else None
        expected = head.sequence if head else 0
        while index is not None:
            data = self.leaf(index)
            link = orjson.loads(data)["chain"]
            if link["id"] != chain or link["sequence"] != expected:
                raise StoreCorruptError(
                    f"Entry {index} should be number {expected} of {chain} and is not. Restore a copy."
                )
            yield data
            index, expected = link["previous_index"], expected - 1

    def private_fields(self, index: int) -> list[PrivateField]:
        """Personal fields of an entry that are still kept."""
        return self.payloads.fields(index)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Proof that entry `index` is in the tree of the first `size` entries."""
        return inclusion_proof(index, size, self.tree.node)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the first `old` entries are a beginning of the first `new` entries."""
        return consistency_proof(old, new, self.tree.node)

    def batches(self) -> Iterator[Batch]:
        """Every batch from the first on, for a full check."""
        for first in self.segments.firsts():
            yield from self.segments.read_batches(first)

    # writing

    def append(self, entries: Sequence[Entry], positions: Mapping[tuple[str, int], int] | None = None) -> Appended:
        """Append a batch with one sync, skipping what was appended before.

        An entry whose source offset is at or below the partition's position is in the log already. Several entries
        may share an offset when they come in one batch.

        Args:
            entries: in the order in which they happened; offsets of a partition never fall.
            positions: further (topic, partition) -> offset to account for: records that are no evidence.

        Raises:
            EntryError: an entry cannot be kept; nothing was appended.
            StoreWriteError: the disk refused; nothing was appended.
        """
        with locked(self.directory / "lock"):
            self._catch_up()
            fresh, moved = self._fresh(entries, positions or {})
            if not fresh and not moved:
                return Appended(self.size, 0, len(entries))
            first = self.size
            sealed, heads = self._seal(fresh)
            loans = {(entry.borrower_id, entry.loan_id) for entry in fresh if entry.borrower_id and entry.loan_id}
            self.payloads.drop_from(first)
            self.payloads.put(sealed)
            self._write(sealed, heads, loans, moved)
            return Appended(first, len(fresh), len(entries) - len(fresh))

    def refresh(self) -> None:
        """See what other processes have appended."""
        with locked(self.directory / "lock"):
            self._catch_up()

    def rebuild(self) -> None:
        """Make everything derived again from the segments: the tree, the places, the heads."""
        with locked(self.directory / "lock"):
            self.heads.reset()
            self._replay_from(0, Frontier())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fresh(
        self, entries: Sequence[Entry], positions: Mapping[tuple[str, int], int]
    ) -> tuple[list[Entry], dict[str, int]]:
        """The entries not yet in the log, and the positions that move."""
        moved: dict[str, int] = {}
        fresh: list[Entry] = []
        for entry in entries:
            if (source := entry.source) is not None:
                key = f"{source.topic}:{source.partition}"
                if source.offset <= self._positions.get(key, -1):
                    continue
                if source.offset < moved.get(key, -1):
                    raise EntryError(f"Offset {source.offset} of {key} comes after {moved[key]}: append in order.")
                moved[key] = source.offset
            fresh.append(entry)
        for (topic, partition), offset in positions.items():
            key = f"{topic}:{partition}"
            if offset > max(moved.get(key, -1), self._positions.get(key, -1)):
                moved[key] = offset
        return fresh, moved

    def _seal(self, entries: Sequence[Entry]) -> tuple[list[Sealed], dict[str, Head]]:
        """Leaves for the entries, each linked to its chain, and the heads they leave."""
        chains = [entry.chain() for entry in entries]
        heads = self.heads.get_many(chains)
        sealed: list[Sealed] = []
        for index, (entry, chain) in enumerate(zip(entries, chains, strict=True), self.size):
            item = seal(entry, index, chain, heads.get(chain), self._personal, self._salt)
            heads[chain] = item.head
            sealed.append(item)
        return sealed, heads

    def _write(self, sealed: Sequence[Sealed], heads: Mapping[str, Head], loans: Loans, moved: dict[str, int]) -> None:
        """Put one batch down durably, then what is derived, then move memory along."""
        if self._end >= self._segment_bytes or self._end == 0:
            self._open_segment()
        first, edge = self.size, self._frontier.copy()
        grown = edge.extend([item.head.digest for item in sealed])
        data, offsets = encode_batch(first, [item.leaf for item in sealed], moved, self._digest, edge.root())
        self.segments.write(self._segment, self._end, data)
        self.tree.write(first, grown, self._segment, [self._end + at for at in offsets])
        self.heads.put(heads, loans, edge.size)
        self._move(edge, self._end + len(data), data[-32:], moved)

    def _open_segment(self) -> None:
        """Begin a new segment with a batch that repeats all positions; the tree is synced first."""
        self.tree.sync()
        first = self.size
        if not self.segments.path(first).exists():
            self.segments.create(first)
        data, _ = encode_batch(first, [], self._positions, self._digest, self._frontier.root())
        self.segments.write(first, 0, data)
        self._segment, self._end, self._digest = first, len(data), data[-32:]


def create_log(directory: Path, origin: str) -> None:
    """Make an empty log.

    Args:
        directory: must not hold a log yet.
        origin: the log's name in every checkpoint: a URL without scheme, spaces or plus, for example
            `lender.example/evidence`.

    Raises:
        StoreError: there is a log already, or the origin cannot be a key name.
    """
    if not origin or any(sign.isspace() or sign == "+" for sign in origin):
        raise StoreError(
            f"{origin!r} cannot name a log: use something like lender.example/evidence, without spaces or plus."
        )
    if (directory / "log.json").exists():
        raise StoreError(f"{directory} holds a log already. Open it, or choose another directory.")
    try:
        (directory / "entries").mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreWriteError(f"Cannot make {directory}: {error.strerror}. Check the rights of its parent.") from error
    write_durably(directory / "log.json", orjson.dumps({"format": LOG_FORMAT, "origin": origin}) + b"\n")


def _read_origin(directory: Path) -> str:
    """Name of the log in a directory."""
    path = directory / "log.json"
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreError(
            f"There is no evidence log in {directory}. Make one with `forewarn evidence keys init`."
        ) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}. Restore it; it holds the log's format and origin."
        ) from error
    if content.get("format") != LOG_FORMAT:
        raise StoreError(f"{path} names the format {content.get('format')!r}; this version reads {LOG_FORMAT!r}.")
    return str(content["origin"])

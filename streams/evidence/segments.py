"""The log's own files: append-only segments of batches. Tree and heads can be made again from them.

Layout of a batch, big-endian:

    magic "FWB1" | first_index u64 | count u32 | meta_bytes u32 | body_bytes u32 | previous digest 32
    meta                    canonical JSON: {"positions": {"topic:partition": offset}}
    count x (length u32 | leaf)
    root 32                 root of the tree after this batch
    digest 32               SHA-256 of all of the above

Rule 1: a batch counts when its digest is right; a segment (`entries/<first index>.seg`) opens with a batch of no
entries that repeats all positions, so only the newest segment is read on opening.
Rule 2: what stands after the last good batch is the torn end of a write that was never acknowledged, and is cut off.
A bad batch with a good one after it is no torn end: it is damage, and nothing is touched.
"""

from __future__ import annotations

import os
import re
import struct
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import orjson

from streams.evidence.errors import StoreCorruptError, StoreWriteError
from streams.evidence.files import fsync_directory, write_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MAGIC = b"FWB1"
_HEADER = struct.Struct(">4sQIII32s")
_LENGTH = struct.Struct(">I")
_NAME = re.compile(r"([0-9]{16})\.seg")
#: The tail of a batch: root and digest.
_TAIL_BYTES = 64
#: A batch is held in memory whole; this bound also unmasks a length that is garbage.
BATCH_BYTES_MAX = 256 * 2**20
FIRST_DIGEST = bytes(32)


class Batch(msgspec.Struct, frozen=True):
    """A good batch as read back. `offsets` are the places of the leaves' length words within the segment."""

    first_index: int
    leaves: list[bytes]
    offsets: list[int]
    positions: dict[str, int]
    previous: bytes
    root: bytes
    digest: bytes
    end: int


def encode_batch(
    first_index: int, leaves: Sequence[bytes], positions: dict[str, int], previous: bytes, root: bytes
) -> tuple[bytes, list[int]]:
    """Bytes of a batch, and where each leaf's length word stands in them."""
    meta = orjson.dumps({"positions": positions}, option=orjson.OPT_SORT_KEYS)
    offsets: list[int] = []
    place = _HEADER.size + len(meta)
    parts: list[bytes] = []
    for leaf in leaves:
        offsets.append(place)
        parts.append(_LENGTH.pack(len(leaf)))
        parts.append(leaf)
        place += _LENGTH.size + len(leaf)
    body = b"".join(parts)
    header = _HEADER.pack(_MAGIC, first_index, len(leaves), len(meta), len(body), previous)
    data = b"".join((header, meta, body, root))
    return data + sha256(data).digest(), offsets


def decode_batch(data: bytes, at: int) -> Batch | None:
    """The batch that begins at `at`, or None when it is torn or damaged."""
    if at + _HEADER.size + _TAIL_BYTES > len(data):
        return None
    magic, first_index, count, meta_bytes, body_bytes, previous = _HEADER.unpack_from(data, at)
    end = at + _HEADER.size + meta_bytes + body_bytes + _TAIL_BYTES
    if magic != _MAGIC or meta_bytes + body_bytes > BATCH_BYTES_MAX or end > len(data):
        return None
    if sha256(memoryview(data)[at : end - 32]).digest() != data[end - 32 : end]:
        return None
    meta_at = at + _HEADER.size
    leaves, offsets = _decode_leaves(data, meta_at + meta_bytes, end - _TAIL_BYTES)
    assert len(leaves) == count
    positions = orjson.loads(data[meta_at : meta_at + meta_bytes])["positions"]
    return Batch(
        first_index, leaves, offsets, positions, previous, data[end - 64 : end - 32], data[end - 32 : end], end
    )


def _decode_leaves(data: bytes, at: int, end: int) -> tuple[list[bytes], list[int]]:
    """The leaves of a batch body and their places."""
    leaves: list[bytes] = []
    offsets: list[int] = []
    while at < end:
        (length,) = _LENGTH.unpack_from(data, at)
        offsets.append(at)
        leaves.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return leaves, offsets


class Segments:
    """The segment files of one log. Only whoever holds the log's lock may call the methods that write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._reading: tuple[int, int] | None = None

    def firsts(self) -> list[int]:
        """First leaf index of each segment, rising."""
        found = (_NAME.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def path(self, first: int) -> Path:
        """Path of the segment that opens at leaf `first`."""
        return self.directory / f"{first:016d}.seg"

    def create(self, first: int) -> None:
        """Make an empty segment file; it counts once its opening batch is written."""
        os.close(os.open(self.path(first), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        fsync_directory(self.directory)

    def remove(self, first: int) -> None:
        """Remove a segment whose opening batch was torn: it holds nothing."""
        self.path(first).unlink()

    def write(self, first: int, at: int, data: bytes) -> None:
        """Write a batch at `at` and make it durable, or leave the segment ending at `at`.

        Raises:
            StoreWriteError: nothing of the batch is kept.
        """
        path = self.path(first)
        try:
            handle = os.open(path, os.O_WRONLY)
        except OSError as error:
            raise StoreWriteError(
                f"Cannot open {path} for writing: {error.strerror}. Check the rights, then retry."
            ) from error
        try:
            write_all(handle, data, at)
            os.fdatasync(handle)
        except OSError as error:
            _cut(handle, at)
            raise StoreWriteError(
                f"Could not write {len(data)} bytes to {path}: {error.strerror}. Nothing of the batch was kept; "
                "free space or mend the disk, then retry."
            ) from error
        finally:
            os.close(handle)

    def read_batches(self, first: int, at: int = 0) -> Iterator[Batch]:
        """The good batches of a segment from byte `at` on, stopping at its end or at a torn one.

        Raises:
            StoreCorruptError: a bad batch is followed by a good one.
        """
        data = self.path(first).read_bytes()
        while (batch := decode_batch(data, at)) is not None:
            yield batch
            at = batch.end
        if at < len(data):
            self._assert_torn(first, data, at)

    def _assert_torn(self, first: int, data: bytes, at: int) -> None:
        """Refuse to call damage a torn end: look for a good batch behind the bad one."""
        place = data.find(_MAGIC, at + 1)
        while place != -1:
            if decode_batch(data, place) is not None:
                raise StoreCorruptError(
                    f"{self.path(first)} is damaged at byte {at}: a batch there is altered, though good ones follow. "
                    "Nothing was changed. Keep the directory as it is and restore a copy beside it."
                )
            place = data.find(_MAGIC, place + 1)

    def cut(self, first: int, at: int) -> None:
        """Drop the torn end of a segment."""
        handle = os.open(self.path(first), os.O_WRONLY)
        try:
            os.ftruncate(handle, at)
            os.fsync(handle)
        finally:
            os.close(handle)

    def size(self, first: int) -> int:
        """Bytes in a segment."""
        return self.path(first).stat().st_size

    def leaf(self, first: int, at: int) -> bytes:
        """The leaf whose length word stands at byte `at` of a segment."""
        handle = self._handle(first)
        head = os.pread(handle, 4 + 1024, at)
        if len(head) < _LENGTH.size:
            raise StoreCorruptError(
                f"{self.path(first)} ends before byte {at}, where a leaf should stand. Restore a copy."
            )
        (length,) = _LENGTH.unpack_from(head)
        if len(head) < 4 + length:
            head = os.pread(handle, 4 + length, at)
        return head[4 : 4 + length]

    def _handle(self, first: int) -> int:
        """A read handle, kept for the segment read last."""
        if self._reading is None or self._reading[0] != first:
            self.close()
            self._reading = (first, os.open(self.path(first), os.O_RDONLY))
        return self._reading[1]

    def close(self) -> None:
        """Give back the read handle."""
        if self._reading is not None:
            os.close(self._reading[1])
            self._reading = None


def _cut(handle: int, at: int) -> None:
    """Best effort after a failed write: the next opening cuts the torn end anyway."""
    try:
        os.ftruncate(handle, at)
        os.fsync(handle)
    except OSError:
        return

"""The stored tree: every complete subtree's hash, one append-only file a level, and where each leaf stands.

Derived from the segments: a wrong or missing file is written again on opening. 10 million leaves take 640 MB of
hashes and 160 MB of places; a hash is one read at a known offset, so a proof is some tens of reads whatever the size.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from streams.evidence.errors import StoreCorruptError
from streams.evidence.files import FixedFile
from streams.evidence.merkle import HASH_BYTES, Frontier, frontier_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PLACE = struct.Struct(">QQ")


class Tree:
    """Hash files `tree/00`, `tree/01`, ... and `tree/places` (segment, byte offset) of one log."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, exist_ok=True)
        self._levels: list[FixedFile] = []
        self._places = FixedFile(directory / "places", _PLACE.size)

    def node(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree.

        Raises:
            StoreCorruptError: the hash is not there.
        """
        value = self._level(level).read(index)
        if len(value) != HASH_BYTES:
            raise StoreCorruptError(
                f"Hash {index} of level {level} is missing in {self._directory}. Run `forewarn evidence "
                "verify --rebuild`."
            )
        return value

    def frontier(self, size: int) -> Frontier:
        """The right edge of the first `size` leaves."""
        return frontier_of(size, self.node)

    def covers(self, size: int) -> bool:
        """Whether every file reaches as far as `size` leaves need."""
        levels = (self._level(level).count() >= size >> level for level in range(size.bit_length()))
        return self._places.count() >= size and all(levels)

    def place(self, index: int) -> tuple[int, int]:
        """Segment and byte offset of a leaf."""
        value = self._places.read(index)
        if len(value) != _PLACE.size:
            raise StoreCorruptError(
                f"The place of leaf {index} is missing in {self._directory}. Run `forewarn evidence verify --rebuild`."
            )
        segment, at = _PLACE.unpack(value)
        return segment, at

    def write(self, first: int, grown: Sequence[Sequence[bytes]], segment: int, offsets: Sequence[int]) -> None:
        """Put down what `Frontier.extend` gave for leaves from `first` on, and their places. May be repeated."""
        for level, hashes in enumerate(grown):
            self._level(level).write(first >> level, b"".join(hashes))
        self._places.write(first, b"".join(_PLACE.pack(segment, at) for at in offsets))

    def truncate(self, size: int) -> None:
        """Drop what belongs to leaves from `size` on."""
        self._places.truncate(size)
        for level, file in enumerate(self._levels):
            file.truncate(size >> level)

    def sync(self) -> None:
        """Make everything durable."""
        for file in (self._places, *self._levels):
            file.sync()

    def close(self) -> None:
        """Give all handles back."""
        for file in (self._places, *self._levels):
            file.close()
        self._levels.clear()

    def _level(self, level: int) -> FixedFile:
        """The file of a level, opened when first needed."""
        while len(self._levels) <= level:
            self._levels.append(FixedFile(self._directory / f"{len(self._levels):02d}", HASH_BYTES))
        return self._levels[level]

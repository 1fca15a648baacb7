"""A Merkle tree in memory for tests, written after the recursive definition in RFC 9162 and nothing else."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def leaves(count: int) -> list[bytes]:
    """Leaf hashes of `count` different entries."""
    return [sha256(b"\x00" + f"entry {n}".encode()).digest() for n in range(count)]


def tree_head(hashes: Sequence[bytes]) -> bytes:
    """MTH(D[n]) by its definition."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + tree_head(hashes[:split]) + tree_head(hashes[split:])).digest()


class MemoryTree:
    """Complete subtrees of a list of leaf hashes, as a `NodeReader`."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self.levels = [list(hashes)]
        while len(self.levels[-1]) > 1:
            row = self.levels[-1]
            pairs = range(0, len(row) - 1, 2)
            self.levels.append([sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in pairs])

    def read(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree."""
        return self.levels[level][index]

"""The Merkle tree of RFC 9162 section 2.1: hashes, the growing edge, proofs, and their verification.

Rule 1: a leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right); a lone node is carried up, never paired
with itself (CVE-2012-2459).
Rule 2: proving and verifying share nothing but the two hash functions, so an error in one shows in the other.
Rule 3: nothing here reads a file; stored hashes come through a `NodeReader`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from streams.evidence.errors import ProofError

HASH_BYTES = 32
#: Root of the tree without leaves: SHA-256 of nothing (RFC 9162 section 2.1.1).
EMPTY_ROOT = sha256(b"").digest()

#: Gives the hash of the complete subtree number `index` at `level`: leaves [index * 2^level, (index + 1) * 2^level).
NodeReader = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node from its two children."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append and to know the root, in O(log n) memory."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: dict[int, bytes] | None = None) -> None:
        """Args: size: leaves so far; peaks: by level, the complete subtree for each one-bit of `size`."""
        self.size = size
        self.peaks: dict[int, bytes] = dict(peaks or {})
        assert {level for level in range(size.bit_length()) if size >> level & 1} == set(self.peaks)

    def extend(self, leaves: Sequence[bytes]) -> list[list[bytes]]:
        """Append leaf hashes; return, per level from 0, the complete subtrees that came into being, in order."""
        grown: list[list[bytes]] = []
        fresh = list(leaves)
        level = 0
        while fresh:
            grown.append(fresh)
            waiting = self.peaks.pop(level, None)
            row = fresh if waiting is None else [waiting, *fresh]
            if len(row) & 1:
                self.peaks[level] = row[-1]
            fresh = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
            level += 1
        self.size += len(leaves)
        return grown

    def root(self) -> bytes:
        """Root hash of the tree as it stands."""
        if not self.size:
            return EMPTY_ROOT
        levels = sorted(self.peaks)
        result = self.peaks[levels[0]]
        for level in levels[1:]:
            result = node_hash(self.peaks[level], result)
        return result

    def copy(self) -> Frontier:
        """An independent copy, to try an append that may fail."""
        return Frontier(self.size, self.peaks)


def frontier_of(size: int, read: NodeReader) -> Frontier:
    """The frontier of a stored tree of `size` leaves."""
    peaks = {level: read(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1}
    return Frontier(size, peaks)


def root_of(size: int, read: NodeReader) -> bytes:
    """Root of the first `size` leaves of a stored tree (any earlier size works too)."""
    return frontier_of(size, read).root()


def range_hash(low: int, high: int, read: NodeReader) -> bytes:
    """MTH(D[low:high]) for a range that RFC 9162 splits off: `low` is a multiple of a power of two >= high - low."""
    width = high - low
    assert width > 0
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return read(level, low >> level)
    split = 1 << (width - 1).bit_length() - 1
    return node_hash(range_hash(low, low + split, read), range_hash(low + split, high, read))


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """PATH(index, D[size]) of RFC 9162 section 2.1.3.1, from the leaf's sibling to the root's child.

    Raises:
        ProofError: there is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ProofError(f"There is no leaf {index} in a tree of {size} leaves: ask for 0 to {size - 1}.")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        split = low + (1 << (high - low - 1).bit_length() - 1)
        if index < split:
            path.append(range_hash(split, high, read))
            high = split
        else:
            path.append(range_hash(low, split, read))
            low = split
    return path[::-1]


def consistency_proof(old: int, new: int, read: NodeReader) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 9162 section 2.1.4.1; empty when the sizes are equal or `old` is 0.

    Raises:
        ProofError: `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ProofError(f"A tree of {old} leaves cannot be a beginning of a tree of {new} leaves.")
    if old in (0, new):
        return []
    path: list[bytes] = []
    low, high, whole = 0, new, True
    while old != high:
        split = low + (1 << (high - low - 1).bit_length() - 1)
        if old <= split:
            path.append(range_hash(split, high, read))
            high = split
        else:
            path.append(range_hash(low, split, read))
            low, whole = split, False
    if not whole:
        path.append(range_hash(low, high, read))
    return path[::-1]


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2).

    Raises:
        ProofError: index, size and path do not fit together.
    """
    if not 0 <= index < size:
        raise ProofError(f"Leaf {index} does not exist in a tree of {size} leaves.")
    _check_hashes([leaf, *path])
    position, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError(f"The inclusion proof of leaf {index} has {len(path)} hashes, which is too many.")
        if position & 1 or position == last:
            result = node_hash(sibling, result)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError(f"The inclusion proof of leaf {index} has {len(path)} hashes, which is too few.")
    return result


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` stands at `index` in the tree of `size` leaves with this root.

    Raises:
        ProofError: it does not.
    """
    if root_from_inclusion(index, size, leaf, path) != root:
        raise ProofError(
            f"The inclusion proof of leaf {index} leads to another root than the tree of {size} leaves has."
        )


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the tree of `old` leaves is a beginning of the tree of `new` leaves (RFC 9162 section 2.1.4.2).

    Raises:
        ProofError: it is not, or the proof is malformed.
    """
    _check_hashes([old_root, new_root, *path])
    if old > new or old < 0:
        raise ProofError(f"A tree of {old} leaves cannot be a beginning of a tree of {new} leaves.")
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, path)
        return
    if not path:
        raise ProofError(f"The consistency proof from {old} to {new} leaves is empty.")
    found = _consistent_roots(old, new, [old_root, *path] if old & (old - 1) == 0 else path)
    if found != (old_root, new_root):
        raise ProofError(f"The tree of {old} leaves is not a beginning of the tree of {new} leaves.")


def _consistent_roots(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to, or None when it does not fit the trees' shape."""
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        position, last = position >> 1, last >> 1
    return None if last else (first, second)


def _verify_trivial(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Equal sizes need equal roots; the empty tree needs its own root; neither needs a hash."""
    if path:
        raise ProofError(f"The consistency proof from {old} to {new} leaves must be empty.")
    if old == new and old_root != new_root:
        raise ProofError(f"Two trees of {old} leaves have different roots.")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("The tree without leaves has another root than SHA-256 of nothing.")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    """Every hash must be 32 bytes, or the tree's shape could be faked by gluing hashes together."""
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise ProofError(f"A hash of {len(value)} bytes stands where SHA-256 needs {HASH_BYTES}.")

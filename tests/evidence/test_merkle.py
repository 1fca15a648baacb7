"""RFC 9162 trees: published vectors, every size to 300, and no altered proof passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.evidence.errors import ProofError
from streams.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from streams.evidence.verify import consistent, inclusion_root
from tests.evidence.trees import MemoryTree, leaves, tree_head

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = 300
ALL = leaves(SIZES)
TREE = MemoryTree(ALL)
ROOTS = [tree_head(ALL[:size]) for size in range(SIZES + 1)]

# The sample tree of the Certificate Transparency reference implementation (RFC 6962): eight entries.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A, B, C = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
D, E, F = (
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
G, H = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
)
PUBLISHED_INCLUSION = [
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, F]),
    (2, 3, [PUBLISHED_ROOTS[2]]),
    (1, 5, [PUBLISHED_ROOTS[1], B, D]),
]
PUBLISHED_CONSISTENCY = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [G, E, F]), (2, 5, [B, D]), (6, 7, [G, H, F])]
SAMPLE = MemoryTree([leaf_hash(entry) for entry in ENTRIES])


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    """The sample tree has the published root at every size, the empty one included."""
    frontier = Frontier()
    frontier.extend([leaf_hash(entry) for entry in ENTRIES[:size]])

    assert PUBLISHED_ROOTS[size] == frontier.root().hex()


@pytest.mark.parametrize(("index", "size", "path"), PUBLISHED_INCLUSION)
def test_published_inclusion_proofs(index: int, size: int, path: list[str]) -> None:
    """Proofs are the published ones, and pass."""
    proof = inclusion_proof(index, size, SAMPLE.read)
    verify_inclusion(index, size, leaf_hash(ENTRIES[index]), proof, bytes.fromhex(PUBLISHED_ROOTS[size]))

    assert path == [value.hex() for value in proof]


@pytest.mark.parametrize(("old", "new", "path"), PUBLISHED_CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int, path: list[str]) -> None:
    """Proofs are the published ones, and pass."""
    proof = consistency_proof(old, new, SAMPLE.read)
    verify_consistency(old, new, bytes.fromhex(PUBLISHED_ROOTS[old]), bytes.fromhex(PUBLISHED_ROOTS[new]), proof)

    assert path == [value.hex() for value in proof]


def test_every_inclusion_proof_of_every_size() -> None:
    """All leaves of all trees from 1 to 300 prove themselves against roots made by the definition."""
    for size in range(1, SIZES + 1):
        for index in range(size):
            path = inclusion_proof(index, size, TREE.read)
            verify_inclusion(index, size, ALL[index], path, ROOTS[size])
            assert ROOTS[size] == inclusion_root(index, size, ALL[index], path)


def test_every_consistency_proof_of_every_size() -> None:
    """All pairs of sizes from 0 to 300 are consistent."""
    for new in range(SIZES + 1):
        for old in range(new + 1):
            path = consistency_proof(old, new, TREE.read)
            verify_consistency(old, new, ROOTS[old], ROOTS[new], path)
            assert consistent(old, new, (ROOTS[old], ROOTS[new]), path)


@given(st.lists(st.integers(1, 40), max_size=12))
def test_frontier_grows_the_same_in_any_batches(batches: list[int]) -> None:
    """Batches of any size give the definition's root, and every subtree that came into being is the right one."""
    frontier, at = Frontier(), 0
    levels: list[list[bytes]] = [[] for _ in range(10)]
    for count in batches:
        for level, hashes in enumerate(frontier.extend(ALL[at : at + count])):
            levels[level] += hashes
        at = min(at + count, SIZES)

    assert ROOTS[at] == frontier.root() == frontier_of(at, TREE.read).root() == root_of(at, TREE.read)
    assert all(levels[level] == TREE.levels[level][: at >> level] for level in range(len(TREE.levels)))


def altered(draw: Callable[..., Any], path: list[bytes]) -> list[bytes]:
    """A path with one bit flipped, a hash dropped, doubled, added, or two exchanged."""
    changed = list(path)
    kind = draw(
        st.sampled_from(
            ["flip", "drop", "add", "double", "exchange"]
            if len(path) > 1
            else ["flip", "drop", "add"]
            if path
            else ["add"]
        )
    )
    place = draw(st.integers(0, max(0, len(path) - 1)))
    match kind:
        case "flip":
            bit = draw(st.integers(0, 255))
            raw = bytearray(changed[place])
            raw[bit // 8] ^= 1 << bit % 8
            changed[place] = bytes(raw)
        case "drop":
            del changed[place]
        case "add":
            changed.insert(place, draw(st.sampled_from([ROOTS[1], ROOTS[0], b""])))
        case "double":
            changed.insert(place, changed[place])
        case _:
            other = (place + 1) % len(path)
            changed[place], changed[other] = changed[other], changed[place]
    return changed


@given(st.data())
@settings(max_examples=400)
def test_no_altered_inclusion_proof_passes(data: st.DataObject) -> None:
    """A changed path, index, size, leaf or root is refused."""
    size = data.draw(st.integers(2, SIZES))
    index = data.draw(st.integers(0, size - 1))
    path, leaf, root = inclusion_proof(index, size, TREE.read), ALL[index], ROOTS[size]
    match data.draw(st.sampled_from(["path", "index", "leaf", "root"])):
        case "path":
            path = altered(data.draw, path)
        case "index":
            index = data.draw(st.integers(-1, size + 1).filter(lambda value: value != index))
        case "leaf":
            leaf = ALL[(index + 1) % size]
        case _:
            root = ROOTS[size - 1]

    assert inclusion_root(index, size, leaf, path) != root
    with pytest.raises(ProofError):
        verify_inclusion(index, size, leaf, path, root)


@given(st.data())
@settings(max_examples=400)
def test_no_altered_consistency_proof_passes(data: st.DataObject) -> None:
    """A changed path, size or root is refused."""
    new = data.draw(st.integers(2, SIZES))
    old = data.draw(st.integers(1, new - 1))
    path, roots = consistency_proof(old, new, TREE.read), (ROOTS[old], ROOTS[new])
    match data.draw(st.sampled_from(["path", "old", "roots"])):
        case "path":
            path = altered(data.draw, path)
        case "old":
            old = data.draw(st.integers(1, new).filter(lambda value: value != old))
        case _:
            roots = (roots[1], roots[0])

    assert not consistent(old, new, roots, path)
    with pytest.raises(ProofError):
        verify_consistency(old, new, *roots, path)


def test_a_lone_leaf_is_not_paired_with_itself() -> None:
    """Three leaves and the same with the last repeated have different roots (CVE-2012-2459)."""
    assert tree_head(ALL[:3]) == root_of(3, TREE.read)
    assert tree_head([*ALL[:3], ALL[2]]) != root_of(3, TREE.read)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: inclusion_proof(3, 3, TREE.read), "no leaf 3"),
        (lambda: inclusion_proof(0, 0, TREE.read), "no leaf 0"),
        (lambda: consistency_proof(4, 3, TREE.read), "cannot be a beginning"),
        (lambda: verify_consistency(2, 2, ROOTS[2], ROOTS[3], []), "different roots"),
        (lambda: verify_consistency(0, 2, ROOTS[1], ROOTS[2], []), "without leaves"),
        (lambda: verify_consistency(1, 2, ROOTS[1], ROOTS[2], []), "empty"),
        (lambda: verify_inclusion(0, 1, b"short", [], ROOTS[1]), "5 bytes"),
        (lambda: verify_inclusion(0, 4, ALL[0], [ALL[1]], ROOTS[2]), "too few"),
        (lambda: verify_inclusion(0, 2, ALL[0], [ALL[1], ALL[2]], ROOTS[2]), "too many"),
    ],
)
def test_refusals_say_why(call: object, says: str) -> None:
    """Each impossible question has its own words."""
    with pytest.raises(ProofError, match=says):
        call()  # type: ignore[operator]


def test_the_empty_tree() -> None:
    """No leaves: SHA-256 of nothing."""
    assert EMPTY_ROOT == Frontier().root() == ROOTS[0]

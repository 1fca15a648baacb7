"""A second, independent verifier agrees: Go's `golang.org/x/mod/sumdb` packages `note` and `tlog`.

Needs Go and its module; where either is absent the test is skipped, and the reason names what is missing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streams.evidence.merkle import consistency_proof, inclusion_proof
from tests.evidence.story import KEY, at
from tests.evidence.trees import MemoryTree, leaves, tree_head

if TYPE_CHECKING:
    from streams.evidence.signing import CheckpointSigner
    from streams.evidence.store import EvidenceLog

SOURCE = Path(__file__).with_name("go")
SIZES = (1, 2, 3, 7, 8, 21, 64, 100)


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed, so the independent verifier golang.org/x/mod/sumdb was not asked")
    target = tmp_path_factory.mktemp("go") / "verifier"
    built = subprocess.run(
        [go, "build", "-o", target, "."],
        cwd=SOURCE,
        env=os.environ | {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    if built.returncode:
        pytest.skip(f"golang.org/x/mod/sumdb, the independent verifier, could not be built: {built.stderr[-300:]}")
    return target


def ask(verifier: Path, question: dict[str, Any]) -> dict[str, list[bool]]:
    """The Go program's verdicts."""
    done = subprocess.run(
        [verifier], input=json.dumps(question), capture_output=True, text=True, check=True, timeout=60
    )
    answer: dict[str, list[bool]] = json.loads(done.stdout)
    return answer


def proof(old: int, new: int, hashes: tuple[bytes, bytes], path: list[bytes]) -> dict[str, Any]:
    """A proof as the Go program reads it."""
    return {
        "Old": old,
        "New": new,
        "OldHash": hashes[0].hex(),
        "NewHash": hashes[1].hex(),
        "Path": [value.hex() for value in path],
    }


def test_go_agrees_on_proofs_good_and_bad(verifier: Path) -> None:
    """Every leaf and every earlier size of some trees; and each proof again with one bit changed."""
    hashes = leaves(max(SIZES))
    tree = MemoryTree(hashes)
    inclusion, consistency = [], []
    for size in SIZES:
        root = tree_head(hashes[:size])
        for index in range(size):
            inclusion.append(proof(index, size, (hashes[index], root), inclusion_proof(index, size, tree.read)))
            old = index + 1
            consistency.append(
                proof(old, size, (tree_head(hashes[:old]), root), consistency_proof(old, size, tree.read))
            )
    bad = [row | {"OldHash": leaves(101)[100].hex()} for row in inclusion]
    bad_steps = [row | {"OldHash": leaves(101)[100].hex()} for row in consistency]
    question = {
        "Key": str(KEY.verifier),
        "Notes": [],
        "Inclusion": inclusion + bad,
        "Consistency": consistency + bad_steps,
    }
    answer = ask(verifier, question)

    assert [True] * len(inclusion) + [False] * len(bad) == answer["Inclusion"]
    assert [True] * len(consistency) + [False] * len(bad_steps) == answer["Consistency"]


def test_go_opens_our_checkpoints(verifier: Path, told: EvidenceLog, signer: CheckpointSigner) -> None:
    """Also those in the log's file; one changed character and it does not."""
    signer.sign(at("2026-04-02"))
    notes = [note.decode() for note in signer.file.notes()]
    altered = [note.replace(f"\n{told.size}\n", f"\n{told.size + 1}\n") for note in notes[-1:]]
    question = {"Key": str(KEY.verifier), "Notes": notes + altered, "Inclusion": [], "Consistency": []}

    assert ask(verifier, question)["Notes"] == [True, True, True, False]


def test_go_accepts_the_proofs_of_a_log_on_disk(verifier: Path, told: EvidenceLog) -> None:
    """Hashes read from the files, not from memory."""
    rows = [
        proof(index, told.size, (told.tree.node(0, index), told.root()), told.inclusion(index, told.size))
        for index in range(told.size)
    ]
    steps = [
        proof(old, told.size, (told.root(old), told.root()), told.consistency(old, told.size))
        for old in range(1, told.size)
    ]
    answer = ask(verifier, {"Key": str(KEY.verifier), "Notes": [], "Inclusion": rows, "Consistency": steps})

    assert all(answer["Inclusion"])
    assert all(answer["Consistency"])

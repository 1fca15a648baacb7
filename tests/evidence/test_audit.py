"""The full check of a log on disk: each kind of damage in its own words, also when every unkeyed digest was mended."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import orjson
import pytest

from streams.evidence.audit import audit_log
from streams.evidence.canonical import canonical_bytes
from streams.evidence.checkpoint import Checkpoint
from streams.evidence.merkle import Frontier, leaf_hash
from streams.evidence.segments import FIRST_DIGEST, encode_batch
from streams.evidence.signing import CheckpointFile, Signed
from streams.evidence.store import EvidenceLog
from tests.evidence.story import KEY, MALLORY, ORIGIN
from tests.evidence.test_tampering import note_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streams.evidence.note import SigningKey

Leaves = list[bytes]


def rewrite(told: EvidenceLog, tmp_path: Path, change: Callable[[Leaves], Leaves]) -> list[str]:
    """What the audit says of a log whose leaves someone changed, with all digests made to fit again."""
    leaves = change([told.leaf(index) for index in range(told.size)])
    copy = tmp_path / "copy"
    shutil.copytree(told.directory, copy, ignore=shutil.ignore_patterns("entries", "tree", "heads*", "lock"))
    (copy / "entries").mkdir()
    frontier = Frontier()
    opening, _ = encode_batch(0, [], {}, FIRST_DIGEST, frontier.root())
    frontier.extend([leaf_hash(leaf) for leaf in leaves])
    batch, _ = encode_batch(0, leaves, {}, opening[-32:], frontier.root())
    (copy / "entries" / f"{0:016d}.seg").write_bytes(opening + batch)
    with EvidenceLog(copy) as log:
        return audit_log(log).problems


def edited(place: int, **fields: object) -> Callable[[Leaves], Leaves]:
    """Change fields of one leaf, canonically."""
    return lambda leaves: [*leaves[:place], canonical_bytes(orjson.loads(leaves[place]) | fields), *leaves[place + 1 :]]


def test_a_good_log_has_no_problems(told: EvidenceLog) -> None:
    """The numbers are the log's."""
    audit = audit_log(told)

    assert (told.size, 2, []) == (audit.entries, audit.checkpoints, audit.problems)
    assert audit.chains == 6


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (edited(4, actor="nobody"), "rewritten: the first 11 entries"),
        (lambda leaves: [*leaves[:13], *leaves[14:]], "deleted, inserted or swapped: entry 14 stands at place 13"),
        (
            lambda leaves: [*leaves[:13], leaves[5], *leaves[13:]],
            "deleted, inserted or swapped: entry 5 stands at place 13",
        ),
        (
            lambda leaves: [*leaves[:5], leaves[6], leaves[5], *leaves[7:]],
            "deleted, inserted or swapped: entry 6 stands at place 5",
        ),
        (lambda leaves: leaves[:20], "truncated: a checkpoint of 24 entries was signed, but only 20"),
        (lambda leaves: [*leaves[:13], *leaves[14:]], "missing sequence number 1 of borrower/B1"),
        (edited(3, actor="nobody"), "broken link: entry 11 does not name the entry before it in loan/L1"),
    ],
    ids=["altered", "deleted", "inserted", "swapped", "truncated", "sequence", "link"],
)
def test_rewritten_with_all_digests_mended(
    told: EvidenceLog, tmp_path: Path, change: Callable[[Leaves], Leaves], says: str
) -> None:
    """Links, numbers and signed roots tell what was done."""
    found = rewrite(told, tmp_path, change)

    assert any(problem.startswith(says) for problem in found), found


def test_rewriting_nothing_is_no_problem(told: EvidenceLog, tmp_path: Path) -> None:
    """The rewriting itself is faithful, so the findings above are about the change."""
    assert rewrite(told, tmp_path, lambda leaves: leaves) == []


def test_a_flipped_bit_on_disk(told: EvidenceLog) -> None:
    """Without mended digests the batch itself says so."""
    segment = told.segments.path(0)
    segment.write_bytes(segment.read_bytes().replace(b"INSUFFICIENT_FUNDS", b"INSUFFICIENT_FUNDT"))

    assert audit_log(told).problems[0].startswith("altered: ")


def add_checkpoint(
    told: EvidenceLog, checkpoint: Checkpoint, key: SigningKey = KEY, day: str = "2026-04-01"
) -> list[str]:
    """The audit after another signed line was put into the checkpoint file."""
    file = CheckpointFile(told.directory / "checkpoints.jsonl")
    file.append(Signed(checkpoint, 0, note_of(checkpoint, key, day)))
    return audit_log(told).problems


def test_split_view_rollback_and_strangers(told: EvidenceLog) -> None:
    """Each in its own words."""
    assert sorted(add_checkpoint(told, Checkpoint(ORIGIN, 24, bytes(32)))) == [
        "rewritten: the first 24 entries are not those whose checkpoint was signed",
        "split view: two checkpoints of 24 entries have different roots",
    ]
    assert any(
        "rolled back: 11 entries" in text for text in add_checkpoint(told, Checkpoint(ORIGIN, 11, told.root(11)))
    )
    assert any(
        "No known key signed" in text for text in add_checkpoint(told, Checkpoint(ORIGIN, 29, told.root()), MALLORY)
    )
    assert any(
        "was not in force" in text
        for text in add_checkpoint(told, Checkpoint(ORIGIN, 29, told.root()), KEY, "2029-01-01")
    )


def test_a_personal_field_exchanged_in_its_store(told: EvidenceLog) -> None:
    """The payload store is held to the commitments."""
    told.payloads._run("UPDATE payload SET value = ? WHERE path = ?", [(b'"tel-0"', "contact_point_id")])

    assert audit_log(told).problems == ["altered: field contact_point_id of entry 16 is not the one committed to"]

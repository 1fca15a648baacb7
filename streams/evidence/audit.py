"""A full check of a log on its own disk: every batch, leaf, link, checkpoint and personal field.

The digests in the segments stop accidents, not someone who rewrites them; signed checkpoints stop that one. Each kind
of damage has its own words, the same as in `verify.py`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from streams.evidence.errors import NoteError, StoreCorruptError
from streams.evidence.keys import KeyRecord, key_history
from streams.evidence.merkle import Frontier, leaf_hash
from streams.evidence.signing import CheckpointFile, Signed, read_signed

if TYPE_CHECKING:
    from streams.evidence.store import EvidenceLog


class Audit(msgspec.Struct):
    """What a full check found: no problems means that all of it holds."""

    entries: int = 0
    chains: int = 0
    checkpoints: int = 0
    problems: list[str] = msgspec.field(default_factory=list)


def audit_log(log: EvidenceLog) -> Audit:
    """Check everything. Reads the whole log: about a minute for 10 million entries."""
    audit = Audit()
    signed = _signed(log, audit)
    _Walk(log, audit, {item.checkpoint.size: item.checkpoint.root for item in signed}).run()
    return audit


def _signed(log: EvidenceLog, audit: Audit) -> list[Signed]:
    """All checkpoints, each verified; two histories or a step back are problems."""
    try:
        history: list[KeyRecord] = key_history(log)
    except (NoteError, StoreCorruptError) as error:
        audit.problems.append(f"keys: {error}")
        return []
    found: list[Signed] = []
    for note in CheckpointFile(log.directory / "checkpoints.jsonl").notes():
        try:
            found.append(read_signed(note, history))
        except NoteError as error:
            audit.problems.append(f"checkpoint: {error}")
    audit.checkpoints = len(found)
    for before, after in itertools.pairwise(found):
        if before.checkpoint.size == after.checkpoint.size and before.checkpoint.root != after.checkpoint.root:
            audit.problems.append(
                f"split view: two checkpoints of {after.checkpoint.size} entries have different roots"
            )
        if after.checkpoint.size < before.checkpoint.size:
            audit.problems.append(
                f"rolled back: {after.checkpoint.size} entries were signed after {before.checkpoint.size} were"
            )
    return found


class _Walk:
    """One pass over all leaves."""

    def __init__(self, log: EvidenceLog, audit: Audit, roots: dict[int, bytes]) -> None:
        self.log, self.audit, self.roots = log, audit, dict(roots)
        self.frontier = Frontier()
        self.heads: dict[str, tuple[int, str]] = {}

    def run(self) -> None:
        """Walk, then settle what is left over."""
        self._compare_root()
        try:
            for batch in self.log.batches():
                for leaf in batch.leaves:
                    self._leaf(leaf)
        except StoreCorruptError as error:
            self.audit.problems.append(f"altered: {error}")
        self.audit.entries, self.audit.chains = self.frontier.size, len(self.heads)
        for size in sorted(size for size in self.roots if size > self.frontier.size):
            self.audit.problems.append(
                f"truncated: a checkpoint of {size} entries was signed, but only {self.frontier.size} can be read"
            )

    def _leaf(self, leaf: bytes) -> None:
        """One leaf: its place, its link, its hash in the tree, its personal fields."""
        index, digest, problems = self.frontier.size, leaf_hash(leaf), self.audit.problems
        content: dict[str, Any] = orjson.loads(leaf)
        if content["index"] != index:
            problems.append(f"deleted, inserted or swapped: entry {content['index']} stands at place {index}")
        link = content["chain"]
        number, before = self.heads.get(link["id"], (0, None))
        if link["sequence"] != number + 1:
            problems.append(
                f"missing sequence number {number + 1} of {link['id']}: entry {index} is {link['sequence']}"
            )
        elif link["previous_hash"] != before:
            problems.append(f"broken link: entry {index} does not name the entry before it in {link['id']}")
        self.heads[link["id"]] = (link["sequence"], digest.hex())
        if index < self.log.size and self.log.tree.node(0, index) != digest:
            problems.append(f"altered: entry {index} is not what was hashed into the tree")
        for field in self.log.private_fields(index) if content["commitments"] else ():
            if content["commitments"].get(field.path) != field.commitment():
                problems.append(f"altered: field {field.path} of entry {index} is not the one committed to")
        self.frontier.extend([digest])
        self._compare_root()

    def _compare_root(self) -> None:
        """At a size that was signed, the root must be the one signed."""
        root = self.roots.get(self.frontier.size)
        if root is not None and root != self.frontier.root():
            self.audit.problems.append(
                f"rewritten: the first {self.frontier.size} entries are not those whose checkpoint was signed"
            )

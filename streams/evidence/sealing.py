"""From an entry to its leaf: the exact bytes whose hash goes into the tree.

Decides the layout of a leaf (canonical JSON): format, index, kind, borrower_id, loan_id, source, recorded_at, clock,
actor, chain {id, sequence, previous_index, previous_hash}, body, commitments {field: hex}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from streams.evidence.canonical import canonical_bytes, canonical_object
from streams.evidence.entry import Entry, check_instant
from streams.evidence.merkle import leaf_hash
from streams.evidence.privacy import PrivateField, split_body

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEAF_FORMAT = "forewarn-entry/1"


class Head(msgspec.Struct, frozen=True, gc=False):
    """The newest entry of a chain: its sequence number (from 1), leaf index and leaf hash."""

    sequence: int
    index: int
    digest: bytes


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A leaf ready to be written, with the head it makes and the personal fields that stay outside."""

    leaf: bytes
    head: Head
    borrower_id: str | None
    recorded_at: str
    private: list[PrivateField]


def seal(
    entry: Entry, index: int, chain: str, previous: Head | None, personal: frozenset[str], salt: Callable[[], bytes]
) -> Sealed:
    """Make the leaf of `entry` for position `index`, linked to `previous`, the newest entry of its chain.

    Raises:
        EntryError: the body is not canonical JSON, or the time is not an instant.
    """
    check_instant(entry.recorded_at)
    body, private = split_body(entry.body, personal if entry.borrower_id else frozenset(), salt)
    sequence = previous.sequence + 1 if previous else 1
    leaf = canonical_object(
        {  # in the order of the names
            "actor": entry.actor,
            "body": orjson.Fragment(canonical_bytes(body)),
            "borrower_id": entry.borrower_id,
            "chain": {
                "id": chain,
                "previous_hash": previous.digest.hex() if previous else None,
                "previous_index": previous.index if previous else None,
                "sequence": sequence,
            },
            "clock": entry.clock,
            "commitments": _commitments(private),
            "format": LEAF_FORMAT,
            "index": index,
            "kind": entry.kind.value,
            "loan_id": entry.loan_id,
            "recorded_at": entry.recorded_at,
            "source": _source(entry),
        }
    )
    head = Head(sequence, index, leaf_hash(leaf))
    return Sealed(leaf, head, entry.borrower_id, entry.recorded_at, private)


def _commitments(private: Sequence[PrivateField]) -> object:
    """What stands for the personal fields, by path; a path is a name that somebody sent."""
    return orjson.Fragment(canonical_bytes({field.path: field.commitment() for field in private})) if private else {}


def _source(entry: Entry) -> dict[str, Any] | None:
    """The Kafka position as the leaf shows it."""
    source = entry.source
    if source is None:
        return None
    return {"offset": source.offset, "partition": source.partition, "topic": source.topic}

"""Proof files: C2SP tlog-proof for one entry, and a like text for the step from one checkpoint to the next."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from streams.evidence.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = "c2sp.org/tlog-proof@v1"
#: No standard file format exists for consistency proofs alone; the lines follow tlog-proof.
CONSISTENCY_HEADER = "forewarn consistency-proof/1"


class InclusionProof(msgspec.Struct, frozen=True):
    """A `.tlog-proof`: entry index, path from the leaf up, and the signed checkpoint it leads to."""

    index: int
    path: list[bytes]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The file's bytes."""
        lines = [HEADER, f"index {self.index}", *_encode_hashes(self.path), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


class ConsistencyProof(msgspec.Struct, frozen=True):
    """The step between two checkpoints of `old` and `new` leaves."""

    old: int
    new: int
    path: list[bytes]

    def encode(self) -> bytes:
        """The file's bytes."""
        lines = [CONSISTENCY_HEADER, f"old {self.old}", f"new {self.new}", *_encode_hashes(self.path), ""]
        return "\n".join(lines).encode()


def parse_inclusion_proof(data: bytes) -> InclusionProof:
    """Read a `.tlog-proof`; extra data, which nothing vouches for, is ignored.

    Raises:
        ProofError: it is malformed.
    """
    head, blank, checkpoint = data.partition(b"\n\n")
    lines = _lines(head)
    if len(lines) > 1 and lines[1].startswith("extra "):
        del lines[1]
    if not blank or len(lines) < 2 or lines[0] != HEADER:
        raise ProofError(f"The file is not a proof: it must begin with {HEADER} and hold a checkpoint.")
    return InclusionProof(_number(lines[1], "index"), _decode_hashes(lines[2:]), checkpoint)


def parse_consistency_proof(data: bytes) -> ConsistencyProof:
    """Read a consistency proof file.

    Raises:
        ProofError: it is malformed.
    """
    lines = _lines(data.removesuffix(b"\n"))
    if len(lines) < 3 or lines[0] != CONSISTENCY_HEADER:
        raise ProofError(f"The file is not a consistency proof: it must begin with {CONSISTENCY_HEADER}.")
    return ConsistencyProof(_number(lines[1], "old"), _number(lines[2], "new"), _decode_hashes(lines[3:]))


def _lines(data: bytes) -> list[str]:
    try:
        return data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ProofError("The proof holds bytes that are not ASCII.") from error


def _number(line: str, word: str) -> int:
    """The number in `word N`."""
    text = line.removeprefix(f"{word} ")
    if text == line or not text.isdigit() or (text != "0" and text.startswith("0")):
        raise ProofError(f"The line {line[:40]!r} should read `{word}` and a number.")
    return int(text)


def _encode_hashes(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(value).decode() for value in hashes]


def _decode_hashes(lines: Sequence[str]) -> list[bytes]:
    try:
        return [base64.b64decode(line, validate=True) for line in lines]
    except (binascii.Error, ValueError) as error:
        raise ProofError("A hash in the proof is not base64.") from error

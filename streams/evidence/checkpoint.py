"""Checkpoints (C2SP tlog-checkpoint): origin, size and root of the tree, as the text of a signed note."""

from __future__ import annotations

import base64
import binascii

import msgspec

from streams.evidence.errors import NoteError
from streams.evidence.merkle import HASH_BYTES


class Checkpoint(msgspec.Struct, frozen=True):
    """A tree head: the log's origin, the number of leaves, the root hash."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint from a note's text. Extension lines are let pass and mean nothing here.

    Raises:
        NoteError: it is not a checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise NoteError("A checkpoint has at least three lines, none of them empty.")
    origin, size, encoded = lines[:3]
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")):
        raise NoteError(f"The tree size {size!r} is not a decimal number without leading zeros.")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("The root hash is not base64.") from error
    if len(root) != HASH_BYTES:
        raise NoteError(f"The root hash has {len(root)} bytes; SHA-256 has {HASH_BYTES}.")
    return Checkpoint(origin, int(size), root)

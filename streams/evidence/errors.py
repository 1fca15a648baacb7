"""The errors of this package, one tree. Each text says what happened, where, and what to do.

EvidenceError
├── StoreError              the files
│   ├── StoreWriteError     disk full, no permission: nothing was kept of the batch
│   └── StoreCorruptError   bytes on disk that we did not write so
├── EntryError              the caller's entry cannot be made canonical, or lacks a field
├── KeyFileError            missing, readable by others, not a key
├── SigningError            a checkpoint that must not be signed
├── NoteError               a signed note that is malformed or not signed by a known key
├── ProofError              a proof that does not hold
├── TimestampError          the timestamp authority refused, or its token does not fit
└── ExhibitError            an exhibit that cannot be made
"""

from __future__ import annotations


class EvidenceError(Exception):
    """Anything that this package refuses or fails at."""


class StoreError(EvidenceError):
    """The evidence files cannot be used as they are."""


class StoreWriteError(StoreError):
    """The disk refused: the text says what was kept. Free space or mend the rights, then retry."""


class StoreCorruptError(StoreError):
    """Bytes in the log are not what was written. Keep the directory as it is; restore a copy beside it and compare."""


class EntryError(EvidenceError):
    """An entry cannot be kept as it was given; the caller must mend it."""


class KeyFileError(EvidenceError):
    """A signing key cannot be used: absent, malformed, or readable by others."""


class SigningError(EvidenceError):
    """A checkpoint was not signed because it contradicts one that was, or because the key is not in force."""


class NoteError(EvidenceError):
    """A signed note is malformed, or no trusted key vouches for it."""


class ProofError(EvidenceError):
    """A Merkle proof is malformed or proves something else."""


class TimestampError(EvidenceError):
    """The timestamp authority refused, or its token does not belong to this checkpoint."""


class ExhibitError(EvidenceError):
    """An exhibit cannot be made from this log."""

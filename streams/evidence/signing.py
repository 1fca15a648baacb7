"""Signing checkpoints, and refusing to.

Rule 1: a checkpoint is signed only when a consistency proof leads to it from the last one signed (C2SP
tlog-checkpoint).
Rule 2: it is on disk, in `checkpoints.jsonl` and in the guard file, before anyone gets to see it. The guard belongs
beside the key, not beside the log: a log restored from an old copy then cannot sign a second history.
Rule 3: each checkpoint carries the log's own timestamped cosignature, so the time of signing is signed too.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import msgspec
import orjson

from streams.evidence.checkpoint import Checkpoint, parse_checkpoint
from streams.evidence.entry import instant
from streams.evidence.errors import NoteError, ProofError, SigningError, StoreWriteError
from streams.evidence.files import locked, write_all, write_durably
from streams.evidence.keys import KeyRecord, current_key, key_history
from streams.evidence.merkle import verify_consistency
from streams.evidence.note import Note, Signature, SigningKey, open_note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.evidence.store import EvidenceLog


class Signed(msgspec.Struct, frozen=True):
    """A signed checkpoint: its content, the time in its cosignature (POSIX seconds), and the note's exact bytes."""

    checkpoint: Checkpoint
    time: int
    note: bytes


def read_signed(note: bytes, history: list[KeyRecord]) -> Signed:
    """Verify a checkpoint of this log against its keys and their windows.

    Raises:
        NoteError: not signed by a key of the log, or signed outside that key's window.
    """
    parsed, verified = open_note(note, [record.key for record in history])
    times = {time for _, time in verified if time is not None}
    if len(times) != 1:
        raise NoteError("The checkpoint does not carry exactly one signed time.")
    (time,) = times
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    for key, _ in verified:
        if not any(record.key == key and record.covers(moment) for record in history):
            raise NoteError(f"The checkpoint was signed at {instant(moment)}, when {key} was not in force.")
    return Signed(parse_checkpoint(parsed.text), time, note)


class CheckpointFile:
    """`checkpoints.jsonl`: one line a signed checkpoint, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def notes(self) -> Iterator[bytes]:
        """Every signed note. A last line without its newline never left this machine and does not count."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield str(orjson.loads(line)["note"]).encode()

    def sizes(self) -> list[int]:
        """Tree size of every checkpoint, in order."""
        return [int(note.split(b"\n", 2)[1]) for note in self.notes()]

    def last(self) -> bytes | None:
        """The newest signed note."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
            lines = file.read().rpartition(b"\n")[0].split(b"\n")
        return str(orjson.loads(lines[-1])["note"]).encode() if lines[-1] else None

    def append(self, signed: Signed) -> None:
        """Add a line, durably, behind the last whole one."""
        record = {"size": signed.checkpoint.size, "time": signed.time, "note": signed.note.decode()}
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                end = _whole_lines(handle)
                os.ftruncate(handle, end)
                write_all(handle, orjson.dumps(record) + b"\n", end)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreWriteError(
                f"Could not write {self.path}: {error.strerror}. The checkpoint was not given out; free "
                "space and sign again."
            ) from error


def _whole_lines(handle: int) -> int:
    """Bytes up to the end of the last whole line."""
    size = os.fstat(handle).st_size
    start = max(0, size - 65536)
    tail = os.pread(handle, size - start, start)
    return start + tail.rfind(b"\n") + 1


class CheckpointSigner:
    """Signs checkpoints of one log with one key."""

    def __init__(self, log: EvidenceLog, key: SigningKey, guard: Path | None = None) -> None:
        """Args: log: open; key: its current key; guard: file kept beside the key, remembers the last checkpoint."""
        self._log, self._key, self._guard = log, key, guard
        self.file = CheckpointFile(log.directory / "checkpoints.jsonl")

    def sign(self, moment: dt.datetime) -> Signed:
        """Sign the log as it stands, or return the last checkpoint when nothing was added since.

        Args:
            moment: aware time of signing.

        Raises:
            SigningError: the key is not in force; the clock went back; or the log contradicts what was signed before.
            StoreWriteError: the checkpoint could not be recorded, so it was not given out.
        """
        with locked(self._log.directory / "signing.lock"):
            self._log.refresh()
            history = key_history(self._log)
            self._assert_in_force(history, moment)
            last = self._last(history)
            if last and (same := self._unchanged(last)):
                return same
            checkpoint = Checkpoint(self._log.origin, self._log.size, self._log.root())
            if last:
                self._assert_follows(last, checkpoint, moment)
            note = Note(checkpoint.text(), self.signatures(checkpoint.text(), moment)).encode()
            signed = read_signed(note, history)
            if self._guard:
                write_durably(self._guard, note)
            self.file.append(signed)
            return signed

    def signatures(self, text: str, moment: dt.datetime) -> list[Signature]:
        """Sign any text with this key, plainly and together with the time; for checkpoints use `sign`."""
        return [self._key.sign(text), self._key.cosign(text, int(moment.timestamp()))]

    def _assert_in_force(self, history: list[KeyRecord], moment: dt.datetime) -> None:
        """The key must be the one whose window covers the moment."""
        record = current_key(history, moment)
        if record.key != self._key.verifier:
            raise SigningError(
                f"The key given is {self._key.verifier}, but {record.key} is in force at "
                f"{instant(moment)}. Use that one."
            )

    def _last(self, history: list[KeyRecord]) -> Signed | None:
        """The newest checkpoint ever signed, from the log's file or the guard, whichever is larger."""
        notes = [note for note in (self.file.last(), self._guard_note()) if note]
        try:
            found = [read_signed(note, history) for note in notes]
        except NoteError as error:
            raise SigningError(
                f"The record of the last signed checkpoint is not as this log signed it: {error} Nothing was signed. "
                f"Restore {self.file.path} or the guard file."
            ) from error
        return max(found, key=lambda signed: signed.checkpoint.size, default=None)

    def _guard_note(self) -> bytes | None:
        """The note in the guard file."""
        return self._guard.read_bytes() if self._guard and self._guard.exists() else None

    def _unchanged(self, last: Signed) -> Signed | None:
        """The last checkpoint again, when the log still is exactly that."""
        if last.checkpoint.size != self._log.size:
            return None
        if last.checkpoint.root != self._log.root():
            raise SigningError(
                f"Split view: a checkpoint of {self._log.size} entries was signed with another root than "
                "the log now has. "
                "Nothing was signed. The log was altered, or restored and appended to again."
            )
        return last

    def _assert_follows(self, last: Signed, new: Checkpoint, moment: dt.datetime) -> None:
        """The new checkpoint must extend the last one, in size, content and time."""
        if new.size < last.checkpoint.size:
            raise SigningError(
                f"Rolled back: a checkpoint of {last.checkpoint.size} entries was signed, but the log "
                f"holds {new.size}. "
                "Nothing was signed. Restore the newer log."
            )
        if moment.timestamp() < last.time:
            raise SigningError(
                f"The clock went back: the last checkpoint was signed at {last.time}. Mend the clock, then retry."
            )
        path = self._log.consistency(last.checkpoint.size, new.size)
        try:
            verify_consistency(last.checkpoint.size, new.size, last.checkpoint.root, new.root, path)
        except ProofError as error:
            raise SigningError(
                f"The log contradicts the checkpoint of {last.checkpoint.size} entries that was signed "
                "before. Nothing was "
                "signed. The log was altered; restore a copy."
            ) from error

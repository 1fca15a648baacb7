"""Signing keys: where they come from, when each is in force, and how one follows another.

A key comes into force by a statement in the log: a signed note naming origin, key and window, signed by the key
itself and, unless it is the first, by the key before it. So whoever trusts the first key can follow to the last
without trusting us.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import stat
from typing import TYPE_CHECKING

import msgspec
import orjson

from streams.evidence.entry import KEYS_CHAIN, Entry, Kind, instant
from streams.evidence.errors import KeyFileError, NoteError, SigningError
from streams.evidence.note import Note, SigningKey, VerifierKey, open_note, parse_signing_key, parse_verifier_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from streams.evidence.store import EvidenceLog

#: Holds the private key itself where no file is wanted (a secret injected by the platform).
KEY_VARIABLE = "FOREWARN_EVIDENCE_KEY"
STATEMENT_HEADER = "forewarn key/1"
#: Two years: long enough to rotate in peace, short enough that a lost key does not sign for ever.
VALIDITY_DAYS = 730
_FIRST = "first"


class KeyRecord(msgspec.Struct, frozen=True):
    """A key and its window: in force from `valid_from` (included) until `valid_until` (excluded), RFC 3339 in UTC."""

    key: VerifierKey
    valid_from: dt.datetime
    valid_until: dt.datetime
    statement: str

    def covers(self, moment: dt.datetime) -> bool:
        """Whether the key is in force at a moment."""
        return self.valid_from <= moment < self.valid_until


def generate_key(name: str) -> SigningKey:
    """A new random key."""
    return SigningKey(name, secrets.token_bytes(32))


def write_key_file(path: Path, key: SigningKey) -> None:
    """Write a private key that only its owner can read; never over an existing file.

    Raises:
        KeyFileError: the file exists or cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"{path} exists already. A key is never overwritten: choose another name.") from error
    except OSError as error:
        raise KeyFileError(f"Cannot make {path}: {error.strerror}. Check the rights of its directory.") from error
    with os.fdopen(handle, "w") as file:
        file.write(key.private_text() + "\n")
        file.flush()
        os.fsync(file.fileno())


def guard_of(key_file: Path) -> Path:
    """Where the last checkpoint signed with a key is remembered: beside the key, apart from the log."""
    return key_file.with_name(f"{key_file.name}.last-checkpoint")


def load_key(path: Path | None, environment: Mapping[str, str]) -> SigningKey:
    """The private key from a file, or else from the variable FOREWARN_EVIDENCE_KEY.

    Raises:
        KeyFileError: neither is there, the file can be read by others, or the content is no key.
    """
    if path is None:
        text = environment.get(KEY_VARIABLE, "")
        if not text:
            raise KeyFileError(f"There is no signing key. Give a key file, or set {KEY_VARIABLE}.")
        return _parse(text.strip(), KEY_VARIABLE)
    return _parse(_read_private(path), str(path))


def _read_private(path: Path) -> str:
    """Content of a key file after checking, on the open file, that only its owner can read it."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise KeyFileError(f"Cannot read the key file {path}: {error.strerror}. Check path and rights.") from error
    with os.fdopen(handle) as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise KeyFileError(f"The key file {path} is not an ordinary file.")
        if stat.S_IMODE(info.st_mode) & 0o077:
            raise KeyFileError(
                f"The key file {path} can be read by others (mode {stat.S_IMODE(info.st_mode):04o}). Run: "
                f"chmod 600 {path}"
            )
        if info.st_uid not in (os.geteuid(), 0):
            raise KeyFileError(
                f"The key file {path} belongs to another user (uid {info.st_uid}). It must be this user's."
            )
        return file.read().strip()


def _parse(text: str, where: str) -> SigningKey:
    try:
        return parse_signing_key(text)
    except NoteError as error:
        raise KeyFileError(f"{where}: {error}") from None


def key_history(log: EvidenceLog) -> list[KeyRecord]:
    """All keys of a log with their windows, oldest first, each statement verified.

    Raises:
        NoteError: a statement is not signed as it must be.
    """
    statements = [str(orjson.loads(leaf)["body"]["statement"]) for leaf in log.chain(KEYS_CHAIN)]
    return read_history(log.origin, statements)


def read_history(origin: str, statements: Iterable[str]) -> list[KeyRecord]:
    """Keys and windows from statements; a successor's beginning ends its predecessor's window."""
    records: list[KeyRecord] = []
    for statement in statements:
        record = _read_statement(origin, statement, records[-1] if records else None)
        if records:
            before = records[-1]
            until = min(before.valid_until, record.valid_from)
            records[-1] = KeyRecord(before.key, before.valid_from, until, before.statement)
        records.append(record)
    return records


def _read_statement(origin: str, statement: str, before: KeyRecord | None) -> KeyRecord:
    """One statement, checked against the key before it."""
    lines = statement.partition("\n\n")[0].split("\n")
    if len(lines) != 6 or lines[0] != STATEMENT_HEADER or lines[1] != origin:
        raise NoteError(f"A key statement in the log is malformed or of another log: {lines[:2]}.")
    key = parse_verifier_key(lines[2])
    expected = str(before.key) if before else _FIRST
    if lines[5] != expected:
        raise NoteError(f"The statement for {key} says it follows {lines[5]}, but it follows {expected}.")
    needed = [key] if before is None else [key, before.key]
    _, verified = open_note(statement.encode(), needed)
    if len({str(found) for found, _ in verified}) != len(needed):
        raise NoteError(f"The statement for {key} must be signed by {' and '.join(map(str, needed))}.")
    return KeyRecord(key, _time(lines[3], "from"), _time(lines[4], "until"), statement)


def _time(line: str, word: str) -> dt.datetime:
    """The instant in `word INSTANT`."""
    return dt.datetime.fromisoformat(line.removeprefix(f"{word} "))


def current_key(history: Sequence[KeyRecord], moment: dt.datetime) -> KeyRecord:
    """The key in force at a moment.

    Raises:
        SigningError: none is.
    """
    for record in reversed(history):
        if record.covers(moment):
            return record
    raise SigningError(
        f"No signing key is in force at {instant(moment)}. Bring one in with `forewarn evidence keys rotate`."
    )


def activate_key(
    log: EvidenceLog,
    new: SigningKey,
    old: SigningKey | None,
    moment: dt.datetime,
    actor: str,
    validity_days: int = VALIDITY_DAYS,
) -> KeyRecord:
    """Bring a key into force by a statement in the log: the first (`old` is None), or the successor of `old`.

    A first key is in force from the second of `moment`; a successor from the next full second, so that what its
    predecessor has just signed stays inside its window.

    Raises:
        SigningError: `old` is not the log's newest key, or a first key is given to a log that has one.
    """
    history = key_history(log)
    newest = history[-1].key if history else None
    if newest != (old.verifier if old else None):
        raise SigningError(
            f"The log's newest key is {newest}; a new key must be signed by that one, not by "
            f"{old.verifier if old else None}."
        )
    if new.verifier.name != log.origin:
        raise SigningError(f"The key is named {new.verifier.name}; keys of this log must be named {log.origin}.")
    valid_from = moment.replace(microsecond=0) + dt.timedelta(seconds=1 if old else 0)
    if history and valid_from <= history[-1].valid_from:
        raise SigningError(f"The new key would begin before the one it follows ({instant(history[-1].valid_from)}).")
    valid_until = valid_from + dt.timedelta(days=validity_days)
    lines = (
        STATEMENT_HEADER,
        log.origin,
        str(new.verifier),
        f"from {instant(valid_from)}",
        f"until {instant(valid_until)}",
    )
    text = "\n".join((*lines, str(newest) if newest else _FIRST, ""))
    signers = [new] if old is None else [new, old]
    statement = Note(text, [signer.sign(text) for signer in signers]).encode().decode()
    record = _read_statement(log.origin, statement, history[-1] if history else None)
    log.append([Entry(kind=Kind.KEY, body={"statement": statement}, recorded_at=instant(moment), actor=actor)])
    return record

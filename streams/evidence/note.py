"""Signed notes (C2SP signed-note): a text, and lines that say which key signed it.

Only Ed25519: type 0x01 over the text, and type 0x04 (C2SP tlog-cosignature), which also signs the time. A key is
known by its verifier key, `name+id+base64`; the private form `PRIVATE+KEY+name+id+base64` is that of Go's sumdb.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from streams.evidence.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterable

ED25519 = 1
COSIGNATURE = 4
#: As in Go's note package: far above the 16 that a verifier must accept.
SIGNATURES_MAX = 100
NOTE_BYTES_MAX = 1_000_000
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_LINE_START = "\u2014 "


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key under a name."""

    name: str
    public: bytes

    def key_id(self, kind: int = ED25519) -> bytes:
        """The four bytes that name this key in a signature line of that kind."""
        return sha256(self.name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        data = base64.b64encode(bytes([ED25519]) + self.public).decode()
        return f"{self.name}+{self.key_id().hex()}+{data}"

    def verify(self, signature: Signature, text: str) -> int | None:
        """Check a signature that names this key; return the signed POSIX time of a cosignature, else None.

        Raises:
            NoteError: the signature is not by this key over this text.
        """
        message, proof, moment = text.encode(), signature.data, None
        if signature.key_id == self.key_id(COSIGNATURE):
            if len(proof) != 8 + _SIGNATURE_BYTES:
                raise NoteError(f"The cosignature by {self.name} has a wrong length.")
            moment = int.from_bytes(proof[:8], "big")
            message, proof = _timed(text, moment), proof[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(proof, message)
        except InvalidSignature:
            raise NoteError(f"The signature by {self} is not by that key, or the text was altered.") from None
        return moment

    def knows(self, signature: Signature) -> bool:
        """Whether the signature line names this key."""
        return signature.name == self.name and signature.key_id in (self.key_id(), self.key_id(COSIGNATURE))


class SigningKey:
    """A private key under a name. Its text form shows only the public part."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        check_key_name(name)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"SigningKey({self.verifier})"

    def private_text(self) -> str:
        """The private form, for a key file only."""
        data = base64.b64encode(bytes([ED25519]) + self._private.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.verifier.name}+{self.verifier.key_id().hex()}+{data}"

    def sign(self, text: str) -> Signature:
        """Sign a note's text."""
        return Signature(self.verifier.name, self.verifier.key_id(), self._private.sign(text.encode()))

    def cosign(self, text: str, moment: int) -> Signature:
        """Sign a checkpoint's text together with a POSIX time in seconds (C2SP tlog-cosignature)."""
        proof = self._private.sign(_timed(text, moment))
        return Signature(self.verifier.name, self.verifier.key_id(COSIGNATURE), moment.to_bytes(8, "big") + proof)


class Signature(msgspec.Struct, frozen=True):
    """One signature line: who, under which key id, and the bytes after the id."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """The line as it stands in a note."""
        return f"{_LINE_START}{self.name} {base64.b64encode(self.key_id + self.data).decode()}\n"


class Note(msgspec.Struct, frozen=True):
    """A parsed note: its text (which ends in a newline) and all its signatures, unverified."""

    text: str
    signatures: list[Signature]

    def encode(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode()


def parse_note(data: bytes) -> Note:
    """Split a note into text and signatures without trusting it.

    Raises:
        NoteError: it is not a note.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise NoteError(f"A note of {len(data)} bytes is longer than any checkpoint.")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteError("The note is not UTF-8.") from error
    if any(sign < " " and sign != "\n" for sign in whole):
        raise NoteError("The note holds a control character.")
    split = whole.rfind("\n\n")
    if split < 0 or not whole.endswith("\n"):
        raise NoteError("The note lacks the blank line before its signatures, or its last newline.")
    lines = whole[split + 2 :].removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError(f"The note has {len(lines)} signatures; at most {SIGNATURES_MAX} are read.")
    return Note(whole[: split + 1], [_parse_line(line) for line in lines])


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> tuple[Note, list[tuple[VerifierKey, int | None]]]:
    """Parse a note and verify every signature by a known key.

    Returns:
        The note, and for each good signature its key and (for a cosignature) the POSIX time it signs.

    Raises:
        NoteError: malformed; a signature by a known key is wrong; or no known key signed.
    """
    note = parse_note(data)
    verified: list[tuple[VerifierKey, int | None]] = []
    known = list(keys)
    for signature in note.signatures:
        for key in known:
            if key.knows(signature):
                verified.append((key, key.verify(signature, note.text)))
                break
    if not verified:
        names = ", ".join(f"{item.name}+{item.key_id.hex()}" for item in note.signatures)
        raise NoteError(f"No known key signed the note; it names {names}.")
    return note, verified


def parse_verifier_key(text: str) -> VerifierKey:
    """Read `name+id+base64`.

    Raises:
        NoteError: malformed, another algorithm, or an id that does not fit the key.
    """
    name, data = _parse_key(text)
    key = VerifierKey(name, data)
    if text.split("+", 2)[1].lower() != key.key_id().hex():
        raise NoteError(f"The key id in {text!r} does not fit the key: it was altered or cut.")
    return key


def parse_signing_key(text: str) -> SigningKey:
    """Read `PRIVATE+KEY+name+id+base64`. No error text repeats the key.

    Raises:
        NoteError: malformed, or an id that does not fit the key.
    """
    if not text.startswith("PRIVATE+KEY+"):
        raise NoteError("This is not a private key: it must begin with PRIVATE+KEY+.")
    rest = text.removeprefix("PRIVATE+KEY+")
    try:
        name, seed = _parse_key(rest)
    except NoteError:
        raise NoteError("The private key is malformed. Restore the file from where it is kept.") from None
    key = SigningKey(name, seed)
    if rest.split("+", 2)[1].lower() != key.verifier.key_id().hex():
        raise NoteError("The private key does not fit its own id: it was altered or cut.")
    return key


def check_key_name(name: str) -> None:
    """A key name must not be empty nor hold a space or plus.

    Raises:
        NoteError: it does.
    """
    if not name or "+" in name or any(sign.isspace() for sign in name):
        raise NoteError(f"{name!r} cannot name a key: use something like lender.example/evidence.")


def _parse_key(text: str) -> tuple[str, bytes]:
    """Name and 32 key bytes of `name+id+base64`."""
    parts = text.split("+", 2)
    if len(parts) != 3 or len(parts[1]) != 8:
        raise NoteError(f"{text!r} is not a key: it must read name+8 hex digits+base64.")
    check_key_name(parts[0])
    data = _base64(parts[2])
    if len(data) != 1 + _KEY_BYTES or data[0] != ED25519:
        raise NoteError(f"The key {parts[0]}+{parts[1]} is not an Ed25519 key of {_KEY_BYTES} bytes.")
    return parts[0], data[1:]


def _parse_line(line: str) -> Signature:
    """One signature line."""
    name, _, encoded = line.removeprefix(_LINE_START).partition(" ")
    if not line.startswith(_LINE_START) or not name or "+" in name:
        raise NoteError(f"The signature line {line[:60]!r} is malformed.")
    data = _base64(encoded)
    if len(data) < 5:
        raise NoteError(f"The signature by {name} is too short.")
    return Signature(name, data[:4], data[4:])


def _base64(text: str) -> bytes:
    """Standard base64 in its one canonical form, so that no other note stands for the same signature."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("A key or signature is not base64.") from error
    if base64.b64encode(data).decode() != text:
        raise NoteError("A key or signature is not base64 in canonical form.")
    return data


def _timed(text: str, moment: int) -> bytes:
    """The message that a cosignature signs."""
    return f"cosignature/v1\ntime {moment}\n{text}".encode()

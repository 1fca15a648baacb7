"""Signed notes: the vectors of Go's `golang.org/x/mod/sumdb/note`, and everything that is no note."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.errors import NoteError
from streams.evidence.note import Note, SigningKey, open_note, parse_note, parse_signing_key, parse_verifier_key

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = (
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # published, not secret
)
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)


def test_published_signature() -> None:
    """Signing the published text gives the published note, byte for byte."""
    key = parse_signing_key(PETER_PRIVATE)
    note = Note(TEXT, [key.sign(TEXT)])

    assert (TEXT + "\n" + PETER_LINE).encode() == note.encode()
    assert str(key.verifier) == PETER
    assert key.private_text() == PETER_PRIVATE


def test_published_note_opens_with_either_key() -> None:
    """Unknown signatures are let pass, known ones verified."""
    data = (TEXT + "\n" + PETER_LINE + ENOCH_LINE).encode()
    peter, enoch = parse_verifier_key(PETER), parse_verifier_key(ENOCH)

    assert [(peter, None)] == open_note(data, [peter])[1]
    assert [(peter, None), (enoch, None)] == open_note(data, [peter, enoch])[1]
    assert open_note(data, [enoch])[0].text == TEXT


def test_no_part_or_change_of_a_key_is_a_key() -> None:
    """Every cut and every changed character of both key forms is refused, as in Go's tests."""
    for whole, parse in ((PETER, parse_verifier_key), (PETER_PRIVATE, parse_signing_key)):
        cuts = {whole[i:j] for i in range(len(whole)) for j in range(i + 1, len(whole) + 1)} - {whole}
        changed = {whole[:i] + chr(ord(whole[i]) + 1) + whole[i + 1 :] for i in range(len(whole))}
        for text in cuts | changed:
            with pytest.raises(NoteError):
                parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_wrong_length_and_unknown_algorithm(text: str) -> None:
    """Published bad keys whose ids are right."""
    with pytest.raises(NoteError, match=r"not an Ed25519 key|canonical form"):
        parse_verifier_key(text)


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        TEXT + "\n",
        TEXT + "\n" + PETER_LINE[:-1],
        "\x01" + TEXT + "\n" + PETER_LINE,
        TEXT
        + "\n"
        + "— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
        TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
        TEXT + "\n" + PETER_LINE * 101,
        TEXT + "\n" + "— PeterNeumann AAAA\n",
    ],
)
def test_malformed_notes(data: str) -> None:
    """Published malformed notes, too many signatures, and a signature of nothing."""
    with pytest.raises(NoteError):
        open_note(data.encode(), [parse_verifier_key(PETER)])


def test_not_utf8() -> None:
    """Bytes that are no text are no note."""
    with pytest.raises(NoteError, match="UTF-8"):
        parse_note(b"\xff" + (TEXT + "\n" + PETER_LINE).encode())


def test_a_wrong_signature_by_a_known_key_spoils_the_note() -> None:
    """Even beside a good one."""
    forged = PETER_LINE.replace("SffcvIAQ", "SffcvIAR")
    with pytest.raises(NoteError, match="not by that key"):
        open_note((TEXT + "\n" + ENOCH_LINE + forged).encode(), [parse_verifier_key(PETER), parse_verifier_key(ENOCH)])


def test_a_signature_has_one_written_form() -> None:
    """Base64 with stray bits in its last digit decodes to the same bytes, but is another note: refused."""
    with pytest.raises(NoteError, match="canonical form"):
        open_note((TEXT + "\n" + PETER_LINE.replace("nAM=", "nAN=")).encode(), [parse_verifier_key(PETER)])


def test_unknown_signer_is_named() -> None:
    """The message names who signed, so a person can find out."""
    with pytest.raises(NoteError, match=r"PeterNeumann\+c74f20a3"):
        open_note((TEXT + "\n" + PETER_LINE).encode(), [parse_verifier_key(ENOCH)])


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40))
def test_cosignature_signs_the_time(seed: bytes, moment: int) -> None:
    """A timestamped cosignature opens with its time; with another time it does not open."""
    key = SigningKey("w.example/1", seed)
    note = Note(TEXT, [key.cosign(TEXT, moment)])
    line = note.signatures[0]
    later = Note(TEXT, [type(line)(line.name, line.key_id, (moment + 1).to_bytes(8, "big") + line.data[8:])])

    assert [(key.verifier, moment)] == open_note(note.encode(), [key.verifier])[1]
    with pytest.raises(NoteError):
        open_note(later.encode(), [key.verifier])


def test_a_key_shows_only_its_public_part() -> None:
    """Neither repr nor an error text holds the secret."""
    key = parse_signing_key(PETER_PRIVATE)
    with pytest.raises(NoteError) as caught:
        parse_signing_key(PETER_PRIVATE[:-4])

    assert PETER in repr(key)
    assert "AYEKFALVFGy" not in repr(key) + str(caught.value) + repr(caught.value.__cause__)

"""Checkpoints and keys: what is signed, what never is, and who may."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from streams.evidence.checkpoint import Checkpoint, parse_checkpoint
from streams.evidence.entry import Entry, Kind
from streams.evidence.errors import KeyFileError, NoteError, ProofError, SigningError, StoreWriteError
from streams.evidence.keys import (
    activate_key,
    current_key,
    generate_key,
    key_history,
    load_key,
    read_history,
    write_key_file,
)
from streams.evidence.note import Note, SigningKey, open_note
from streams.evidence.proof import (
    ConsistencyProof,
    InclusionProof,
    parse_consistency_proof,
    parse_inclusion_proof,
)
from streams.evidence.signing import CheckpointSigner, read_signed
from streams.evidence.store import EvidenceLog
from tests.evidence.story import KEY, MALLORY, NEXT_KEY, ORIGIN, START, Story, at, other


def test_published_checkpoint_text() -> None:
    """The tree text of Go's `sumdb/tlog` tests reads and writes back."""
    text = "go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n"
    checkpoint = parse_checkpoint(text)

    assert (checkpoint.origin, checkpoint.size) == ("go.sum database tree", 123456789012)
    assert text == checkpoint.text()


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "o\n01\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "o\n0x1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "o\n\u0661\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "o\n1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBTOOBIG=\n",
        "o\n1\nAAAA\n",
        "\n1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n",
        "o\n1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    """Each malformed form is refused."""
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_a_checkpoint_is_signed_with_its_time(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """Two lines by one key: the note signature that any verifier reads, and the timestamped one."""
    signed = signer.sign(at("2026-04-01"))
    _, verified = open_note(signed.note, [KEY.verifier])

    assert Checkpoint(ORIGIN, told.size, told.root()) == signed.checkpoint
    assert [None, int(at("2026-04-01").timestamp())] == [time for _, time in verified]
    assert signed.note == signer.file.last()


def test_nothing_new_signs_nothing_new(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """The last checkpoint comes back as it was."""
    first = signer.sign(at("2026-04-01"))

    assert first == signer.sign(at("2026-04-02"))
    assert len(list(signer.file.notes())) == 3
    assert told.size == first.checkpoint.size


def test_an_empty_log_is_signed_and_built_upon(tmp_path: Path, log: EvidenceLog) -> None:
    """Size one (the key) and on."""
    signer = CheckpointSigner(log, KEY)
    assert signer.sign(at("2026-01-02")).checkpoint.size == 1
    log.append(other("B9", 1, 4))
    assert signer.sign(at("2026-01-03")).checkpoint.size == 2
    assert tmp_path.exists()


def rewritten(told: EvidenceLog, tmp_path: Path, upto: int) -> EvidenceLog:
    """Another log with the first key and `upto` other entries, holding the first log's checkpoints."""
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    (tmp_path / "copy" / "entries").mkdir(parents=True)
    shutil.copy(told.directory / "log.json", tmp_path / "copy")
    shutil.copy(told.directory / "checkpoints.jsonl", tmp_path / "copy")
    copy = EvidenceLog(tmp_path / "copy")
    activate_key(copy, KEY, None, START, "operator")
    copy.append(other("B7", upto - 1, 5))
    return copy


def test_a_rewritten_log_is_never_signed(told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path) -> None:
    """Same size, other root: split view. Larger, other beginning: contradiction. Smaller: rolled back."""
    signer.sign(at("2026-04-01"))
    before = signer.file.path.read_bytes()
    for size, says in ((told.size, "Split view"), (told.size + 5, "contradicts"), (told.size - 5, "Rolled back")):
        with rewritten(told, tmp_path, size) as copy:
            with pytest.raises(SigningError, match=says):
                CheckpointSigner(copy, KEY).sign(at("2026-04-02"))
            assert before == (copy.directory / "checkpoints.jsonl").read_bytes()


def test_the_guard_stops_a_log_restored_from_an_old_copy(
    log: EvidenceLog, signer: CheckpointSigner, tmp_path: Path
) -> None:
    """Log and checkpoint file are both old; the guard beside the key is not."""
    signer.sign(at("2026-01-02"))
    log.tree.sync()
    shutil.copytree(log.directory, tmp_path / "old")
    log.append(other("B9", 9, 4))
    signer.sign(at("2026-01-03"))
    with EvidenceLog(tmp_path / "old") as old:
        old.append(other("B8", 30, 3))
        with pytest.raises(SigningError, match="contradicts"):
            CheckpointSigner(old, KEY, tmp_path / "guard.note").sign(at("2026-01-04"))


def test_a_forged_record_of_the_last_checkpoint_stops_signing(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """What is in the file must be as this log signed it."""
    text = Checkpoint(ORIGIN, 3, told.root(3)).text()
    forged = Note(text, [MALLORY.sign(text), MALLORY.cosign(text, 0)]).encode().decode()
    line = signer.file.path.read_text().splitlines()[0].replace("\n", "")
    signer.file.path.write_text(line.split('"note":')[0] + '"note":' + _json(forged) + "}\n")
    with pytest.raises(SigningError, match="not as this log signed it"):
        signer.sign(at("2026-04-01"))


def test_a_torn_last_line_is_written_over(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """It was never given out, so it does not count; at every byte."""
    whole = signer.file.path.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start, len(whole), 40):
        signer.file.path.write_bytes(whole[:end])
        assert whole[:start].splitlines()[-1] == signer.file.path.read_bytes()[:start].splitlines()[-1]
        assert parse_checkpoint(open_note(signer.file.last() or b"", [KEY.verifier])[0].text).size == 11
    signer.sign(at("2026-04-01"))
    assert len(list(signer.file.notes())) == 2
    assert told.size


def test_a_checkpoint_that_cannot_be_recorded_is_not_given_out(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """The error is one line; the file is as before."""
    signer.file.path = Path("/dev/full")
    with pytest.raises(StoreWriteError, match="not given out"):
        signer.file.append(read_signed(next(iter(CheckpointSigner(told, KEY).file.notes())), key_history(told)))


def test_the_clock_must_not_go_back(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """A checkpoint earlier than the last one is refused."""
    told.append(other("B9", 1, 4))
    with pytest.raises(SigningError, match="clock went back"):
        signer.sign(at("2026-03-01"))


def test_a_key_outside_its_window_signs_nothing(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """Two years on, the key is no longer in force."""
    with pytest.raises(SigningError, match="No signing key is in force at 2028"):
        signer.sign(at("2028-06-01"))
    with pytest.raises(SigningError, match="Use that one"):
        CheckpointSigner(told, MALLORY).sign(at("2026-04-01"))


def test_rotation_is_signed_by_both_keys(told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path) -> None:
    """The old key's window ends where the new one's begins; both periods' checkpoints stay good."""
    moment = at("2026-04-01")
    old = signer.sign(moment)
    record = activate_key(told, NEXT_KEY, KEY, moment, "operator")
    new = CheckpointSigner(told, NEXT_KEY, tmp_path / "guard.note").sign(at("2026-04-02"))
    history = key_history(told)

    assert [KEY.verifier, NEXT_KEY.verifier] == [item.key for item in history]
    assert history[0].valid_until == record.valid_from == moment + dt.timedelta(seconds=1)
    assert len(open_note(record.statement.encode(), [KEY.verifier, NEXT_KEY.verifier])[1]) == 2
    assert (old, new) == (read_signed(old.note, history), read_signed(new.note, history))
    with pytest.raises(SigningError, match="Use that one"):
        signer.sign(at("2026-04-03"))
    assert NEXT_KEY.verifier == current_key(history, at("2026-04-03")).key


@pytest.mark.parametrize("old", [None, MALLORY, NEXT_KEY])
def test_only_the_newest_key_can_name_its_successor(log: EvidenceLog, old: SigningKey | None) -> None:
    """No second first key, and no successor of a stranger."""
    with pytest.raises(SigningError, match="newest key"):
        activate_key(log, NEXT_KEY, old, at("2026-04-01"), "mallory")


def test_a_key_of_another_log_is_refused(log: EvidenceLog) -> None:
    """The key's name must be the origin."""
    with pytest.raises(SigningError, match=r"must be named lender\.example/evidence"):
        activate_key(log, SigningKey("other.example/log", bytes(32)), KEY, at("2026-04-01"), "operator")


def test_a_key_slipped_into_the_log_is_refused(log: EvidenceLog) -> None:
    """An entry in the key chain that the last key did not sign spoils the history, loudly."""
    text = "\n".join(
        (
            "forewarn key/1",
            ORIGIN,
            str(MALLORY.verifier),
            "from 2026-02-01T00:00:00Z",
            "until 2027-01-01T00:00:00Z",
            str(KEY.verifier),
            "",
        )
    )
    statement = Note(text, [MALLORY.sign(text)]).encode().decode()
    log.append(
        [Entry(kind=Kind.KEY, body={"statement": statement}, recorded_at="2026-02-01T00:00:00Z", actor="mallory")]
    )
    with pytest.raises(NoteError, match="must be signed by"):
        key_history(log)
    with pytest.raises(NoteError, match="of another log"):
        read_history("another.example/log", [statement])


def test_key_files_are_private(tmp_path: Path) -> None:
    """Made 0600, never overwritten, refused when others can read them; the environment is the other way in."""
    path, key = tmp_path / "key", generate_key(ORIGIN)
    write_key_file(path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.verifier == load_key(path, {}).verifier
    with pytest.raises(KeyFileError, match="never overwritten"):
        write_key_file(path, key)
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(KeyFileError, match=f"chmod 600 {path}"):
            load_key(path, {})
    assert key.verifier == load_key(None, {"FOREWARN_EVIDENCE_KEY": key.private_text()}).verifier


def test_key_errors_are_sentences_without_the_key(tmp_path: Path) -> None:
    """Absent, a directory, garbage: what to do, and nothing of the content."""
    path = tmp_path / "key"
    with pytest.raises(KeyFileError, match="There is no signing key"):
        load_key(None, {})
    with pytest.raises(KeyFileError, match="Cannot read"):
        load_key(path, {})
    path.write_text("PRIVATE+KEY+secret-material")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="malformed") as caught:
        load_key(path, {})
    assert "secret-material" not in str(caught.value)


def test_proof_files_read_back() -> None:
    """A `.tlog-proof`, with and without extra data, and a consistency proof."""
    proof = InclusionProof(5, [bytes(32), bytes(range(32))], b"o\n9\nroot\n\n\xe2\x80\x94 o AAAA\n")
    data = proof.encode()

    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 5\nAAAA")
    assert proof == parse_inclusion_proof(data)
    assert proof == parse_inclusion_proof(data.replace(b"v1\n", b"v1\nextra AAAA\n"))
    assert InclusionProof(0, [], b"note\n") == parse_inclusion_proof(b"c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n")
    step = ConsistencyProof(3, 7, [bytes(32)])
    assert step == parse_consistency_proof(step.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"not a proof at all",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n!!!\n\ncheckpoint\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n\xff\n\ncheckpoint\n",
    ],
)
def test_malformed_proofs(data: bytes) -> None:
    """Each is refused."""
    with pytest.raises(ProofError):
        parse_inclusion_proof(data)
    with pytest.raises(ProofError):
        parse_consistency_proof(data)


def _json(text: str) -> str:
    import json  # noqa: PLC0415

    return json.dumps(text)


def test_story_offsets_rise() -> None:
    """The test's own story is well-formed: offsets rise by one."""
    story = Story()
    offsets = [entry.source.offset for entry in [*story.opening(), *story.middle()] if entry.source]

    assert list(range(len(offsets))) == offsets

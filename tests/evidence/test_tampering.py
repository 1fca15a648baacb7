"""Each kind of tampering with an exhibit has its own message, also from someone who mends hashes as they go."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from streams.evidence import exhibit as making
from streams.evidence.checkpoint import Checkpoint
from streams.evidence.gather import entries_of, scope_of
from streams.evidence.keys import KeyRecord, key_history
from streams.evidence.note import Note, SigningKey
from streams.evidence.signing import CheckpointSigner
from streams.evidence.verify import chain_problems, main
from tests.evidence.story import KEY, MALLORY, NEXT_KEY, ORIGIN, at, request_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streams.evidence.exhibit import Exhibit
    from streams.evidence.store import EvidenceLog


def failures(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> list[str]:
    """What verify.py says is wrong."""
    capsys.readouterr()
    code = main([str(folder), *arguments])
    lines = [line[12:] for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert code == (1 if lines else 0)
    return lines


def edit_lines(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Change the lines of entries.jsonl."""
    path = folder / "entries.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))


def swap(lines: list[bytes]) -> list[bytes]:
    """Exchange the fourth and fifth line."""
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda lines: [*lines[:4], lines[4].replace(b'"preserve"', b'"presarve"'), *lines[5:]],
            "entries: altered: line 5",
        ),
        (lambda lines: [*lines[:4], *lines[5:]], "entries: deleted: entry"),
        (lambda lines: [*lines[:4], lines[4].replace(b"1", b"2"), *lines[4:]], "entries: inserted: line 5"),
        (lambda lines: [*lines[:4], lines[2], *lines[4:]], "entries: inserted: entry 2 stands there more than once"),
        (swap, "entries: swapped"),
        (lambda lines: lines[:-2], "entries: truncated: the last 2 of 18"),
    ],
    ids=["flipped bit", "deleted", "inserted", "doubled", "swapped", "truncated"],
)
def test_lines_of_the_entries(
    exhibit: Exhibit, capsys: pytest.CaptureFixture[str], change: Callable[[list[bytes]], list[bytes]], says: str
) -> None:
    """What was done to entries.jsonl is named, and so is the file."""
    edit_lines(exhibit.path, change)
    found = failures(capsys, exhibit.path)

    assert any(line.startswith(says) for line in found), found
    assert "files: altered file: entries.jsonl" in found
    kinds = ("altered: line", "deleted", "inserted", "swapped", "truncated: the last")
    assert sum(any(f"entries: {kind}" in line for line in found) for kind in kinds) == 1


def test_half_a_last_line(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """A file cut within a line."""
    path = exhibit.path / "entries.jsonl"
    path.write_bytes(path.read_bytes()[:-10])

    assert "entries: truncated: the last line of entries.jsonl is cut" in failures(capsys, exhibit.path)


def mend_manifest(folder: Path) -> None:
    """What someone without the key can do: make the manifest's hashes fit the files."""
    manifest = json.loads((folder / "manifest.json").read_text())
    lines = (folder / "entries.jsonl").read_bytes().splitlines()
    manifest["entries"] = [
        {"index": json.loads(line)["index"], "leaf_hash": sha256(b"\x00" + line).hexdigest()} for line in lines
    ]
    manifest["files"] = {
        name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"] if (folder / name).exists()
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_entry_changed_with_all_hashes_mended(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """The tree's root was signed, and the manifest too: neither can be mended without the key."""
    edit_lines(exhibit.path, lambda lines: [line.replace(b'"DENY"', b'"ALLO"') for line in lines])
    mend_manifest(exhibit.path)
    found = failures(capsys, exhibit.path)

    assert any("is not in the log that was signed" in line for line in found)
    assert "manifest: altered: manifest.json is not the file that was signed" in found
    assert not any(line.startswith("entries:") for line in found)


def test_files_added_and_removed(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file is accounted for, both ways."""
    (exhibit.path / "more.txt").write_text("see also")
    (exhibit.path / "timeline.pdf").unlink()
    found = failures(capsys, exhibit.path)

    assert found == ["files: missing file: timeline.pdf", "files: inserted file: more.txt"]


def note_of(checkpoint: Checkpoint, key: SigningKey, day: str) -> bytes:
    """A checkpoint signed as the log does."""
    text = checkpoint.text()
    return Note(text, [key.sign(text), key.cosign(text, int(at(day).timestamp()))]).encode()


def test_split_view(exhibit: Exhibit, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The reader holds a checkpoint of the same size with another root, signed by the same key."""
    other = note_of(Checkpoint(ORIGIN, 24, bytes(32)), KEY, "2026-03-17")
    (tmp_path / "seen.note").write_bytes(other)
    found = failures(capsys, exhibit.path, "--known", str(tmp_path / "seen.note"))

    assert found == ["one history: split view: two checkpoints of 24 entries have different roots (24.note)"]


def test_rolled_back(exhibit: Exhibit, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The reader has seen a larger checkpoint from before: the log was made shorter in between."""
    seen = note_of(Checkpoint(ORIGIN, 400, bytes(32)), KEY, "2026-03-25")
    (tmp_path / "seen.note").write_bytes(seen)
    found = failures(capsys, exhibit.path, "--known", str(tmp_path / "seen.note"))

    assert len(found) == 1
    assert found[0].startswith("one history: rolled back: 400 entries were signed before 30")


def test_a_checkpoint_replaced_by_an_older_one(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """The last checkpoint is taken away: what the manifest promises is missing."""
    (exhibit.path / "checkpoints" / f"{exhibit.signed.checkpoint.size}.note").unlink()
    found = failures(capsys, exhibit.path)

    assert any(line.startswith("one history: the checkpoint of 30 entries is missing") for line in found)


def test_wrong_key(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """Signed by another key under the log's own key id."""
    path = exhibit.path / "checkpoints" / "24.note"
    text = Checkpoint(ORIGIN, 24, bytes(32)).text()
    forged = [msgspec.structs.replace(MALLORY.sign(text), key_id=KEY.verifier.key_id())]
    forged.append(msgspec.structs.replace(MALLORY.cosign(text, 1_773_748_800), key_id=KEY.verifier.key_id(4)))
    path.write_bytes(Note(text, forged).encode())
    found = failures(capsys, exhibit.path)

    assert any(line.startswith("checkpoint 24: wrong key or altered text") for line in found)


def test_expired_key(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """Rightly signed, but after the key's time."""
    path = exhibit.path / "checkpoints" / "24.note"
    checkpoint = Checkpoint(ORIGIN, 24, msgspec_root(path))
    path.write_bytes(note_of(checkpoint, KEY, "2028-02-01"))
    found = failures(capsys, exhibit.path)

    assert any(line.startswith("checkpoint 24: expired key") and "2028-02-01" in line for line in found)


def msgspec_root(path: Path) -> bytes:
    """The root in a checkpoint file."""
    from streams.evidence.checkpoint import parse_checkpoint  # noqa: PLC0415

    return parse_checkpoint(path.read_text().partition("\n\n")[0] + "\n").root


def test_signed_again_by_an_unknown_key(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything signed again by a stranger whose key is not in keys.json."""
    for path in (exhibit.path / "checkpoints").glob("*.note"):
        text = path.read_text().partition("\n\n")[0] + "\n"
        path.write_bytes(Note(text, [MALLORY.sign(text), MALLORY.cosign(text, 1_773_748_800)]).encode())
    found = failures(capsys, exhibit.path)

    assert sum(": unknown key: signed by" in line for line in found) == 3


class Forger(CheckpointSigner):
    """Someone with a key of their own who makes a whole exhibit."""


def forged_exhibit(told: EvidenceLog, tmp_path: Path, records: list[KeyRecord], key: SigningKey) -> Path:
    """An exhibit whose keys.json is the forger's and in which the forger signed everything."""
    folder = tmp_path / "forged"
    signer = Forger(told, key)
    signed = msgspec.structs.replace(CheckpointSigner(told, KEY).sign(at("2026-04-02")))
    note = note_of(signed.checkpoint, key, "2026-04-02")
    scope = scope_of(told, "L1")
    items = entries_of(told, scope)
    files = making._Files(told, signer, request_for("L1"), at("2026-04-02"), "e" * 16, scope, items, signed).all()
    files = {
        name: data.replace(signed.note, note)
        for name, data in files.items()
        if not name.endswith(("-24.consistency", "-30.consistency"))
    }
    files = {name: data for name, data in files.items() if name not in ("checkpoints/11.note", "checkpoints/24.note")}
    files["keys.json"] = json.dumps({"origin": ORIGIN, "keys": [making._key(record) for record in records]}).encode()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    mend_manifest(folder)
    digest = sha256((folder / "manifest.json").read_bytes()).hexdigest()
    text = f"forewarn exhibit/1\n{ORIGIN}\n{'e' * 16}\nsha256 {digest}\n"
    (folder / "manifest.note").write_bytes(Note(text, signer.signatures(text, at("2026-04-02"))).encode())
    return folder


def statement(key: SigningKey, follows: str, *signers: SigningKey) -> KeyRecord:
    """A key statement signed by whomever."""
    lines = (
        "forewarn key/1",
        ORIGIN,
        str(key.verifier),
        "from 2026-01-01T00:00:00Z",
        "until 2028-01-01T00:00:00Z",
        follows,
        "",
    )
    text = "\n".join(lines)
    note = Note(text, [signer.sign(text) for signer in signers]).encode().decode()
    return KeyRecord(key.verifier, at("2026-01-01", 0), at("2028-01-01", 0), note)


def test_a_whole_exhibit_by_an_unknown_key(
    told: EvidenceLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the reader's own copy of the first key can tell; with it, the forgery is named."""
    folder = forged_exhibit(told, tmp_path, [statement(MALLORY, "first", MALLORY)], MALLORY)
    found = failures(capsys, folder, "--key", str(KEY.verifier))

    assert [f"keys: unknown key: the first key is {MALLORY.verifier}, not {KEY.verifier}"] == [
        line for line in found if line.startswith("keys:")
    ]


def test_a_key_that_the_last_one_did_not_vouch_for(
    told: EvidenceLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The forger appends a key of their own to the lender's history."""
    records = [*key_history(told), statement(MALLORY, str(KEY.verifier), MALLORY)]
    found = failures(capsys, forged_exhibit(told, tmp_path, records, MALLORY))
    assert any(line.startswith("keys: wrong key: the statement for") for line in found)

    shutil.rmtree(tmp_path / "forged")
    records = [*key_history(told), statement(MALLORY, str(NEXT_KEY.verifier), MALLORY, NEXT_KEY)]
    found = failures(capsys, forged_exhibit(told, tmp_path, records, MALLORY))
    assert any("does not follow from the key before it" in line for line in found)


def test_missing_sequence_number(
    told: EvidenceLog,
    signer: CheckpointSigner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lender itself leaves an entry out, with its own key and every hash right: the gap shows."""
    monkeypatch.setattr(
        making,
        "entries_of",
        lambda log, scope: [item for item in entries_of(log, scope) if item.content["body"].get("action_id") != "A1"],
    )
    made = making.make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "out")
    found = failures(capsys, made.path)

    assert found == [
        "complete loan/L1: missing sequence number 5 of loan/L1",
        "complete loan/L1: loan/L1 held 12 entries, but 11 are shown",
    ]


def test_the_end_of_a_chain_left_out(
    told: EvidenceLog,
    signer: CheckpointSigner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Leaving out the newest entries, and with them the one that closes the chain."""
    monkeypatch.setattr(
        making,
        "entries_of",
        lambda log, scope: [item for item in entries_of(log, scope) if item.content["chain"]["sequence"] < 10],
    )
    made = making.make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "out")
    found = failures(capsys, made.path)

    assert [line for line in found if line.startswith("complete")] == [
        "complete loan/L1: truncated: loan/L1 does not end in the entry of this exhibit's making"
    ]


def test_a_link_to_another_entry() -> None:
    """Numbers without a gap, but one entry names another before it than the one shown."""
    links: list[tuple[bytes, dict[str, Any]]] = []
    for number in (1, 2, 3):
        before = sha256(b"\x00" + links[-1][0]).hexdigest() if links else None
        chain = {"sequence": number, "previous_hash": before if number < 3 else "00" * 32}
        links.append((b"leaf %d" % number, {"chain": chain, "kind": "key", "body": {}}))

    assert chain_problems("keys", links, "") == ["number 3 of keys does not name the entry before it"]


def test_a_field_that_is_not_the_one_committed_to(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """Another telephone number, with the salt kept."""
    path = exhibit.path / "disclosures.json"
    path.write_text(path.read_text().replace("tel-5551234", "tel-5559999"))
    found = failures(capsys, exhibit.path)

    assert any(line.startswith("personal fields: altered: field contact_point_id of entry 16") for line in found)


def test_days_past_due_that_do_not_follow(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure changed in calculation.json."""
    path = exhibit.path / "calculation.json"
    content = json.loads(path.read_text())
    content["result"]["days_past_due"] = 22
    path.write_text(json.dumps(content))
    found = failures(capsys, exhibit.path)

    assert any(line.startswith("calculation: on 2026-04-01 the entries give 0 days past due") for line in found)


def test_a_consistency_proof_that_is_gone_or_wrong(exhibit: Exhibit, capsys: pytest.CaptureFixture[str]) -> None:
    """Steps between checkpoints are not optional."""
    path = exhibit.path / "checkpoints" / "11-24.consistency"
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:3], *lines[4:], b""]))
    assert "consistency: the log of 24 entries does not continue the one of 11 entries" in failures(
        capsys, exhibit.path
    )
    path.unlink()
    assert "consistency: the proof from 11 to 24 entries is missing" in failures(capsys, exhibit.path)


def test_a_folder_that_is_no_exhibit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, not a traceback."""
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("FAIL        manifest:")

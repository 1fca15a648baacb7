"""Erasing personal fields: the bytes go, the proof stays, and the log says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.audit import audit_log
from streams.evidence.canonical import canonical_bytes
from streams.evidence.erasure import Retention, erase_borrower, erase_expired
from streams.evidence.errors import StoreWriteError
from streams.evidence.exhibit import make_exhibit
from streams.evidence.merkle import leaf_hash, verify_inclusion
from streams.evidence.privacy import PrivateField, commitment
from streams.evidence.verify import commitment as their_commitment
from streams.evidence.verify import main
from tests.evidence.story import at, request_for

if TYPE_CHECKING:
    from pathlib import Path

    from streams.evidence.signing import CheckpointSigner
    from streams.evidence.store import EvidenceLog

PHONE = b"tel-5551234"
NO_DUTY = Retention("none")


def files_with(directory: Path, needle: bytes) -> list[str]:
    """Names of the files under a directory that hold these bytes."""
    return sorted(path.name for path in directory.rglob("*") if path.is_file() and needle in path.read_bytes())


def test_the_leaf_never_holds_the_field(told: EvidenceLog) -> None:
    """Only the payload store does."""
    assert {"payloads.sqlite3", "payloads.sqlite3-wal"} >= set(files_with(told.directory, PHONE)) != set()


def test_erasing_overwrites_the_bytes_and_leaves_the_proof(told: EvidenceLog, signer: CheckpointSigner) -> None:
    """No file holds value or salt; the entry verifies; the erasure is an entry; doing it again does nothing."""
    salt = told.private_fields(16)[0].salt
    done = erase_borrower(told, "B1", at("2026-04-01"), "staff-2", "request", NO_DUTY)
    signed = signer.sign(at("2026-04-02"))
    leaf, size = told.leaf(16), signed.checkpoint.size

    assert (done.erased, done.kept) == (1, 0)
    assert [] == files_with(told.directory, PHONE) == files_with(told.directory, salt)
    verify_inclusion(16, size, leaf_hash(leaf), told.inclusion(16, size), signed.checkpoint.root)
    assert orjson.loads(told.leaf(size - 1))["body"]["fields"] == [{"index": 16, "path": "contact_point_id"}]
    assert erase_borrower(told, "B1", at("2026-04-03"), "staff-2", "request", NO_DUTY).erased == 0
    assert size == told.size
    assert audit_log(told).problems == []


def test_the_exhibit_shows_what_was_erased_and_when(
    told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path
) -> None:
    """And still passes its own program."""
    erase_borrower(told, "B1", at("2026-04-01"), "staff-2", "request", NO_DUTY)
    made = make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "out")
    (row,) = json.loads((made.path / "redactions.json").read_text())

    assert (
        row["index"], row["path"], row["status"], row["erased_at"],
    ) == (16, "contact_point_id", "erased", "2026-04-01T12:00:00.000000Z")  # fmt: skip
    assert "contact_point_id: erased at 2026-04-01" in (made.path / "timeline.html").read_text()
    assert main([str(made.path)]) == 0


def test_a_field_lost_without_record_fails(
    told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deleting from the store behind the log's back shows."""
    told.payloads.erase([(16, "contact_point_id")])
    made = make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "out")

    assert main([str(made.path)]) == 1
    assert "field contact_point_id of entry 16 is missing without a recorded erasure" in capsys.readouterr().out


def test_a_field_may_be_withheld(told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path) -> None:
    """It stays in the store, is not shown anywhere, and the exhibit says so."""
    request = request_for("L1", withhold=frozenset({"contact_point_id"}))
    made = make_exhibit(told, signer, request, at("2026-04-02"), tmp_path / "out")

    assert "withheld" in (made.path / "redactions.json").read_text()
    assert files_with(made.path, PHONE) == []
    assert len(told.private_fields(16)) == 1
    assert main([str(made.path)]) == 0


def test_the_duty_to_keep_comes_first(told: EvidenceLog) -> None:
    """Under a pack with three years, a request finds the field kept, and until when."""
    pack = Retention("us-2026@1", minimum_days=1095)
    done = erase_borrower(told, "B1", at("2026-04-01"), "staff-2", "request", pack)

    assert (done.erased, done.kept, str(done.kept_until)) == (0, 1, "2029-03-15")
    assert erase_borrower(told, "B1", at("2029-03-15"), "staff-2", "request", pack).erased == 1


def test_the_end_of_retention_needs_no_request(told: EvidenceLog) -> None:
    """Fields older than the pack's maximum go, each borrower's with an entry of its own."""
    pack = Retention("cn-2026@1", maximum_days=1825)

    assert erase_expired(told, at("2031-03-01"), "timer", pack).erased == 0
    assert erase_expired(told, at("2031-03-17"), "timer", pack).erased == 1
    assert b"retention of 1825 days is over (cn-2026@1)" in told.leaf(told.size - 1)
    assert erase_expired(told, at("2040-01-01"), "timer", Retention("none")).erased == 0


def test_a_reader_in_the_way_is_said_so(told: EvidenceLog) -> None:
    """While another process reads the store, old bytes may linger: the command says so and can be run again."""
    import sqlite3  # noqa: PLC0415

    told.payloads._database.execute("PRAGMA busy_timeout=50")
    other = sqlite3.connect(told.directory / "payloads.sqlite3", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM payload").fetchone()
    with pytest.raises(StoreWriteError, match="Run the same command again"):
        erase_borrower(told, "B1", at("2026-04-01"), "staff-2", "request", NO_DUTY)
    other.execute("ROLLBACK")
    other.close()
    told.payloads.erase([])
    assert files_with(told.directory, PHONE) == []


@given(st.text(min_size=1, max_size=20), st.binary(min_size=16, max_size=16), st.text(max_size=40))
def test_commitments_are_the_same_in_both_programs(path: str, salt: bytes, text: str) -> None:
    """And change with any part."""
    value = canonical_bytes(text)

    assert (
        commitment(path, salt, value)
        == their_commitment(path, salt, value)
        == PrivateField(path, salt, value).commitment()
    )
    assert commitment(path, salt, value) != commitment(path + "x", salt, value)
    assert commitment(path, salt, value) != commitment(path, bytes(16) if any(salt) else b"\x01" * 16, value)
    assert commitment(path, salt, value) != commitment(path, salt, value + b" ")

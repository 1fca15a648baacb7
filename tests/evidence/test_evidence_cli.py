"""The commands, from an empty directory to a checked exhibit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from streams.evidence.cli import erase, evidence, exhibit
from streams.evidence.store import EvidenceLog
from streams.evidence.verify import main
from tests.evidence.story import Story, policy

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "lender.example/evidence"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A log made by the command, with the story in it, and its key."""
    run(evidence, tmp_path, "keys", "init", "--origin", ORIGIN, "--key", str(tmp_path / "key"), "--by", "op-1")
    story = Story()
    with EvidenceLog(tmp_path / "log") as log:
        log.append([policy(), *story.opening(), *story.middle()])
    return tmp_path


def run(command: object, home: Path, *arguments: str, code: int = 0) -> Result:
    """Run a command on the log of a directory."""
    variables = {"FOREWARN_EVIDENCE_DIR": str(home / "log"), "FOREWARN_EVIDENCE_KEY_FILE": str(home / "key")}
    result = CliRunner().invoke(command, arguments, env=variables)  # type: ignore[arg-type]
    assert code == result.exit_code, result.output
    return result


def make(home: Path, out: str = "out", **more: str) -> Result:
    """Make the exhibit of L1."""
    options = {
        "--loan": "L1",
        "--out": str(home / out),
        "--case": "77",
        "--basis": "order",
        "--by": "staff-9",
        "--as-of": "2026-04-01",
    } | more
    return run(exhibit, home, *[part for pair in options.items() for part in pair])


def test_from_nothing_to_a_checked_exhibit(home: Path) -> None:
    """Sign, erase, make, check, rotate, make again: each says what it did."""
    assert run(evidence, home, "checkpoint").output.startswith(f"{ORIGIN}\n16\n")
    assert "1 fields erased" in run(erase, home, "--borrower", "B1", "--by", "staff-2").output
    assert "python3" in make(home).output
    assert main([str(home / "out")]) == 0
    rotated = run(evidence, home, "keys", "rotate", "--new-key", str(home / "key2"), "--by", "op-1")
    assert "is in force from" in rotated.output
    assert (home / "key2.last-checkpoint").read_bytes() == (home / "key.last-checkpoint").read_bytes()
    assert ORIGIN in run(evidence, home, "keys", "list").output
    assert "All of it holds." in run(evidence, home, "verify", "--rebuild").output
    assert (
        "0 fields erased" in run(evidence, home, "expire", "--pack", "cn@1", "--days", "1825", "--by", "timer").output
    )


def test_errors_are_one_line(home: Path) -> None:
    """No traceback: what is wrong, where, and what to do."""
    os.chmod(home / "key", 0o644)  # noqa: PTH101  the fault under test
    for result in (
        run(evidence, home, "checkpoint", code=1),
        run(evidence, home, "keys", "init", "--origin", ORIGIN, "--key", str(home / "key9"), "--by", "op", code=1),
    ):
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    assert "chmod 600" in run(evidence, home, "checkpoint", code=1).output
    assert "needs --tsa-roots" in run(evidence, home, "checkpoint", "--tsa", "http://127.0.0.1:9", code=2).output


def test_a_failed_rotation_leaves_no_key_behind(home: Path) -> None:
    """The new file is removed when the log refuses it."""
    run(evidence, home, "keys", "rotate", "--new-key", str(home / "two"), "--by", "op")
    run(evidence, home, "keys", "rotate", "--new-key", str(home / "three"), "--by", "op", code=1)

    assert not (home / "three").exists()


def test_a_damaged_log_fails_the_check(home: Path) -> None:
    """Exit code 1 and what was found."""
    segment = next((home / "log" / "entries").iterdir())
    data = segment.read_bytes()
    with EvidenceLog(home / "log"):
        segment.write_bytes(data)
    run(evidence, home, "checkpoint")
    (home / "log" / "checkpoints.jsonl").write_text(
        (home / "log" / "checkpoints.jsonl").read_text().replace("AAAA", "AAAB").replace(ORIGIN, "x/y")
    )
    result = run(evidence, home, "verify", code=1)

    assert "FAIL  checkpoint:" in result.output

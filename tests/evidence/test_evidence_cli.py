"""The commands, from an empty directory to a checked exhibit."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.cli_policy import shipped
from streams.evidence.cli import erase, evidence, exhibit
from streams.evidence.entry import Entry, Kind, Source
from streams.evidence.retention import longest_retention
from streams.evidence.store import EvidenceLog
from streams.evidence.verify import main
from tests.evidence.story import Story, cny, policy

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


def in_force(name: str, offset: int, text: str | None = None) -> Entry:
    """A shipped pack is activated, or with an empty text withdrawn."""
    body = {
        "type": "policy_activated",
        "kind": "pack",
        "name": name,
        "version": "2026.1",
        "text": shipped("packs")[f"{name}-2026.1"].decode() if text is None else text,
    }
    source = Source(topic="journal", partition=7, offset=offset)
    return Entry(kind=Kind.POLICY_ACTIVATION, body=body, recorded_at="2026-01-02T00:00:00Z", actor="op", source=source)


def test_erasing_keeps_what_the_packs_in_force_oblige_to_keep(home: Path) -> None:
    """The longest period counts, and the day is said; a withdrawn pack obliges no more; a person may overrule."""
    with EvidenceLog(home / "log") as log:
        log.append([in_force("us-reg-f", 0), in_force("cn", 1)])
        assert longest_retention(log) == ("cn@2026.1", 5 * 366)
    kept = run(erase, home, "--borrower", "B1", "--by", "staff-2").output
    with EvidenceLog(home / "log") as log:
        log.append([in_force("cn", 2, "")])
        assert longest_retention(log) == ("us-reg-f@2026.1", 3 * 366)

    assert "0 fields erased" in kept
    assert "must be kept under cn@2026.1; the last of them until 2031-03-" in kept
    assert "1 fields erased" in run(erase, home, "--borrower", "B1", "--by", "staff-2", "--keep-days", "0").output


def test_signs_are_set_side_by_side_for_a_person_to_decide(home: Path) -> None:
    """Named, with their entries, without a score; the decision stands beside them once there is one."""
    part = Story(partition=9).entry("2026-04-20", "payment_received", payment_id="P9", amount=cny(50_000))
    with EvidenceLog(home / "log") as log:
        log.append([part])
    before = run(evidence, home, "indicators", "--loan", "L1").output
    decided = Story().entry(
        "2026-03-25", "legal_step_decided", as_kind="human_decision", decision="DECLINED", finding="UNABLE", note="x"
    )
    with EvidenceLog(home / "log") as log:
        log.append([msgspec.structs.replace(decided, source=Source(topic="journal", partition=8, offset=0))])
    after = run(evidence, home, "indicators", "--loan", "L1", "--json").output

    assert "Speaks for unable: paid parts of installments (entries " in before
    assert "No person has decided yet; no legal step may rest on this." in before
    found = json.loads(after)
    assert (found["decision"]["decision"], found["decision"]["finding"]) == ("DECLINED", "UNABLE")
    assert not {"score", "verdict", "conclusion"} & set(found)

"""The commands: what a person types, reads and gets as exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.cli_policy import gate, policy, shipped
from streams.events import contacts
from tests.collections.helpers import event

if TYPE_CHECKING:
    from pathlib import Path

    import click

NIGHT = "2026-03-04T23:00:00+08:00"
NOON = "2026-03-04T12:00:00+08:00"


def run(command: click.Command, *arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def asked(*arguments: str, at: str = NOON) -> Result:
    """Ask the gate about a call to B1 under the packs of China, about whom nothing is known unless told."""
    facts = () if "--facts" in arguments else ("--no-facts",)
    packs = ("--pack", "base", "--pack", "cn")
    return run(gate, "--borrower", "B1", "--action", "CALL", "--at", at, *packs, *facts, *arguments)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Contact events of two borrowers, one a line."""
    mine = event(contacts.ConsentWithdrawn, NOON, channel="CALL")
    other = event(contacts.HoldSet, NOON, borrower_id="B2", hold_id="H", kind="DECEASED", from_date=mine.business_date)
    path = tmp_path / "contacts.jsonl"
    path.write_bytes(b"\n".join([msgspec.json.encode(mine), msgspec.json.encode(other)]))
    return path


@pytest.mark.parametrize(("at", "code", "word"), [(NOON, 0, "ALLOW"), (NIGHT, 3, "DEFER")])
def test_gate_answers_first_and_explains_after(at: str, code: int, word: str) -> None:
    """The first line is the answer; every rule follows; the exit code says it to a script."""
    result = asked(at=at)

    assert result.exit_code == code
    assert result.output.splitlines()[0].startswith(f"{word} at ")
    assert "CN-H1 (quiet_hours)" in result.output


def test_gate_reads_what_has_happened(history: Path) -> None:
    """Only to this borrower."""
    result = asked("--facts", str(history))

    assert (result.exit_code, "BASE-OPT-OUT" in result.output.splitlines()[0]) == (4, True)
    assert "BASE-DECEASED" not in result.output.splitlines()[0]
    assert "the borrower has closed this channel" in result.output


def test_gate_reads_a_json_array_too(tmp_path: Path) -> None:
    """As well as one event a line."""
    path = tmp_path / "contacts.json"
    path.write_bytes(msgspec.json.encode([event(contacts.ConsentWithdrawn, NOON, channel="CALL")]))

    assert asked("--facts", str(path)).exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "2026-03-04T12:00:00"], "has no UTC offset"),
        (["--at", "noon"], "is not an ISO 8601 instant"),
        (["--pack", "atlantis"], "There is no file atlantis, and none of that name is shipped: base-2026.1, cn-2026.1"),
        (["--action", "SHOUT"], "'SHOUT' is not one of"),
    ],
)
def test_gate_says_what_is_wrong_with_a_question(arguments: list[str], said: str) -> None:
    """In a sentence, without a traceback."""
    result = asked(*arguments)

    assert result.exit_code in {1, 2}
    assert said in result.output


def test_gate_says_what_is_wrong_with_facts(tmp_path: Path) -> None:
    """Which file and why."""
    path = tmp_path / "contacts.jsonl"
    path.write_text('{"type": "loan_opened"}')
    result = asked("--facts", str(path))

    assert result.exit_code == 1
    assert "not contact events as on topic contacts" in result.output


@pytest.mark.parametrize("name", [*shipped("packs"), *shipped("plans"), "cn", "installment"])
def test_check_shows_what_is_shipped(name: str) -> None:
    """By its whole name or without the version."""
    result = run(policy, "check", name)

    assert result.exit_code == 0
    assert " is a valid p" in result.output


def test_check_tells_packs_and_plans_apart_by_content(tmp_path: Path) -> None:
    """Whatever the file is called."""
    for folder, name, said in (("packs", "cn-2026.1", "policy pack"), ("plans", "installment-2026.1", "plan for")):
        path = tmp_path / "mine.toml"
        path.write_bytes(shipped(folder)[name])

        assert said in run(policy, "check", str(path)).output


@pytest.mark.parametrize(
    ("folder", "name", "old"), [("packs", "cn-2026.1", "max = 6"), ("plans", "installment-2026.1", "priority = 10")]
)
def test_check_refuses_in_words(folder: str, name: str, old: str, tmp_path: Path) -> None:
    """File, place and what is allowed; exit code 1."""
    path = tmp_path / "mine.toml"
    path.write_text(shipped(folder)[name].decode().replace(old, old.split("=", maxsplit=1)[0] + '= "many"'))
    result = run(policy, "check", str(path))

    assert result.exit_code == 1
    assert "mine.toml is refused; correct 1 problem" in result.output
    assert "Allowed: a whole number from" in result.output


def test_check_refuses_what_is_not_toml(tmp_path: Path) -> None:
    """A picture is no pack."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\x89PNG")

    assert "is not UTF-8" in run(policy, "check", str(path)).output


def test_list_names_everything_shipped() -> None:
    """Packs and plans."""
    lines = run(policy, "list").output.splitlines()

    assert lines == [f"pack  {name}" for name in shipped("packs")] + [f"plan  {name}" for name in shipped("plans")]

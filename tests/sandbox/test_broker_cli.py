"""`forewarn broker`: the broker that stays when the command is over."""

import json
import os
from pathlib import Path

import msgspec
import psutil
import pytest
from click.testing import CliRunner, Result

from streams.sandbox import broker_detached
from streams.sandbox.broker_cli import broker as command
from streams.sandbox.broker_detached import Running


def _run(state: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [*words, "--state-dir", str(state)])


def test_up_status_down(tmp_path: Path) -> None:
    """The broker starts, is found again, is not started twice, stops, and is gone with its data when wiped."""
    started = json.loads(_run(tmp_path, "up", "--port", "0", "--json").stdout)
    process = psutil.Process(started["pid"])
    try:
        found = _run(tmp_path, "status", "--json")
        again = json.loads(_run(tmp_path, "up", "--json").stdout)
        process.suspend()
        frozen = _run(tmp_path, "status")
        stopped = _run(tmp_path, "down", "--wipe")
    finally:
        broker_detached.down(tmp_path)

    assert started["started_now"]
    assert json.loads(found.stdout) == {
        "running": True,
        "serving": True,
        **{key: started[key] for key in ("bootstrap", "pid", "kafka", "directory")},
    }
    assert found.exit_code == 0
    assert again == {**started, "started_now": False}
    assert "does not answer" in frozen.stdout
    assert f"Kafka on {started['bootstrap']} is stopped." in stopped.stdout
    assert not process.is_running()
    assert not (tmp_path / "broker").exists()


def test_nothing_runs(tmp_path: Path) -> None:
    """Where no broker was started, status says so with exit code 3, and down has nothing to do."""
    status = _run(tmp_path / "state", "status")
    down = _run(tmp_path / "state", "down")

    assert (status.exit_code, status.stdout) == (3, "No broker is running. Start one with: forewarn broker up\n")
    assert (down.exit_code, down.stdout) == (0, "No broker was running.\n")


def test_another_process_with_the_id_is_left_alone(tmp_path: Path) -> None:
    """After a restart of the machine the noted id may be anybody's: here it is this test's, which survives `down`."""
    directory = str(tmp_path / "broker")
    noted = Running(bootstrap="127.0.0.1:1", pid=os.getpid(), kafka="4.3.1", directory=directory, internal_port=1)
    (tmp_path / "broker.json").write_bytes(msgspec.json.encode(noted))

    assert broker_detached.status(tmp_path) is None
    assert _run(tmp_path, "down").stdout == "No broker was running.\n"


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": 1}'])
def test_spoiled_note_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """A note cut short by a crash does not stop anybody from starting again."""
    (tmp_path / "broker.json").write_bytes(content)

    assert broker_detached.status(tmp_path) is None


def test_refusal_is_one_line(tmp_path: Path) -> None:
    """What goes wrong is one line on standard error and exit code 1."""
    (tmp_path / "file").write_text("not a directory")
    result = _run(tmp_path / "file" / "state", "up")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "cannot be written" in result.stderr

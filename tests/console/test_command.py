"""`forewarn console` as a process: it prints its link once, serves, and stops when it is told to."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.settings import PREFIX


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A cluster that is not there, and a directory of the test's own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return clean | {f"{PREFIX}BOOTSTRAP": "127.0.0.1:1", f"{PREFIX}STATE_DIR": str(tmp_path)}


def test_it_serves_and_stops(environment: dict[str, str], tmp_path: Path) -> None:
    """Even without Kafka: the page says so. SIGTERM ends it in a moment, with code 0, and the key is in no file."""
    words = [sys.executable, "-m", "streams", "console", "--port", "0"]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        link = re.search(r"http://\S+", process.stderr.readline())
        assert link is not None
        parts = urllib.parse.urlsplit(link[0])
        answer = _get(parts.port or 0, f"{parts.path}?{parts.query}")
        page = _get(parts.port or 0, "/", answer.headers["set-cookie"].partition(";")[0])
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert (answer.status, page.status, code) == (303, 200, 0)
    files = list((tmp_path / "console").iterdir())
    assert [each.name for each in files if each.suffix == ".sqlite3"] == ["127_0_0_1_1_.sqlite3"]
    key = urllib.parse.parse_qs(parts.query)["key"][0]
    assert all(key.encode() not in each.read_bytes() for each in files)


def _get(port: int, path: str, cookie: str = "") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Cookie": cookie})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_a_port_that_is_taken(environment: dict[str, str]) -> None:
    """One line that says which, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = [sys.executable, "-m", "streams", "console", "--port", str(port)]
        said = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert said.returncode == 1
    assert f"127.0.0.1:{port}" in said.stderr
    assert "--port" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    """Refused before anything is started."""
    (tmp_path / "a.pem").touch()
    said = CliRunner().invoke(main, ["console", "--certificate", str(tmp_path / "a.pem")])

    assert said.exit_code == 2
    assert "go together" in said.output

"""The command on a real Kafka, small. No figure is asserted: only that the same work was done and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.sandbox.bench.contenders import BY_NAME

_SIZE = ("--borrowers", "20", "--days", "150", "--rounds", "1", "--partitions", "2")


def command(*words: str) -> list[str]:
    """As a person starts it."""
    return [sys.executable, "-m", "streams", "bench", *words]


def test_lists_who_is_compared_and_what_they_promise() -> None:
    """Without running anything."""
    said = CliRunner().invoke(main, ["bench", "--list"])

    assert said.exit_code == 0
    for contender in BY_NAME.values():
        assert contender.name in said.output
        assert contender.guarantee in said.output


def test_an_unknown_name_is_refused() -> None:
    """Contenders and measures; the names that there are are told."""
    for option in ("--only", "--measure"):
        said = CliRunner().invoke(main, ["bench", option, "flink"])

        assert said.exit_code == 2
        assert "flink; there are" in said.output


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_do_the_same_work(tmp_path: Path) -> None:
    """One round of who needs no other packages: the same alerts, figures for each, ratios, and the page with its picture."""
    names = ["forewarn_1", "forewarn_2", "faust_table", "faust_pickled", "bare", "fold"]
    docs = tmp_path / "docs"
    docs.mkdir()
    words = command(*_SIZE, "--only", ",".join(names), "--docs", str(docs), "--directory", str(tmp_path), "--json")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    rows = {row["name"]: row for row in outcome["rows"]}

    assert list(rows) == names, outcome["skipped"]
    assert len({rows[name]["alerts"] for name in names[:-1]}) == 1
    assert rows["bare"]["alerts"] > 0
    assert all(
        row["events_per_second"]["median"] > 0 and row["cpu_us_per_event"]["median"] > 0 for row in rows.values()
    )
    assert outcome["ratios"].keys() >= {"plain_faust", "bare", "cpu_over_bare_us", "workers_2_over_1"}
    assert json.loads((docs / "benchmarks.json").read_text()) == outcome
    assert "The bare loop" in (docs / "benchmarks.md").read_text()
    assert (docs / "benchmarks.svg").read_text().startswith("<svg")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    """Interrupted while a contender runs: every child is gone, the broker too."""
    words = command(*_SIZE, "--only", "faust_table", "--directory", str(tmp_path))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as process:
        started = psutil.Process(process.pid)
        children: list[psutil.Process] = []
        deadline = time.monotonic() + 120
        while not any("faust_table" in " ".join(_words(child)) for child in children):
            assert time.monotonic() < deadline, "the contender was never started"
            assert process.poll() is None, "it ended before it was interrupted"
            children = started.children(recursive=True)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        _, alive = psutil.wait_procs(children, timeout=10)

    assert alive == []
    assert len(children) >= 2  # the broker and the contender


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_latency_is_of_alerts_that_were_read(tmp_path: Path) -> None:
    """The agents run as they do in production, and each alert is traced to its input."""
    words = command("--borrowers", "400", "--days", "60", "--rounds", "1", "--only", "fold", "--measure", "latency")
    done = subprocess.run([*words, "--directory", str(tmp_path), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads(done.stdout)["measures"].values()

    assert figures["alerts"] > 1
    assert 0 <= figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]

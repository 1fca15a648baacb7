"""The evidence of real loans, kept by a worker that is killed twice: whole, once, in order, and provable offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from streams.agents.groups import group_of
from streams.agents.preserve import KINDS
from streams.cli import main
from streams.engine import reading, source
from streams.engine.barrier import Barrier
from streams.evidence.audit import audit_log
from streams.evidence.keys import generate_key, write_key_file
from streams.evidence.store import EvidenceLog
from streams.settings import PREFIX, Settings
from streams.topics import BROADCAST
from tests.whole.conftest import Deploy, some_loans

ORIGIN = "lender.example/evidence"
KILLS = 2


class Preserve:
    """The worker `preserve` as a process of its own, which a test may kill."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self.log, self.key = home / "evidence", home / "evidence.key"
        write_key_file(self.key, generate_key(ORIGIN))
        names = {"EVIDENCE_DIR": self.log, "EVIDENCE_KEY_FILE": self.key, "STATE_DIR": home, "INSTANCE": "p0"}
        names |= {"BOOTSTRAP": settings.bootstrap, "TOPIC_PREFIX": settings.topic_prefix, "BATCH_RECORDS_MAX": 200}
        self.environment = dict(os.environ) | {PREFIX + name: str(value) for name, value in names.items()}
        self._output = (home / "preserve.log").open("ab")
        self.start()

    def start(self) -> None:
        """Start it."""
        program = [sys.executable, "-m", "streams", "worker", "preserve"]
        self.process = subprocess.Popen(program, env=self.environment, stdout=self._output, stderr=self._output)

    def kill(self) -> None:
        """End it without a word, at whatever byte it is, and start it again."""
        assert self.process.poll() is None
        self.process.kill()
        self.process.wait()
        self.start()

    def size(self) -> int:
        """Bytes of the log."""
        return sum(path.stat().st_size for path in (self.log / "entries").glob("*.seg"))

    def stop(self) -> None:
        """Ask it to end."""
        self.process.terminate()
        assert self.process.wait(30) == 0
        self._output.close()


def kill_while_it_writes(worker: Preserve, replaying: threading.Event) -> None:
    """Kill the worker, each time soon after the log has grown."""
    for _ in range(KILLS):
        before = worker.size()
        while worker.size() < before + 20_000 and not replaying.is_set():
            time.sleep(0.001)
        worker.kill()


@pytest.fixture
def kept(deploy: Deploy, tmp_path: Path) -> Iterator[tuple[Settings, Preserve]]:
    """Ten real loans through the running system, and all of it preserved."""
    with deploy(3) as running:
        worker = Preserve(running.settings, tmp_path)
        done = threading.Event()
        killer = threading.Thread(target=kill_while_it_writes, args=(worker, done))
        killer.start()
        running.replay(some_loans(10, "2018-01-01"))
        done.set()
        killer.join(60)
        barrier = Barrier(running.settings, group_of("preserve", running.settings), tuple(KINDS))
        try:
            ends, deadline = barrier.ends(), time.monotonic() + 90
            while not barrier.passed(ends):
                assert worker.process.poll() is None, (tmp_path / "preserve.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            barrier.close()
        worker.stop()
        yield running.settings, worker


def expected(settings: Settings) -> set[tuple[str, int, int]]:
    """Every record on the topics that must be kept."""
    return {
        (record.topic, record.partition, record.offset)
        for record in reading.read_all(settings, KINDS)
        if record.topic != "journal" or record.partition == 0 or source.parse(record.headers).topic not in BROADCAST
    }


def entries_of(log: EvidenceLog) -> list[Any]:
    """What the log holds from Kafka, in its order."""
    found = [orjson.loads(log.leaf(index)) for index in range(log.size)]
    return [entry for entry in found if entry["source"]]


def place(entry: Any) -> tuple[str, int, int]:  # noqa: ANN401  JSON
    """Where an entry stood in Kafka."""
    return (entry["source"]["topic"], entry["source"]["partition"], entry["source"]["offset"])


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the exhibit's own program, with nothing of ours to be found."""
    command = [sys.executable, "-I", str(folder / "verify.py"), str(folder)]
    return subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, check=False)


def test_killed_twice_and_nothing_is_lost_repeated_or_unprovable(
    kept: tuple[Settings, Preserve], tmp_path: Path
) -> None:
    """The log against the topics; then an exhibit of a loan with alerts, which proves itself until a byte changes."""
    settings, worker = kept
    with EvidenceLog(worker.log) as log:
        entries = entries_of(log)
        audit = audit_log(log)
    places = [place(entry) for entry in entries]
    bodies = {(r.topic, r.partition, r.offset): r.value for r in reading.read_all(settings, KINDS)}

    assert len(places) == len(set(places)), "an entry stands there twice"
    assert set(places) == expected(settings)
    assert audit.problems == []
    for entry in entries:
        assert entry["body"] == orjson.loads(bodies[place(entry)] or b"")
    for loan in {entry["loan_id"] for entry in entries if entry["loan_id"]}:
        own = [place(entry) for entry in entries if entry["loan_id"] == loan and entry["source"]["topic"] == "journal"]
        assert own == sorted(own)
    notes = [record.value or b"" for record in reading.read_all(settings, ["evidence"])]
    signed = (worker.log / "checkpoints.jsonl").read_bytes()
    assert notes
    assert all(orjson.dumps(note.decode())[1:-1] in signed for note in notes)

    alerted = {entry["borrower_id"] for entry in entries if entry["kind"] == "alert"}
    loan = next(entry["loan_id"] for entry in entries if entry["loan_id"] and entry["borrower_id"] in alerted)
    out = tmp_path / "exhibit"
    options = {"--loan": loan, "--out": str(out), "--case": "77", "--basis": "court order", "--by": "staff-9"}
    made = CliRunner().invoke(
        main, ["exhibit", *[part for pair in options.items() for part in pair]], env=worker.environment
    )
    assert made.exit_code == 0, made.output
    checked = verify(out)
    assert checked.returncode == 0, checked.stdout
    assert "FAIL" not in checked.stdout
    assert f"complete loan/{loan}" in checked.stdout
    comparisons = orjson.loads((out / "calculation.json").read_bytes())["comparisons"]
    assert comparisons
    assert [row for row in comparisons if not row["agrees"]] == []

    for name in ("entries.jsonl", "timeline.pdf", "manifest.json"):
        altered = tmp_path / f"altered-{name}"
        shutil.copytree(out, altered)
        data = bytearray((altered / name).read_bytes())
        data[len(data) // 2] ^= 1
        (altered / name).write_bytes(data)
        refused = verify(altered)
        assert refused.returncode == 1
        assert "FAIL" in refused.stdout

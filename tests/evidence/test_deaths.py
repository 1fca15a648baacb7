"""The log under kill -9, a full disk and missing rights."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from streams.evidence.audit import audit_log
from streams.evidence.entry import Entry, Kind, Source
from streams.evidence.errors import StoreWriteError
from streams.evidence.store import EvidenceLog, create_log
from tests.evidence.story import ORIGIN
from tests.evidence.test_store import new_log, record

WRITER = Path(__file__).with_name("writer.py")
DEATHS = 12


def test_kill_9_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A writer killed a dozen times: every acknowledged record is there, once, in order, and the log checks out."""
    create_log(tmp_path / "log", ORIGIN)
    chance = random.Random(7)
    acknowledged = -1
    for _ in range(DEATHS):
        writer = subprocess.Popen([sys.executable, WRITER, tmp_path / "log"], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.random() * 0.15)
        os.kill(writer.pid, signal.SIGKILL)
        lines = [first, *writer.stdout.read().split("\n")]
        writer.wait()
        writer.stdout.close()
        acknowledged = max(acknowledged, *(int(line) for line in lines if line.strip()))

    with EvidenceLog(tmp_path / "log") as log:
        offsets = [orjson.loads(log.leaf(index))["source"]["offset"] for index in range(log.size)]
        assert list(range(len(offsets))) == offsets
        assert offsets[-1] >= acknowledged > DEATHS
        assert log.position("journal", 0) == offsets[-1]
        assert audit_log(log).problems == []
        assert [(log.size - 1, "contact_point_id")] == [
            (index, path) for index, path, _ in log.payloads.held(f"B{(log.size - 1) % 5}")[-1:]
        ]


def test_a_full_disk_keeps_nothing_of_the_batch(tmp_path: Path) -> None:
    """The write stops half-way: one clear line, the log as before, and the same append works once there is room."""
    with new_log(tmp_path / "log") as log:
        log.append([bare(0)])
        segment = log.segments.path(0)
        size, root = segment.stat().st_size, log.root()
        with _no_file_larger_than(size + 300), pytest.raises(StoreWriteError, match="Nothing of the batch was kept"):
            log.append([bare(1)])

        assert (size, root, 1) == (segment.stat().st_size, log.root(), log.size)
        assert log.append([bare(1)]).appended == 1
        log.append([record(2)])
        assert audit_log(log).problems == []
        assert log.size == 3


def test_a_full_disk_under_the_payload_store_keeps_nothing_either(tmp_path: Path) -> None:
    """Personal fields are written first, so an entry never stands without them."""
    with new_log(tmp_path / "log") as log:
        log.append([bare(0)])
        with _no_file_larger_than(500), pytest.raises(StoreWriteError, match=r"payload store .* disk"):
            log.append([record(1)])
        assert (log.size, log.payloads.held("B1")) == (1, [])
        log.append([record(1)])
        assert audit_log(log).problems == []


def test_a_disk_that_fills_after_the_batch_is_safe_is_made_good(tmp_path: Path) -> None:
    """What is derived could not be written: the batch counts, and the next append takes it in."""
    with new_log(tmp_path / "log") as log:
        log.append([record(0)])
        real = log.heads.put
        log.heads.put = _refuse  # type: ignore[method-assign, assignment]
        with pytest.raises(StoreWriteError, match="disk is full"):
            log.append([record(1)])
        log.heads.put = real  # type: ignore[method-assign]

        assert log.append([record(1)]).appended == 0
        assert log.append([record(2)]).appended == 1
        assert [orjson.loads(leaf)["chain"]["sequence"] for leaf in log.chain("loan/L1")] == [1, 2, 3]
        assert audit_log(log).problems == []


def test_personal_fields_of_a_batch_that_failed_do_not_linger(tmp_path: Path) -> None:
    """They were written before the batch; the next append, of anything, drops them."""
    with new_log(tmp_path / "log") as log:
        log.append([bare(0)])
        with _no_file_larger_than(100_000), pytest.raises(StoreWriteError, match="Nothing of the batch was kept"):
            log.append([record(1), *[bare(2 + n) for n in range(60)]])
        assert len(log.payloads.held("B1")) == 1
        log.append([bare(1)])
        assert log.payloads.held("B1") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere, so missing rights cannot be tested as root")
def test_missing_rights_are_one_clear_line(tmp_path: Path) -> None:
    """A directory that may not be written is said to be so."""
    with new_log(tmp_path / "log") as log:
        log.append([record(0)])
        log.segments.path(0).chmod(0o400)
        with pytest.raises(StoreWriteError, match="Check the rights"):
            log.append([record(1)])


def test_a_path_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    """The parent is a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreWriteError, match="Cannot make"):
        create_log(tmp_path / "file" / "log", ORIGIN)


def bare(offset: int) -> Entry:
    """A large entry without personal fields."""
    body = {"type": "test", "text": "y" * 2_000}
    source = Source(topic="journal", partition=0, offset=offset)
    return Entry(
        kind=Kind.EVENT, body=body, recorded_at="2026-01-01T00:00:00Z", actor="test", borrower_id="B1", source=source
    )


def _refuse(*_: object) -> None:
    message = "disk is full"
    raise StoreWriteError(message)


class _no_file_larger_than:  # noqa: N801  reads as a phrase
    """Files beyond a size fail with EFBIG, as a full disk fails with ENOSPC: after a part was written."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, self.before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
        signal.signal(signal.SIGXFSZ, self.handler)

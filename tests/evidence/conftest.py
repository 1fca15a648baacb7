"""A log with one borrower's story in it, signed on the way, and its exhibit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streams.evidence.exhibit import Exhibit, make_exhibit
from streams.evidence.keys import activate_key
from streams.evidence.signing import CheckpointSigner
from streams.evidence.store import EvidenceLog, create_log
from tests.evidence.story import KEY, ORIGIN, START, Story, at, counted_salt, other, policy, request_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one, for tests that sync thousands of times."""
    memory = Path("/dev/shm")  # noqa: S108  made by tempfile, private
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EvidenceLog]:
    """An open log with its first key in force, still without a story."""
    create_log(tmp_path / "log", ORIGIN)
    with EvidenceLog(tmp_path / "log", salt=counted_salt()) as opened:
        activate_key(opened, KEY, None, START, "operator")
        yield opened


@pytest.fixture
def signer(log: EvidenceLog, tmp_path: Path) -> CheckpointSigner:
    """Signs the log with its first key, with a guard file beside it."""
    return CheckpointSigner(log, KEY, tmp_path / "guard.note")


@pytest.fixture
def told(log: EvidenceLog, signer: CheckpointSigner) -> EvidenceLog:
    """The log with the whole story and two checkpoints on the way."""
    story = Story()
    log.append([policy(), *story.opening(), *other("B2", 7, 1)])
    signer.sign(at("2026-02-01"))
    middle = story.middle()
    log.append([*middle[:8], *other("B3", 5, 2)])
    signer.sign(at("2026-03-17"))
    log.append(middle[8:])
    return log


@pytest.fixture
def exhibit(told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path) -> Exhibit:
    """An exhibit of loan L1."""
    return make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "exhibit")

from __future__ import annotations

import datetime as dt
import gzip
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
from click.testing import CliRunner

from streams.events.examples import BY_TYPE
from streams.sandbox.datasets import eventfile
from streams.sandbox.datasets.cli import dataset

if TYPE_CHECKING:
    from pathlib import Path

    from streams.events.envelope import Event


def test_same_bytes_in_another_process(ally_events: list[Event], tmp_path: Path) -> None:
    """The command writes, under another hash seed, the very bytes that this process writes."""
    here, there = tmp_path / "here.jsonl.gz", tmp_path / "there.jsonl.gz"
    eventfile.write(ally_events, here)
    code = f"from streams.sandbox.datasets.cli import dataset; dataset(['ally', '--out', {str(there)!r}])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"},
    )

    assert here.read_bytes() == there.read_bytes()
    assert run.stdout == f"{len(ally_events):,} events written to {there}.\n"


def test_lines_are_the_events(tmp_path: Path) -> None:
    """Each line is one event's JSON, packed or not."""
    events = eventfile.in_order([BY_TYPE["loan_opened"], BY_TYPE["payment_received"]])  # type: ignore[list-item] # both are events
    for name, unpack in (("a.jsonl", bytes), ("a.jsonl.gz", gzip.decompress)):
        assert eventfile.write(events, tmp_path / name) == 2
        lines = unpack((tmp_path / name).read_bytes()).splitlines()
        assert lines == [msgspec.json.encode(event) for event in events]


def test_no_events_is_an_empty_file(tmp_path: Path) -> None:
    """Not one empty line."""
    assert eventfile.write([], tmp_path / "none.jsonl") == 0
    assert (tmp_path / "none.jsonl").read_bytes() == b""


def test_order_within_a_day() -> None:
    """The date, then loans, payments, missed installments, contacts."""
    tags = ["contact_attempted", "installment_missed", "payment_received", "loan_opened"]
    day = dt.date(2026, 1, 1)
    events = [msgspec.structs.replace(BY_TYPE[tag], business_date=day) for tag in tags]
    ordered = eventfile.in_order([*events, *eventfile.ticks("test", day, day)])  # type: ignore[list-item] # all are events

    assert [str(event.__struct_config__.tag) for event in ordered] == ["business_date_advanced", *reversed(tags)]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """One line with the reason, no traceback."""
    result = CliRunner().invoke(dataset, ["ally", "--out", str(tmp_path / "missing" / "a.jsonl")])

    assert result.exit_code == 1
    assert "cannot be written: No such file or directory." in result.output

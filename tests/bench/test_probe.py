from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams.borrower import state
from streams.engine import rows as frame
from streams.sandbox.bench import measures, probe
from streams.sandbox.bench.probe import Probe, Sample
from streams.sandbox.bench.workload import Workload

_ROWS = 120


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Rows of forty real borrowers in their fifth month."""
    return measures.sample(Workload(40, 130), lambda what, done, of: None)


def test_a_twentieth_is_in_arrears(sample: Sample) -> None:
    """And of the others nobody is."""
    assert sample.arrears
    opened = Probe(sample, _ROWS)
    rows = opened._rows()
    late = [key for key, row in rows.items() if state.decode(frame.unpack(row)[3]).buckets]

    assert len(rows) == _ROWS
    assert len(late) == _ROWS // 20


def test_events_are_of_borrowers_who_are_there(sample: Sample) -> None:
    """An event on a row that is not there would open a new one, and cost something else."""
    opened = Probe(sample, _ROWS)
    rows = opened._rows()
    events = list(opened._spread_events())

    assert events
    assert {key for _, key, _ in events} <= rows.keys()
    assert all(b'"borrower_id":"%b"' % key in value for _, key, value in events)


def test_what_is_found_is_of_these_rows(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its own process, as the command runs it: figures for all, and on a month's first day every row is woken."""
    path = tmp_path / "sample"
    path.write_bytes(msgspec.msgpack.encode(sample))
    found = measures.probe(path, _ROWS)

    assert found.rows == _ROWS
    assert found.cpu_us_per_event > 0
    assert 0 < found.day_longest_stall_ms <= 1_000 * found.day_s
    assert 0 <= found.day_rows_woken < _ROWS
    assert found.month_day_s > 0
    monkeypatch.setattr(probe, "_MONTH_ROWS_MAX", _ROWS - 1)
    assert Probe(sample, _ROWS).find().month_day_s == -1.0

"""A business date that wakes many rows is worked off in several transactions, and nobody can tell from what is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.agents.assess import Assessor, rows_at_once
from streams.borrower.shard import SHARD_KEY, UNBOUNDED
from streams.engine import rows as frame
from streams.engine.writes import Write, Writes
from streams.risk.tiers import DEFAULT
from streams.sandbox.bench.probe import Record
from streams.sandbox.bench.workload import Workload

_BORROWERS, _DAYS, _BATCH = 10, 160, 40


@pytest.fixture(scope="module")
def journal() -> list[Record]:
    """Of ten real loans."""
    workload = Workload(_BORROWERS, _DAYS)
    return [Record(at, each.key, each.value, each.headers) for at, each in enumerate(workload.journal(1))]


def transactions(
    journal: list[Record], rows_max: int, *, crash_every: int = 0, records_max: int = _BATCH
) -> Iterator[list[Write]]:
    """What each transaction writes; every so often the process dies after one, and the next restores what is written."""
    rows: dict[bytes, bytes] = {}
    assessor, position, number = _opened(rows, 0, rows_max), 0, 0
    while position < len(journal):
        writes = Writes()
        taken = assessor.fold("journal", 0, journal[position : position + records_max], writes)
        assert taken or writes.touched, "a batch without any progress would be offered for ever"
        assessor.finish(writes)
        position += taken
        rows |= {write.key: write.value for write in writes.records if write.topic == "state"}  # type: ignore[misc]
        yield writes.records
        number += 1
        if crash_every and number % crash_every == 0:
            assessor = _opened(rows, position, rows_max)


def _opened(rows: dict[bytes, bytes], next_offset: int, rows_max: int) -> Assessor:
    assessor = Assessor(1, DEFAULT, rows_max=rows_max)
    assessor.opened("journal", 0, dict(rows), next_offset)
    return assessor


def said(written: list[list[Write]]) -> list[tuple[str, bytes | None, bytes | None]]:
    """Everything but rows and the book, whose sums are told with each batch, in order."""
    return [(w.topic, w.key, w.value) for batch in written for w in batch if w.topic not in {"state", "book"}]


def bodies(written: list[list[Write]]) -> dict[bytes, bytes]:
    """The rows as they stand at the end, without the offset that touched them last."""
    rows = {w.key: frame.unpack(w.value or b"")[3] for batch in written for w in batch if w.topic == "state"}
    return {key: body for key, body in rows.items() if key is not None}


@pytest.mark.parametrize("rows_max", [1, 3])
@pytest.mark.parametrize("crash_every", [0, 1, 2])
def test_parts_of_a_date_say_what_the_whole_says(journal: list[Record], rows_max: int, crash_every: int) -> None:
    """In the same order, and with the same rows, also if the worker dies between the parts."""
    whole = list(transactions(journal, UNBOUNDED))
    parts = list(transactions(journal, rows_max, crash_every=crash_every))

    assert len(parts) > 2 * len(whole)
    assert said(parts) == said(whole)
    assert bodies(parts) == bodies(whole)
    assert any(topic == "risk-tier-changes" for topic, _, _ in said(whole)), "a sample without an alert shows nothing"


def test_a_transaction_is_bounded(journal: list[Record]) -> None:
    """Offered one record at a time, it writes the rows that a date may wake at once, and no more."""
    batches = transactions(journal[:400], 2, records_max=1)

    assert max(sum(w.topic == "state" and w.key != SHARD_KEY for w in batch) for batch in batches) == 2


def test_the_bound_is_never_zero() -> None:
    """Or a date would never end."""
    assert [rows_at_once(records) for records in (1, 3, 4_000)] == [1, 1, 1_000]

from __future__ import annotations

from collections import Counter

import pytest

from streams.agents.assess import Assessor
from streams.engine.writes import Write, Writes
from streams.risk.tiers import DEFAULT
from streams.sandbox.bench.probe import Record
from streams.sandbox.bench.work import Keyed, Wakes
from streams.sandbox.bench.workload import Journaled, Workload
from streams.sandbox.datasets import ally

_BASE, _DAYS = 8, 150


@pytest.fixture(scope="module")
def base() -> Workload:
    """As many loans as there are borrowers: nobody is re-keyed."""
    return Workload(_BASE, _DAYS)


def folded(journal: list[Journaled], partitions: int) -> list[Write]:
    """What the product's assessor writes for a journal."""
    assessor, writes = Assessor(partitions, DEFAULT), Writes()
    for number in range(partitions):
        assessor.opened("journal", number, {}, 0)
        records = [Record(at, r.key, r.value, r.headers) for at, r in enumerate(journal) if r.partition == number]
        assessor.fold("journal", number, records, writes)
    assessor.finish(writes)
    return writes.records


def values(writes: list[Write], topic: str) -> Counter[bytes]:
    """Of one topic."""
    return Counter(write.value or b"" for write in writes if write.topic == topic)


def test_the_same_bytes_each_time(base: Workload) -> None:
    """A run can be repeated."""
    assert list(base.journal(3)) == list(Workload(_BASE, _DAYS).journal(3))


def test_counts_what_it_gives(base: Workload) -> None:
    """Events, journal records and input records are as said, also where everybody has copies."""
    for partitions in (1, 3):
        assert len(list(base.journal(partitions))) == base.journal_records(partitions)
    assert len(list(base.inputs())) == base.input_records
    assert base.outputs["risk-tier-changes"] > 0, "a sample without an alert shows nothing"


def test_partitions_do_not_change_what_is_said(base: Workload) -> None:
    """The headers of the copies hold on any number of partitions: the audit of the order accepts them."""
    alone = values(folded(list(base.journal(1)), 1), "risk-tier-changes")

    assert values(folded(list(base.journal(3)), 3), "risk-tier-changes") == alone
    assert alone.total() == base.outputs["risk-tier-changes"]


def test_every_copy_is_a_borrower_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nineteen borrowers from eight loans: two whole passes more and three of the next, each with the loans' alerts."""
    kept = ally.events()
    names = sorted({event.borrower_id for event in kept if hasattr(event, "borrower_id")})[:8]
    chosen = [event for event in kept if getattr(event, "borrower_id", names[0]) in names]
    monkeypatch.setattr(ally, "events", lambda: chosen)
    few, many = Workload(8, _DAYS), Workload(19, _DAYS)
    keys = {record.key for record in many.journal(1) if record.key is not None}
    once = values(folded(list(few.journal(1)), 1), "risk-tier-changes").total()

    assert len(keys) == 19
    assert len(list(many.journal(2))) == many.journal_records(2)
    assert values(folded(list(many.journal(2)), 2), "risk-tier-changes").total() >= 2 * once > 0


def test_peers_do_the_product_s_work(base: Workload) -> None:
    """Row by row through bytes, as a peer's store has them: the same alerts, actions, labels and rows, byte for byte."""
    journal = list(base.journal(1))
    writes = folded(journal, 1)
    fold, wakes, rows = Keyed(1), Wakes(), dict[bytes, bytes]()

    for record in journal:
        if record.key is not None:
            row, wake_day = fold.fold_bytes(rows.get(record.key), record.value)
            rows[record.key] = row
            wakes.note(record.key, wake_day)
        elif day := fold.everybody(record.value):
            while due := wakes.due(day):
                for key in due:
                    rows[key], wake_day = fold.wake_bytes(key, rows[key], day)
                    wakes.note(key, wake_day)
            fold.close(day, 0)

    # The product tells the book of changes by batch as well, so its messages are cut elsewhere.
    said = Counter((topic, value) for topic, _, value in fold.take() if topic != "book")
    wanted = Counter((write.topic, write.value) for write in writes if write.topic not in {"state", "book"})
    assert said == wanted
    assert fold.refused == 0
    assert rows == {w.key: (w.value or b"")[13:] for w in writes if w.topic == "state" and w.key and w.key[0]}

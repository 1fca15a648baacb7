"""What metrics cost: processor time of the meter over that of the folds it watches, in one run. Prints shares.

    python -m tests.telemetry.bench

Kafka, Faust and librdkafka are not in it: with them the shares are smaller.
"""

from __future__ import annotations

import time
from itertools import groupby

from streams.agents.assess import Assessor
from streams.agents.measure import Meter
from streams.agents.sequence import Sequencer
from streams.engine.driver import LocalRecord
from streams.engine.processor import Processor
from streams.engine.writes import Writes
from streams.risk.tiers import DEFAULT
from streams.settings import Settings
from tests.whole.conftest import some_loans

#: As a loaded worker's batches are.
BATCH = 2_000
REPEATS = 5


class Counted:
    """Keeps what a processor counts, so that it can be counted again under the clock."""

    def __init__(self) -> None:
        self.names: list[tuple[str, ...]] = []

    def __call__(self, *names: str) -> None:
        """Note it."""
        self.names.append(names)


def fold(
    processor: Processor, records: list[LocalRecord], counted: Counted
) -> tuple[float, list[tuple[int, Writes, int]]]:
    """Fold in batches; processor seconds, and each batch's records, writes and number of counts."""
    batches, spent = [], 0.0
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        writes, before = Writes(), len(counted.names)
        began = time.thread_time()
        for topic, run in groupby(batch, key=lambda record: record.topic):
            processor.fold(topic, 0, list(run), writes)
        processor.finish(writes)
        spent += time.thread_time() - began
        batches.append((len(batch), writes, len(counted.names) - before))
    return spent, batches


def measure(meter: Meter, batches: list[tuple[int, Writes, int]], counted: Counted) -> float:
    """Processor seconds of counting and committing the same batches, the least of some repeats."""
    best = float("inf")
    for _ in range(REPEATS):
        began, at = time.thread_time(), 0
        for records, writes, count in batches:
            for names in counted.names[at : at + count]:
                meter.count(*names)
            at += count
            meter.folded(writes)
            meter.committed(records, writes, 0.1, 0.1)
        best = min(best, time.thread_time() - began)
    return best


def main() -> None:
    """Both agents, one after the other."""
    events = some_loans(200, "2019-01-01")
    inputs: dict[str, int] = {}
    taken = []
    for event in events:
        offset = inputs[event.topic] = inputs.get(event.topic, -1) + 1
        taken.append(LocalRecord(event.topic, offset, event.key, event.value, time.time_ns() // 1_000_000, []))
    counted = Counted()
    sequencer = Sequencer(1, None, counted)
    for topic in sequencer.inputs:
        sequencer.opened(topic, 0, {}, 0)
    shares = []
    folded, batches = fold(sequencer, taken, counted)
    shares.append(("sequence", folded, measure(Meter("sequence", Settings()), batches, counted), len(taken)))
    journal = [write for _, writes, _ in batches for write in writes.records if write.topic == "journal"]
    records = [LocalRecord("journal", n, w.key, w.value, 0, w.headers or []) for n, w in enumerate(journal)]
    counted = Counted()
    assessor = Assessor(1, DEFAULT, counted)
    assessor.opened("journal", 0, {}, 0)
    folded, batches = fold(assessor, records, counted)
    shares.append(("assess", folded, measure(Meter("assess", Settings()), batches, counted), len(records)))
    shares.append(("both", sum(share[1] for share in shares), sum(share[2] for share in shares), len(records)))
    for name, spent, cost, count in shares:
        per_event = f"fold {spent / count * 1e6:7.2f} us an event, metrics {cost / count * 1e6:5.2f} us"
        print(f"{name:<9} {per_event}, {cost / spent:.2%}")  # noqa: T201  it is for a person


if __name__ == "__main__":
    main()

"""The figures of docs/capacity.md, from real loans folded without Kafka. Prints them.

    python -m tests.telemetry.capacity

Bytes are exact and the same everywhere; processor time and memory are this machine's.
"""

from __future__ import annotations

import gc
import time
from collections import Counter

import cramjam
import psutil

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.sequence import Sequencer
from streams.borrower.glance import glance
from streams.borrower.shard import Shard
from streams.engine.driver import LocalDriver
from streams.engine.writes import Write
from streams.files.holds import spans
from streams.risk.tiers import DEFAULT
from tests.whole.conftest import some_loans

LOANS, UNTIL = 60, "2019-01-01"
COPIES = 200_000
_BATCH_BYTES = 512 * 1024
#: What Kafka adds to a record: lengths, attributes, deltas, the names of headers. Measured on the embedded broker: 20 to 30.
_RECORD_BYTES = 25


class Volume:
    """Bytes by topic, as they are and compressed in batches as the producer does."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.plain: Counter[str] = Counter()
        self.packed: Counter[str] = Counter()
        self._open: dict[str, bytearray] = {}

    def take(self, write: Write) -> None:
        """Add a record."""
        headers = b"".join(name.encode() + value for name, value in write.headers or ())
        record = (write.key or b"") + (write.value or b"") + headers
        self.records[write.topic] += 1
        self.plain[write.topic] += len(record) + _RECORD_BYTES
        batch = self._open.setdefault(write.topic, bytearray())
        batch += record
        if len(batch) >= _BATCH_BYTES:
            self.close(write.topic)

    def close(self, topic: str) -> None:
        """Compress what is open."""
        self.packed[topic] += len(cramjam.lz4.compress(bytes(self._open.pop(topic, b""))))


def memory_of(bodies: list[bytes]) -> float:
    """Resident bytes a borrower in a worker, from copies of real rows."""
    opened = Assessor(1, DEFAULT)
    opened.opened("journal", 0, {}, 0)
    shard: Shard = opened.shards()[0]
    gc.collect()
    before = psutil.Process().memory_info().rss
    bodies = [bodies[number % len(bodies)] for number in range(COPIES)]
    rows, wakes = dict[bytes, bytes](), dict[int, list[bytes]]()
    for number, body in enumerate(bodies):
        key = b"borrower-%08d" % number
        rows[key] = bytes(bytearray(body))
        wakes.setdefault(glance(body).wake_day, []).append(key)
    shard.restore(rows, wakes, None)
    del rows, wakes
    gc.collect()
    return (psutil.Process().memory_info().rss - before) / COPIES


def months_of(loans: int) -> float:
    """Borrower-months: each borrower from its first event to the end."""
    events = some_loans(loans, UNTIL)
    first: dict[str, int] = {}
    for event in events:
        if event.key:
            first.setdefault(event.key.decode(), event.day)
    return sum((events[-1].day - day) / 30.44 for day in first.values())


def main() -> None:
    """Fold, and tell."""
    events, volume = some_loans(LOANS, UNTIL), Volume()
    assessor = Assessor(1, DEFAULT)
    driver = LocalDriver([Sequencer(1, None), assessor, LearningAgent()], volume.take)
    began = time.thread_time()
    for span, _ in spans(events):
        for event in span:
            driver.produce(event.topic, event.key, event.value)
        driver.pump()
    spent, months = time.thread_time() - began, months_of(LOANS)
    for topic in list(volume._open):
        volume.close(topic)
    bodies = assessor.shards()[0].copies()
    lines = [
        f"{LOANS} real loans, {len(events):,} events, {months:,.0f} borrower-months",
        f"a row: {sum(map(len, bodies)) / len(bodies):,.0f} bytes on average, {max(map(len, bodies)):,} the largest",
        f"memory: {memory_of(bodies):,.0f} bytes a borrower in a worker",
        f"processor: {spent / months * 1e3:.2f} ms a borrower-month",
    ]
    for topic, records in volume.records.most_common():
        plain, packed = volume.plain[topic] / months, volume.packed[topic] / months
        lines.append(f"{topic}: {records / months:.2f} records, {plain:,.0f} bytes, {packed:,.0f} lz4 a borrower-month")
    print("\n".join(lines))  # noqa: T201  it is for a person


if __name__ == "__main__":
    main()

"""One process that holds so many real rows, as a worker holds them, and says what they cost: memory, events, a day.

Without Kafka: the product's own assessor is given its rows as a restore gives them, and records as its loop does. A process of
its own, so that the memory that is measured is the rows'.

Run as `python -m streams.sandbox.bench.probe SAMPLE ROWS`.
"""

from __future__ import annotations

import datetime as dt
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from streams.agents.assess import Assessor, rows_at_once
from streams.engine import source
from streams.engine.restore import Rows
from streams.engine.writes import Headers, Writes
from streams.files.events import tick
from streams.risk.tiers import DEFAULT
from streams.sandbox.bench.meter import resident_bytes

_BATCH = 4_000
_EVENTS_MAX = 40_000
#: Above it, a month's first day, on which every row is woken, is left out: it takes minutes.
_MONTH_ROWS_MAX = 200_000
#: One row in so many is in arrears: 5 %.
_ARREARS_EVERY = 20
_SPREAD = 7_919  # a prime: which copies have events is spread over all rows


class Sample(Struct, frozen=True):
    """Real rows as of a day, and what happened to their borrowers in the days from it on.

    Attributes:
        current: (key, framed row) of borrowers who owe nothing that is due.
        arrears: the same of the others.
        day: the first day that the rows have not seen (ordinal).
        events: (topic, key, value) from that day on.
    """

    current: list[tuple[bytes, bytes]]
    arrears: list[tuple[bytes, bytes]]
    day: int
    events: list[tuple[str, bytes, bytes]]


class Found(Struct, frozen=True, kw_only=True):
    """What it came to, for so many rows. A month's first day is -1 where it was left out."""

    rows: int
    bytes_per_borrower: float
    cpu_us_per_event: float
    day_s: float
    day_longest_stall_ms: float
    day_rows_woken: int
    month_day_s: float
    month_day_longest_stall_ms: float


class Record(NamedTuple):
    """What the assessor sees of a journal record."""

    offset: int
    key: bytes | None
    value: bytes
    headers: Headers


class Probe:
    """A partition with many rows."""

    def __init__(self, sample: Sample, count: int) -> None:
        """Opens the rows."""
        self._sample = sample
        self._count = count
        self._offset = 0
        self._counts: Counter[str] = Counter()
        self._copies: dict[bytes, list[bytes]] = {}
        before = resident_bytes()
        rows = self._rows()
        self._assessor = Assessor(1, DEFAULT, rows_max=rows_at_once(_BATCH))
        self._assessor.opened("journal", 0, rows, 1)
        del rows
        gc.collect()
        self.bytes_per_borrower = (resident_bytes() - before) / count

    def _rows(self) -> Rows:
        current, arrears, rows = self._sample.current, self._sample.arrears, Rows()
        for number in range(self._count):
            late = arrears and number % _ARREARS_EVERY == 0
            base = arrears if late else current
            key, row = base[(number // _ARREARS_EVERY if late else number) % len(base)]
            rows[b"%b.%d" % (key, number)] = bytes(bytearray(row))  # bytes of its own, as a restore reads them
        return rows

    def find(self) -> Found:
        """Measure all."""
        day_s, stall_s, woken = self._day(self._sample.day)
        cost = self._events()
        month = _next_month(self._sample.events, self._sample.day)
        month_s, month_stall_s, _ = self._day(month) if self._count <= _MONTH_ROWS_MAX else (-1.0, -0.001, 0)
        return Found(
            rows=self._count,
            bytes_per_borrower=self.bytes_per_borrower,
            cpu_us_per_event=cost,
            day_s=day_s,
            day_longest_stall_ms=1_000 * stall_s,
            day_rows_woken=woken,
            month_day_s=month_s,
            month_day_longest_stall_ms=1_000 * month_stall_s,
        )

    def _day(self, day: int) -> tuple[float, float, int]:
        """Let a business date begin, offered again while it is held; returns seconds, longest call, and rows written.

        While a call runs, no event of any partition is folded: the longest is how long a live event may wait.
        """
        event = tick(day)
        records: list[Record] = [self._record(event.topic, None, event.value)]
        longest, written, started = 0.0, 0, time.perf_counter()
        while records:
            called, writes = time.perf_counter(), Writes()
            del records[: self._assessor.fold("journal", 0, records, writes)]
            self._assessor.finish(writes)
            longest = max(longest, time.perf_counter() - called)
            written += sum(1 for write in writes.records if write.topic == "state")
        return time.perf_counter() - started, longest, written - 1

    def _events(self) -> float:
        """CPU microseconds an event, for events spread over all rows."""
        events = self._spread_events()
        spent, done = 0.0, 0
        while batch := [self._record(*event) for event in islice(events, _BATCH)]:
            started, writes = time.process_time(), Writes()
            self._assessor.fold("journal", 0, batch, writes)
            self._assessor.finish(writes)
            spent += time.process_time() - started
            done += len(batch)
        return 1e6 * spent / done

    def _spread_events(self) -> Iterator[tuple[str, bytes, bytes]]:
        sample = self._sample
        keys = [key for key, _ in sample.current]
        number_of = {key: number for number, key in enumerate(keys)}
        events = [event for event in sample.events if event[1] in number_of]
        copies = max(1, self._count // len(keys))
        each = max(1, min(copies, _EVENTS_MAX // max(1, len(events))))
        for copy in range(each):
            for topic, key, value in events:
                number = number_of[key] + len(keys) * (copy * _SPREAD % copies)
                if number < self._count and number % _ARREARS_EVERY:
                    name = b"%b.%d" % (key, number)
                    yield topic, name, value.replace(b'"borrower_id":"%b"' % key, b'"borrower_id":"%b"' % name)

    def _record(self, topic: str, key: bytes | None, value: bytes) -> Record:
        self._offset += 1
        self._counts[topic] += 1
        header = source.header(topic, 0, self._counts[topic], self._counts[topic])
        return Record(self._offset, key, value, [header])


def _next_month(events: Sequence[tuple[str, bytes, bytes]], day: int) -> int:
    """The first of a month after the last event."""
    last = max((dt.date.fromisoformat(_dated(value)) for _, _, value in events), default=dt.date.fromordinal(day))
    return (last.replace(day=28) + dt.timedelta(days=4)).replace(day=1).toordinal()


def _dated(value: bytes) -> str:
    return str(msgspec.json.decode(value)["business_date"])


def main() -> None:
    """Print what was found, as JSON."""
    sample = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Sample)
    sys.stdout.buffer.write(msgspec.json.encode(Probe(sample, int(sys.argv[2])).find()))


if __name__ == "__main__":
    main()

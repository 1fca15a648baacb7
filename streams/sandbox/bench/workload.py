"""The journal that everybody reads: real loans, re-keyed to as many borrowers as wanted, in the one order that counts.

Rule 1: a function of (borrowers, days): two runs read the same bytes.
Rule 2: nothing of it is kept in memory but the base loans, so a million borrowers need no more than a thousand.
Rule 3: the copies of a loan stand apart, one whole pass over the day's loans after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from zlib import crc32

import msgspec

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.sequence import Sequencer
from streams.engine import source
from streams.engine.driver import LocalDriver
from streams.engine.writes import Headers, Write
from streams.events.envelope import BorrowerEvent, Event
from streams.files.events import from_events
from streams.files.holds import spans
from streams.risk.tiers import DEFAULT
from streams.sandbox.datasets import ally
from streams.topics import BROADCAST

#: Told how many base events are folded, of how many.
Progress = Callable[[int, int], None]
_CHUNK = 5_000


class Journaled(NamedTuple):
    """One journal record."""

    partition: int
    topic: str
    key: bytes | None
    value: bytes
    headers: Headers


class _Record(NamedTuple):
    """A record of the base loans, in the journal's order."""

    day: int
    topic: str
    borrower: int  # position among the base borrowers; -1 for none
    key: bytes | None
    value: bytes


class _Dated(msgspec.Struct):
    business_date: str


class Workload:
    """Real loans under other names."""

    def __init__(self, borrowers: int, days: int, progress: Progress = lambda done, of: None) -> None:
        """Reads the loans and folds the base once, for the model versions that they give and the outputs to expect.

        Args:
            borrowers: how many, at least 1.
            days: only the first so many business dates.
            progress: told as the base is folded.
        """
        self.borrowers = borrowers
        self.days = days
        self.outputs: Counter[str] = Counter()
        #: Of the base borrowers, as they stand at the end.
        self.rows: dict[bytes, bytes] = {}
        typed = ally.events()
        last = typed[0].business_date.toordinal() + days
        names = sorted({event.borrower_id for event in typed if isinstance(event, BorrowerEvent)})
        base = names[:: max(1, len(names) // borrowers)][:borrowers]
        self._number = {name.encode(): number for number, name in enumerate(base)}
        self._rest = borrowers - (borrowers - 1) // len(base) * len(base)
        self._copies = (borrowers - 1) // len(base) + 1
        kept = [
            event
            for event in typed
            if event.business_date.toordinal() < last
            and (not isinstance(event, BorrowerEvent) or event.borrower_id.encode() in self._number)
        ]
        self._base: list[_Record] = []
        self._fold_base(kept, progress)
        self._own = Counter(record.borrower for record in self._base)
        self.broadcast = self._own.pop(-1, 0)
        self.dates = sum(record.topic == "business-dates" for record in self._base)

    def _fold_base(self, kept: Sequence[Event], progress: Progress) -> None:
        """The order is the one in which a replay journals them: a version follows the date whose labels it learned."""
        sequencer, assessor = Sequencer(1, None), Assessor(1, DEFAULT)
        driver = LocalDriver([sequencer, assessor, LearningAgent()], self._take)
        events = from_events(kept)
        done = 0
        for span, _hold in spans(events):
            for start in range(0, len(span), _CHUNK):
                for event in span[start : start + _CHUNK]:
                    driver.produce(event.topic, event.key, event.value)
                driver.pump()
                done += len(span[start : start + _CHUNK])
                progress(done, len(events))

    def _take(self, write: Write) -> None:
        self.outputs[write.topic] += 1
        if write.topic == "state" and write.key is not None and write.key in self._number:
            self.rows[write.key] = write.value or b""
        if write.topic != "journal":
            return
        origin, value = source.parse(write.headers or []), write.value or b""
        day = int(_dated.decode(value).business_date.replace("-", ""))
        borrower = -1 if write.key is None else self._number[write.key]
        self._base.append(_Record(day, origin.topic, borrower, write.key, value))

    @property
    def borrower_events(self) -> int:
        """How many events are a borrower's own."""
        full = sum(self._own.values()) * (self._copies - 1)
        return full + sum(count for borrower, count in self._own.items() if borrower < self._rest)

    @property
    def events(self) -> int:
        """All events; one that concerns everybody counts once."""
        return self.borrower_events + self.broadcast

    def journal_records(self, partitions: int) -> int:
        """Records in the journal: one that concerns everybody is in each partition."""
        return self.borrower_events + self.broadcast * partitions

    def inputs(self) -> Iterator[tuple[str, bytes | None, bytes]]:
        """(topic, key, value) as the lender publishes them."""
        for record in self._records():
            if record.topic != "models":
                yield record.topic, record.key, record.value

    @property
    def input_records(self) -> int:
        """How many `inputs` gives."""
        return self.events - sum(record.topic == "models" for record in self._base)

    def journal(self, partitions: int) -> Iterator[Journaled]:
        """The records as the sequencer writes them."""
        offsets: Counter[str] = Counter()
        counts: Counter[tuple[str, int]] = Counter()
        for record in self._records():
            offset = offsets[record.topic]
            offsets[record.topic] += 1
            everywhere = record.topic in BROADCAST
            for target in range(partitions) if everywhere else (crc32(record.key or b"") % partitions,):
                counts[record.topic, target] += 1
                header = source.header(record.topic, 0, offset, counts[record.topic, target])
                yield Journaled(target, record.topic, record.key, record.value, [header])

    def _records(self) -> Iterator[_Record]:
        for _, together in groupby(self._base, key=lambda record: (record.day, record.borrower < 0)):
            records = list(together)
            yield from records
            if records[0].borrower >= 0:
                yield from self._renamed(records)

    def _renamed(self, records: Iterable[_Record]) -> Iterator[_Record]:
        for number in range(1, self._copies):
            last = number == self._copies - 1
            for record in records:
                if not last or record.borrower < self._rest:
                    yield rename(record, number)


def rename(record: _Record, number: int) -> _Record:
    """The same record of another borrower."""
    key = record.key or b""
    name = b"%b.%d" % (key, number)
    value = record.value.replace(b'"borrower_id":"%b"' % key, b'"borrower_id":"%b"' % name)
    return record._replace(key=name, value=value)


_dated = msgspec.json.Decoder(_Dated)

"""The reference: the journal folded again, alone, without a group, a transaction or a restart.

Of each output only a digest is kept, so a million borrowers fit. `refolding` does it to a whole cluster.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from streams.agents.assess import Assessor
from streams.agents.portfolio import PortfolioAgent
from streams.engine import rows
from streams.engine.driver import LocalRecord
from streams.engine.errors import Inconsistent
from streams.engine.reading import Record
from streams.engine.writes import Write, Writes
from streams.events.outputs import DateClosed
from streams.risk.tiers import DEFAULT

#: (topic, key): what has an order, and is compared as one sequence.
Thread = tuple[str, bytes]
#: Told how many journal records are folded.
Progress = Callable[[int], None]
BATCH_RECORDS = 4_000
_closed = msgspec.msgpack.Decoder(DateClosed)


def digest(value: bytes | None) -> int:
    """64 bits that stand for a value."""
    return int.from_bytes(blake2b(value or b"", digest_size=8).digest(), "little")


class Letter(NamedTuple):
    """A dead letter's place and code."""

    topic: str
    partition: int
    offset: int
    code: str


def letter(headers: Iterable[tuple[str, bytes]]) -> Letter:
    """Read a dead letter's headers."""
    told = {name: value.decode() for name, value in headers}
    return Letter(told["dlq.topic"], int(told["dlq.partition"]), int(told["dlq.offset"]), told["dlq.code"])


class Outcome:
    """What a fold of the journal gave."""

    def __init__(self) -> None:
        self.threads: dict[Thread, array[int]] = {}
        self.states: dict[bytes, int] = {}
        self.letters: list[Letter] = []
        self.records = 0
        self.broken: list[str] = []

    def add(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Append to a thread."""
        self.threads.setdefault((topic, key), array("Q")).append(digest(value))


def thread_of(topic: str, key: bytes | None, value: bytes | None) -> bytes:
    """What orders an output: its borrower; for a closed date (no key) its journal partition, which its value names."""
    if key is not None:
        return key
    return b"\0closed/%d" % _closed.decode(value or b"").partition if topic == "labels" else b""


def state_key(key: bytes, partition: int) -> bytes:
    """Each partition has a row of its own under the same key."""
    return key + b"/%d" % partition if key.startswith(b"\0") else key


class Refolder:
    """Folds one journal partition after another.

    `batch_records` must not matter, nor `take_over_every` (batches after which the partition is closed and opened
    again from its rows, as when another worker takes over): that is what is proved.
    """

    def __init__(
        self,
        partitions: int,
        *,
        batch_records: int = BATCH_RECORDS,
        take_over_every: int = 0,
    ) -> None:
        """Nothing is folded yet.

        Args:
            partitions: of the journal.
            batch_records: records a batch.
            take_over_every: batches after which a partition changes hands; 0: never.
        """
        self.outcome = Outcome()
        #: Told each record that the portfolio is to read, see `whole_book`.
        self.tell_book: Callable[[bytes], object] = lambda value: None
        self._partitions = partitions
        self._batch_records = batch_records
        self._take_over_every = take_over_every
        self._watch: Callable[[Write], None] | None = None

    def watch(self, look: Callable[[Write], None]) -> None:
        """Have every write shown, bytes and all."""
        self._watch = look

    def partition(self, partition: int, records: Iterable[Record], progress: Progress = lambda done: None) -> None:
        """Fold one whole partition, in order of offset. A break in it ends its fold and is noted."""
        assessor = Assessor(self._partitions, DEFAULT)
        assessor.opened("journal", partition, {}, 0)
        kept: dict[bytes, bytes] = {}
        batch: list[Record] = []
        batches = 0
        try:
            for record in records:
                batch.append(record)
                if len(batch) < self._batch_records:
                    continue
                self._fold(assessor, partition, batch, kept)
                batches += 1
                if self._take_over_every and batches % self._take_over_every == 0:
                    assessor.closed("journal", partition)
                    assessor.opened("journal", partition, dict(kept), batch[-1].offset + 1)
                batch = []
                progress(self.outcome.records)
            if batch:
                self._fold(assessor, partition, batch, kept)
        except Inconsistent as error:
            self.outcome.broken.append(f"journal/{partition}: {error}")
        progress(self.outcome.records)

    def _fold(self, assessor: Assessor, partition: int, batch: list[Record], kept: dict[bytes, bytes]) -> None:
        writes = Writes()
        assessor.fold("journal", partition, batch, writes)
        assessor.finish(writes)
        self.outcome.records += len(batch)
        for write in writes.records:
            self._take(write, partition)
            if self._take_over_every and write.topic == "state":
                kept[write.key or b""] = write.value or b""

    def _take(self, write: Write, partition: int) -> None:
        if self._watch is not None:
            self._watch(write)
        if write.topic == "book":  # its records differ with the batches; what follows from them may not
            self.tell_book(write.value or b"")
        elif write.topic == "state":
            self.outcome.states[state_key(write.key or b"", partition)] = digest(rows.unpack(write.value or b"")[3])
        elif write.topic == "dead-letters":
            self.outcome.letters.append(letter(write.headers or []))
        else:
            self.outcome.add(write.topic, thread_of(write.topic, write.key, write.value), write.value)


def whole_book(told: Iterable[bytes], outcome: Outcome, take_over_every: int = 0) -> None:
    """Judge the book by what the partitions told, in any order that keeps each one's own: arrival must not matter."""
    agent, rows_kept = PortfolioAgent(), dict[bytes, bytes]()
    records = (LocalRecord("book", offset, None, value, 0, []) for offset, value in enumerate(told))
    number = 0
    while batch := list(itertools.islice(records, BATCH_RECORDS)):
        number += 1
        writes = Writes()
        agent.fold("book", 0, batch, writes)
        agent.finish(writes)
        for write in writes.records:
            if write.topic == "portfolio-alerts":
                outcome.add(write.topic, write.key or b"", write.value)
            elif write.topic == "portfolio-state" and write.value is None:
                rows_kept.pop(write.key or b"", None)
            elif write.topic == "portfolio-state":
                rows_kept[write.key or b""] = write.value or b""
        if take_over_every and number % take_over_every == 0:
            agent.closed("book", 0)
            agent.opened("book", 0, dict(rows_kept), batch[-1].offset + 1)

"""The reference of a whole cluster: its journal's partitions folded again by a few processes, apart from all workers.

A partition is folded alone, as `refold` says, so it does not matter who folds which. What they found comes back in
files: digests, and what the portfolio is to read, which is judged here when all is there.
"""

from __future__ import annotations

import multiprocessing
import os
import struct
import tempfile
import time
from array import array
from collections.abc import Iterator
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from streams.engine import reading
from streams.engine.errors import Inconsistent
from streams.engine.reading import Place
from streams.events.outputs import DateClosed
from streams.sandbox.proof.refold import BATCH_RECORDS, Letter, Outcome, Progress, Refolder, whole_book
from streams.settings import Settings

_LOOK_S = 0.2
_LENGTH = struct.Struct("<I")
#: The portfolio keeps what is ahead of the slowest partition: so much of it is enough to show that it may be.
_DATES_IN_TURN = 40
_closed = msgspec.msgpack.Decoder(DateClosed)


class _Told(Struct, array_like=True):
    """An outcome as it stands in a file."""

    threads: list[tuple[str, bytes, bytes]]
    states: dict[bytes, int]
    letters: list[Letter]
    records: int
    broken: list[str]


class _Order(Struct, frozen=True):
    """What one process is to do."""

    settings: Settings
    ends: dict[Place, int]
    partitions: int
    batch_records: int
    take_over_every: int
    outcome: Path

    def book(self, partition: int) -> Path:
        """What the portfolio is to read of a partition."""
        return self.outcome.with_name(f"{partition}.book")


class Refolding:
    """Begins at once; use as a context manager, so that no process is left behind."""

    def __init__(self, settings: Settings, *, batch_records: int = BATCH_RECORDS, take_over_every: int = 0) -> None:
        """Fold the whole committed journal of a cluster.

        Args:
            settings: which cluster.
            batch_records: records a batch; must not matter.
            take_over_every: batches after which a partition changes hands; must not matter either.
        """
        self._take_over_every = take_over_every
        self._place = tempfile.TemporaryDirectory(prefix="forewarn-refold-")
        of = reading.places(settings, ["journal"])
        ends = reading.ends(settings, of)
        number = min(len(of), os.cpu_count() or 1)
        place = Path(self._place.name)
        self._orders = [
            _Order(
                settings,
                {p: ends[p] for p in of[first::number]},
                len(of),
                batch_records,
                take_over_every,
                place / f"{first}.outcome",
            )
            for first in range(number)
        ]
        # A fresh interpreter: a copy of this one would have its threads' locks, and not its threads.
        context = multiprocessing.get_context("spawn")
        self._done = [context.Value("Q", 0) for _ in self._orders]
        self._processes = [
            context.Process(target=_fold, args=(order, done), daemon=True)
            for order, done in zip(self._orders, self._done, strict=True)
        ]
        for process in self._processes:
            process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.join()
        self._place.cleanup()

    def outcome(self, progress: Progress = lambda done: None) -> Outcome:
        """Wait for what they found.

        Raises:
            Inconsistent: one of them failed; it has said why.
        """
        while any(process.is_alive() for process in self._processes):
            progress(sum(done.value for done in self._done))
            time.sleep(_LOOK_S)
        if any(process.exitcode for process in self._processes):
            raise Inconsistent(
                "The journal could not be folded again: one of the folding processes failed (see above)."
            )
        whole = Outcome()
        for order in self._orders:
            _merge(whole, msgspec.msgpack.decode(order.outcome.read_bytes(), type=_Told))
        books = [_spooled(order.book(partition)) for order in self._orders for _, partition in order.ends]
        whole_book(_in_turns(books), whole, self._take_over_every)
        progress(whole.records)
        return whole


def refold(
    settings: Settings,
    *,
    batch_records: int = BATCH_RECORDS,
    take_over_every: int = 0,
    progress: Progress = lambda done: None,
) -> Outcome:
    """Fold the whole committed journal of a cluster, and wait for it."""
    with Refolding(settings, batch_records=batch_records, take_over_every=take_over_every) as refolding:
        return refolding.outcome(progress)


def _fold(order: _Order, done: Synchronized[int]) -> None:
    """One process: some partitions, one after the other."""
    starter = multiprocessing.parent_process()
    assert starter is not None, "this runs in a process of its own"

    def note(records: int) -> None:
        if not starter.is_alive():
            os._exit(1)  # killed, and so could not end us
        done.value = records

    refolder = Refolder(order.partitions, batch_records=order.batch_records, take_over_every=order.take_over_every)
    for place in order.ends:
        with order.book(place[1]).open("wb") as book:
            refolder.tell_book = lambda value, book=book: book.write(_LENGTH.pack(len(value)) + value)  # type: ignore[misc]
            refolder.partition(place[1], reading.read(order.settings, [place], until=order.ends), note)
    found = refolder.outcome
    threads = [(topic, key, digests.tobytes()) for (topic, key), digests in found.threads.items()]
    told = _Told(threads, found.states, found.letters, found.records, found.broken)
    order.outcome.write_bytes(msgspec.msgpack.encode(told))


def _merge(whole: Outcome, told: _Told) -> None:
    for topic, key, digests in told.threads:
        whole.threads.setdefault((topic, key), array("Q")).frombytes(digests)
    whole.states |= told.states
    whole.letters += told.letters
    whole.records += told.records
    whole.broken += told.broken


def _spooled(book: Path) -> Iterator[bytes]:
    with book.open("rb") as told:
        while length := told.read(_LENGTH.size):
            yield told.read(_LENGTH.unpack(length)[0])


def _in_turns(books: list[Iterator[bytes]]) -> Iterator[bytes]:
    """Some dates of one partition, then as many of the next: in no order that workers would come in, and in flat memory."""
    while books:
        for book in books.copy():
            dates = 0
            for value in book:
                yield value
                dates += _closes(value)
                if dates == _DATES_IN_TURN:
                    break
            else:
                books.remove(book)


def _closes(value: bytes) -> bool:
    try:
        _closed.decode(value)
    except msgspec.ValidationError:
        return False
    return True

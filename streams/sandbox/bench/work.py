"""The product's fold for stores that hold one row of bytes a key, as the peers have: the same functions, one by one.

`Keyed` knows nothing of partitions or storage: it is given a row and an event and gives the row back. `Wakes` is the index
by which a peer that can reach all its rows lets a day pass, as the product's shard does.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from streams.borrower import collect, state
from streams.borrower.context import Context, Refused
from streams.borrower.fold import advance, handle
from streams.borrower.state import Borrower
from streams.events import control
from streams.events.decode import decode
from streams.events.envelope import BorrowerEvent
from streams.events.outputs import DateClosed, LabelMatured, MeasureConcluded
from streams.portfolio.book import Delta
from streams.risk.heads import Weights
from streams.risk.model import prior_weights
from streams.risk.tiers import DEFAULT

#: (canonical topic, key, value)
Output = tuple[str, bytes | None, bytes]
_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class Keyed:
    """The fold of one row at a time, for one partition. Outputs gather in `outputs` until `take`."""

    def __init__(self, partitions: int) -> None:
        """With the shipped model and policies.

        Args:
            partitions: of the journal, which a closed date names.
        """
        self.outputs: list[Output] = []
        self.refused = 0
        self._partitions = partitions
        self._closed_day = 0
        self._book = Delta()
        self._policies = collect.shipped_policies()
        self._weights = prior_weights()
        self._renew()

    def _renew(self) -> None:
        self._context = Context(self._weights, DEFAULT, self._emit, self._label, concluded=self._label)
        self._context.book = self._book
        self._context.policies = self._policies
        self._context.closed_day = self._closed_day

    def _emit(self, topic: str, output: Any) -> None:  # noqa: ANN401  an output struct, as in `Context.emit`
        self.outputs.append((topic, output.borrower_id.encode(), _json.encode(output)))

    def _label(self, label: LabelMatured | MeasureConcluded) -> None:
        self.outputs.append(("labels", label.borrower_id.encode(), _msgpack.encode(label)))

    def take(self) -> list[Output]:
        """What has been said since the last time."""
        taken, self.outputs = self.outputs, []
        return taken

    def fold(self, row: Borrower | None, value: bytes) -> Borrower:
        """One event of a borrower on its row (None: its first)."""
        event = decode(value)
        assert isinstance(event, BorrowerEvent), "an event with a key is a borrower's"
        borrower = Borrower(event.business_date.toordinal()) if row is None else row
        try:
            handle(borrower, event.borrower_id, event, self._context)
        except Refused:
            self.refused += 1
        return borrower

    def fold_bytes(self, row: bytes | None, value: bytes) -> tuple[bytes, int]:
        """The same on a row's bytes; returns them anew, and the day on which the row wants to be woken."""
        borrower = self.fold(None if row is None else state.decode(row), value)
        return state.encode(borrower), borrower.wake_day

    def wake(self, key: bytes, row: Borrower, day: int) -> None:
        """Let days pass for a row."""
        if 0 < row.wake_day <= day:
            advance(row, key.decode(), day, self._context)

    def wake_bytes(self, key: bytes, row: bytes, day: int) -> tuple[bytes, int]:
        """The same on a row's bytes."""
        borrower = state.decode(row)
        self.wake(key, borrower, day)
        return state.encode(borrower), borrower.wake_day

    def everybody(self, value: bytes) -> int:
        """An event that concerns all: returns the day that has begun, or 0. Rows are woken first, then `close`."""
        match decode(value):
            case control.BusinessDateAdvanced(business_date=date):
                return date.toordinal()
            case control.ModelActivated() as activated:
                self._weights = Weights.from_event(activated.version, activated.learned_through, activated.heads)
                self._renew()
            case control.MeasuresActivated() as scores:
                self._policies = collect.with_scores(self._policies, scores)
                self._renew()
            case _:
                pass
        return 0

    def close(self, day: int, partition: int) -> None:
        """A date is over in a partition: what matures of it from now on is too late, and `learn` may go on."""
        self._closed_day = self._context.closed_day = day
        closed = DateClosed(partition=partition, partitions=self._partitions, business_date=dt.date.fromordinal(day))
        told = _msgpack.encode(closed)
        self.outputs.append(("labels", None, told))
        if self._book:
            self.outputs.append(("book", None, _msgpack.encode(self._book.take(partition))))
        self.outputs.append(("book", None, told))


class Wakes:
    """Which rows of a partition want to be woken when."""

    def __init__(self) -> None:
        self._keys: dict[int, list[bytes]] = {}

    def note(self, key: bytes, wake_day: int) -> None:
        """A row was written; noted twice it is woken once, for the row itself says when."""
        if wake_day:
            self._keys.setdefault(wake_day, []).append(key)

    def due(self, day: int) -> list[bytes]:
        """Rows that asked for the earliest day up to this one, in order; empty when there are none."""
        days = [known for known in self._keys if known <= day]
        return sorted(set(self._keys.pop(min(days)))) if days else []

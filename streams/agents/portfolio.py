"""portfolio: sums the partitions' changes of the book, and says what a closed date means for the whole of it.

A date is judged when every journal partition has closed it; what a partition tells after it closed a date counts on the
next (see `portfolio.sums`). So what is said follows from the journal, at any number of partitions, whichever is faster.
Changes of later days wait, in rows of their own, so a batch writes what it touched and a restart goes on where the offset
stands. What people say comes through the journal's first partition, in the same order as all else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from streams.engine import rows as frame
from streams.engine.restore import Rows
from streams.engine.writes import Writes
from streams.events.outputs import DateClosed, PortfolioAlert
from streams.events.portfolio import FreezeChanged, PortfolioControl
from streams.learning import hazard
from streams.portfolio import classes, playbook
from streams.portfolio.book import BookChanged, Segment
from streams.portfolio.history import DAYS_KEPT, History, Line
from streams.portfolio.monitor import Monitor
from streams.portfolio.state import Book, Freeze, Part
from streams.portfolio.sums import Cells
from streams.portfolio.views import currency, is_whole

VERSION = 1
#: What people say is in every partition of the journal; the first one's `assess` hands it on.
CONTROLS_PARTITION = 0
_PROGRESS, _BOOK = b"progress", b"book"
_STOCK, _WAITING, _PART, _LINE = b"stock/", b"waiting/", b"part/", b"line/"
_decoder = msgspec.msgpack.Decoder(BookChanged | DateClosed | PortfolioControl)
_lines = msgspec.msgpack.Decoder(dict[str, Line])
_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


def shipped_playbook() -> playbook.Playbook:
    """The plan that comes with Forewarn."""
    return playbook.load(_shipped("playbooks", "installment-2026.1.toml"))


def shipped_pack(name: str) -> classes.Pack:
    """A classification that comes with Forewarn: `ifrs9` or `cn-five`."""
    return classes.load(_shipped("packs", f"{name}-2026.1.toml"))


def _shipped(folder: str, name: str) -> str:
    return files("streams.portfolio").joinpath(folder, name).read_text(encoding="utf-8")


def new_monitor(plan: playbook.Playbook | None = None) -> Monitor:
    """A monitor that has seen nothing yet."""
    return Monitor(plan or shipped_playbook(), shipped_pack("ifrs9"), hazard.drift)


def freeze_event(freeze: Freeze, date: dt.date) -> FreezeChanged:
    """What the journal is told, and through it all that must wait: escalation in `assess`, labels for `learn`."""
    name = f"{freeze.incident_id}/{date.isoformat()}"
    return FreezeChanged(
        event_id=name,
        schema_version=1,
        source="forewarn.portfolio",
        occurred_at=dt.datetime.combine(date, dt.time(), dt.UTC),
        business_date=date,
        idempotency_key=name,
        incident_id=freeze.incident_id,
        since=dt.date.fromordinal(freeze.since),
        scopes=() if freeze.over else ("ESCALATION", "LEARNING"),
        affected=freeze.affected,
    )


class Progress(Struct, array_like=True):
    """How far each journal partition has closed (ordinal days)."""

    closed: dict[int, int] = msgspec.field(default_factory=dict)
    partitions: int = 0


_progress = msgspec.msgpack.Decoder(Progress)


class _StockRow(Struct, array_like=True):
    """The stock of one finest segment: (oldest unmet day, tier, amounts) a cell."""

    segment: Segment
    cells: list[tuple[int, int, list[int]]]


class PortfolioAgent:
    """The processor of the one partition of `book`."""

    inputs = ("book",)
    state_topic = "portfolio-state"

    def __init__(
        self,
        make: Callable[[], Monitor] = new_monitor,
        count: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._make = make
        self._count = count
        self.closed("book", 0)

    def state_partition(self, topic: str, partition: int) -> int:
        """The one partition."""
        return 0

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """Take over the book as it was committed."""
        self.closed(topic, partition)
        for key in rows:
            frame.check_version(rows[key], VERSION, key)
        if _PROGRESS in rows:
            self._progress = frame.decoded(_progress.decode, rows[_PROGRESS], self.state_topic, 0, _PROGRESS)
        for key in sorted(rows):
            frame.decoded(partial(_put, self.monitor, key), rows[key], self.state_topic, 0, key)

    def closed(self, topic: str, partition: int) -> None:
        """Forget everything."""
        self.monitor, self._progress = self._make(), Progress()
        self._offset = -1
        self._days: set[int] = set()
        self._lines: set[int] = set()
        self._segments: set[Segment] = set()
        self._heard = self._judged = False

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """Take changes; judge a date when it is closed everywhere."""
        for record in records:
            self._offset = record.offset
            told = _decoder.decode(record.value)
            closed = self._progress.closed
            if isinstance(told, BookChanged):
                self._days |= self.monitor.sums.take(told, closed.get(told.partition, 0))
            elif isinstance(told, DateClosed):
                self._close(told, writes)
            else:
                self.monitor.hear(told, closed.get(CONTROLS_PARTITION, 0))
                self._heard = True
        return len(records)

    def _close(self, told: DateClosed, writes: Writes) -> None:
        progress, day = self._progress, told.business_date.toordinal()
        progress.partitions = told.partitions
        progress.closed[told.partition] = max(day, progress.closed.get(told.partition, 0))
        if len(progress.closed) < progress.partitions:
            return
        reached = min(progress.closed.values())
        if reached <= self.monitor.book.through:
            return
        closed = self.monitor.close(reached)
        self._days.update(closed.days)
        self._lines |= closed.lines
        self._segments |= closed.segments
        self._judged = True
        for alert in closed.alerts:
            self._say(alert, writes)
        if closed.freeze is not None:
            event = freeze_event(closed.freeze, told.business_date)
            writes.add("controls", None, msgspec.json.encode(event), partition=0)

    def _say(self, alert: PortfolioAlert, writes: Writes) -> None:
        writes.add("portfolio-alerts", alert.segment.encode(), _json.encode(alert), partition=0)
        self._count(f"{alert.kind.lower()}_{alert.state.lower()}")

    def finish(self, writes: Writes) -> None:
        """Write progress and what was touched."""
        self._write(_PROGRESS, _msgpack.encode(self._progress), writes)
        waiting = self.monitor.sums.waiting
        for day in sorted(self._days):
            delta = waiting.get(day)
            self._write(_WAITING + b"%d" % day, _msgpack.encode(delta.told(0)) if delta else None, writes)
        if self._judged or self._heard:
            self._write(_BOOK, _msgpack.encode(msgspec.structs.replace(self.monitor.book, parts={})), writes)
        if self._judged:
            self._write_stock(writes)
            self._write_parts(writes)
        self._days, self._lines, self._segments = set(), set(), set()
        self._judged = self._heard = False

    def _write_stock(self, writes: Writes) -> None:
        for segment in sorted(self._segments):
            key, cells = _STOCK + "/".join(segment).encode(), self.monitor.sums.stock.get(segment)
            listed = [(oldest, tier, cell) for (oldest, tier), cell in sorted((cells or {}).items())]
            self._write(key, _msgpack.encode(_StockRow(segment, listed)) if listed else None, writes)

    def _write_parts(self, writes: Writes) -> None:
        """Lines go by day, all parts in a row: a day changes one row, not the history of every part."""
        parts = self.monitor.book.parts
        for name, part in sorted(parts.items()):
            kept = msgspec.structs.replace(part, history=History(), figures={})
            self._write(_PART + name.encode(), _msgpack.encode(kept), writes)
        for day in sorted(self._lines):
            lines = {name: line for name, part in parts.items() if (line := part.history.at(day)) is not None}
            self._write(_LINE + b"%d" % day, _msgpack.encode(lines) if lines else None, writes)
            self._write(_LINE + b"%d" % (day - DAYS_KEPT), None, writes)

    def _write(self, key: bytes, body: bytes | None, writes: Writes) -> None:
        row = None if body is None else frame.pack(VERSION, self._offset, 0, body)
        writes.add("portfolio-state", key, row, partition=0)

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """Everything folded is in the rows."""
        return next_offset

    async def between_batches(self) -> None:
        """Nothing to wait for."""


def restore(monitor: Monitor, bodies: dict[bytes, bytes]) -> None:
    """Fill a new monitor from the bodies of the state topic's rows."""
    for key in sorted(bodies):
        _put(monitor, key, bodies[key])


def _put(monitor: Monitor, key: bytes, body: bytes) -> None:
    """Take one row. In order of keys: the book, then lines in order of days, then parts, then the rest."""
    if key == _BOOK:
        monitor.book = msgspec.msgpack.decode(body, type=Book)
    elif key.startswith(_STOCK):
        row = msgspec.msgpack.decode(body, type=_StockRow)
        cells: Cells = {(oldest, tier): cell for oldest, tier, cell in row.cells}
        monitor.sums.stock[row.segment] = cells
    elif key.startswith(_WAITING):
        day = int(key.removeprefix(_WAITING))
        monitor.sums.take(msgspec.msgpack.decode(body, type=BookChanged), day)
    elif key.startswith(_LINE):
        for name, line in _lines.decode(body).items():
            monitor.book.parts.setdefault(name, Part()).history.lines.append(line)
    elif key.startswith(_PART):
        name = key.removeprefix(_PART).decode()
        part = msgspec.msgpack.decode(body, type=Part)
        part.history = monitor.book.parts.get(name, part).history
        monitor.book.parts[name] = part


def whole_parts(monitor: Monitor) -> dict[str, Part]:
    """The whole book of each currency."""
    return {currency(name): part for name, part in monitor.book.parts.items() if is_whole(name)}

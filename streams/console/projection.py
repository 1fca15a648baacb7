"""From committed records to rows of the console's file. Decodes, counts and files; decides nothing.

Rule 1: a record at or before the offset already taken is skipped, so a record may come again.
Rule 2: what can grow without bound is kept once, by borrower; pages of the whole book read tallies by day.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.agents import dead_letters
from streams.borrower import state
from streams.console.store import Store
from streams.engine import rows as frame
from streams.engine.reading import Place, Record
from streams.events.outputs import (
    CollectionAction,
    CollectionActionWithdrawn,
    DelinquencyChanged,
    PortfolioAlert,
    RiskTierChanged,
)
from streams.risk.tiers import TIERS

#: What the console reads.
TOPICS = (
    "journal",
    "state",
    "risk-tier-changes",
    "delinquency-changes",
    "collection-actions",
    "portfolio-alerts",
    "portfolio-state",
    "dead-letters",
)
#: Of a refused record so many bytes are kept to be looked at; `forewarn dead-letters` has all of them.
LETTER_BYTES = 2_048
_TIER = {name: index for index, name in enumerate(TIERS)}
_alerts = msgspec.json.Decoder(RiskTierChanged)
_changes = msgspec.json.Decoder(DelinquencyChanged)
_actions = msgspec.json.Decoder(CollectionAction | CollectionActionWithdrawn)
_notices = msgspec.json.Decoder(PortfolioAlert)


class _Head(msgspec.Struct):
    """What is needed of a journal record to file it."""

    type: str
    business_date: dt.date
    borrower_id: str | None = None
    value_date: dt.date | None = None


_heads = msgspec.json.Decoder(_Head)
_TALLIES = {
    "moves": ("day", "direction", "from_tier", "to_tier"),
    "rolls": ("day", "from_bucket", "to_bucket"),
    "measures": ("day", "stage", "verdict"),
    "traffic": ("day", "type"),
    "late": ("days", "type"),
    "letters": ("day", "code", "topic"),
}


class Projection:
    """Takes records in the order of each partition."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = store.offsets()
        with store.reading() as db:
            self._clock: dict[int, int] = dict(db.execute("SELECT partition, day FROM clock"))

    def take(self, records: Sequence[Record]) -> int:
        """File a batch and its offsets in one transaction; returns how many records were new.

        Raises:
            sqlite3.Error: the file cannot be written; nothing of the batch is in it.
        """
        batch = _Batch(dict(self._clock))
        reached: dict[Place, int] = {}
        for record in records:
            place = (record.topic, record.partition)
            if record.offset < reached.get(place, self._next.get(place, 0)):
                continue
            reached[place] = record.offset + 1
            batch.take(record)
        with self._store.writing() as db:
            batch.write(db)
            rows = [(topic, partition, offset) for (topic, partition), offset in reached.items()]
            db.executemany("INSERT OR REPLACE INTO place VALUES (?, ?, ?)", rows)
        self._next |= reached
        self._clock = batch.clock
        return batch.count


class _Batch:
    """The rows of one batch, until they are written."""

    def __init__(self, clock: dict[int, int]) -> None:
        self.count = 0
        self.clock = clock
        self._borrowers: dict[str, int] = {}
        self._states: dict[str, tuple[int, ...]] = {}
        self._records: list[tuple[Any, ...]] = []
        self._broadcasts: list[tuple[Any, ...]] = []
        self._alerts: list[tuple[Any, ...]] = []
        #: (day, code, tier) to [alerts, of them as first reason, millilogits]
        self._reasons: dict[tuple[int, str, int], list[int]] = {}
        self._letters: list[tuple[Any, ...]] = []
        self._notices: list[tuple[int, bytes]] = []
        self._book: dict[bytes, bytes | None] = {}
        self._tallies: dict[str, Counter[tuple[Any, ...]]] = {name: Counter() for name in _TALLIES}

    def take(self, record: Record) -> None:
        self.count += 1
        value = record.value or b""
        match record.topic:
            case "journal":
                self._event(record, value)
            case "state":
                self._state(record, value)
            case "risk-tier-changes":
                self._alert(_alerts.decode(value), value)
            case "delinquency-changes":
                self._change(record, _changes.decode(value))
            case "collection-actions":
                self._action(record, _actions.decode(value))
            case "portfolio-alerts":
                self._notices.append((_notices.decode(value).business_date.toordinal(), value))
            case "portfolio-state":
                self._book[record.key or b""] = None if record.value is None else frame.unpack(value)[3]
            case "dead-letters":
                self._letter(record)
            case other:
                raise AssertionError(f"{other} is not read")

    def _event(self, record: Record, value: bytes) -> None:
        head = _heads.decode(value)
        day = head.business_date.toordinal()
        if head.borrower_id is None:
            self._broadcasts.append((record.partition, record.offset, value))
            if head.type == "business_date_advanced":
                self.clock[record.partition] = max(day, self.clock.get(record.partition, 0))
            if record.partition:
                return  # the same event is in every partition: counted in the first
        else:
            self._borrowers.setdefault(head.borrower_id, record.partition)
            self._file(record, head.borrower_id)
            counts = min(day, head.value_date.toordinal()) if head.value_date else day
            days = max(self.clock.get(record.partition, 0), day) - counts
            if days > 0:
                self._tallies["late"][days, head.type] += 1
        self._tallies["traffic"][day, head.type] += 1

    def _file(self, record: Record, borrower_id: str) -> None:
        self._records.append((record.topic, record.partition, record.offset, record.value, borrower_id))

    def _state(self, record: Record, value: bytes) -> None:
        key = record.key or b""
        if not key.startswith(b"\0") and record.value is not None:  # a partition's own rows begin with a zero byte
            frame.check_version(value, state.VERSION, key)
            row = state.decode(frame.unpack(value)[3])
            told = (record.partition, row.tier, row.tier_since, row.ppm, row.business_day, row.sequence)
            self._states[key.decode()] = told

    def _alert(self, alert: RiskTierChanged, value: bytes) -> None:
        day, before, after = alert.business_date.toordinal(), _TIER[alert.from_tier], _TIER[alert.to_tier]
        self._borrowers.setdefault(alert.borrower_id, -1)
        self._alerts.append(
            (alert.alert_id, day, before, after, alert.direction, alert.supersedes, value, alert.borrower_id)
        )
        self._tallies["moves"][day, alert.direction, before, after] += 1
        if alert.direction == "UP":
            for place, reason in enumerate(alert.reasons):
                sums = self._reasons.setdefault((day, reason.code, after), [0, 0, 0])
                for index, more in enumerate((1, place == 0, reason.contribution_millilogits)):
                    sums[index] += more

    def _change(self, record: Record, change: DelinquencyChanged) -> None:
        self._borrowers.setdefault(change.borrower_id, -1)
        self._file(record, change.borrower_id)
        before, after = int(change.from_bucket[1:]), int(change.to_bucket[1:])
        self._tallies["rolls"][change.business_date.toordinal(), before, after] += 1

    def _action(self, record: Record, action: CollectionAction | CollectionActionWithdrawn) -> None:
        self._borrowers.setdefault(action.borrower_id, -1)
        self._file(record, action.borrower_id)
        if isinstance(action, CollectionActionWithdrawn):
            verdict = "WITHDRAWN"
        else:
            verdict = "WITHHELD" if action.withheld else action.decision.verdict
        self._tallies["measures"][action.business_date.toordinal(), action.stage, verdict] += 1

    def _letter(self, record: Record) -> None:
        said = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        topic, code = said.get(dead_letters.TOPIC, record.topic), said.get(dead_letters.CODE, "foreign")
        value = record.value or b""
        self._letters.append(
            (topic, _number(said.get(dead_letters.PARTITION)), _number(said.get(dead_letters.OFFSET)), code,
             said.get(dead_letters.REASON, ""), record.timestamp_ms, record.key, value[:LETTER_BYTES], len(value))
        )  # fmt: skip
        day = dt.date(1970, 1, 1).toordinal() + record.timestamp_ms // 86_400_000
        self._tallies["letters"][day, code, topic] += 1

    def write(self, db: sqlite3.Connection) -> None:
        self._write_borrowers(db)
        db.executemany(
            "INSERT INTO record SELECT no, ?, ?, ?, ? FROM borrower WHERE id = ?",
            self._records,
        )
        db.executemany("INSERT INTO broadcast VALUES (?, ?, ?)", self._broadcasts)
        db.executemany("INSERT OR REPLACE INTO clock VALUES (?, ?)", self.clock.items())
        db.executemany(
            "INSERT INTO alert (id, borrower, day, from_tier, to_tier, direction, supersedes, value) "
            "SELECT ?1, no, ?2, ?3, ?4, ?5, ?6, ?7 FROM borrower WHERE borrower.id = ?8",
            self._alerts,
        )
        db.executemany(
            "INSERT INTO letter (topic, partition, offset, code, reason, at_ms, key, value, bytes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._letters,
        )
        db.executemany("INSERT INTO notice (day, value) VALUES (?, ?)", self._notices)
        db.executemany("DELETE FROM book WHERE key = ?", [(key,) for key, body in self._book.items() if body is None])
        kept = [(key, body) for key, body in self._book.items() if body is not None]
        db.executemany("INSERT OR REPLACE INTO book VALUES (?, ?)", kept)
        for name, counts in self._tallies.items():
            _add(db, name, _TALLIES[name], counts)
        self._write_reasons(db)

    def _write_borrowers(self, db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO borrower (id, partition) VALUES (?1, ?2) "
            "ON CONFLICT (id) DO UPDATE SET partition = max(partition, excluded.partition)",
            self._borrowers.items(),
        )
        db.executemany(
            "INSERT INTO borrower (id, partition, tier, since, ppm, day, sequence) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET partition = excluded.partition, tier = excluded.tier, "
            "since = excluded.since, ppm = excluded.ppm, day = excluded.day, sequence = excluded.sequence",
            [(borrower_id, *told) for borrower_id, told in self._states.items()],
        )

    def _write_reasons(self, db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO reasons VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n, "
            "first = first + excluded.first, millilogits = millilogits + excluded.millilogits",
            [(*key, *sums) for key, sums in self._reasons.items()],
        )


def _add(db: sqlite3.Connection, table: str, columns: Iterable[str], counts: Counter[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" for _ in columns)
    db.executemany(
        f"INSERT INTO {table} VALUES ({marks}, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",  # noqa: S608  our names
        [(*key, count) for key, count in counts.items()],
    )


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else -1

"""What the pages ask of the file. Each query reads tallies by day or one borrower's records: none scans the book."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec

from streams.console.story import Said
from streams.events.outputs import (
    CollectionAction,
    CollectionActionWithdrawn,
    DelinquencyChanged,
    PortfolioAlert,
    RiskTierChanged,
)

_alert = msgspec.json.Decoder(RiskTierChanged)
_notice = msgspec.json.Decoder(PortfolioAlert)
_said = msgspec.json.Decoder(CollectionAction | CollectionActionWithdrawn | DelinquencyChanged)
#: No page shows more of any list.
ROWS_MAX = 200


class AlertRow(NamedTuple):
    """An alert, its place in the file, and the id of the one that took it back (empty for none)."""

    seq: int
    alert: RiskTierChanged
    taken_back_by: str


class BorrowerRow(NamedTuple):
    """A borrower as their state row says. `tier` is an index, `since` and `day` are ordinals (0 never)."""

    no: int
    borrower_id: str
    partition: int
    tier: int
    since: int
    ppm: int
    day: int


class Letter(NamedTuple):
    """A refused record. `value` holds its first bytes; `size` is how many there were."""

    seq: int
    topic: str
    partition: int
    offset: int
    code: str
    reason: str
    at_ms: int
    key: bytes | None
    value: bytes
    size: int


def business_day(db: sqlite3.Connection) -> int:
    """The lender's day (ordinal): the last that every partition has reached; 0 before the first."""
    return int(db.execute("SELECT coalesce(min(day), 0) FROM clock").fetchone()[0])


def journal_id(db: sqlite3.Connection) -> str:
    """Which journal the file was filled from: another one if the topics were made anew; empty before the first record."""
    row = db.execute("SELECT id FROM topic WHERE name = 'journal'").fetchone()
    return "" if row is None else str(row[0])


_ALERT = "SELECT a.seq, a.value, coalesce((SELECT id FROM alert WHERE supersedes = a.id LIMIT 1), '') FROM alert AS a "


def alerts(
    db: sqlite3.Connection,
    tier: int | None = None,
    direction: str | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 30,
) -> list[AlertRow]:
    """The newest alerts, by business date and then by arrival.

    Args:
        db: a view of the file.
        tier: only changes to this tier (index).
        direction: only this direction.
        before: (day, seq) of the last one shown: only older ones.
        limit: how many.
    """
    where, values = ["1"], list[object]()
    if tier is not None:
        where.append("a.to_tier = ?")
        values.append(tier)
    if direction is not None:
        where.append("a.direction = ?")
        values.append(direction)
    if before is not None:
        where.append("(a.day, a.seq) < (?, ?)")
        values.extend(before)
    rows = db.execute(f"{_ALERT} WHERE {' AND '.join(where)} ORDER BY a.day DESC, a.seq DESC LIMIT ?", (*values, limit))
    return [AlertRow(seq, _alert.decode(value), by) for seq, value, by in rows]


def alert_place(db: sqlite3.Connection, seq: int) -> tuple[int, int] | None:
    """(day, seq) of an alert, to go on from."""
    row = db.execute("SELECT day, seq FROM alert WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else (row[0], row[1])


def moves(db: sqlite3.Connection, from_day: int) -> list[tuple[int, str, int, int]]:
    """(day, direction, to tier, count) since a day."""
    return db.execute(
        "SELECT day, direction, to_tier, sum(n) FROM moves WHERE day >= ? GROUP BY 1, 2, 3", (from_day,)
    ).fetchall()


_BORROWER = "SELECT no, id, partition, tier, since, ppm, day FROM borrower "


def borrower(db: sqlite3.Connection, borrower_id: str) -> BorrowerRow | None:
    """One borrower; None if no record has that id."""
    row = db.execute(f"{_BORROWER} WHERE id = ?", (borrower_id,)).fetchone()
    return None if row is None else BorrowerRow(*row)


def similar(db: sqlite3.Connection, start: str, limit: int = 8) -> list[str]:
    """Ids that begin with some characters, in order."""
    rows = db.execute("SELECT id FROM borrower WHERE id >= ? ORDER BY id LIMIT ?", (start, limit))
    return [borrower_id for (borrower_id,) in rows if borrower_id.startswith(start)]


def worst(db: sqlite3.Connection, limit: int = 20) -> list[BorrowerRow]:
    """Borrowers above NORMAL, worst first."""
    rows = db.execute(f"{_BORROWER} WHERE tier > 0 ORDER BY tier DESC, ppm DESC LIMIT ?", (limit,))
    return [BorrowerRow(*row) for row in rows]


def borrowers(db: sqlite3.Connection) -> int:
    """How many there are."""
    return int(db.execute("SELECT coalesce(max(no), 0) FROM borrower").fetchone()[0])


def journal_of(db: sqlite3.Connection, no: int) -> tuple[int, list[tuple[int, bytes]]]:
    """(partition, records by offset) of one borrower; partition -1 if there is none."""
    rows = db.execute(
        "SELECT partition, offset, value FROM record WHERE borrower = ? AND topic = 'journal' ORDER BY offset", (no,)
    ).fetchall()
    return (rows[0][0] if rows else -1), [(offset, value) for _, offset, value in rows]


def broadcast(db: sqlite3.Connection, partition: int, after: int = -1) -> list[tuple[int, bytes]]:
    """Dates, models and policies of a partition after an offset."""
    return db.execute(
        "SELECT offset, value FROM broadcast WHERE partition = ? AND offset > ? ORDER BY offset", (partition, after)
    ).fetchall()


def published(db: sqlite3.Connection, no: int) -> tuple[list[RiskTierChanged], list[Said]]:
    """What stood on the topics about one borrower: alerts, and the rest."""
    said = [_alert.decode(value) for (value,) in db.execute("SELECT value FROM alert WHERE borrower = ?", (no,))]
    rows = db.execute("SELECT value FROM record WHERE borrower = ? AND topic <> 'journal'", (no,))
    return said, [_said.decode(value) for (value,) in rows]


def refused_with_key(db: sqlite3.Connection, key: bytes, limit: int = ROWS_MAX) -> int:
    """How many dead letters have this key, counted up to a limit."""
    rows = db.execute("SELECT count(*) FROM (SELECT 1 FROM letter WHERE key = ? LIMIT ?)", (key, limit))
    return int(rows.fetchone()[0])


def reasons(db: sqlite3.Connection, from_day: int) -> dict[str, tuple[int, int, int]]:
    """By code since a day: alerts with it, of them with it first, and the sum of contributions (millilogits)."""
    rows = db.execute(
        "SELECT code, sum(n), sum(first), sum(millilogits) FROM reasons WHERE day >= ? GROUP BY code", (from_day,)
    )
    return {code: (count, first, total) for code, count, first, total in rows}


def traffic(db: sqlite3.Connection, from_day: int) -> list[tuple[int, str, int]]:
    """(day, event type, count) since a day."""
    return db.execute("SELECT day, type, n FROM traffic WHERE day >= ?", (from_day,)).fetchall()


def late(db: sqlite3.Connection) -> list[tuple[int, str, int]]:
    """(days late, event type, count)."""
    return db.execute("SELECT days, type, n FROM late").fetchall()


def letter_counts(db: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(code, topic, count) of all dead letters, most first."""
    return db.execute("SELECT code, topic, sum(n) FROM letters GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2").fetchall()


def letters(db: sqlite3.Connection, limit: int = 20) -> list[Letter]:
    """The newest dead letters."""
    rows = db.execute(
        "SELECT seq, topic, partition, offset, code, reason, at_ms, key, value, bytes FROM letter "
        "ORDER BY seq DESC LIMIT ?",
        (limit,),
    )
    return [Letter(*row) for row in rows]


def notices(db: sqlite3.Connection, limit: int = 12) -> list[PortfolioAlert]:
    """The newest portfolio alerts."""
    rows = db.execute("SELECT value FROM notice ORDER BY day DESC, seq DESC LIMIT ?", (limit,))
    return [_notice.decode(value) for (value,) in rows]


def book_rows(db: sqlite3.Connection) -> dict[bytes, bytes]:
    """The portfolio agent's rows, by key."""
    return dict(db.execute("SELECT key, body FROM book"))

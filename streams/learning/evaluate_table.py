"""Score rows and outcomes as columns, and which rows a figure may use."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from streams.risk.features import COUNT
from streams.risk.heads import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MILLION = 1_000_000


class ScoreRow(Struct, frozen=True):
    """What was said of a borrower at a month-end.

    Attributes:
        borrower_id: opaque.
        day: ordinal day of the observation; outcomes are matched by it.
        ppm: a probability a head, parts per million, in the order of `risk.heads.HEADS`.
        tier: index into `risk.tiers.TIERS`.
        days_past_due: contractual, on that day.
        observation: the model's inputs; empty if not kept (then nothing is compared with the hand rule or LightGBM).
        treated: the borrower was contacted in the label window, so a cure may be the contact's doing.
        held_out: measures are withheld from this borrower, to compare with.
    """

    borrower_id: str
    day: int
    ppm: tuple[int, ...]
    tier: int
    days_past_due: int
    observation: bytes = b""
    treated: bool = False
    held_out: bool = False


class Outcome(Struct, frozen=True):
    """What became of one row by one head's horizon."""

    borrower_id: str
    day: int
    head: str
    outcome: bool


class Table:
    """The rows in the order (day, borrower), with outcomes by head (NaN where none is known).

    Raises:
        ValueError: there is no row.
    """

    def __init__(
        self, scores: Iterable[ScoreRow], outcomes: Iterable[Outcome], disrupted: Sequence[tuple[dt.date, dt.date]]
    ) -> None:
        rows = sorted(scores, key=lambda row: (row.day, row.borrower_id))
        if not rows:
            raise ValueError("There is no score to evaluate: the events hold no month-end with an active loan.")
        self.borrower = [row.borrower_id for row in rows]
        self.day = np.array([row.day for row in rows], dtype=np.int64)
        self.days_past_due = np.array([row.days_past_due for row in rows], dtype=np.int64)
        self.tier = np.array([row.tier for row in rows], dtype=np.int64)
        self.treated = np.array([row.treated for row in rows], dtype=bool)
        self.held_out = np.array([row.held_out for row in rows], dtype=bool)
        self.inputs = _inputs(rows)
        self._first_month = _calendar_month(int(self.day.min()))
        self.month = np.array([self.month_number(day) for day in self.day.tolist()], dtype=np.int64)
        self._ppm = np.array([row.ppm for row in rows], dtype=np.float64)
        self._disrupted = [(first.toordinal(), last.toordinal()) for first, last in disrupted]
        self._outcomes = {head: np.full(len(rows), np.nan) for head in HEADS}
        place = {(row.borrower_id, row.day): at for at, row in enumerate(rows)}
        for outcome in outcomes:
            at = place.get((outcome.borrower_id, outcome.day))
            if at is not None:
                self._outcomes[outcome.head][at] = 1.0 if outcome.outcome else 0.0

    def month_number(self, day: int) -> int:
        """The calendar month of a day, counted from 1 for that of the first row."""
        return _calendar_month(day) - self._first_month + 1

    def probability(self, head: str) -> np.ndarray:
        """One head's probabilities, from 0 to 1."""
        return np.asarray(self._ppm[:, HEADS.index(head)] / _MILLION)

    def outcome(self, head: str) -> np.ndarray:
        """One head's outcomes: 1, 0, or NaN where none is known."""
        return self._outcomes[head]

    def asked(self, head: str) -> np.ndarray:
        """Rows whose outcome is known."""
        return np.asarray(~np.isnan(self._outcomes[head]))

    def disrupted(self, horizon_days: int) -> np.ndarray:
        """Rows whose label window touches a disrupted period."""
        touched = np.zeros(len(self.day), dtype=bool)
        for first, last in self._disrupted:
            touched |= (self.day <= last) & (self.day + horizon_days >= first)
        return touched

    def disrupts(self, day: int, horizon_days: int) -> bool:
        """Whether the label window of an observation on this day touches a disrupted period."""
        return any(day <= last and day + horizon_days >= first for first, last in self._disrupted)

    def parts(self, head: str, horizon_days: int, warm_up_months: int) -> dict[str, np.ndarray]:
        """Masks of the parts that are reported: main, disrupted; of main, where there are such, untreated and held out."""
        pooled = self.asked(head) & (self.month >= warm_up_months)
        touched = self.disrupted(horizon_days)
        parts = {"main": pooled & ~touched}
        if (pooled & touched).any():
            parts["disrupted"] = pooled & touched
        if self.treated.any():
            parts["untreated"] = parts["main"] & ~self.treated
        if self.held_out.any():
            parts["held out"] = parts["main"] & self.held_out
        return parts


def _inputs(rows: Sequence[ScoreRow]) -> np.ndarray | None:
    if any(len(row.observation) != COUNT for row in rows):
        return None
    return np.frombuffer(b"".join(row.observation for row in rows), dtype=np.int8).reshape(len(rows), COUNT)


def _calendar_month(day: int) -> int:
    date = dt.date.fromordinal(day)
    return date.year * 12 + date.month

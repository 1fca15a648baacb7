"""Columns over the lines of a history, and their running sums: a year's total costs as much as a day's.

Kept in memory only, and derived anew from the lines after a restart, so what is stored has one place.
Rule 1: a column is extended when it is asked for; a note about a day that it covers makes it derive that day again.
Rule 2: lines are one a day, without a gap; a column may reach further back than the lines that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast


class Dated(Protocol):
    """A line: it belongs to a day (ordinal)."""

    day: int


L = TypeVar("L", bound=Dated)
T = TypeVar("T")

#: A column that has grown so long is begun anew at the oldest line that is left.
_LENGTH_MAX = 2_000


class _Column(Generic[L]):
    """One value a line, from `first` on, and the sums up to each, where they were asked for."""

    __slots__ = ("derive", "first", "sums", "values")

    def __init__(self, first: int, derive: Callable[[L], object]) -> None:
        self.first = first
        self.derive = derive
        self.values: list[object] = []
        self.sums = [0]

    def reach(self, lines: Sequence[L]) -> None:
        oldest = lines[0].day
        for line in lines[self.first + len(self.values) - oldest :]:
            self.values.append(self.derive(line))

    def add_up(self) -> None:
        for value in self.values[len(self.sums) - 1 :]:
            self.sums.append(self.sums[-1] + cast("int", value))

    def again(self, line: L) -> None:
        place = line.day - self.first
        if 0 <= place < len(self.values):
            self.values[place] = self.derive(line)
            del self.sums[place + 1 :]


class Columns(Generic[L]):
    """The columns of one history, by name."""

    __slots__ = ("_columns",)

    def __init__(self) -> None:
        self._columns: dict[str, _Column[L]] = {}

    def values(self, name: str, derive: Callable[[L], object], lines: Sequence[L], days: int, until: int) -> list[T]:
        """What `derive` gives for each line of the `days` days up to `until`; a name always stands for one function."""
        if not lines:
            return []
        column, first, beyond = self._span(name, derive, lines, days, until)
        return cast("list[T]", column.values[first:beyond])

    def total(self, name: str, derive: Callable[[L], int], lines: Sequence[L], days: int, until: int) -> int:
        """Their sum."""
        if not lines:
            return 0
        column, first, beyond = self._span(name, derive, lines, days, until)
        column.add_up()
        return column.sums[beyond] - column.sums[first] if beyond > first else 0

    def again(self, line: L) -> None:
        """The line has changed."""
        for column in self._columns.values():
            column.again(line)

    def _span(
        self, name: str, derive: Callable[[L], object], lines: Sequence[L], days: int, until: int
    ) -> tuple[_Column[L], int, int]:
        oldest, newest = lines[0].day, lines[-1].day
        column = self._columns.get(name)
        if column is None or column.first + len(column.values) < oldest or len(column.values) > _LENGTH_MAX:
            column = self._columns[name] = _Column(oldest, derive)
        column.reach(lines)
        first = max(until - days + 1, oldest) - column.first
        return column, first, max(first, min(until, newest) + 1 - column.first)

"""Running sums give what adding up gives, whatever was noted late and whatever fell out of the history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.portfolio.history import DAYS_KEPT, History, Line, Stock

#: (days to go on, then a note so many days back, its count)
STEPS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 450), st.integers(1, 3)), min_size=1, max_size=25)


def _missed(line: Line) -> int:
    return line.count("missed")


@given(STEPS, st.integers(1, 420), st.integers(0, 40))
def test_as_adding_up(steps: list[tuple[int, int, int]], days: int, back: int) -> None:
    """Asked after every step, so that columns are extended, corrected, cut and begun anew."""
    history, day = History(), 1_000
    for forward, late, count in steps:
        day += forward
        history.append(day, Stock())
        history.note(day - late, {"missed": [count, 0]})
        until = day - back
        lines = [line for line in history.lines if until - days < line.day <= until]
        assert history.total(("missed", "cured"), days, until) == sum(map(_missed, lines))
        assert history.values("missed of a day", _missed, days, until) == [_missed(line) for line in lines]
        assert len(history.lines) <= DAYS_KEPT

"""The model and its challengers side by side, on the same month-ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.learning.challenger import NAME as ADAGRAD
from streams.learning.figures import ACTIVE
from streams.learning.health import pooled
from streams.learning.shadow import TREES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from streams.learning.evaluate_table import Table
    from streams.learning.health import Pooled, Window

#: Lines that may stand side by side: all but those that are a part of another's rows, or the same as it.
_LINES = (ACTIVE, ADAGRAD, *TREES)


def side_by_side(
    table: Table, head: str, horizon_days: int, windows: Sequence[Window], warm_up_months: int
) -> list[Pooled]:
    """Every line of a head on the month-ends that all of them scored: past the warm-up, undisrupted, not quarantined.

    Args:
        table: says which month is which.
        head: which question.
        horizon_days: when its labels mature.
        windows: of all heads and lines.
        warm_up_months: months left out.
    """
    lines: dict[str, dict[dt.date, Window]] = {}
    for window in windows:
        day = window.observed_on.toordinal()
        late = table.month_number(day) >= warm_up_months and not table.disrupts(day, horizon_days)
        if window.head == head and late and not window.quarantined and window.line in _LINES:
            lines.setdefault(window.line, {})[window.observed_on] = window
    if not lines:
        return []
    shared = sorted(set.intersection(*(set(found) for found in lines.values())))
    return [line for found in lines.values() for line in pooled(found[day] for day in shared)]

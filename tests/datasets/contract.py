"""A second reading of event files: contractual days past due by the book, sharing no code with the converters."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from streams.events.loans import LoanClosed, LoanRestructured, LoanWrittenOff, ScheduleSet
from streams.events.payments import PaymentReceived

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from streams.events.envelope import BorrowerEvent
    from streams.events.fields import Installment


class Life(NamedTuple):
    """One loan, day by day, until it ends. Days are ordinals; index 0 is the day of its first event.

    `days_past_due` is at the close of each day; `unmet` is (due day, number, cents short) at the close of a due date.
    """

    first: int
    days_past_due: list[int]
    unmet: set[tuple[int, int, int]]


def live(events: Sequence[BorrowerEvent], last: dt.date) -> Life:
    """Apply one loan's events, oldest installment first, from its first day to the last."""
    by_day: dict[int, list[BorrowerEvent]] = {}
    for event in events:
        by_day.setdefault(event.business_date.toordinal(), []).append(event)
    life = Life(min(by_day), [], set())
    due_days: list[int] = []
    sums: list[int] = []
    first_number = received = 0
    for day in range(life.first, last.toordinal() + 1):
        for event in by_day.get(day, ()):
            match event:
                case ScheduleSet() | LoanRestructured():
                    due_days, sums = _read(event.installments)
                    first_number = event.installments[0].number
                    received = 0 if isinstance(event, LoanRestructured) else received
                case PaymentReceived():
                    received += event.amount.amount_minor
                case LoanClosed() | LoanWrittenOff():
                    return life
                case _:
                    pass
        met = bisect_right(sums, received)
        oldest = due_days[met] if met < len(due_days) else day
        life.days_past_due.append(max(0, day - oldest))
        for index in range(met, len(due_days)):
            if due_days[index] >= day:
                if due_days[index] == day:
                    short = sums[index] - max(received, sums[index - 1] if index else 0)
                    life.unmet.add((day, first_number + index, short))
                break
    return life


def _read(installments: Sequence[Installment]) -> tuple[list[int], list[int]]:
    days = [installment.due_date.toordinal() for installment in installments]
    return days, list(accumulate(installment.amount_minor for installment in installments))

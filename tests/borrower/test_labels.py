"""What became of each month-end: every label once, both classes on one day, judged by the horizon and nothing after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.borrower.labels import HEADS, Head, next_month_start, previous_month_start
from streams.events.outputs import LabelMatured
from streams.events.payments import PaymentReceived
from tests.borrower.book import Folded, lived, paid

#: Long enough for every head of the first quarter: 365 days after it.
END = "2027-09-02"
DUE = [dt.date(2026 + (1 + n) // 13, (1 + n - 1) % 12 + 1, 5) for n in range(1, 13)]
ON_TIME = [paid(f"{2026 + (1 + n) // 13}-{(1 + n - 1) % 12 + 1:02}-04") for n in range(1, 13)]


def head_of(label: LabelMatured) -> Head:
    """The head that a label is for."""
    return next(head for head in HEADS if head.name == label.head)


def released_on(observed_on: dt.date, head: Head) -> dt.date:
    """The first day of a month at or after the horizon's end, by the calendar."""
    day = observed_on + dt.timedelta(days=1 + head.horizon_days)
    while day.day != 1:
        day += dt.timedelta(days=1)
    return day


def days_past_due(paid_on: Sequence[dt.date], day: dt.date) -> int:
    """At the opening of a day, counted by hand: the n-th payment pays the n-th installment."""
    met = sum(each < day for each in paid_on)
    unmet = DUE[met] if met < len(DUE) else day
    return max(0, (day - unmet).days)


def reached(paid_on: Sequence[dt.date], days: int, start: dt.date, through: dt.date) -> bool:
    """Whether so many days past due were reached in (start, through]."""
    span = (through - start).days
    return any(days_past_due(paid_on, start + dt.timedelta(days=n)) >= days for n in range(1, span + 1))


def check(folded: Folded, made: Sequence[PaymentReceived]) -> None:
    """Each label against its own definition."""
    paid_on = [each.business_date for each in made]
    seen: set[tuple[dt.date, str]] = set()
    for label in folded.labels:
        head = head_of(label)
        assert (label.observed_on, label.head) not in seen
        seen.add((label.observed_on, label.head))
        assert label.matured_on == released_on(label.observed_on, head)
        start = label.observed_on + dt.timedelta(days=1)
        through = start + dt.timedelta(days=head.horizon_days)
        assert label.outcome == reached(paid_on, head.days_past_due, start, through), (label.observed_on, head)


def test_a_borrower_who_pays() -> None:
    """No head ever turns true, and every month-end with an active loan gives its labels."""
    folded = lived(*ON_TIME, until=END)
    check(folded, ON_TIME)
    assert not any(label.outcome for label in folded.labels)
    months = {label.observed_on for label in folded.labels if label.head == "default_90d"}
    scored = {dt.date.fromordinal(score[1]) for score in folded.scores}
    assert months == {day for day in scored if released_on(day, HEADS[0]) <= dt.date.fromisoformat(END)}


def test_a_default_is_told_at_the_horizon_and_not_before() -> None:
    """Nothing paid after April: 90 days past due on 3 August, known to every month-end from 30 April on, released late."""
    folded = lived(*ON_TIME[:3], until=END)
    check(folded, ON_TIME[:3])
    told = {label.observed_on.isoformat(): label for label in folded.labels if label.head == "default_90d"}
    assert not told["2026-03-31"].outcome  # 1 April and 121 days: 31 July
    assert told["2026-04-30"].outcome  # 1 May and 121 days: 30 August
    assert told["2026-04-30"].matured_on == dt.date(2026, 9, 1)


def test_what_happens_between_horizon_and_release_does_not_count() -> None:
    """30 days past due on 4 July is 94 days after 1 April; released on 1 July it would be early, on 1 August too much."""
    folded = lived(*ON_TIME[:4], until=END)
    check(folded, ON_TIME[:4])
    told = {label.observed_on.isoformat(): label for label in folded.labels if label.head == "delinquent_30_90d"}
    assert told["2026-03-31"].matured_on == dt.date(2026, 7, 1)
    assert [told[day].outcome for day in ("2026-03-31", "2026-04-30")] == [False, True]
    default = {label.observed_on.isoformat(): label for label in folded.labels if label.head == "default_90d"}
    # 90 days past due on 3 September: 125 days after 1 May. Its label is released on 1 September, and 1 June's later.
    assert [default[day].outcome for day in ("2026-04-30", "2026-05-31")] == [False, True]


@settings(max_examples=25, deadline=None)
@given(kept=st.lists(st.booleans(), min_size=12, max_size=12), late_days=st.integers(0, 27))
def test_any_history(kept: list[bool], late_days: int) -> None:
    """Whatever was skipped or late, each label says what its horizon saw."""
    made = [
        paid((each.business_date + dt.timedelta(days=late_days)).isoformat())
        for each, keep in zip(ON_TIME, kept, strict=True)
        if keep
    ]
    check(lived(*made, until=END, every_days=3), made)


def test_a_row_keeps_only_what_has_a_label_to_come() -> None:
    """On 1 January: all month-ends of the last 121 days, and of those before, the ends of quarters only."""
    waiting = lived(*ON_TIME, until="2027-01-02").row().observations
    kept = [dt.date.fromordinal(each.day).isoformat() for each in waiting]
    assert kept == ["2026-04-01", "2026-07-01", "2026-10-01", "2026-11-01", "2026-12-01", "2027-01-01"]


def test_months() -> None:
    """Around the turn of a year."""
    for day in range(dt.date(2023, 11, 1).toordinal(), dt.date(2024, 4, 1).toordinal()):
        this = dt.date.fromordinal(day).replace(day=1).toordinal()
        assert previous_month_start(day) < this < next_month_start(day)
        assert next_month_start(previous_month_start(day)) == this

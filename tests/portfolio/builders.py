"""A synthetic book told as changes, without borrowers: for what the monitor does with counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from streams.agents.portfolio import new_monitor
from streams.events.outputs import PortfolioAlert
from streams.portfolio.book import BUCKETS, Booked, Delta, Segment
from streams.portfolio.monitor import Monitor

FIRST = dt.date(2024, 1, 1).toordinal()
#: Remaining life of a year.
LIFE = 4 * BUCKETS


def segment(region: str) -> Segment:
    """A segment that differs by region only."""
    return ("CNY", "cash", "2023Q4", "app", region)


class Days:
    """Feeds a monitor one day after another."""

    def __init__(self, loans: Mapping[str, int], monitor: Monitor | None = None) -> None:
        """Open the book with current loans of 1,000.00 by region."""
        self.monitor = monitor or new_monitor()
        self.alerts: list[PortfolioAlert] = []
        self.day = FIRST
        self._loans = dict(loans)
        delta = Delta()
        for region, count in loans.items():
            for _ in range(count):
                delta.hold(FIRST, segment(region), 0, Booked(100_000, 0, 10_000, LIFE), 1)
        self.monitor.sums.take(delta.take(0))

    def live(
        self, days: int, rate: Callable[[str], float], also: Callable[[Delta, int], None] = lambda delta, day: None
    ) -> None:
        """Let days pass: a thirtieth of the loans falls due each day, and this share of them is newly missed.

        Misses alternate around the rate by the day, so the past has a dispersion.
        """
        for _ in range(days):
            delta = Delta()
            for region, loans in self._loans.items():
                due = loans // 30
                wobble = (0.85, 1.0, 1.15)[self.day % 3]
                delta.flow(self.day, segment(region), "due", count=due)
                delta.flow(self.day, segment(region), "exposed", count=due)
                delta.flow(self.day, segment(region), "missed", count=min(due, round(due * rate(region) * wobble)))
            also(delta, self.day)
            self.monitor.sums.take(delta.take(0))
            self.day += 1
            self.alerts += self.monitor.close(self.day).alerts

    def kinds(self) -> list[tuple[str, str, str]]:
        """(segment, kind, state) of every alert so far."""
        return [(alert.segment, alert.kind, alert.state) for alert in self.alerts]

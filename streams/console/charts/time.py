"""Days as places across a drawing, with ticks that suit the span."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from streams.console.charts.canvas import Anchor, Canvas

#: About so many labels fit across a phone.
_LABELS = 5


class Span(Struct, frozen=True):
    """The days (ordinals) at both edges."""

    first: int
    last: int

    def place(self, day: float) -> float:
        """Where a day lies, 0 to 1; days outside are cut to the edge."""
        share = (day - self.first) / max(1, self.last - self.first)
        return min(max(share, 0.0), 1.0)

    def months(self) -> Iterator[dt.date]:
        """First days of months, as many as have room for a label."""
        first, last = dt.date.fromordinal(self.first), dt.date.fromordinal(self.last)
        months = (last.year - first.year) * 12 + last.month - first.month
        step = next((each for each in (1, 2, 3, 6, 12, 24) if months <= each * _LABELS), 60)
        at = first.year * 12 + first.month  # the month after the first
        at += -at % step
        while at <= last.year * 12 + last.month - 1:
            yield dt.date(at // 12, at % 12 + 1, 1)
            at += step


def axis(canvas: Canvas, span: Span, top: float, bottom: float) -> None:
    """Upright lines at months, and their names below."""
    for day in span.months():
        place = span.place(day.toordinal())
        canvas.upright(place, top, bottom)
        canvas.text(place, bottom + 15, f"{day:%Y-%m}", "label", anchor_at(place))


def anchor_at(place: float) -> Anchor:
    """How a label at a place stays within the drawing."""
    return "start" if place < 0.06 else "end" if place > 0.92 else "middle"

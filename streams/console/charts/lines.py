"""Shares over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from streams.console.charts.canvas import Canvas
from streams.console.charts.time import Span, axis

_HEIGHT, _TOP, _BOTTOM = 200, 20, 178
#: A line small enough for a row of a table.
_SPARK_HEIGHT, _SPARK_TOP, _SPARK_BOTTOM = 34, 3, 31
MILLION = 1_000_000


class Line(Struct, frozen=True):
    """A line: its class, and (day, parts per million) from left to right."""

    kind: str
    points: tuple[tuple[int, int], ...]


def shares(name: str, lines: Sequence[Line]) -> Markup:
    """Lines from zero to a round share above the highest; needs at least one point."""
    days = [day for line in lines for day, _ in line.points]
    most = max(ppm for line in lines for _, ppm in line.points)
    top = round_share(most)
    canvas, span = Canvas(_HEIGHT), Span(min(days), max(days))
    axis(canvas, span, _TOP, _BOTTOM)
    for share in (0.5, 1.0):
        y = _BOTTOM - share * (_BOTTOM - _TOP)
        canvas.level(y)
        canvas.text(0, y - 4, f"{top * share / 10_000:g} %")
    for line in lines:
        places = [(span.place(day), _BOTTOM - min(1.0, ppm / top) * (_BOTTOM - _TOP)) for day, ppm in line.points]
        canvas.path(places, f"line {line.kind}")
    canvas.level(_BOTTOM, "base")
    return canvas.svg(name)


def spark(name: str, points: Sequence[tuple[int, int]], top_ppm: int) -> Markup:
    """One line of (day, ppm) without an axis, for a table; rows that share `top_ppm` can be compared."""
    canvas, span = Canvas(_SPARK_HEIGHT), Span(points[0][0], points[-1][0])
    room = _SPARK_BOTTOM - _SPARK_TOP
    places = [(span.place(day), _SPARK_BOTTOM - min(1.0, ppm / top_ppm) * room) for day, ppm in points]
    canvas.level(_SPARK_BOTTOM, "base")
    canvas.area(places, [(x, float(_SPARK_BOTTOM)) for x, _ in places], "past-area")
    canvas.path(places, "line past-30")
    return canvas.svg(name, "chart spark")


def layers(name: str, days: Sequence[int], parts: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """Shares of a whole, stacked: each part is (class, counts by day), from the bottom."""
    canvas, span = Canvas(_HEIGHT), Span(days[0], days[-1])
    totals = [max(1, sum(column)) for column in zip(*(counts for _, counts in parts), strict=True)]
    floor = [0] * len(days)
    for kind, counts in parts:
        ceiling = [below + count for below, count in zip(floor, counts, strict=True)]
        canvas.area(_edge(span, days, ceiling, totals), _edge(span, days, floor, totals), kind)
        floor = ceiling
    axis(canvas, span, _TOP, _BOTTOM)
    canvas.level(_BOTTOM, "base")
    return canvas.svg(name)


def _edge(span: Span, days: Sequence[int], heights: Sequence[int], totals: Sequence[int]) -> list[tuple[float, float]]:
    return [
        (span.place(day), _BOTTOM - height / total * (_BOTTOM - _TOP))
        for day, height, total in zip(days, heights, totals, strict=True)
    ]


def round_share(most_ppm: int) -> int:
    """The next round share, in ppm: 1, 2, 4, 5, 6, 8 or 10 times a power of ten."""
    power = 10 ** int(math.log10(max(most_ppm, 1_000)))
    return next(int(step * power) for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= max(most_ppm, 1_000))

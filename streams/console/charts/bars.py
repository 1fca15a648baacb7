"""Counts by week, stacked."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from streams.console.charts.canvas import Canvas
from streams.console.charts.time import Span, axis

_HEIGHT, _TOP, _BOTTOM = 170, 20, 148
#: Of the room for a bar so much is bar.
_FILL = 0.72


class Stack(Struct, frozen=True):
    """One bar: its first and last day (ordinals), what it is called, and its parts as (class, count) from the bottom."""

    first: int
    last: int
    name: str
    parts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """The height."""
        return sum(count for _, count in self.parts)


def stacked(name: str, stacks: Sequence[Stack]) -> Markup:
    """Bars over time; needs at least one."""
    canvas, span = Canvas(_HEIGHT), Span(stacks[0].first, stacks[-1].last + 1)
    most = max(1, *(stack.total for stack in stacks))
    top = nice(most)
    axis(canvas, span, _TOP, _BOTTOM)
    for share in (0.5, 1.0):
        y = _BOTTOM - share * (_BOTTOM - _TOP)
        canvas.level(y)
        if float(top * share).is_integer():
            canvas.text(0, y - 4, f"{round(top * share):,}")
    for stack in stacks:
        _bar(canvas, span, stack, top)
    canvas.level(_BOTTOM, "base")
    return canvas.svg(name)


def _bar(canvas: Canvas, span: Span, stack: Stack, top: int) -> None:
    left, right = span.place(stack.first), span.place(stack.last + 1)
    width = (right - left) * _FILL
    y = float(_BOTTOM)
    for kind, count in stack.parts:
        if count:
            height = count / top * (_BOTTOM - _TOP)
            y -= height
            canvas.rect(left + (right - left - width) / 2, y, width, height, kind, f"{stack.name}: {count:,}")


def nice(most: int) -> int:
    """The next round number: 1, 2, 4, 5, 6, 8 or 10 times a power of ten."""
    power = 1
    while most > 10 * power:
        power *= 10
    return next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= most)

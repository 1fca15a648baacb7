"""One small line chart as SVG text, without a library and without a script."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 420, 310
LEFT, RIGHT, TOP, BOTTOM = 56, 26, 46, 40
TITLE_Y, LEGEND_Y = 14, 32
LEGEND_STEP = 110
#: About so many ticks an axis; they stand at round numbers.
TICKS = 5
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


class Line(NamedTuple):
    """Points (x, y), and how to draw them. `second` takes the page's second color."""

    points: Sequence[tuple[float, float]]
    name: str = ""
    second: bool = False
    dashed: bool = False
    dots: bool = False


def chart(
    title: str,
    x_name: str,
    y_name: str,
    lines: Sequence[Line],
    x_span: tuple[float, float] = (0.0, 1.0),
    y_span: tuple[float, float] = (0.0, 1.0),
    *,
    log_percent: bool = False,
) -> str:
    """Draw lines over a span of each axis; points outside are cut to the edge.

    Args:
        title: above the chart.
        x_name: below it.
        y_name: beside it.
        lines: named ones are in the legend.
        x_span: first and last value.
        y_span: the same.
        log_percent: values are log10 of shares, and ticks are to say percent.
    """
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts = [
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f'<text x="{LEFT}" y="{TITLE_Y}" font-weight="600">{escape(title)}</text>',
        *_axes(x_span, y_span, log_percent=log_percent),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text transform="translate(11 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>',
    ]
    named = [line for line in lines if line.name]
    parts += [_drawn(line, x_span, y_span) for line in lines]
    for place, line in enumerate(named):
        parts.append(
            f'<text x="{LEFT + LEGEND_STEP * place}" y="{LEGEND_Y}" style="fill:{_color(line)}">'
            f"\N{EM DASH} {escape(line.name)}</text>"
        )
    return "".join(parts) + "</svg>"


def _color(line: Line) -> str:
    return "var(--b)" if line.second else "var(--faint)" if line.dashed else "var(--a)"


def _place(point: tuple[float, float], x_span: tuple[float, float], y_span: tuple[float, float]) -> tuple[float, float]:
    across = (point[0] - x_span[0]) / ((x_span[1] - x_span[0]) or 1.0)
    up = (point[1] - y_span[0]) / ((y_span[1] - y_span[0]) or 1.0)
    x = LEFT + min(max(across, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)
    y = HEIGHT - BOTTOM - min(max(up, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)
    return x, y


def ticks(span: tuple[float, float]) -> list[float]:
    """Round numbers within a span, about `TICKS` of them."""
    width = (span[1] - span[0]) or 1.0
    raw = width / TICKS
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(each * scale for each in _ROUND if each * scale >= raw * 0.999)
    first = math.ceil(span[0] / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(span[1] / step + 1e-9) + 1)]


def _axes(x_span: tuple[float, float], y_span: tuple[float, float], *, log_percent: bool) -> list[str]:
    said = _percent if log_percent else _plain
    parts = []
    for value in ticks(y_span):
        _, y = _place((x_span[0], value), x_span, y_span)
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--faint)" stroke-width=".5"/>',
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{said(value)}</text>',
        ]
    for value in ticks(x_span):
        x, _ = _place((value, y_span[0]), x_span, y_span)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{said(value)}</text>')
    return parts


def _plain(value: float) -> str:
    return f"{value:g}"


def _percent(value: float) -> str:
    return f"{100 * 10**value:g} %"


def _drawn(line: Line, x_span: tuple[float, float], y_span: tuple[float, float]) -> str:
    placed = [_place(point, x_span, y_span) for point in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dash = ' stroke-dasharray="4 4"' if line.dashed else ""
    drawn = f'<polyline points="{path}" fill="none" stroke="{_color(line)}" stroke-width="1.8"{dash}/>'
    if line.dots:
        drawn += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_color(line)}"/>' for x, y in placed)
    return drawn

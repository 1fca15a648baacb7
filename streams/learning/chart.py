"""One small line chart as SVG text, without a library and without a script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 30, 40
TICKS = 5


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
) -> str:
    """Draw lines over a span of each axis; points outside are cut to the edge."""
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts = [
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f'<text x="{LEFT}" y="18" font-weight="600">{escape(title)}</text>',
        *_axes(x_span, y_span),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text transform="translate(11 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>',
    ]
    named = [line for line in lines if line.name]
    parts += [_drawn(line, x_span, y_span) for line in lines]
    for place, line in enumerate(named):
        x = WIDTH - RIGHT - 80 * (len(named) - place)
        parts.append(f'<text x="{x}" y="18" style="fill:{_color(line)}">{escape(line.name)}</text>')
    return "".join(parts) + "</svg>"


def _color(line: Line) -> str:
    return "var(--b)" if line.second else "var(--faint)" if line.dashed else "var(--a)"


def _place(point: tuple[float, float], x_span: tuple[float, float], y_span: tuple[float, float]) -> tuple[float, float]:
    across = (point[0] - x_span[0]) / ((x_span[1] - x_span[0]) or 1.0)
    up = (point[1] - y_span[0]) / ((y_span[1] - y_span[0]) or 1.0)
    x = LEFT + min(max(across, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)
    y = HEIGHT - BOTTOM - min(max(up, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)
    return x, y


def _axes(x_span: tuple[float, float], y_span: tuple[float, float]) -> list[str]:
    parts = []
    for tick in range(TICKS + 1):
        x_value = x_span[0] + (x_span[1] - x_span[0]) * tick / TICKS
        y_value = y_span[0] + (y_span[1] - y_span[0]) * tick / TICKS
        x, _ = _place((x_value, y_span[0]), x_span, y_span)
        _, y = _place((x_span[0], y_value), x_span, y_span)
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--faint)" stroke-width=".5"/>',
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{y_value:.2g}</text>',
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{x_value:.3g}</text>',
        ]
    return parts


def _drawn(line: Line, x_span: tuple[float, float], y_span: tuple[float, float]) -> str:
    placed = [_place(point, x_span, y_span) for point in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dash = ' stroke-dasharray="4 4"' if line.dashed else ""
    drawn = f'<polyline points="{path}" fill="none" stroke="{_color(line)}" stroke-width="1.8"{dash}/>'
    if line.dots:
        drawn += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_color(line)}"/>' for x, y in placed)
    return drawn

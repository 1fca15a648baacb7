"""A borrower's life in one drawing: probability over tier bands, the tier in force, what was said, what was due.

The scale of probabilities is the square root, so that the bands of low tiers, where most borrowers live, have room.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup
from msgspec import Struct

from streams.console.charts.canvas import Canvas
from streams.console.charts.time import Span, axis
from streams.console.dues import Due
from streams.console.story import Point
from streams.risk.tiers import DEFAULT, TIERS, Policy

_CURVE_TOP, _CURVE_BOTTOM = 12, 232
_STRIP = (240, 12)
_LANE_TOP, _LANE_HEIGHT = 278, 34
_DUE_HEIGHT, _DUE_TOP, _DUE_BOTTOM = 150, 22, 112
MILLION = 1_000_000


class Sign(Struct, frozen=True):
    """Something that was said on a day: its sign and class, and what it says when pointed at."""

    day: int
    shape: str
    kind: str
    title: str


class Pause(Struct, frozen=True):
    """A hold from a day until the day before another; 0 is open."""

    first: int
    until: int
    title: str


class Words(Struct, frozen=True):
    """What is written into the drawing."""

    name: str
    tiers: Sequence[str]
    alerts: str
    actions: str
    holds: str
    today: str


def life(
    span: Span,
    today: int,
    points: Sequence[Point],
    alerts: Iterable[Sign],
    actions: Iterable[Sign],
    holds: Iterable[Pause],
    words: Words,
    policy: Policy = DEFAULT,
) -> Markup:
    """The drawing, up to today (ordinal) and a little beyond; needs at least one point."""
    pauses = list(holds)
    bottom = _LANE_TOP + (2 + bool(pauses)) * _LANE_HEIGHT - 10
    canvas = Canvas(bottom + 22)
    _bands(canvas, words, policy)
    axis(canvas, span, _CURVE_TOP, bottom)
    if today < span.last:
        canvas.upright(span.place(today), _CURVE_TOP, bottom, "today")
        canvas.text(span.place(today) + 0.006, _LANE_TOP - 6, words.today)
    canvas.path(_steps(span, points, today), "line curve")
    last = points[-1]
    canvas.mark(span.place(today), _height(last.ppm), "dot", f"now tier-{TIERS[last.tier]}", _percent(last.ppm))
    _strip(canvas, span, points, today)
    lanes = ((words.alerts, alerts), (words.actions, actions))
    for number, (name, signs) in enumerate(lanes):
        y = _LANE_TOP + number * _LANE_HEIGHT
        canvas.text(0, y - 6, name, "lane")
        for each in signs:
            canvas.mark(span.place(each.day), y + 8, each.shape, each.kind, each.title)
    if pauses:
        _holds(canvas, span, pauses, words.holds, _LANE_TOP + 2 * _LANE_HEIGHT)
    return canvas.svg(words.name)


def _bands(canvas: Canvas, words: Words, policy: Policy) -> None:
    edges = [*(_height(ppm) for ppm in policy.entry_ppm), float(_CURVE_TOP)]
    for tier, name in enumerate(TIERS):
        canvas.rect(0, edges[tier + 1], 1, edges[tier] - edges[tier + 1], f"band tier-{name}")
        if tier:
            canvas.level(edges[tier], "threshold")
        share = f" ≥ {policy.entry_ppm[tier] / 10_000:g} %" if tier else ""
        place = edges[tier] - 5 if tier else edges[1] + 15  # where curves run seldom
        canvas.text(0.005, place, words.tiers[tier] + share, "label halo")


def _height(ppm: int) -> float:
    return _CURVE_BOTTOM - math.sqrt(ppm / MILLION) * (_CURVE_BOTTOM - _CURVE_TOP)


def _steps(span: Span, points: Sequence[Point], today: int) -> list[tuple[float, float]]:
    """A probability holds until the next one."""
    places: list[tuple[float, float]] = []
    for point in points:
        x, y = span.place(point.day), _height(point.ppm)
        if places:
            places.append((x, places[-1][1]))
        places.append((x, y))
    return [*places, (span.place(today), places[-1][1])]


def _strip(canvas: Canvas, span: Span, points: Sequence[Point], today: int) -> None:
    """The tier in force, which is left later than the curve leaves its band."""
    start = points[0]
    for point in [*points[1:], None]:
        if point is not None and point.tier == start.tier:
            continue
        left = span.place(start.day)
        right = span.place(point.day if point is not None else today)
        canvas.rect(left, _STRIP[0], right - left, _STRIP[1], f"fill tier-{TIERS[start.tier]}", TIERS[start.tier])
        start = point or start


def _holds(canvas: Canvas, span: Span, holds: Iterable[Pause], name: str, y: float) -> None:
    canvas.text(0, y - 6, name, "lane")
    for hold in holds:
        left, right = span.place(hold.first), span.place(hold.until or span.last)
        canvas.rect(left, y + 3, max(right - left, 0.004), 10, "hold", hold.title)


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.1f} %"


def installments(span: Span, dues: Sequence[Due], name: str, title: Sequence[str]) -> Markup:
    """A bar for each installment of a loan: the money due, the part that was paid, and the days it came late."""
    canvas, most = Canvas(_DUE_HEIGHT), max((due.amount_minor for due in dues), default=1)
    axis(canvas, span, _DUE_TOP - 8, _DUE_BOTTOM + 18)
    width = min(0.03, 0.7 / max(1, len(dues)))
    for due, said in zip(dues, title, strict=True):
        if not span.first <= due.day <= span.last:
            continue
        left = min(max(span.place(due.day) - width / 2, 0.0), 1 - width)
        height = due.amount_minor / most * (_DUE_BOTTOM - _DUE_TOP)
        paid = due.paid_minor / due.amount_minor * height
        canvas.rect(left, _DUE_BOTTOM - height, width, height, f"due {due.state}", said)
        canvas.rect(left, _DUE_BOTTOM - paid, width, paid, f"paid {due.state}", said)
        if due.late_days:
            late = min(due.late_days, 90) / 90 * 14
            canvas.rect(left, _DUE_BOTTOM + 2, width, max(2.0, late), "late", said)
    canvas.level(_DUE_BOTTOM, "base")
    return canvas.svg(name)

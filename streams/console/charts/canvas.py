"""A drawing whose width follows the page while its text does not: readable at 390 pixels and at 1,400.

Rule 1: across, a place is a share of the width, 0 to 1; down, it is in pixels. Paths lie in an inner drawing that stretches.
Rule 2: colors and sizes are classes of the page's style sheet; every text that is drawn is escaped here.
Rule 3: a drawing has a name; its numbers stand in a table beside it, which the page adds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from markupsafe import Markup, escape

Anchor = Literal["start", "middle", "end"]
#: Steps across in the inner drawing: finer than any screen.
_STEPS = 10_000


class Canvas:
    """Gathers shapes; `svg` gives the drawing."""

    def __init__(self, height: int) -> None:
        """Begin a drawing of so many pixels of height."""
        self.height = height
        self._shapes: list[Markup] = []

    def rect(self, x: float, y: float, width: float, height: float, kind: str, title: str = "") -> None:
        """A rectangle; `title` appears when it is pointed at."""
        tip = Markup("<title>{}</title>").format(title) if title else Markup("")
        self._shapes.append(
            Markup('<rect x="{}%" y="{}" width="{}%" height="{}" class="{}">{}</rect>').format(
                _pc(x), _px(y), _pc(max(width, 0.0)), _px(max(height, 0.0)), kind, tip
            )
        )

    def level(self, y: float, kind: str = "grid") -> None:
        """A line across the whole width."""
        self._shapes.append(Markup('<line x1="0" x2="100%" y1="{0}" y2="{0}" class="{1}"/>').format(_px(y), kind))

    def upright(self, x: float, top: float, bottom: float, kind: str = "grid") -> None:
        """A line down."""
        self._shapes.append(
            Markup('<line x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" class="{3}"/>').format(
                _pc(x), _px(top), _px(bottom), kind
            )
        )

    def text(self, x: float, y: float, text: str, kind: str = "label", anchor: Anchor = "start") -> None:
        """A text whose baseline is at y."""
        self._shapes.append(
            Markup('<text x="{}%" y="{}" class="{}" text-anchor="{}">{}</text>').format(
                _pc(x), _px(y), kind, anchor, text
            )
        )

    def mark(self, x: float, y: float, shape: str, kind: str, title: str = "") -> None:
        """A small sign around a place, one of the symbols `up`, `down`, `cross`, `dot`, `tick`, 12 pixels wide.

        It stands in a drawing of its own that overflows, as a symbol's place cannot be a share minus pixels.
        """
        self._shapes.append(
            Markup('<svg x="{}%" y="{}" class="sign"><path d="{}" class="{}"><title>{}</title></path></svg>').format(
                _pc(x), _px(y), _SIGNS[shape], kind, title
            )
        )

    def path(self, points: Iterable[tuple[float, float]], kind: str) -> None:
        """A line through places."""
        places = " ".join(f"{x * _STEPS:.0f},{y:.1f}" for x, y in points)
        self._inner(Markup('<polyline points="{}" class="{}"/>').format(places, kind))

    def area(self, top: Iterable[tuple[float, float]], bottom: Iterable[tuple[float, float]], kind: str) -> None:
        """What lies between two lines."""
        places = [*top, *reversed([*bottom])]
        drawn = " ".join(f"{x * _STEPS:.0f},{y:.1f}" for x, y in places)
        self._inner(Markup('<polygon points="{}" class="{}"/>').format(drawn, kind))

    def _inner(self, shape: Markup) -> None:
        self._shapes.append(
            Markup('<svg width="100%" height="{0}" viewBox="0 0 {1} {0}" preserveAspectRatio="none">{2}</svg>').format(
                self.height, _STEPS, shape
            )
        )

    def svg(self, name: str, kind: str = "chart") -> Markup:
        """The drawing, named for those who cannot see it."""
        return Markup('<svg class="{}" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
            kind, self.height, name, Markup("").join(self._shapes)
        )


_SIGNS = {
    "up": "M-5.5,4.5 L0,-5.5 L5.5,4.5 Z",
    "down": "M-5.5,-4.5 L0,5.5 L5.5,-4.5 Z",
    "cross": "M-4.5,-4.5 L4.5,4.5 M4.5,-4.5 L-4.5,4.5",
    "dot": "M-4,0 a4,4 0 1,0 8,0 a4,4 0 1,0 -8,0",
    "tick": "M0,-6 L0,6",
}


def sign(shape: str, kind: str) -> Markup:
    """One sign alone, for a legend or a line of text; what it means must stand beside it."""
    return Markup(
        '<svg class="legend-sign" viewBox="-7 -7 14 14" aria-hidden="true"><path d="{}" class="{}"/></svg>'
    ).format(_SIGNS[shape], escape(kind))


def bar(share: float, kind: str, mark: float | None = None) -> Markup:
    """A bar in a table's cell, a share of its width; `mark` is a line at another share. The number stands beside it."""
    line = ""
    if mark is not None:
        line = Markup('<line x1="{0}%" x2="{0}%" y1="0" y2="100%" class="target"/>').format(_pc(min(mark, 1.0)))
    return Markup(
        '<svg class="bar" width="100%" height="14" aria-hidden="true"><rect width="100%" height="14" class="track"/>'
        '<rect width="{}%" height="14" class="{}"/>{}</svg>'
    ).format(_pc(min(max(share, 0.0), 1.0)), kind, line)


def _pc(share: float) -> str:
    return f"{share * 100:.3f}".rstrip("0").rstrip(".")


def _px(place: float) -> str:
    return f"{place:.1f}".rstrip("0").rstrip(".")

"""By which dimensions the book is looked at. The currency is always one: amounts of two currencies are never added.

A view is a set of dimensions, written as `product,vintage`; its segments are labeled `USD` for the whole book in one
currency, `USD/product=auto/vintage=2019Q3` for a part. Views may change at any time: the finest sums are kept.
"""

from __future__ import annotations

from functools import lru_cache

from streams.portfolio.book import DIMENSIONS, Segment

View = tuple[str, ...]


def parse(words: str) -> View:
    """A view from `product,vintage`; empty is the whole book.

    Raises:
        ValueError: names a dimension that does not exist.
    """
    names = tuple(word.strip() for word in words.split(",") if word.strip())
    unknown = [name for name in names if name not in DIMENSIONS[1:]]
    if unknown:
        raise ValueError(f"There is no dimension {unknown[0]!r}; use {', '.join(DIMENSIONS[1:])}.")
    return tuple(name for name in DIMENSIONS[1:] if name in names)


@lru_cache(maxsize=262_144)
def label(segment: Segment, view: View) -> str:
    """The name of the part that holds a segment."""
    parts = [f"{name}={segment[DIMENSIONS.index(name)]}" for name in view]
    return "/".join([segment[0], *parts])


def currency(name: str) -> str:
    """The currency of a part."""
    return name.partition("/")[0]


def is_whole(name: str) -> bool:
    """Whether a part is the whole book of its currency."""
    return "/" not in name

"""What every page is given, and the few forms in which all pages show figures."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from streams.console import words
from streams.console.event_words import DASH
from streams.console.status import Status
from streams.console.words import Language

#: What a template is given.
View = dict[str, Any]


class Ask(Struct, frozen=True):
    """A request, as pages see it: language, parameters, a view of the file, the lender's day (ordinal; 0 none)."""

    language: Language
    query: Mapping[str, str]
    db: sqlite3.Connection
    status: Status
    day: int

    def say(self, key: str, **fields: object) -> str:
        """A word of the page in the reader's language."""
        return words.say(self.language, key, **fields)

    def chosen(self, name: str, allowed: tuple[str, ...]) -> str:
        """A parameter that has one of a few values; the first one otherwise."""
        value = self.query.get(name, allowed[0])
        return value if value in allowed else allowed[0]

    def number(self, name: str) -> int | None:
        """A parameter that is a small whole number; None otherwise."""
        value = self.query.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def date(day: int) -> str:
    """An ordinal day as ISO date; a dash for never."""
    return dt.date.fromordinal(day).isoformat() if day else DASH


def percent(ppm: int) -> str:
    """Parts per million with as many digits as say something: 3.21 %, 45.7 %."""
    share = ppm / 10_000
    return f"{share:.2f} %" if share < 10 else f"{share:.1f} %"


def weeks_of(day: int, count: int) -> list[tuple[int, int]]:
    """(first, last day) of the `count` weeks from Monday to Sunday up to the one of `day`, all ordinals."""
    monday = day - (day - 1) % 7  # ordinal 1 was a Monday
    return [(monday - 7 * back, monday - 7 * back + 6) for back in reversed(range(count))]

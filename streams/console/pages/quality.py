"""Data quality: what arrived, what came late, what was refused and why, and how far the console has read."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from streams.console import queries
from streams.console.charts import bars
from streams.console.pages.ask import Ask, View, date, weeks_of
from streams.console.projection import TOPICS
from streams.events.decode import TYPES_BY_TOPIC

WEEKS = 26
#: Topics that carry a borrower's events, as drawn.
DRAWN = ("loans", "payments", "missed-installments", "contacts")
#: Bounds of the classes of lateness, in days, and their words.
LATE = ((1, "1"), (7, "7"), (30, "30"), (130, "130"), (10**9, "over"))
_TOPIC_OF = {str(kind.__struct_config__.tag): topic for topic, kinds in TYPES_BY_TOPIC.items() for kind in kinds}
#: Of a refused value so many characters are shown.
_SHOWN = 600


def view(ask: Ask) -> View:
    """The page."""
    return {
        "traffic": _traffic(ask),
        "parts": [(topic, f"topic-{topic}") for topic in DRAWN],
        "late": _late(ask),
        "codes": _codes(ask),
        "letters": [_letter(each) for each in queries.letters(ask.db)],
        "feed": _feed(ask),
        "borrowers": queries.borrowers(ask.db),
    }


def _traffic(ask: Ask) -> View | None:
    if not ask.day:
        return None
    weeks = weeks_of(ask.day, WEEKS)
    counts: Counter[tuple[int, str]] = Counter()
    for day, kind, count in queries.traffic(ask.db, weeks[0][0]):
        counts[day - (day - 1) % 7, _TOPIC_OF.get(kind, "")] += count
    stacks = [
        bars.Stack(first, last, date(first), tuple((f"topic-{topic}", counts[first, topic]) for topic in DRAWN))
        for first, last in weeks
    ]
    rows = [(stack.name, [count for _, count in stack.parts]) for stack in reversed(stacks)]
    return {"svg": bars.stacked(ask.say("quality.traffic"), stacks), "rows": rows}


def _late(ask: Ask) -> list[tuple[str, int, float]]:
    """(class of lateness, events, share of the most)."""
    counts = Counter[str]()
    for days, _, count in queries.late(ask.db):
        counts[next(name for bound, name in LATE if days <= bound)] += count
    most = max(counts.values(), default=0)
    return [(name, counts[name], counts[name] / most) for _, name in LATE] if most else []


def _codes(ask: Ask) -> list[tuple[str, str, int, float]]:
    """(code, topic, count, share of the most)."""
    found = queries.letter_counts(ask.db)
    most = max((count for _, _, count in found), default=0)
    return [(code, topic, count, count / most) for code, topic, count in found]


def _letter(letter: queries.Letter) -> View:
    return {
        "place": f"{letter.topic}/{letter.partition}@{letter.offset}",
        "code": letter.code,
        "reason": letter.reason,
        "at": f"{dt.datetime.fromtimestamp(letter.at_ms / 1000, dt.UTC):%Y-%m-%d %H:%M}",
        "key": None if letter.key is None else _text(letter.key),
        "value": _text(letter.value)[:_SHOWN],
        "size": letter.size,
        "shown": min(letter.size, _SHOWN),
    }


def _text(data: bytes) -> str:
    """Bytes to be read by a person: what is no text, or would steer the text around it, is shown as its code."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text)


def _feed(ask: Ask) -> list[View]:
    position, behind = ask.status.position, ask.status.behind
    return [
        {
            "topic": topic,
            "read": None if position is None else sum(at for (name, _), at in position.items() if name == topic),
            "behind": None if behind is None else sum(left for (name, _), left in behind.items() if name == topic),
        }
        for topic in TOPICS
    ]

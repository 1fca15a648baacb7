"""The tables in the pages that follow from the code. `python -m tests.docs.tables` writes them anew.

What a setting is for is kept from the present table, as the code has no sentence for it; a new one asks for it.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from streams.agents import privileges
from streams.cli import SECTIONS
from streams.events.catalog import INPUTS, OUTPUTS, tag_of
from streams.settings import PREFIX, Settings
from streams.topics import TOPICS
from tests.docs.pages import README, SECURITY

MISSING = "TODO: say what it is for"
_HOST = "the host's name"


def topics(_: str) -> str:
    """Topics that a lender's programs write or read, with their events."""
    messages = {channel.topic: [tag_of(message) for message in channel.messages] for channel in (*INPUTS, *OUTPUTS)}
    rows = [
        (f"`{topic.name}`", topic.direction, topic.purpose, ", ".join(f"`{tag}`" for tag in messages[topic.name]))
        for topic in TOPICS
        if topic.direction in {"in", "out"}
    ]
    return _table(("topic", "", "carries", "events"), rows)


def commands(_: str) -> str:
    """Every command with its line, by section."""
    rows = [
        (title if entry is entries[0] else "", f"`forewarn {entry.name}`", entry.summary)
        for title, entries in SECTIONS.items()
        for entry in entries
    ]
    return _table(("", "command", ""), rows)


def settings(present: str) -> str:
    """Every setting with default, bounds and purpose."""
    purposes = dict(re.findall(rf"^\| `({PREFIX}\w+)` \|.*\| ([^|]*) \|$", present, re.MULTILINE))
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(Settings):
        variable = PREFIX + field.name.upper()
        rows.append((f"`{variable}`", _default(field), _allowed(hints[field.name]), purposes.get(variable, MISSING)))
    return _table(("variable", "default", "allowed", "what it is for"), rows)


def rights(_: str) -> str:
    """What each agent may do on the cluster, beyond what all may."""
    rows = []
    for agent in privileges.READS:
        by_kind: dict[str, list[str]] = {}
        for right in privileges.needed(agent, "*instance*"):
            if not right.operation.startswith("DESCRIBE") or right.kind != "topic":
                by_kind.setdefault(f"{right.operation} {right.kind}", []).append(
                    f"`{right.name}`".replace(".*instance*`", ".`*instance*")
                )
        transactional = by_kind.pop("DESCRIBE transactional id")
        rows.append(
            (
                f"`{agent}`",
                ", ".join(by_kind["READ topic"]),
                ", ".join(by_kind["WRITE topic"]),
                ", ".join(by_kind["READ group"]),
                ", ".join(transactional),
            )
        )
    return _table(("agent", "READ topic", "WRITE topic", "READ group", "WRITE, DESCRIBE transactional id"), rows)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if isinstance(field.default_factory, types.FunctionType | types.BuiltinFunctionType):
        return _HOST
    return f"`{field.default}`" if field.default != "" else "none"


def _allowed(hint: object) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    if get_origin(hint) is Annotated:
        bounds: Meta = get_args(hint)[1]
        if bounds.ge is not None and bounds.le is not None:
            return f"{bounds.ge:,} to {bounds.le:,}"
    return ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines)


GENERATED: dict[str, Callable[[str], str]] = {"topics": topics, "settings": settings, "commands": commands}
GENERATED_IN_SECURITY: dict[str, Callable[[str], str]] = {"rights": rights}


def written(page: Path | None = None, generated: dict[str, Callable[[str], str]] | None = None) -> str:
    """A page (README.md if none is given) with its tables made anew."""
    text = (page or README).read_text()
    for name, make in (generated or GENERATED).items():
        start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(start)
        present, _, after = rest.partition(end)
        text = f"{before}{start}{make(present)}{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(written())
    SECURITY.write_text(written(SECURITY, GENERATED_IN_SECURITY))

"""The pages as data: fenced blocks, the commands in them, links, headings and generated tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SECURITY = ROOT / "docs/security.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_INLINE = re.compile(r"`(forewarn [^`]+)`")


class Block(NamedTuple):
    """A fenced block: what it is written in (empty if it does not say), and its text."""

    page: str
    language: str
    text: str


class Command(NamedTuple):
    """A line that a reader would type, without its comment."""

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        """As a shell would split it."""
        return shlex.split(self.line)


def name_of(page: Path) -> str:
    """The page's path as a person would write it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    return [Block(name_of(page), found[1], found[2]) for found in _FENCE.finditer(page.read_text())]


def code(page: Path, language: str) -> list[str]:
    """The texts of the blocks in one language."""
    return [block.text for block in blocks(page) if block.language == language]


def commands(page: Path) -> Iterator[Command]:
    """Every command in the page's `sh` blocks."""
    for text in code(page, "sh"):
        for line in text.splitlines():
            if words := shlex.split(line, comments=True):
                yield Command(name_of(page), shlex.join(words))


def mentioned(page: Path) -> set[str]:
    """Commands named within sentences and in blocks of no language, each as `forewarn …`."""
    found = set(_INLINE.findall(_FENCE.sub("", page.read_text())))
    for block in blocks(page):
        if not block.language:
            found |= {line for line in block.text.splitlines() if line.startswith("forewarn ")}
    return found


def links(page: Path) -> list[str]:
    """The targets of all links and pictures."""
    return _LINK.findall(_FENCE.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """What a link may point to within a page, made from its headings as GitHub does."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

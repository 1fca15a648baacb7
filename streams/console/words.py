"""The page's own words, in English and in Chinese, from `words.toml`.

What alerts say comes from their topics, reasons from `risk.reasons`. A word that is not there is a mistake that a test
finds; nothing falls back to the other language.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Literal

import msgspec

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def _read() -> dict[str, tuple[str, str]]:
    text = files("streams.console").joinpath("words.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, tuple[str, str]])


WORDS = _read()


def say(language: Language, key: str, **fields: object) -> str:
    """A word or sentence in a language, with its fields filled in.

    Raises:
        KeyError: there is no such word.
    """
    text = WORDS[key][LANGUAGES.index(language)]
    return text.format(**fields) if fields else text

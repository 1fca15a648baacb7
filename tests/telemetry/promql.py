"""Which metrics a PromQL expression asks for."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"[^"]*"')
_BRACES = re.compile(r"\{[^}]*\}")
_BY = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_NAME = re.compile(r"(?<![\w$])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
_WORDS = frozenset(
    [
        "and",
        "or",
        "unless",
        "bool",
        "offset",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "inf",
        "nan",
    ]
)


def metrics_in(expression: str) -> set[str]:
    """Names that are neither functions, keywords, labels nor durations."""
    text = _QUOTED.sub('""', expression)
    text = _RANGE.sub("", _BY.sub(" ", _BRACES.sub(" ", text)))
    return {name for name in _NAME.findall(text) if name.lower() not in _WORDS}

"""Canonical bytes of a JSON value by RFC 8785, fast where that is safe.

The pure-Python `rfc8785` takes about 40 us for an ordinary entry, which alone would use up the whole time that an
append may take. `orjson` with sorted keys gives the same bytes when every key is ASCII and every number is an integer
that a double holds exactly. Everything else goes the slow way; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import rfc8785

from streams.evidence.errors import EntryError

#: The largest integer that an IEEE 754 double holds exactly together with its neighbors (RFC 8785 section 3.2.2.3).
INTEGER_MAX = 2**53 - 1
_SCALARS = frozenset({str, bool, type(None)})


def canonical_bytes(value: object) -> bytes:
    """RFC 8785 bytes of a JSON value: str, int, float, bool, None, list, tuple, and dict with str keys.

    An integer beyond +-(2^53 - 1) becomes a decimal string, as RFC 8785 appendix D advises: no digit is lost.

    Raises:
        EntryError: the value holds NaN, an infinity, a lone surrogate, or a type that JSON lacks.
    """
    if _plain(value):
        return canonical_object(value, orjson.OPT_SORT_KEYS)
    try:
        return rfc8785.dumps(_within_range(value))  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, TypeError, AttributeError, UnicodeError) as error:
        raise EntryError(f"An entry cannot be written as canonical JSON: {error}. Mend its producer.") from error


def canonical_object(value: object, option: int = 0) -> bytes:
    """RFC 8785 bytes of a value that orjson writes so: plain, and its keys in order unless `option` sorts them.

    Raises:
        EntryError: a text holds a lone surrogate.
    """
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError as error:
        raise EntryError(f"An entry cannot be written as canonical JSON: {error}. Mend its producer.") from error


def _plain(value: object) -> bool:
    """Whether orjson's output is canonical for this value. Exact types only: subclasses take the slow way."""
    if type(value) in _SCALARS:
        return True
    open_values = [value]
    for item in open_values:  # grows while it is walked; texts, truths and nulls never get in
        if type(item) is dict:
            if not _ascii_keys(item):
                return False
            open_values += [inner for inner in item.values() if type(inner) not in _SCALARS]
        elif type(item) is int:
            if not -INTEGER_MAX <= item <= INTEGER_MAX:
                return False
        elif type(item) is list or type(item) is tuple:
            open_values += [inner for inner in item if type(inner) not in _SCALARS]
        else:
            return False
    return True


def _ascii_keys(value: Mapping[str, object]) -> bool:
    """Whether all keys are texts that sort the same in UTF-8 and UTF-16."""
    try:
        return "".join(value).isascii()
    except TypeError:
        return False


def _within_range(value: object) -> object:
    """The value with integers beyond the double's exact range written as decimal strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -INTEGER_MAX <= value <= INTEGER_MAX else str(value)
    if isinstance(value, Mapping):
        return {key: _within_range(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_within_range(item) for item in value]
    return value

"""Policy packs: dated rules of one jurisdiction, read from TOML, checked strictly, made ready for the gate.

Decides which rules are on and whether a pack makes sense. A pack that does not is refused as a whole, with every
problem found: file, rule, field, what is allowed.

Rule 1: a rule whose source is UNVERIFIED is off unless the pack says who accepted it.
Rule 2: a pack is in force from the first instant of `effective_from` anywhere on Earth to the last instant of the day
before `effective_to` anywhere; while an old and a new pack overlap, both hold.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from itertools import product
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from streams.collections.describe import allowed_values
from streams.collections.instants import (
    EARLIEST_DAY_START_US,
    LATEST_DAY_START_US,
    utc_day_start_us,
    zones_of,
)
from streams.collections.rules import ORDER, AnyRule, Check
from streams.collections.rules.retention import RetentionRule
from streams.collections.terms import ActionKind, Actor, Purpose

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+\Z")]
Zone = Annotated[str, Meta(min_length=1, max_length=64)]
FOREVER_US = 2**62


class PackFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A policy pack as written.

    Attributes:
        pack: its name.
        version: changes with every edit; decisions record it.
        jurisdiction: ISO 3166 code, or `*` for a lender's own standard.
        effective_from: first day in force.
        effective_to: first day no longer in force; left out while open.
        status: how far its sources have been verified, for the reader.
        zones: every zone a debtor may be in whose own zone is not on file; empty denies what needs a local time.
        rules: at least one.
        note: for the reader: scope, and what the pack does not cover.
    """

    pack: Name
    version: Name
    jurisdiction: Annotated[str, Meta(pattern=r"^([A-Z]{2}|\*)\Z")]
    effective_from: dt.date
    effective_to: dt.date | None = None
    status: Annotated[str, Meta(min_length=1)]
    zones: tuple[Zone, ...] = ()
    rules: Annotated[tuple[AnyRule, ...], Meta(min_length=1)]
    note: str = ""


T = TypeVar("T")
CheckKey = tuple[ActionKind, Actor, Purpose]
Checks = tuple[tuple[str, Check], ...]
_KEYS: tuple[CheckKey, ...] = tuple(product(ActionKind, Actor, Purpose))


class Pack:
    """A pack ready for the gate. Make one with `load_pack`.

    Attributes:
        file: what was written.
        label: `name@version`, as decisions record it.
        digest: SHA-256 of the text, hexadecimal: which text exactly.
        checks: the rules that are on, in the fixed order, per kind of action, actor and purpose.
        timed: those of them whose answer waiting could change, each with its place among `checks`.
    """

    __slots__ = ("checks", "digest", "file", "from_us", "label", "timed", "until_us")

    def __init__(self, file: PackFile, digest: str) -> None:
        self.file = file
        self.label = f"{file.pack}@{file.version}"
        self.digest = digest
        self.from_us = utc_day_start_us(file.effective_from.toordinal()) + EARLIEST_DAY_START_US
        end = file.effective_to
        self.until_us = utc_day_start_us(end.toordinal()) + LATEST_DAY_START_US if end else FOREVER_US
        compiled = _compile(file)
        by_key = {key: [each for each in compiled if each[0].applies_to(*key)] for key in _KEYS}
        self.checks: dict[CheckKey, Checks] = {
            key: tuple([(rule.id, check) for rule, check in asked]) for key, asked in by_key.items()
        }
        self.timed = {
            key: tuple(
                [(place, check) for place, check in enumerate(self.checks[key]) if asked[place][0].depends_on_time]
            )
            for key, asked in by_key.items()
        }

    def rule(self, rule_id: str) -> AnyRule | None:
        """The rule of that id, on or off."""
        return next((rule for rule in self.file.rules if rule.id == rule_id), None)

    @property
    def retention_years(self) -> int:
        """How long records must be kept, by the strictest retention rule that is on; 0 when none is."""
        return max(
            (rule.years for rule in self.file.rules if isinstance(rule, RetentionRule) and rule.is_on), default=0
        )


class PolicyError(ValueError):
    """A pack or plan was refused. `problems` says what to change, one sentence each.

    Attributes:
        name: of the file.
        problems: every problem found.
    """

    def __init__(self, name: str, problems: Iterable[str]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {problem}" for problem in self.problems))


@lru_cache(maxsize=64)  # any activation makes all of them again, and the same text is the same policy
def load_pack(text: bytes, name: str) -> Pack:
    """Read and check a policy pack.

    Args:
        text: the TOML file's bytes.
        name: how messages call the file.

    Raises:
        PolicyError: it is not TOML, a field is missing, unknown or out of range, or two statements contradict each
            other. Nothing is applied; correct what the message names and load again.
    """
    document = parse_toml(text, name)
    file = convert(document, PackFile, name, _rule_names(document))
    problems = _problems(file)
    if problems:
        raise PolicyError(name, problems)
    return Pack(file, sha256(text).hexdigest())


#: The parser is recursive: without a limit of ours, how much of the stack is in use would decide what is refused.
NESTING_MAX = 32


def parse_toml(text: bytes, name: str) -> dict[str, object]:
    """The document, or a `PolicyError` that says where the TOML is broken."""
    if _depth(text) > NESTING_MAX:
        raise PolicyError(name, [f"nested more than {NESTING_MAX} deep; a policy needs three"])
    try:
        return tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise PolicyError(name, [f"byte {error.start} is not UTF-8; save the file as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(name, [f"not TOML: {error}"]) from error


def _depth(text: bytes) -> int:
    """How deep brackets are nested, at most; those within strings count too."""
    deepest = depth = 0
    for byte in text:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def convert(document: dict[str, object], type_: type[T], name: str, item_names: dict[str, str]) -> T:
    """The typed document, or a `PolicyError` that names the item, the field and what is allowed there."""
    try:
        return msgspec.convert(document, type_)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        raise PolicyError(name, [_sentence(what, path.rstrip("`"), type_, document, item_names)]) from error


def _sentence(what: str, path: str, type_: type, document: object, item_names: dict[str, str]) -> str:
    where = path.lstrip(".") or "the top of the file"
    item = next((label for prefix, label in item_names.items() if where.startswith(prefix)), "")
    hint = allowed_values(type_, document, path, what)
    return f"{item or where}{f', {where}' if item else ''}: {what}{f'. Allowed: {hint}' if hint else ''}"


def _rule_names(document: dict[str, object]) -> dict[str, str]:
    rules = document.get("rules")
    if not isinstance(rules, list):
        return {}
    return {f"rules[{n}]": f"rule {r.get('id', n + 1)}" for n, r in enumerate(rules) if isinstance(r, dict)}


def _problems(file: PackFile) -> list[str]:
    found = [f"zones: {zone} is not an IANA time zone" for zone in file.zones if zones_of((zone,)) is None]
    if file.effective_to is not None and file.effective_to <= file.effective_from:
        found.append(f"effective_to: must be later than effective_from ({file.effective_from})")
    seen: set[str] = set()
    for rule in file.rules:
        if rule.id in seen:
            found.append(f"rule {rule.id}, id: used twice; give each rule its own id")
        seen.add(rule.id)
        found.extend(f"rule {rule.id}, {field}: {sentence}" for field, sentence in rule.problems())
    return found


def _compile(file: PackFile) -> list[tuple[AnyRule, Check]]:
    """The rules that are on, in the fixed order, made ready to ask."""
    zones = zones_of(file.zones) or ()
    asked = sorted(
        (rule for rule in file.rules if rule.is_on and not isinstance(rule, RetentionRule)),
        key=lambda rule: (ORDER.index(type(rule)), rule.id),
    )
    return [(rule, rule.compile(zones)) for rule in asked]

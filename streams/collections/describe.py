"""Says in words what a field of a pack or plan may hold, from the field's own type, for error messages."""

from __future__ import annotations

import re

from msgspec import inspect

_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")
_UNKNOWN_FIELD = re.compile(r"unknown field `(\w+)`")


def allowed_values(type_: type, document: object, path: str, what: str) -> str:
    """What the place at `path` accepts; empty when there is nothing useful to say.

    Args:
        type_: type of the whole document.
        document: as read; it says of which kind a rule is.
        path: msgspec's path without its leading `$`, for example `.rules[3].max`.
        what: msgspec's message; an unknown field is answered with the fields that exist.
    """
    candidates = _walk([inspect.type_info(type_)], document, path)
    if _UNKNOWN_FIELD.search(what):
        structs = [kind for kind in candidates if isinstance(kind, inspect.StructType)]
        names = {field.encode_name for kind in structs for field in kind.fields} | {kind.tag_field for kind in structs}
        return ", ".join(sorted(filter(None, names)))
    return " or ".join(dict.fromkeys(filter(None, map(_describe, candidates))))


def _walk(current: list[inspect.Type], value: object, path: str) -> list[inspect.Type]:
    """The types that the place at `path` may have, given what is written on the way to it."""
    for step in _STEP.finditer(path):
        flat = _of_kind(_flatten(current), value)
        name, index = step.group(1), step.group(2)
        if name is None:
            current = [item for kind in flat for item in _items(kind)]
            value = value[int(index)] if isinstance(value, list) and index.isdigit() else None
        else:
            current = [item for kind in flat if isinstance(kind, inspect.StructType) for item in _field(kind, name)]
            tags = [kind.tag for kind in flat if isinstance(kind, inspect.StructType) and kind.tag_field == name]
            if tags:
                current = [inspect.LiteralType(values=tuple([str(tag) for tag in tags]))]
            value = value.get(name) if isinstance(value, dict) else None
    return _of_kind(_flatten(current), value)


def _of_kind(types: list[inspect.Type], value: object) -> list[inspect.Type]:
    """Of tagged structs, the one that the value says it is; all of them when it says nothing known."""
    structs = [kind for kind in types if isinstance(kind, inspect.StructType) and kind.tag_field is not None]
    said = [kind for kind in structs if isinstance(value, dict) and value.get(kind.tag_field) == kind.tag]
    return list(said) or types


def _items(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return [kind.item_type]
    return list(kind.item_types[:1]) if isinstance(kind, inspect.TupleType) else []


def _field(kind: inspect.StructType, name: str) -> list[inspect.Type]:
    return [field.type for field in kind.fields if field.encode_name == name]


def _flatten(types: list[inspect.Type]) -> list[inspect.Type]:
    flat: list[inspect.Type] = []
    for kind in types:
        if isinstance(kind, inspect.UnionType):
            flat.extend(_flatten(list(kind.types)))
        elif isinstance(kind, inspect.Metadata):
            words = (kind.extra_json_schema or {}).get("description")
            flat.extend([inspect.LiteralType(values=(str(words),))] if words else _flatten([kind.type]))
        else:
            flat.append(kind)
    return flat


def _describe(kind: inspect.Type) -> str:
    values = _listed(kind)
    if values:
        return ", ".join(values)
    match kind:
        case inspect.IntType():
            return f"a whole number{_between(kind.ge, kind.le)}"
        case inspect.StrType():
            return f"text matching {kind.pattern}" if kind.pattern else "text"
        case _:
            return _WORDS.get(type(kind), "")


_WORDS: dict[type, str] = {
    inspect.BoolType: "true or false",
    inspect.DateType: "a date, for example 2026-01-30",
    inspect.VarTupleType: "a list",
    inspect.ListType: "a list",
    inspect.TupleType: "a list",
}


def _listed(kind: inspect.Type) -> list[str]:
    if isinstance(kind, inspect.EnumType):
        return [str(member.value) for member in kind.cls]
    return [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []


def _between(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    bounds = [f", at least {low}" if low is not None else "", f", at most {high}" if high is not None else ""]
    return "".join(bounds)

"""The published contract: one JSON Schema (2020-12) per event and version, and an AsyncAPI document of the topics.

Everything under `schemas/` is generated here from the typed structs: `python -m streams.events.schema --write`.
Rule 1: what is committed equals what is generated (`--check`).
Rule 2: a schema that a release has published is never edited. `published.lock` holds its hash (in the format of
`sha256sum`), `--write` refuses to change such a file, and `--publish` only ever adds lines.
"""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import msgspec

from streams.events import asyncapi
from streams.events.catalog import DIALECT, MESSAGES, VERSION, tag_of
from streams.events.examples import BY_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.events.catalog import Json

LOCK = "published.lock"


class PublishedChangedError(Exception):
    """A schema that a release has published would change: leave that version as it is and add the next one."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"Published schemas would change: {', '.join(names)}. A published version is never edited: "
            "give the event a new schema_version and generate that beside it."
        )
        self.names = names


def json_schema(struct: type[msgspec.Struct]) -> dict[str, Json]:
    """The JSON Schema of one event, standing alone, closed to unknown fields, with a valid example."""
    generated = cast("dict[str, Json]", _portable(msgspec.json.schema(struct)))
    definitions = cast("dict[str, dict[str, Json]]", generated["$defs"])
    body = definitions.pop(struct.__name__)
    tag = tag_of(struct)
    schema: dict[str, Json] = {
        "$schema": DIALECT,
        "$id": f"urn:forewarn:event:v{VERSION}:{tag}",
        **body,
        "additionalProperties": False,
        "examples": [msgspec.to_builtins(BY_TYPE[tag])],
    }
    if definitions:
        schema["$defs"] = {name: {"additionalProperties": False, **part} for name, part in definitions.items()}
    return schema


def _portable(node: object) -> Json:
    r"""Make a generated schema mean the same to every validator: `\Z` is Python's, ECMA 262 knows `$`."""
    if isinstance(node, dict):
        return {
            str(name): _text(name, value) if isinstance(value, str) else _portable(value)
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_portable(part) for part in node]
    return cast("Json", node)


def _text(name: object, text: str) -> str:
    match name:
        case "pattern" if text.endswith(r"\Z"):
            return text.removesuffix(r"\Z") + "$"
        case "description":
            return inspect.cleandoc(text)
        case _:
            return text


def generate() -> dict[str, bytes]:
    """Every file under `schemas/` except the lock, by its path there."""
    files = {f"v{VERSION}/{tag_of(s)}.json": _json_text(json_schema(s)) for s in MESSAGES}
    files["asyncapi.yaml"] = msgspec.yaml.encode(asyncapi.document())
    return files


def _json_text(value: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def differences(root: Path) -> list[str]:
    """Paths whose committed bytes are not the generated ones, or that are missing, or that nothing generates."""
    generated = generate()
    differing = [
        name for name, text in generated.items() if not (root / name).is_file() or (root / name).read_bytes() != text
    ]
    known = {*generated, *read_lock(root)}
    strays = {path.relative_to(root).as_posix() for path in root.glob("v*/*.json")} - known
    return sorted({*differing, *strays})


def read_lock(root: Path) -> dict[str, str]:
    """The hash of each published schema by its path; empty before the first release."""
    path = root / LOCK
    lines = path.read_text(encoding="ascii").splitlines() if path.is_file() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def published_changed(root: Path) -> list[str]:
    """Published schemas whose file is gone or has another hash."""
    return [
        name
        for name, digest in read_lock(root).items()
        if not (root / name).is_file() or hashlib.sha256((root / name).read_bytes()).hexdigest() != digest
    ]


def write(root: Path) -> None:
    """Write every generated file.

    Raises:
        PublishedChangedError: one of them is published and would change. Nothing is written.
    """
    generated, lock = generate(), read_lock(root)
    changed = [n for n, text in generated.items() if n in lock and hashlib.sha256(text).hexdigest() != lock[n]]
    if changed:
        raise PublishedChangedError(changed)
    for name, text in generated.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text)


def publish(root: Path) -> int:
    """Lock every schema that is not locked yet (a release does this once) and return how many there were."""
    lock = read_lock(root)
    new = sorted(set(_schema_names()) - set(lock))
    lock.update({name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in new})
    (root / LOCK).write_text("".join(f"{lock[name]}  {name}\n" for name in sorted(lock)), encoding="ascii")
    return len(new)


def _schema_names() -> Iterator[str]:
    return (name for name in generate() if name.endswith(".json"))


@click.command()
@click.option("--write", "action", flag_value="write", help="Generate schemas/ from the types.")
@click.option("--check", "action", flag_value="check", default=True, help="Say whether schemas/ is up to date.")
@click.option("--publish", "action", flag_value="publish", help="Lock the new schemas: part of making a release.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("schemas"), show_default=True)
def main(action: str, root: Path) -> None:
    """Generate or check the JSON Schemas and the AsyncAPI document."""
    if action == "write":
        write(root)
        return
    if broken := published_changed(root):
        raise click.ClickException(str(PublishedChangedError(broken)))
    if stale := differences(root):
        raise click.ClickException(
            f"Not as generated: {', '.join(stale)}. Run python -m streams.events.schema --write."
        )
    if action == "publish":
        click.echo(f"{publish(root)} schemas locked in {root / LOCK}.")


if __name__ == "__main__":
    main()

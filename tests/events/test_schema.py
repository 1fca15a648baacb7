from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from streams import topics
from streams.events import catalog, schema
from streams.events.catalog import MESSAGES, tag_of
from tests.events.helpers import Absent, fields

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
TAGS = [tag_of(message) for message in MESSAGES]


def load(tag: str) -> dict[str, Any]:
    """The committed schema of an event type."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / "v1" / f"{tag}.json").read_text())
    return loaded


def validator(tag: str) -> Draft202012Validator:
    """A validator that also checks formats."""
    return Draft202012Validator(load(tag), format_checker=FormatChecker())


def test_committed_is_generated() -> None:
    """Types and `schemas/` do not drift apart: python -m streams.events.schema --write."""
    assert schema.differences(SCHEMAS) == []


def test_published_is_never_edited() -> None:
    """A schema that a release published still has the hash that it was published with."""
    assert schema.read_lock(SCHEMAS), "schemas/published.lock is gone or empty"
    assert schema.published_changed(SCHEMAS) == []


def test_published_is_still_generated() -> None:
    """The types still produce every published version: a producer of an old version is never cut off silently."""
    assert set(schema.read_lock(SCHEMAS)) <= set(schema.generate())


@pytest.mark.parametrize("tag", TAGS)
def test_schema_and_its_examples(tag: str) -> None:
    """Each file is a valid 2020-12 schema, closed to unknown fields, and its examples validate."""
    loaded = load(tag)
    Draft202012Validator.check_schema(loaded)

    assert loaded["additionalProperties"] is False
    assert loaded["title"]
    assert loaded["description"]
    assert loaded["$id"] == f"urn:forewarn:event:v1:{tag}"
    assert loaded["examples"]
    for example in loaded["examples"]:
        validator(tag).validate(example)


@pytest.mark.parametrize("tag", TAGS)
def test_no_python_only_pattern(tag: str) -> None:
    r"""ECMA 262 has no `\Z`: a validator in another language would reject the schema or every value."""
    assert r"\\Z" not in (SCHEMAS / "v1" / f"{tag}.json").read_text()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"amount_minor": -1, "currency": "CNY"}},
        {"amount": {"amount_minor": 1, "currency": "cny"}},
        {"amount": {"amount_minor": 1, "currency": "CNY", "scale": 2}},
        {"occurred_at": "2026-02-16T09:30:00"},
        {"occurred_at": "2026-02-16T09:30:00+08:00"},
        {"payment_id": "has space"},
        {"payment_id": Absent},
        {"schema_version": 2},
        {"type": "payment_failed"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_schema_refuses_what_the_sequencer_refuses(changes: dict[str, object]) -> None:
    """A producer that validates before sending finds the same faults."""
    with pytest.raises(ValidationError):
        validator("payment_received").validate(fields("payment_received", **changes))


def test_channels_are_the_topics() -> None:
    """The AsyncAPI document names exactly the topics that a lender's programs write to or read from."""
    outputs = {topic.name for topic in topics.TOPICS if topic.direction == "out"}

    assert {channel.topic for channel in catalog.INPUTS} == set(topics.SEQUENCED)
    assert {channel.topic for channel in catalog.OUTPUTS} == outputs


def test_asyncapi_document_is_valid() -> None:
    """The reference parser of the AsyncAPI project takes the document, its schema files included, without an error."""
    node, modules = shutil.which("node"), Path(os.environ.get("FOREWARN_NODE", ROOT / ".forewarn" / "node"))
    if node is None or not (modules / "node_modules" / "@asyncapi" / "parser").is_dir():
        pytest.skip("test_asyncapi_document_is_valid NOT RUN: needs node and @asyncapi/parser; run `make asyncapi`")
    script = Path(__file__).with_name("asyncapi_validate.mjs")
    run = subprocess.run([node, script, modules, SCHEMAS / "asyncapi.yaml"], capture_output=True, check=True, text=True)
    *diagnostics, verdict = map(json.loads, run.stdout.splitlines())

    assert [d for d in diagnostics if d["severity"] <= 1] == []
    assert verdict == {"valid": True, "messages": len(MESSAGES)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder like `schemas/`, freshly generated and published."""
    schema.write(tmp_path)
    schema.publish(tmp_path)
    return tmp_path


def test_check_notices_an_edit(copy: Path) -> None:
    """An edited, a missing and a stray file are each named."""
    (copy / "v1" / "loan_opened.json").write_text("{}")
    (copy / "v1" / "loan_closed.json").unlink()
    (copy / "v1" / "loan_sold.json").write_text("{}")

    assert schema.differences(copy) == ["v1/loan_closed.json", "v1/loan_opened.json", "v1/loan_sold.json"]
    assert sorted(schema.published_changed(copy)) == ["v1/loan_closed.json", "v1/loan_opened.json"]


def test_write_refuses_to_change_a_published_schema(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A type that changed after its release leaves the files alone and says what to do."""
    edited = schema.generate() | {"v1/loan_opened.json": b"{}"}
    monkeypatch.setattr(schema, "generate", lambda: edited)
    before = (copy / "v1" / "loan_opened.json").read_bytes()
    with pytest.raises(schema.PublishedChangedError, match="new schema_version"):
        schema.write(copy)

    assert (copy / "v1" / "loan_opened.json").read_bytes() == before


def test_publish_only_adds(copy: Path) -> None:
    """A second release locks what is new and leaves every line as it was."""
    lock = copy / schema.LOCK
    kept = lock.read_text().splitlines()
    lock.write_text("\n".join(kept[1:]) + "\n")

    assert schema.publish(copy) == 1
    assert lock.read_text().splitlines() == kept


def test_command(copy: Path) -> None:
    """--check is silent on a good folder, and fails with the names on a bad one; --publish locks nothing twice."""
    runner = CliRunner()
    assert runner.invoke(schema.main, ["--check", "--root", str(copy)]).exit_code == 0
    assert "0 schemas locked" in runner.invoke(schema.main, ["--publish", "--root", str(copy)]).output
    (copy / "asyncapi.yaml").unlink()
    failed = runner.invoke(schema.main, ["--root", str(copy)])

    assert failed.exit_code == 1
    assert "Not as generated: asyncapi.yaml" in failed.output
    assert runner.invoke(schema.main, ["--write", "--root", str(copy)]).exit_code == 0
    assert schema.differences(copy) == []

"""`forewarn dead-letters`: from a refusal to the corrected record back on its topic."""

import base64
import json
import time
from pathlib import Path

import msgspec
import pytest

from streams.agents import dead_letters
from streams.commands.letters import Letter, corrected
from streams.engine import reading
from streams.engine.writes import Writes
from streams.events.decode import Refusal, accept
from streams.events.examples import BORROWER, INPUTS
from streams.events.payments import PaymentReceived
from streams.settings import Settings
from tests.commands.conftest import Run, Write

GOOD = msgspec.json.encode(next(event for event in INPUTS if isinstance(event, PaymentReceived)))
KEY = BORROWER.encode()
REFUSED: list[tuple[bytes | None, bytes | None]] = [
    (KEY, GOOD.replace(b"20600", b"-5")),
    (None, GOOD),
    (KEY, b"\xff\xfe\x1b[31m"),
    (KEY, b'"text"\x1b[2J'),
    (KEY, None),
]


@pytest.fixture(scope="module", autouse=True)
def refused(write: Write) -> None:
    """What the sequencer does with bad records of payments/1, and assess with one that contradicts."""
    for offset, (key, value) in enumerate(REFUSED):
        writes = Writes()
        with pytest.raises(Refusal) as refusal:
            accept("payments", key, value, now_ms())
        why = refusal.value
        dead_letters.write(writes, "payments", 1, offset, key, value, why.code, why.reason)
        write(writes)
        time.sleep(0.002)  # so that their order in time is known
    writes = Writes()
    dead_letters.write(writes, "payments", 1, 99, KEY, GOOD, "key_conflict", "The key was used before.")
    write(writes)


def now_ms() -> int:
    """Now."""
    return time.time_ns() // 1_000_000


def lines_of(said: str) -> list[dict[str, object]]:
    """JSON Lines, read."""
    return [json.loads(line) for line in said.splitlines()]


def test_the_list(run: Run) -> None:
    """Position, code, reason and first bytes of each, and counts; nothing that steers a terminal."""
    said = run("dead-letters")

    assert said.exit_code == 0
    assert [line[21:] for line in said.stdout.splitlines() if not line.startswith(" ")] == [
        "payments/1@0  bad_field",
        "payments/1@1  null_key",
        "payments/1@2  not_utf8",
        "payments/1@3  not_json",
        "payments/1@4  empty",
        "payments/1@99  key_conflict",
    ]
    assert "  payment_received, field amount.amount_minor: Expected `int` >= 1." in said.stdout
    assert r"\xff\xfe\x1b[31m" in said.stdout
    assert "\x1b" not in said.stdout
    assert said.stderr.startswith("6 of 6 dead letters: 1 bad_field, ")


def test_limit_and_code(run: Run) -> None:
    """The newest, or those of one kind."""
    newest = lines_of(run("dead-letters", "--json", "--limit", "2").stdout)
    of_code = lines_of(run("dead-letters", "--json", "--code", "null_key").stdout)

    assert [line["code"] for line in newest] == ["empty", "key_conflict"]
    assert [line["offset"] for line in of_code] == [1]
    assert run("dead-letters", "--limit", "2").stderr.startswith("2 of 6 dead letters")


def test_show_one(run: Run) -> None:
    """A JSON object is laid out, other bytes are dumped."""
    as_object = run("dead-letters", "show", "payments", "1", "0").stdout
    as_bytes = run("dead-letters", "show", "payments", "1", "2").stdout

    assert f"  key: {BORROWER}\n" in as_object
    assert '\n    "amount_minor": -5,\n' in as_object
    assert as_bytes.endswith("  00000000  ff fe 1b 5b 33 31 6d  \\xff\\xfe\\x1b[31m\n")
    assert json.loads(run("dead-letters", "show", "payments", "1", "0", "--json").stdout)["code"] == "bad_field"


def test_show_one_that_is_not_there(run: Run) -> None:
    """One line."""
    said = run("dead-letters", "show", "payments", "2", "0")

    assert (said.exit_code, said.stderr) == (
        1,
        "forewarn: No dead letter of payments/2@0. `forewarn dead-letters` lists all.\n",
    )


def test_export_keeps_the_bytes_and_decodes_what_is_text(run: Run, tmp_path: Path) -> None:
    """Base64 of key and value as they were; objects as objects, text as text."""
    out = tmp_path / "letters.jsonl"
    said = run("dead-letters", "export", "--out", str(out))
    lines = lines_of(out.read_text())

    assert said.stderr == f"6 dead letters written to {out}.\n"
    for line, (key, value) in zip(lines, REFUSED, strict=False):
        assert decoded(line["key_base64"]) == key
        assert decoded(line["value_base64"]) == value
    assert [type(line["value"]).__name__ for line in lines] == ["dict", "dict", "NoneType", "str", "NoneType", "dict"]
    assert [line["key"] for line in lines] == [BORROWER, None, BORROWER, BORROWER, BORROWER, BORROWER]


def decoded(text: object) -> bytes | None:
    """Base64 or null."""
    return None if text is None else base64.b64decode(str(text))


def test_the_way_back(run: Run, settings: Settings, tmp_path: Path) -> None:
    """Corrected lines arrive on their topic under their key; the others do not, and it is said why."""
    file = tmp_path / "letters.jsonl"
    run("dead-letters", "export", "--out", str(file))
    lines = lines_of(file.read_text())
    lines[0]["value"]["amount"]["amount_minor"] = 20_600  # type: ignore[index]  # it is an object
    lines[1]["key"] = BORROWER
    lines[3]["value"] = GOOD.decode()
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n")

    dry = run("dead-letters", "resend", str(file), "--dry-run")
    assert dry.stdout.startswith("3 would be sent, 1 left because unchanged")
    assert sent(settings) == []

    said = run("dead-letters", "resend", str(file))
    assert said.exit_code == 1
    assert said.stdout == "3 sent, 1 left because unchanged (--unchanged sends those, too), 2 refused.\n"
    assert [line.partition(".")[0] for line in said.stderr.splitlines()] == [
        "line 3: not_utf8: The value is not UTF-8: byte 0 is 0xff",
        "line 5: empty: The record has no value (a tombstone)",
    ]
    assert sent(settings) == [(KEY, msgspec.json.decode(GOOD))] * 3

    again = run("dead-letters", "resend", "-", "--unchanged", stdin=json.dumps(lines[5]))
    assert (again.exit_code, again.stdout) == (0, "1 sent, 0 refused.\n")
    assert len(sent(settings)) == 4


def sent(settings: Settings) -> list[tuple[bytes | None, object]]:
    """What stands on payments."""
    records = reading.read_all(settings, ["payments"])
    return [(record.key, msgspec.json.decode(record.value or b"")) for record in records]


def line_of(**fields: object) -> dict[str, object]:
    """A line of the file, changed as told."""
    return {
        "topic": "payments",
        "partition": 0,
        "offset": 0,
        "code": "x",
        "reason": "x",
        "refused_at": "2026-01-01T00:00:00Z",
        "send_to": "payments",
        "key": BORROWER,
        "value": GOOD.decode(),
        **fields,
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "JSON is malformed"),
        ('{"topic":"payments"}', "missing required field `partition`"),
        (json.dumps(line_of(valeu=1)), "unknown field `valeu`"),
        (json.dumps(line_of(send_to="journal")), "'journal' is no input topic"),
        (json.dumps(line_of(value={})), "missing_type"),
        (json.dumps(line_of(key="someone-else")), "wrong_key"),
        (json.dumps(line_of(send_to="loans")), "wrong_topic"),
    ],
    ids=["not json", "incomplete", "misspelt", "not an input", "no event", "another key", "another topic"],
)
def test_a_line_that_cannot_be_sent(run: Run, tmp_path: Path, line: str, reason: str) -> None:
    """Is said with its number; exit code 1."""
    file = tmp_path / "letters.jsonl"
    file.write_text(f"\n{line}\n")
    said = run("dead-letters", "resend", str(file))

    assert said.exit_code == 1
    assert said.stderr.startswith("line 2: ")
    assert reason in said.stderr
    assert said.stdout == "0 sent, 1 refused.\n"


def test_of_many_lines_that_cannot_be_sent_the_first_are_said(run: Run, tmp_path: Path) -> None:
    """A burst has one cause; the rest is counted."""
    file = tmp_path / "letters.jsonl"
    file.write_text("{}\n" * 400)
    said = run("dead-letters", "resend", str(file))

    assert said.stdout == "0 sent, 400 refused.\n"
    assert said.stderr.splitlines()[-2].startswith("line 20: ")
    assert said.stderr.splitlines()[-1] == "… and 380 more lines."


@pytest.mark.parametrize(
    ("fields", "unchanged"),
    [
        ({}, True),
        ({"value": GOOD.decode().replace("20600", "20601")}, False),
        ({"value": msgspec.json.decode(GOOD.replace(b"20600", b"20601"))}, False),
        ({"topic": "loans"}, False),
        ({"key_base64": None}, False),
        ({"key": None}, True),
    ],
    ids=["as it was", "another text", "another object", "another topic", "a key", "the key in base64"],
)
def test_what_counts_as_corrected(fields: dict[str, object], unchanged: bool) -> None:
    """Value, key and topic; the bytes as refused say what they were."""
    refused = {"value": msgspec.json.decode(GOOD), "key_base64": encoded(KEY), "value_base64": encoded(GOOD)}
    line = msgspec.convert(line_of(**(refused | fields)), Letter)
    record = corrected(line, now_ms())

    assert record.unchanged == unchanged
    assert (record.topic, record.key) == ("payments", KEY)
    assert (record.value == GOOD) == ("value" not in fields)


def encoded(data: bytes) -> str:
    """Base64, as in the file."""
    return base64.b64encode(data).decode()

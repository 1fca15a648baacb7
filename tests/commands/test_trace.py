"""`forewarn trace`: each step names the one before it, and nothing that belongs to another event is taken for it."""

import json
from typing import Any
from zlib import crc32

import msgspec
import pytest

from streams.agents import dead_letters
from streams.engine import reading, rows, source
from streams.engine.sending import Outgoing, send_all
from streams.engine.writes import Writes
from streams.events.examples import BORROWER, INPUTS
from streams.events.payments import PaymentReceived
from streams.settings import Settings
from tests.commands.conftest import PARTITIONS, Run, Write
from tests.commands.samples import alert, encoded

KEY = BORROWER.encode()
PARTITION = crc32(KEY) % PARTITIONS
PAID = next(event for event in INPUTS if isinstance(event, PaymentReceived))


def event(name: str) -> bytes:
    """A payment with this event_id."""
    return encoded(msgspec.structs.replace(PAID, event_id=name, idempotency_key=name))


def journal(writes: Writes, place: tuple[str, int, int], value: bytes) -> None:
    """A journal record of an input record."""
    writes.add("journal", KEY, value, partition=PARTITION, headers=[source.header(*place, place[2] + 1)])


@pytest.fixture(scope="module")
def offsets(settings: Settings, write: Write) -> dict[str, int]:
    """Three payments, of which the second caused an alert and the third was refused; their places in the journal."""
    names = ("evt-1", "evt-2", "evt-10")
    send_all(settings, [Outgoing("payments", KEY, event(name)) for name in names])
    inputs = inputs_of(settings)
    writes = Writes()
    for name in names:
        journal(writes, inputs[name], event(name))
    write(writes)
    places = {name: offset for name, offset in journal_of(settings).items() if name in names}
    outputs = Writes()
    outputs.add("state", KEY, rows.pack(1, places["evt-1"], 0, b"old"), partition=PARTITION)
    outputs.add("state", KEY, rows.pack(1, places["evt-10"], 0, b"new"), partition=PARTITION)
    caused = [("journal", b"%d/%d" % (PARTITION, places["evt-2"]))]
    outputs.add("risk-tier-changes", KEY, encoded(alert(BORROWER, 1, "2026-03-06")), headers=caused)
    topic, partition, offset = inputs["evt-10"]
    dead_letters.write(
        outputs, topic, partition, offset, KEY, event("evt-10"), "currency_mismatch", "Another currency."
    )
    write(outputs)
    return places


def inputs_of(settings: Settings) -> dict[str, tuple[str, int, int]]:
    """Where each payment stands."""
    read = reading.read_all(settings, ["payments"])
    return {json.loads(r.value or b"")["event_id"]: (r.topic, r.partition, r.offset) for r in read}


def journal_of(settings: Settings) -> dict[str, int]:
    """Each event's offset in the journal."""
    return {json.loads(r.value or b"")["event_id"]: r.offset for r in reading.read_all(settings, ["journal"])}


def steps(run: Run, *words: str) -> list[dict[str, Any]]:
    """What a trace found."""
    said = run("trace", *words, "--json")
    assert said.exit_code == 0, said.output
    return list(json.loads(said.stdout)["steps"])


def test_an_event_is_followed_to_its_alert(run: Run, offsets: dict[str, int]) -> None:
    """Input, journal, the first row that has it, the alert; with and without naming the borrower."""
    found = steps(run, "evt-2")

    assert [step["stage"] for step in found] == ["input", "journal", "state", "output"]
    assert found[1]["offset"] == offsets["evt-2"]
    assert f"journal offset {offsets['evt-10']}" in found[2]["note"]
    assert found[3]["topic"] == "risk-tier-changes"
    assert steps(run, "evt-2", "--borrower", BORROWER) == found


@pytest.mark.usefixtures("offsets")
def test_a_refusal_is_told_with_its_reason(run: Run) -> None:
    """An event that was journaled and then refused by the fold."""
    found = steps(run, "evt-10")

    assert [step["stage"] for step in found] == ["input", "journal", "refused", "state"]
    assert found[2]["note"] == "currency_mismatch: Another currency."


@pytest.mark.usefixtures("offsets")
def test_an_id_within_another_is_not_it(run: Run) -> None:
    """`evt-1` is the beginning of `evt-10`."""
    assert [step["stage"] for step in steps(run, "evt-1")] == ["input", "journal", "state"]


def test_lines_for_people(run: Run, offsets: dict[str, int]) -> None:
    """A line a step, with its place and what happened in words."""
    said = run("trace", "evt-2").output.splitlines()

    assert len(said) == 4
    assert f"journal/{PARTITION}@{offsets['evt-2']}" in said[1]
    assert "from payments/" in said[1]
    assert "→" in said[3]
    assert run("trace", "evt-2", "--limit", "1").output.splitlines()[1] == "… and 3 more lines: --limit 0 shows all."


@pytest.mark.usefixtures("offsets")
def test_an_unknown_event_says_where_it_was_looked_for(run: Run) -> None:
    """And how ids are compared."""
    said = run("trace", "EVT-2", "--borrower", BORROWER)

    assert said.exit_code == 1
    assert "No event 'EVT-2' of borrower" in said.stderr

"""`forewarn gate` with what is on file, and `forewarn policy activate` and `withdraw`."""

from __future__ import annotations

import datetime as dt
from zlib import crc32

import msgspec
import pytest

from streams.borrower import collect, state
from streams.borrower.shard import POLICY_KEY, POLICY_VERSION
from streams.borrower.state import Borrower
from streams.cli_policy import shipped
from streams.collections.facts import Consent, Facts
from streams.engine import reading, rows
from streams.engine.writes import Writes
from streams.events.contacts import GateConsulted
from streams.events.control import PolicyActivated
from streams.events.decode import accept
from streams.settings import Settings
from tests.commands.conftest import PARTITIONS, Run, Write

BORROWER = "gate-1"
PARTITION = crc32(BORROWER.encode()) % PARTITIONS
CALL = ("gate", "--borrower", BORROWER, "--action", "CALL", "--at", "2026-03-04T23:00:00+08:00")


@pytest.fixture(scope="module", autouse=True)
def story(write: Write) -> None:
    """A borrower who closed the channel SMS, in a partition where the pack of China is in force."""
    facts = Facts(zones=("Asia/Shanghai",), consents=(Consent("SMS", "CHANNEL", given=False),))
    row = state.encode(Borrower(dt.date(2026, 3, 4).toordinal(), facts=facts))
    text = shipped("packs")["cn-2026.1"].decode()
    policies = collect.shipped_policies().activated("pack", "cn", text).encode()
    writes = Writes()
    writes.add("state", BORROWER.encode(), rows.pack(state.VERSION, 4, 0, row), partition=PARTITION)
    writes.add("state", POLICY_KEY, rows.pack(POLICY_VERSION, 3, 0, policies), partition=PARTITION)
    write(writes)


def test_the_gate_asks_what_is_on_file(run: Run) -> None:
    """Facts from the row, packs from the partition: night in Shanghai, and a channel that was closed."""
    call = run(*CALL)
    sms = run("gate", "--borrower", BORROWER, "--action", "SMS", "--at", "2026-03-04T12:00:00+08:00")

    assert (call.exit_code, sms.exit_code) == (3, 4), call.stderr + sms.stderr
    assert call.stdout.startswith("DEFER at 2026-03-04 23:00:00 Asia/Shanghai, by base@2026.1, cn@2026.1")
    assert "BASE-OPT-OUT" in sms.stdout.splitlines()[0]


def test_what_is_given_wins_over_what_is_on_file(run: Run) -> None:
    """Another pack, or no facts."""
    by_base = run(*CALL, "--pack", "base")
    no_facts = run("gate", "--borrower", BORROWER, "--action", "SMS", "--at", "2026-03-04T12:00:00Z", "--no-facts")

    assert by_base.stdout.startswith("ALLOW at 2026-03-04 23:00:00 Asia/Shanghai, by base@2026.1")
    assert "BASE-OPT-OUT" not in no_facts.stdout.splitlines()[0]


def test_an_unknown_borrower_is_not_one_without_a_history(run: Run) -> None:
    """Silence would be an answer that allows too much."""
    said = run("gate", "--borrower", "nobody", "--action", "CALL", "--at", "2026-03-04T12:00:00Z")

    assert (said.exit_code, said.stdout) == (1, "")
    assert "No borrower 'nobody' on topic state" in said.stderr


def test_activate_and_withdraw_reach_the_sequencer(run: Run, settings: Settings) -> None:
    """As events that it accepts; the text is the file's."""
    sent = [run("policy", "activate", "cn"), run("policy", "activate", "installment", "--name", "mine")]
    sent.append(run("policy", "withdraw", "pack", "cn"))
    records = list(reading.read_all(settings, ["controls"]))[-3:]
    events = [accept("controls", r.key, r.value, r.timestamp_ms) for r in records]

    assert [said.exit_code for said in sent] == [0, 0, 0], [said.stderr for said in sent]
    assert [(e.kind, e.name, bool(e.text)) for e in events if isinstance(e, PolicyActivated)] == [
        ("pack", "cn", True),
        ("plan", "mine", True),
        ("pack", "cn", False),
    ]


def test_a_bad_file_is_not_sent(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is checked first; --print shows the event and sends nothing."""
    path = tmp_path_factory.mktemp("packs") / "mine.toml"
    path.write_text("pack = 7")
    refused, shown = run("policy", "activate", str(path)), run("policy", "activate", "cn", "--print")

    assert refused.exit_code == 1
    assert "mine.toml is refused" in refused.stderr
    assert msgspec.json.decode(shown.stdout, type=PolicyActivated).version == "2026.1"


def test_an_answer_is_kept_where_it_is_asked_to_be(run: Run, settings: Settings) -> None:
    """As an event of the borrower that the sequencer accepts, with the rules and packs it rests on."""
    before = len(list(reading.read_all(settings, ["contacts"])))
    asked = run(*CALL, "--action-id", "A-1", "--record")
    run(*CALL)
    (kept,) = list(reading.read_all(settings, ["contacts"]))[before:]
    event = accept("contacts", kept.key, kept.value, kept.timestamp_ms)

    assert asked.exit_code == 3
    assert isinstance(event, GateConsulted)
    assert (event.action, event.verdict, event.action_id) == ("CALL", "DEFER", "A-1")
    assert event.rule_ids == ["CN-H1", "CN-H2"]
    assert (event.packs, str(event.business_date)) == (["base@2026.1", "cn@2026.1"], "2026-03-04")


def test_a_table_of_scores_is_activated_and_withdrawn(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It stands under a name of its own, which what is learned never takes; one that is no table is refused."""
    path = tmp_path_factory.mktemp("scores") / "mine.json"
    path.write_text('{"version": "7", "scores_ppm": {"*": {"SMS": 1}}}')
    shown = msgspec.json.decode(run("policy", "activate", str(path), "--print").stdout, type=PolicyActivated)
    gone = msgspec.json.decode(run("policy", "withdraw", "scores", "own", "--print").stdout, type=PolicyActivated)
    path.write_text('{"version": "7", "enabled": true}')
    refused = run("policy", "activate", str(path))

    assert (shown.kind, shown.name, shown.version) == ("scores", "own", "7")
    assert (gone.kind, gone.name, gone.text) == ("scores", "own", "")
    assert refused.exit_code == 1
    assert "mine.json is refused" in refused.stderr
    assert "unknown field" in refused.stderr

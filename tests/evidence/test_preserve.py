"""The agent `preserve`, driven without a broker: what it keeps, in which order, and when it stops."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import itertools
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from streams.agents import dead_letters, evidence_home
from streams.agents.evidence_home import open_home
from streams.agents.preserve import CHECKPOINT_S, KINDS, Preserver
from streams.engine import source
from streams.engine.errors import Misconfigured
from streams.engine.writes import Writes
from streams.evidence.keys import generate_key, write_key_file
from streams.evidence.store import EvidenceLog
from streams.settings import Settings, load

ONE_EACH = dict.fromkeys(KINDS, 1)


class Record(msgspec.Struct):
    """A consumed record, as far as the agent looks at it."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: list[tuple[str, bytes]] = []
    key: bytes | None = None
    timestamp_type: int = 0


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.s = 0.0
        self.start = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)  # the key is in force from now

    def now(self) -> dt.datetime:
        """The moment on this clock."""
        return self.start + dt.timedelta(seconds=self.s)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A key, a directory, and topics that are what they were."""
    write_key_file(tmp_path / "key", generate_key("lender.example/evidence"))
    monkeypatch.setattr(
        evidence_home, "_topic_ids", lambda _settings, topics: {topic: f"id-{topic}" for topic in topics}
    )
    return load({}, evidence_dir=str(tmp_path / "log"), evidence_key_file=str(tmp_path / "key"))


class Rig:
    """One agent on one log."""

    def __init__(self, settings: Settings, partitions: dict[str, int] | None = None, patience_s: float = 40.0) -> None:
        self.clock = Clock()
        self.log, signer = open_home(settings, KINDS)
        self.agent = Preserver(
            self.log, signer, partitions or ONE_EACH, patience_s, now=self.clock.now, monotonic=lambda: self.clock.s
        )

    def open(self, partitions: dict[str, int] | None = None, committed: int = 0) -> None:
        """Assign every partition."""
        for topic, count in (partitions or ONE_EACH).items():
            for number in range(count):
                self.agent.opened(topic, number, {}, committed)

    def batch(self, *parts: tuple[str, int, list[Record]]) -> tuple[list[int], Writes]:
        """One batch: how many of each part were taken, and what was written."""
        self.clock.s += 1
        writes = Writes()
        taken = [self.agent.fold(topic, number, records, writes) for topic, number, records in parts]
        self.agent.finish(writes)
        return taken, writes

    def turn(self) -> bool:
        """What happens between two batches; whether a batch without records is asked for."""
        return asyncio.run(self.agent.between_batches())

    def entries(self) -> list[Any]:
        """What the log holds beside keys."""
        found = [orjson.loads(self.log.leaf(index)) for index in range(self.log.size)]
        return [entry for entry in found if entry["kind"] != "key"]


def journal(offset: int, at_ms: int = 0, topic: str = "payments", **body: Any) -> Record:  # noqa: ANN401  JSON
    """A journal record of one borrower's loan."""
    content = {"type": "payment_received", "source": "core", "borrower_id": "B", "loan_id": "L", "n": offset} | body
    return Record(offset, at_ms, orjson.dumps(content), [source.header(topic, 0, offset, offset + 1)])


def output(offset: int, cause: str, at_ms: int = 0, **body: Any) -> Record:  # noqa: ANN401  JSON
    """An output that names the journal record it follows from."""
    content = {"type": "risk_tier_changed", "borrower_id": "B"} | body
    return Record(offset, at_ms, orjson.dumps(content), [("journal", cause.encode())])


def places(rig: Rig) -> list[tuple[str, int]]:
    """Topic and offset of every entry, in order of the log."""
    return [(entry["source"]["topic"], entry["source"]["offset"]) for entry in rig.entries()]


def test_an_entry_says_what_whence_who_and_by_which_clock(settings: Settings) -> None:
    """Kind, position, actor and time of one journal record and one alert."""
    rig = Rig(settings)
    rig.open()
    rig.batch(("journal", 0, [journal(0, 1_000)]), ("risk-tier-changes", 0, [output(0, "0/0", 2_000)]))
    event, alert = rig.entries()

    assert (event["kind"], event["actor"], event["loan_id"]) == ("event", "core", "L")
    assert event["recorded_at"] == "1970-01-01T00:00:01.000000Z"
    assert event["clock"].startswith("kafka create time; preserving host ")
    assert (alert["kind"], alert["actor"], alert["chain"]["id"]) == ("alert", "forewarn.assess", "borrower/B")


def test_what_is_read_again_changes_nothing(settings: Settings) -> None:
    """A worker that died after the sync and before the commit gets the same records once more, in other batches."""
    first = Rig(settings)
    first.open()
    first.batch(("journal", 0, [journal(0), journal(1), journal(2)]))
    first.log.close()
    again = Rig(settings)
    again.open()
    taken, _ = again.batch(("journal", 0, [journal(0), journal(1)]))
    again.batch(("journal", 0, [journal(2), journal(3)]))

    assert taken == [2]
    assert [("journal", offset) for offset in range(4)] == places(again)


def test_an_output_waits_for_its_cause(settings: Settings) -> None:
    """And so do the records behind it; in one batch it comes right after, however wrong its writer's clock."""
    rig = Rig(settings)
    rig.open()
    alerts = [output(0, "0/1", at_ms=-5_000), output(1, "0/0")]
    assert rig.batch(("risk-tier-changes", 0, alerts))[0] == [0]
    assert rig.batch(
        ("journal", 0, [journal(0, 10), journal(1, 20), journal(2, 30)]), ("risk-tier-changes", 0, alerts)
    )[0] == [3, 2]

    expected = [("journal", 0), ("journal", 1), ("risk-tier-changes", 0), ("risk-tier-changes", 1), ("journal", 2)]
    assert expected == places(rig)


def test_order_does_not_depend_on_which_partition_came_first(settings: Settings, tmp_path: Path) -> None:
    """The same records in any order of partitions give the same entries."""
    counts = ONE_EACH | {"journal": 3}
    parts = [("journal", number, [journal(at, 10 * at + number) for at in range(4)]) for number in range(3)]
    seen = set()
    for number, order in enumerate(itertools.permutations(parts)):
        rig = Rig(msgspec.structs.replace(settings, evidence_dir=str(tmp_path / f"log{number}")), counts)
        rig.open(counts)
        rig.batch(*order)
        seen.add(tuple((entry["source"]["partition"], entry["source"]["offset"]) for entry in rig.entries()))

    assert len(seen) == 1


def test_one_copy_of_what_stands_in_every_partition(settings: Settings) -> None:
    """Partition 0's is kept; of the others only the position moves. A policy has its own chain."""
    counts = ONE_EACH | {"journal": 2}
    rig = Rig(settings, counts)
    rig.open(counts)
    body: dict[str, Any] = {
        "type": "policy_activated",
        "borrower_id": None,
        "loan_id": None,
        "name": "cn",
        "version": "1",
    }
    copies = [("journal", number, [journal(7, topic="controls", **body)]) for number in range(2)]
    rig.batch(*copies)
    (entry,) = rig.entries()

    assert (entry["source"]["partition"], entry["kind"], entry["chain"]["id"]) == (0, "policy_activation", "policy")
    assert (rig.log.position("journal", 0), rig.log.position("journal", 1)) == (7, 7)


def test_an_older_log_than_the_committed_offsets_stops_it(settings: Settings) -> None:
    """A hole is never left: the line says where the log ends and what to do."""
    rig = Rig(settings)
    with pytest.raises(Misconfigured, match="ends at offset -1 of journal/0, but up to 9 was committed"):
        rig.agent.opened("journal", 0, {}, 10)


def test_a_log_of_other_topics_stops_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics made anew count their offsets anew: their records would look as if kept."""
    Rig(settings).log.close()
    monkeypatch.setattr(evidence_home, "_topic_ids", lambda _settings, topics: dict.fromkeys(topics, "new"))
    with pytest.raises(Misconfigured, match="made from other topics: collection-actions"):
        Rig(settings)


def test_half_the_partitions_are_not_preserved(settings: Settings) -> None:
    """Nothing is taken while another worker holds some, and after a while this one gives up."""
    rig = Rig(settings, ONE_EACH | {"journal": 2}, patience_s=5)
    rig.open()
    assert rig.batch(("journal", 0, [journal(0)]))[0] == [0]
    rig.turn()
    rig.clock.s += 6
    with pytest.raises(Misconfigured, match="Another worker preserves 1 of the 7 partitions"):
        rig.turn()
    assert rig.entries() == []


def test_a_checkpoint_is_signed_on_a_timer_and_published_once(settings: Settings) -> None:
    """Not before a minute has passed, not when nothing was added, and the note goes out with the next batch."""
    rig = Rig(settings)
    rig.open()
    rig.batch(("journal", 0, [journal(0)]))
    rig.turn()
    _, writes = rig.batch(("journal", 0, [journal(1)]))
    assert [(w.topic, (w.value or b"")[:26]) for w in writes.records] == [("evidence", b"lender.example/evidence\n2\n")]
    rig.turn()
    assert rig.batch(("journal", 0, [journal(2)]))[1].records == []
    rig.clock.s += CHECKPOINT_S
    rig.turn()
    (write,) = rig.batch(("journal", 0, [journal(3)]))[1].records
    assert (write.value or b"").startswith(b"lender.example/evidence\n4\n")


def test_a_signed_but_unpublished_checkpoint_goes_out_after_a_restart(settings: Settings) -> None:
    """The newest one; a reader knows it by its size if it came before."""
    first = Rig(settings)
    first.open()
    first.batch(("journal", 0, [journal(0)]))
    first.turn()
    first.log.close()
    second = Rig(settings)
    second.open()

    assert [w.topic for w in second.batch(("journal", 0, [journal(1)]))[1].records] == ["evidence"]


def test_on_quiet_topics_a_checkpoint_asks_for_a_batch_of_its_own(settings: Settings) -> None:
    """The note of the last records does not wait for the next ones; once out, nothing more is asked for."""
    rig = Rig(settings)
    rig.open()
    rig.batch(("journal", 0, [journal(0)]))

    assert rig.turn()
    assert [write.topic for write in rig.batch()[1].records] == ["evidence"]
    assert not rig.turn()
    assert rig.batch()[1].records == []


def letter(offset: int, value: bytes | None) -> Record:
    """A dead letter as the sequencer writes it."""
    writes = Writes()
    dead_letters.write(writes, "payments", 0, 17, b"B", value, "not_json", "The value is not JSON: 'Zhang San'.")
    return Record(offset, 5_000, value, list(writes.records[0].headers or []), b"B")


@pytest.mark.parametrize("value", [b"Zhang San", b"", None])
def test_a_refusal_is_kept_with_the_digest_of_what_was_refused(settings: Settings, value: bytes | None) -> None:
    """Where it stood and why; never the bytes, which nobody could have erased."""
    rig = Rig(settings)
    rig.open()
    rig.batch(("dead-letters", 0, [letter(0, value)]))
    (refusal,) = rig.entries()

    assert (refusal["kind"], refusal["chain"]["id"]) == ("refusal", "log")
    assert refusal["body"] == {
        "type": "dead_letter",
        "topic": "payments",
        "partition": 0,
        "offset": 17,
        "code": "not_json",
        "value_sha256": hashlib.sha256(value or b"").hexdigest(),
        "value_bytes": len(value or b""),
    }
    assert b"Zhang" not in rig.log.leaf(rig.log.size - 1)


def test_a_persons_decision_is_kept_as_one(settings: Settings) -> None:
    """Under the id of who decided; what they wrote down about the person can be erased."""
    rig = Rig(settings)
    rig.open()
    decided: dict[str, Any] = {
        "decision": "DECLINED",
        "decided_by": "staff-17",
        "finding": "UNABLE",
        "note": "lost the job",
    }
    rig.batch(("journal", 0, [journal(0, type="legal_step_decided", topic="contacts", **decided)]))
    (entry,) = rig.entries()

    assert (entry["kind"], entry["actor"], entry["chain"]["id"]) == ("human_decision", "staff-17", "loan/L")
    assert (entry["body"]["finding"], set(entry["commitments"])) == ("UNABLE", {"note"})


def test_no_key_no_log_no_secret(settings: Settings, tmp_path: Path) -> None:
    """What is missing is said in one line; the key given in the environment names the log and is never shown."""
    with pytest.raises(Misconfigured, match="no signing key"):
        open_home(msgspec.structs.replace(settings, evidence_key_file=""), KINDS)
    secret = generate_key("other.example/log").private_text()
    own = load({"FOREWARN_EVIDENCE_KEY": secret, "FOREWARN_EVIDENCE_DIR": str(tmp_path / "own")})
    log, _ = open_home(own, KINDS)

    assert log.origin == "other.example/log"
    assert secret not in repr(own)
    with pytest.raises(Misconfigured, match="correct the setting"):
        open_home(msgspec.structs.replace(own, evidence_origin="third"), KINDS)
    assert isinstance(log, EvidenceLog)

"""`forewarn borrower`: the timeline in the order of the journal, and the present from the row."""

import datetime as dt
import json
from typing import Any
from zlib import crc32

import msgspec
import pytest

from streams.agents import dead_letters
from streams.borrower import state
from streams.borrower.shard import SHARD_KEY, SHARD_VERSION, ShardRow
from streams.borrower.state import Borrower
from streams.commands import timeline
from streams.engine import reading, rows, source
from streams.engine.errors import Misconfigured
from streams.engine.writes import Writes
from streams.events.examples import BORROWER, BY_TYPE, INPUTS, LOAN
from streams.events.fields import NonNegativeMoney
from streams.events.loans import LoanOpened, ScheduleSet
from streams.events.outputs import DelinquencyChanged
from streams.events.payments import PaymentReceived
from streams.ledger import apply
from streams.settings import Settings
from tests.commands.conftest import PARTITIONS, Run, Write
from tests.commands.samples import alert, encoded

KEY = BORROWER.encode()
PARTITION = crc32(KEY) % PARTITIONS
NEIGHBOR = next(f"n-{n}" for n in range(99) if crc32(b"n-%d" % n) % PARTITIONS == PARTITION)
OPENED = next(event for event in INPUTS if isinstance(event, LoanOpened))
SCHEDULE = next(event for event in INPUTS if isinstance(event, ScheduleSet))
PAID = next(event for event in INPUTS if isinstance(event, PaymentReceived))
CONTRADICTS = msgspec.structs.replace(PAID, payment_id="p-other")
TODAY = dt.date(2026, 3, 6)


def journal(writes: Writes, topic: str, offset: int, event: msgspec.Struct) -> None:
    """One record as the sequencer writes it."""
    key = getattr(event, "borrower_id", "").encode() or None
    headers = [source.header(topic, 0, offset, offset + 1)]
    writes.add("journal", key, encoded(event), partition=PARTITION, headers=headers)


def output(writes: Writes, topic: str, journal_offset: int, made: msgspec.Struct) -> None:
    """One record as assess writes it."""
    writes.add(topic, KEY, encoded(made), headers=[("journal", b"%d/%d" % (PARTITION, journal_offset))])


def bucket(number: int, day: str) -> DelinquencyChanged:
    """A change of bucket."""
    owed = NonNegativeMoney(20_600, "CNY")
    return DelinquencyChanged(
        borrower_id=BORROWER, business_date=dt.date.fromisoformat(day), change_id=f"{BORROWER}/d{number}", loan_id=LOAN,
        product="phone-6m", from_bucket="M0", to_bucket="M1", cause="DUE_DATE_PASSED", days_past_due=1, arrears=owed,
        balance=owed,
    )  # fmt: skip


def row() -> bytes:
    """The borrower's row: both loan events in the ledger, nothing paid, tier WATCH."""
    borrower = Borrower(TODAY.toordinal(), wake_day=TODAY.toordinal() + 1, sequence=5, currency="CNY")
    for event in (OPENED, SCHEDULE):
        list(apply(borrower.account, event, event.business_date.toordinal()))
    borrower.tier, borrower.tier_since, borrower.ppm = 1, dt.date(2026, 2, 6).toordinal(), 25_600
    return rows.pack(state.VERSION, 4, borrower.wake_day, state.encode(borrower))


def shard() -> bytes:
    """The partition's row: the lender's day is a day later."""
    return rows.pack(SHARD_VERSION, 6, 0, msgspec.msgpack.encode(ShardRow(business_day=TODAY.toordinal() + 1)))


@pytest.fixture(scope="module", autouse=True)
def story(write: Write) -> None:
    """Journal offsets 0 to 4; outputs of 3, from the days before it and from itself; one record refused by assess."""
    told, rest = Writes(), Writes()
    journal(told, "loans", 0, OPENED)
    journal(told, "loans", 1, msgspec.structs.replace(OPENED, borrower_id=NEIGHBOR))
    journal(told, "loans", 2, SCHEDULE)
    journal(told, "payments", 0, PAID)
    journal(told, "payments", 1, CONTRADICTS)
    write(told)
    output(
        rest,
        "collection-actions",
        3,
        msgspec.structs.replace(BY_TYPE["collection_action"], business_date=dt.date(2026, 2, 16)),
    )
    output(rest, "risk-tier-changes", 3, alert(BORROWER, 2, "2026-02-16", direction="RETRACT", supersedes="c-7f3a/1"))
    output(rest, "risk-tier-changes", 3, alert(BORROWER, 1, "2026-02-06"))
    output(rest, "delinquency-changes", 3, bucket(1, "2026-02-06"))
    dead_letters.write(rest, "payments", 0, 1, KEY, encoded(CONTRADICTS), "key_conflict", "It was used before.")
    dead_letters.write(rest, "payments", 0, 7, KEY, b"junk", "not_json", "No JSON.")
    dead_letters.write(rest, "payments", 0, 8, b"unknown", b"junk", "not_json", "No JSON.")
    rest.add("state", KEY, b"older row", partition=PARTITION)
    rest.add("state", KEY, row(), partition=PARTITION)
    rest.add("state", SHARD_KEY, shard(), partition=PARTITION)
    write(rest)


def test_the_timeline(run: Run) -> None:
    """The borrower's own records only, each output in its place, in words; then the present."""
    said = run("borrower", BORROWER)

    assert said.exit_code == 0, said.stderr
    assert [line[:34].rstrip() for line in said.stdout.splitlines()] == [
        "2026-01-05  Loan l-20260105-0042 o",
        "2026-01-05  Schedule 1 on loan l-2",
        "2026-02-06    Loan l-20260105-0042",
        "2026-02-06    NORMAL → WATCH",
        "2026-02-16  206.00 CNY paid on loa",
        "2026-02-16    NORMAL → WATCH",
        "2026-02-16    stage REMINDER: mess",
        "2026-02-16  206.00 CNY paid on loa",
        "",
        "c-7f3a on 2026-03-07: WATCH since",
        "  30 days past due, 412.00 CNY in",
        "  1 active loan, 1,236.00 CNY outs",
        "  next due 2026-04-05, looked at a",
        "  1 record with this key refused:",
    ]
    assert "stage REMINDER: message by machine, allowed until 2026-02-09 00:00 UTC" in said.stdout.splitlines()[6]
    assert "1 day past due, arrears in minor units 20600" in said.stdout.splitlines()[6]
    assert "RETRACTS c-7f3a/1" in said.stdout.splitlines()[5]
    assert said.stdout.splitlines()[7].endswith(" REFUSED: It was used before.")
    assert "probability of default 2.56 % (model prior)" in said.stdout


def test_as_json(run: Run) -> None:
    """The same for a program, with the records as they stand on the topics."""
    document = json.loads(run("borrower", BORROWER, "--json").stdout)
    entries = document["timeline"]

    assert [entry["journal_offset"] for entry in entries] == [0, 2, 3, 3, 3, 3, 3, 4]
    assert [entry["record"]["type"] for entry in entries] == [entry["kind"] for entry in entries]
    assert [entry["refused"] for entry in entries] == [None] * 7 + ["It was used before."]
    assert not any(entry["repeats"] for entry in entries)
    assert entries[0]["record"] == json.loads(encoded(OPENED))
    assert document["refused_before_journal"] == 1
    assert document["present"] | {"model_version": ""} == {
        "as_of": "2026-03-07", "tier": "WATCH", "tier_since": "2026-02-06", "probability_ppm": 25_600,
        "days_past_due": 30, "arrears_minor": 41_200, "exposure_minor": 123_600, "currency": "CNY", "loans_active": 1,
        "next_due_on": "2026-04-05", "next_wake_on": "2026-03-07", "alerts_sent": 0, "journal_records": 5,
        "model_version": "",
    }  # fmt: skip


def test_only_the_partitions_that_can_hold_the_borrower_are_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of each topic."""
    assigned: list[tuple[str, int]] = []
    make = reading.Reader.__init__

    def note(reader: reading.Reader, settings: Settings, of: list[tuple[str, int]], **more: Any) -> None:  # noqa: ANN401
        assigned.extend(of)
        make(reader, settings, of, **more)

    monkeypatch.setattr(reading.Reader, "__init__", note)
    timeline.find(settings, BORROWER)

    assert len(assigned) == len({topic for topic, _ in assigned}) == 6
    assert ("journal", PARTITION) in assigned


def test_an_unknown_borrower_is_one_line(run: Run) -> None:
    """It says where was looked; records refused under that key are mentioned."""
    said = run("borrower", "nobody")
    refused = run("borrower", "unknown")

    assert said.exit_code == refused.exit_code == 1
    number = crc32(b"nobody") % PARTITIONS
    where = f"partition {number} of the journal, where the borrower would be, was read to its end."
    assert said.stderr == f"forewarn: No borrower 'nobody': {where}\n"
    assert refused.stderr.endswith("end. 1 record with this key refused: see `forewarn dead-letters`.\n")


def test_a_borrower_not_folded_yet(run: Run) -> None:
    """In the journal, without a row."""
    said = run("borrower", NEIGHBOR)

    assert said.stdout.startswith("2026-01-05  Loan l-20260105-0042 opened")
    assert said.stdout.endswith(f"\n\n{NEIGHBOR} is in the journal; no worker has folded it yet.\n")


def test_a_row_of_a_newer_version_is_not_guessed_at(run: Run, write: Write) -> None:
    """One line, exit code 78."""
    key = next(b"v-%d" % n for n in range(99) if crc32(b"v-%d" % n) % PARTITIONS == PARTITION)
    writes = Writes()
    writes.add("state", key, rows.pack(state.VERSION + 1, 0, 0, b""), partition=PARTITION)
    write(writes)
    said = run("borrower", key.decode())

    assert said.exit_code == 78
    assert "A newer Forewarn wrote it" in said.stderr


def test_an_output_of_another_partition_is_a_broken_cluster(settings: Settings, write: Write) -> None:
    """The journal was repartitioned: its order is lost, and it is said."""
    writes = Writes()
    writes.add("risk-tier-changes", b"moved", encoded(alert("moved", 1, "2026-02-06")), headers=[("journal", b"99/1")])
    write(writes)

    with pytest.raises(Misconfigured, match="number of partitions was changed"):
        timeline.find(settings, "moved")

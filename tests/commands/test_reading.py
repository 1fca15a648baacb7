"""Reading and sending through the real broker: what is committed, up to the ends there were, in a stable order."""

from collections.abc import Callable

import pytest
from confluent_kafka import TopicPartition

from streams.engine import client, merging, reading, sending
from streams.engine.errors import Inconsistent, Misconfigured
from streams.engine.sending import Outgoing, send_all
from streams.engine.writes import Writes
from streams.settings import Settings
from tests.commands.conftest import PARTITIONS, Write

TOPIC = "delinquency-changes"


def keyed(topic: str, keys: range) -> Writes:
    """One record a key; the value is the key's number."""
    writes = Writes()
    for number in keys:
        writes.add(topic, b"k-%d" % number, b"%d" % number, headers=[("n", b"%d" % number)])
    return writes


def test_everything_committed_is_read_once_with_its_key_headers_and_time(settings: Settings, write: Write) -> None:
    """And nothing that was aborted, from several partitions and two topics."""
    write(keyed("loans", range(40)))
    write(keyed("loans", range(40, 60)), commit=False)
    write(keyed("payments", range(60, 80)))
    records = list(reading.read_all(settings, ["loans", "payments"]))

    assert sorted(int(record.value or b"") for record in records) == [*range(40), *range(60, 80)]
    assert {record.topic for record in records} == {"loans", "payments"}
    assert all(record.key == b"k-%b" % (record.value or b"") for record in records)
    assert all(record.headers == [("n", record.value)] for record in records)
    assert all(record.timestamp_ms > 1_700_000_000_000 for record in records)


def test_an_empty_topic_ends_at_once(settings: Settings) -> None:
    """No record, no waiting."""
    assert list(reading.read_all(settings, ["controls"])) == []


def test_a_topic_with_nothing_but_an_aborted_batch_ends(settings: Settings, write: Write) -> None:
    """The last offsets of a partition may be markers and aborted records, which no reader sees."""
    write(keyed("models", range(5)), commit=False)

    assert list(reading.read_all(settings, ["models"])) == []


def test_keys_are_found_where_they_are_looked_for(settings: Settings, write: Write) -> None:
    """`partition_of` is the broker's own placement for our producers."""
    write(keyed("contacts", range(200)))
    records = list(reading.read_all(settings, ["contacts"]))

    assert {record.partition for record in records} == set(range(PARTITIONS))
    assert all(reading.partition_of(record.key or b"", PARTITIONS) == record.partition for record in records)


def test_only_the_wanted_keys(settings: Settings, write: Write) -> None:
    """Of one partition, only the records of the key."""
    write(keyed("missed-installments", range(100)))
    places = reading.places(settings, ["missed-installments"], b"k-7")
    records = list(reading.read(settings, places, until=reading.ends(settings, places), keys=[b"k-7"]))

    assert len(places) == 1
    assert [record.value for record in records] == [b"7"]


def test_the_end_is_that_of_the_beginning(settings: Settings, write: Write) -> None:
    """What arrives while reading is not read; a later reading can start exactly there."""
    write(keyed("portfolio-alerts", range(10)))
    places = reading.places(settings, ["portfolio-alerts"])
    until = reading.ends(settings, places)
    write(keyed("portfolio-alerts", range(10, 20)))
    before = [record.value for record in reading.read(settings, places, until=until)]
    after = [r.value for r in reading.read(settings, places, start=until, until=reading.ends(settings, places))]

    assert before == [b"%d" % number for number in range(10)]
    assert after == [b"%d" % number for number in range(10, 20)]


def test_an_undecided_batch_is_not_waited_for(settings: Settings, write: Write) -> None:
    """The stable end stands before an open transaction, and the reading ends there."""
    write(keyed("business-dates", range(3)))
    producer = client.producer(settings, **{"transactional.id": f"{settings.topic_prefix}undecided"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(settings.topic_prefix + "business-dates", b"undecided")
    producer.flush(30)
    records = list(reading.read_all(settings, ["business-dates"]))
    producer.abort_transaction(30)

    assert [record.value for record in records] == [b"0", b"1", b"2"]


def test_following_gives_what_comes_later(settings: Settings, write: Write) -> None:
    """A reading without an end goes on with the records written after it began."""
    follow = reading.read_all(settings, ["evidence"], stop_at_end=False)
    write(keyed("evidence", range(1)))
    first = next(follow)
    write(keyed("evidence", range(1, 2)))
    second = next(follow)
    follow.close()  # type: ignore[attr-defined]  # a generator

    assert (first.value, second.value) == (b"0", b"1")


def test_a_topic_that_is_not_there_is_said(settings: Settings) -> None:
    """With its name and what makes it."""
    with pytest.raises(Misconfigured, match=r"nowhere.* does not exist. `forewarn topics create`"):
        reading.places(settings, ["nowhere"])


def test_silence_is_not_taken_for_the_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading up to an end that never comes fails instead of hanging or returning less."""
    monkeypatch.setattr(reading, "_STALL_S", 0.3)
    places = reading.places(settings, ["controls"])

    with pytest.raises(Inconsistent, match="incomplete"):
        list(reading.read(settings, places, until=dict.fromkeys(places, 5)))


@pytest.fixture
def skewed(settings: Settings, write: Write) -> Callable[[reading.Record], int]:
    """Partition 0 holds even numbers and much of them, 1 odd ones and little, 2 nothing."""
    if not any(reading.ends(settings, reading.places(settings, [TOPIC])).values()):
        writes = Writes()
        for number in range(0, 4000, 2):
            writes.add(TOPIC, None, b"%d" % number, partition=0)
        for number in range(1, 400, 2):
            writes.add(TOPIC, None, b"%d" % number, partition=1)
        write(writes)
    return lambda record: int(record.value or b"")


@pytest.mark.parametrize("ahead_bytes", [2_000, 50_000, 1 << 30])
def test_merging_gives_one_order_and_loses_nothing(
    settings: Settings, skewed: Callable[[reading.Record], int], monkeypatch: pytest.MonkeyPatch, ahead_bytes: int
) -> None:
    """However little may be read ahead, and although a partition is paused and resumed on the way."""
    monkeypatch.setattr(merging, "_AHEAD_BYTES_MAX", ahead_bytes)
    monkeypatch.setattr(reading, "_CHUNK", 50)
    places = reading.places(settings, [TOPIC])
    merged = merging.merged(settings, places, skewed, until=reading.ends(settings, places))

    assert [skewed(record) for record in merged] == [*range(400), *range(400, 4000, 2)]


def test_a_partition_far_ahead_is_paused(
    settings: Settings, skewed: Callable[[reading.Record], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: the partition that must wait is not read on."""
    paused: list[reading.Place] = []
    pause = reading.Reader.pause

    def note(reader: reading.Reader, place: reading.Place) -> None:
        paused.append(place)
        pause(reader, place)

    monkeypatch.setattr(reading.Reader, "pause", note)
    monkeypatch.setattr(merging, "_AHEAD_BYTES_MAX", 10_000)
    monkeypatch.setattr(reading, "_CHUNK", 10)
    places = reading.places(settings, [TOPIC])
    list(merging.merged(settings, places, skewed, until=reading.ends(settings, places)))

    assert paused.count((TOPIC, 0)) > 1


def test_sending_stores_everything_and_says_how_much(settings: Settings) -> None:
    """In order, by key."""
    records = [Outgoing("risk-tier-changes", b"same", b"%d" % number) for number in range(50)]

    assert send_all(settings, records) == 50
    assert [r.value for r in reading.read_all(settings, ["risk-tier-changes"])] == [b"%d" % n for n in range(50)]


def test_what_is_not_stored_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that no broker acknowledged is never counted as sent."""
    monkeypatch.setattr(sending, "_TIMEOUT_S", 1)
    with pytest.raises(Inconsistent, match="1 were not"):
        send_all(settings, [Outgoing("delinquency-changes", b"k", b"fits"), Outgoing("no-such-topic", b"k", b"x")])


def test_readers_leave_no_group_behind(settings: Settings) -> None:
    """Nothing is committed: a reading does not touch the offsets of anyone."""
    list(reading.read_all(settings, ["loans"]))
    consumer = client.consumer(settings, f"{settings.topic_prefix}forewarn.read")
    committed = consumer.committed([TopicPartition(settings.topic_prefix + "loans", 0)], timeout=10)
    consumer.close()

    assert committed[0].offset < 0

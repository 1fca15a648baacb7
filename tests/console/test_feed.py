"""The feed against a real Kafka: read committed, restartable, and patient with a broker that is away."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streams.console import queries
from streams.console.feed import READ, Feed
from streams.console.status import Board
from streams.console.store import Store
from streams.engine import client, topics_admin
from streams.engine.reading import Record
from streams.settings import Settings
from tests.console.feeding import Fed

_PATIENCE_S = 60.0


def wait(condition: Callable[[], bool]) -> None:
    """Until it holds."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


@pytest.fixture
def settings(broker: str, tmp_path: Path) -> Settings:
    """Topics of the test's own."""
    made = Settings(bootstrap=broker, topic_prefix=f"{uuid.uuid4().hex[:8]}.", partitions=2, state_dir=str(tmp_path))
    topics_admin.create(made)
    return made


def write(settings: Settings, records: list[Record], *, commit: bool = True) -> None:
    """Put records on their topics in a transaction, as the agents do."""
    producer = client.producer(settings, **{"transactional.id": f"{settings.topic_prefix}{uuid.uuid4().hex}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for each in records:
        topic = settings.topic_prefix + each.topic
        producer.produce(topic, each.value, each.key, each.partition, headers=[*each.headers])
    if commit:
        producer.commit_transaction(30)
    else:
        producer.flush(30)
        producer.abort_transaction(30)


class Console:
    """A feed with its file."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self.store, self.board = Store(path), Board()
        self.feed = Feed(settings, self.store, self.board)
        self.feed.start()

    def close(self) -> None:
        """Stop it."""
        self.feed.stop()
        self.store.close()

    def alerts(self) -> list[str]:
        """Ids of the alerts that it shows."""
        with self.store.reading() as db:
            return sorted(row.alert.alert_id for row in queries.alerts(db, limit=200))

    def reads(self, state: str) -> None:
        """Wait for a state."""
        wait(lambda: self.board.status.state == state)


@pytest.fixture
def records(fed: Fed) -> list[Record]:
    """The scene's records, of topics that there are."""
    return [record for record in fed.records if record.topic in READ]


@pytest.fixture
def console(settings: Settings, tmp_path: Path) -> Iterator[Console]:
    """A console of those topics."""
    opened = Console(settings, tmp_path / "console.sqlite3")
    yield opened
    opened.close()


def test_it_shows_what_is_committed(settings: Settings, console: Console, records: list[Record], fed: Fed) -> None:
    """What was there, what comes, and nothing that was taken back; then it is live, with nothing to go."""
    console.reads("live")
    write(settings, records[: len(records) // 2])
    write(settings, [each for each in records if each.topic == "risk-tier-changes"], commit=False)
    write(settings, records[len(records) // 2 :])
    with fed.store.reading() as db:
        expected = sorted(row.alert.alert_id for row in queries.alerts(db, limit=200))

    wait(lambda: len(console.alerts()) >= len(expected))
    wait(lambda: console.board.status.to_go == 0)
    assert console.alerts() == expected
    assert len(expected) > 30


def test_it_goes_on_where_it_stopped(settings: Settings, tmp_path: Path, records: list[Record]) -> None:
    """Stopped and started again, each record is in the file once."""
    write(settings, records)
    path = tmp_path / "again.sqlite3"
    for _ in range(2):
        console = Console(settings, path)
        console.reads("live")
        with console.store.reading() as db:
            counted = [
                db.execute("SELECT count(*) FROM alert").fetchone()[0],
                db.execute("SELECT sum(n) FROM moves").fetchone()[0],
            ]
        console.close()
        assert counted == [sum(each.topic == "risk-tier-changes" for each in records)] * 2


def test_topics_made_anew_are_read_anew(settings: Settings, tmp_path: Path, records: list[Record]) -> None:
    """Nothing of the old ones stays."""
    write(settings, records)
    path = tmp_path / "anew.sqlite3"
    console = Console(settings, path)
    console.reads("live")
    console.close()
    admin: AdminClient = client.admin(settings)
    names = [settings.topic_prefix + name for name in READ]
    for future in admin.delete_topics(names, operation_timeout=30).values():
        future.result()
    wait(lambda: not set(names) & set(admin.list_topics(timeout=10).topics))
    topics_admin.create(settings)
    console = Console(settings, path)
    console.reads("live")

    assert console.alerts() == []
    console.close()


def test_a_broker_that_is_away_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    """It says so, with what to do, and ends at once when it is stopped."""
    away = Settings(bootstrap="127.0.0.1:1", topic_prefix=settings.topic_prefix, state_dir=settings.state_dir)
    store, board = Store(tmp_path / "away.sqlite3"), Board()
    feed = Feed(away, store, board)
    feed.start()
    wait(lambda: board.status.state == "away")
    feed.stop()
    store.close()

    assert "forewarn broker up" in board.status.text

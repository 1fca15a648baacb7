"""A cluster with Forewarn's topics under a prefix of the test's own, and the command line as a person calls it."""

import socket
import uuid
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.engine import client, topics_admin
from streams.engine.writes import Writes
from streams.settings import Settings

PARTITIONS = 3

Run = Callable[..., Result]
Write = Callable[..., None]


@pytest.fixture(scope="module")
def settings(broker: str) -> Settings:
    """Settings for a fresh set of topics, shared by the tests of one file."""
    made = Settings(bootstrap=broker, topic_prefix=f"{uuid.uuid4().hex[:8]}.", partitions=PARTITIONS)
    topics_admin.create(made)
    return made


@pytest.fixture
def run(settings: Settings) -> Run:
    """Calls `forewarn …` on those topics."""
    environ = {"FOREWARN_TOPIC_PREFIX": settings.topic_prefix, "FOREWARN_BOOTSTRAP": settings.bootstrap}

    def call(*arguments: str, stdin: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environ | more, input=stdin)

    return call


@pytest.fixture(scope="module")
def write(settings: Settings) -> Write:
    """Writes a batch in one transaction, as the agents do, and commits or aborts it."""
    transactional_id = f"{settings.topic_prefix}tests"
    producer = client.producer(settings, **{"transactional.id": transactional_id, "partitioner": "murmur2_random"})
    producer.init_transactions(30)

    def transact(writes: Writes, *, commit: bool = True) -> None:
        producer.begin_transaction()
        for topic, partition, key, value, headers in writes.records:
            producer.produce(settings.topic_prefix + topic, value, key, partition, headers=[*(headers or [])])
        producer.flush(30)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)

    return transact


@pytest.fixture
def offline() -> Run:
    """Calls `forewarn …` with nothing in the environment: for what needs no cluster."""

    def call(*arguments: str, **environ: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"FOREWARN_BOOTSTRAP": None, **environ})

    return call


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

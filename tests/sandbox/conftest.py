"""A record there and back: what the broker tests ask of a broker."""

import uuid
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic

DEADLINE_SECONDS = 30

Client = dict[str, str | int | float | bool]


class Bench:
    """Writes and reads records on one cluster through a real client."""

    def __init__(self, bootstrap: str, **client: str) -> None:
        self.client: Client = {"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 10_000}
        self.client.update({name.replace("_", "."): value for name, value in client.items()})

    def make_topic(self, replicas: int = 1) -> str:
        """Makes a topic of one partition under a fresh name."""
        admin = AdminClient(self.client)  # named: its answers die with it
        name = f"topic-{uuid.uuid4().hex}"
        for made in admin.create_topics([NewTopic(name, 1, replicas)]).values():
            made.result(DEADLINE_SECONDS)
        return name

    def topic_settings(self, topic: str) -> dict[str, str]:
        """The settings that the broker applies to a topic."""
        admin = AdminClient(self.client)
        (answer,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
        entries: dict[str, ConfigEntry] = answer.result(DEADLINE_SECONDS)
        return {name: str(entry.value) for name, entry in entries.items()}

    def put(self, topic: str, value: bytes, timeout_seconds: float = DEADLINE_SECONDS) -> KafkaError | None:
        """Produces one record and returns the broker's verdict: None, or why it is not stored."""
        verdict: Future[KafkaError | None] = Future()

        def settle(error: KafkaError | None, _: Message) -> None:
            verdict.set_result(error)

        limits: Client = {"message.timeout.ms": int(timeout_seconds * 1000), "message.max.bytes": 20_000_000}
        producer = Producer({**self.client, **limits, "acks": "all"})
        producer.produce(topic, value, on_delivery=settle)
        producer.flush(timeout_seconds + 5)
        return verdict.result(0)

    def get_all(self, topic: str, count: int, group: str | None = None) -> list[bytes | None]:
        """Reads committed records from a topic's start until `count` came, or for `DEADLINE_SECONDS`.

        With a group, it is read as the group's only member, which commits how far it came.
        """
        start: Client = {"group.id": group or "none", "auto.offset.reset": "earliest"}
        consumer = Consumer({**self.client, **start})
        try:
            if group is None:
                consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
            else:
                consumer.subscribe([topic])
            records = consumer.consume(count, timeout=DEADLINE_SECONDS)
        finally:
            consumer.close()
        return [record.value() for record in records]


MakeBench = Callable[..., Bench]


@pytest.fixture(scope="session")
def bench() -> MakeBench:
    """Makes a bench for a cluster's bootstrap servers."""
    return Bench

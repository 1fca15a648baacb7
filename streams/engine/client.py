"""One place that turns settings into Kafka client configurations, for librdkafka and for Faust."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from streams.engine.errors import Misconfigured
from streams.settings import Settings
from streams.topics import RECORD_BYTES_MAX

Answer = TypeVar("Answer")

#: Seconds for one answer; whoever waits longer asks again.
ASK_S = 10.0
#: Enough of a file to see that it is a list of certificates.
_PEM_BYTES = 1024 * 1024

#: Errors that pass by themselves: a broker starts, a coordinator moves. (`_NOENT` is librdkafka's "no leaders found": of a topic
#: that exists, a partition's leader is being elected.)
_PASSING = {
    KafkaError._NOENT,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
}


def passing(error: KafkaException) -> bool:
    """Whether asking again in a moment may well succeed."""
    return error.args[0].code() in _PASSING


def patiently(ask: Callable[[], Answer], limit_s: float, admin: AdminClient | None = None) -> Answer:
    """Ask until it is answered or fails for good; errors that pass are waited out for `limit_s` seconds.

    Args:
        ask: raises KafkaException.
        limit_s: seconds.
        admin: the client that `ask` uses, if it is one: it is made to learn anew who leads, which it does not by itself.
    """
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return ask()
        except KafkaException as error:
            if not passing(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
            if admin is not None:
                _look_again(admin)


def _look_again(admin: AdminClient) -> None:
    try:
        admin.list_topics(timeout=5)
    except KafkaException as error:
        if not passing(error):
            raise


def common(settings: Settings) -> dict[str, Any]:
    """What every librdkafka client needs: servers and credentials.

    Raises:
        Misconfigured: the file with the certificate authority cannot be read.
    """
    config: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security_protocol,
        "log_level": 2,
        "socket.keepalive.enable": True,
        "topic.metadata.refresh.interval.ms": 60_000,
        "reconnect.backoff.max.ms": 1_000,
    }
    if settings.security_protocol.startswith("SASL"):
        config |= {
            "sasl.mechanism": settings.sasl_mechanism,
            "sasl.username": settings.sasl_username,
            "sasl.password": settings.sasl_password,
        }
    if settings.ssl_ca and "SSL" in settings.security_protocol:
        config["ssl.ca.location"] = _readable(settings.ssl_ca)
    return config


def _readable(authority: str) -> str:
    try:
        with Path(authority).open("rb") as file:
            first = file.read(_PEM_BYTES)
    except OSError as error:
        raise Misconfigured(f"FOREWARN_SSL_CA: {authority} cannot be read: {error.strerror}.") from error
    if b"-----BEGIN CERTIFICATE-----" not in first:
        raise Misconfigured(f"FOREWARN_SSL_CA: {authority} holds no certificate in PEM form.")
    return authority


def consumer(settings: Settings, group: str, **extra: Any) -> Consumer:
    """A consumer that joins no group by itself: it is assigned by hand and commits nothing."""
    return Consumer(
        common(settings)
        | {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
            "queued.max.messages.kbytes": 64 * 1024,
        }
        | extra
    )


def producer(settings: Settings, **extra: Any) -> Producer:
    """An idempotent producer, all replicas acknowledging."""
    return Producer(
        common(settings)
        | {
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 2,
            "batch.size": 512 * 1024,
            "compression.type": "lz4",
            "message.max.bytes": RECORD_BYTES_MAX,
            "queue.buffering.max.messages": 500_000,
            "queue.buffering.max.kbytes": 256 * 1024,
        }
        | extra
    )


def hand_over(
    producer: Producer, topic: str, value: bytes | None, key: bytes | None, partition: int = -1, **options: Any
) -> None:
    """Give a producer one record, waiting while its queue is full."""
    while True:
        try:
            producer.produce(topic, value, key, partition, **options)
            break
        except BufferError:
            producer.poll(0.05)


def admin(settings: Settings) -> AdminClient:
    """A client for topics, offsets and groups."""
    return AdminClient(common(settings))


def ends(
    admin: AdminClient, partitions: Iterable[TopicPartition], level: IsolationLevel, timeout_s: float = ASK_S
) -> dict[tuple[str, int], int]:
    """The end of each partition, by topic and number.

    A leader that does not answer in time leaves an offset below zero and no error (librdkafka 2.15, seen with a stopped
    broker). Taken for an end it would say that there is nothing to read: rows were restored as none, once.

    Raises:
        KafkaException: no answer, or not for every partition; `passing` says whether to ask again.
    """
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    answers = admin.list_offsets(dict.fromkeys(partitions, latest), isolation_level=level, request_timeout=timeout_s)
    found = {(tp.topic, tp.partition): future.result().offset for tp, future in answers.items()}
    if min(found.values(), default=0) < 0:
        raise KafkaException(KafkaError(KafkaError.REQUEST_TIMED_OUT))
    return found

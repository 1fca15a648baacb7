"""Sending records for a person: idempotent, all acknowledged before it says so, and placed by key as everywhere."""

from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import KafkaError, Message

from streams.engine import client
from streams.engine.errors import Inconsistent
from streams.settings import Settings

_TIMEOUT_S = 30


class Outgoing(NamedTuple):
    """One record for a canonical topic."""

    topic: str
    key: bytes | None
    value: bytes


def send_all(settings: Settings, records: Iterable[Outgoing]) -> int:
    """Send records in order; returns how many were stored, which is all of them.

    Raises:
        Inconsistent: some were not acknowledged; the text says how many. Sending all again is safe for events, whose
            idempotency keys drop the repeats.
    """
    producer = client.producer(settings, **{"partitioner": "murmur2_random", "message.timeout.ms": _TIMEOUT_S * 1000})
    stored, failed = [0], list[KafkaError]()

    def settle(error: KafkaError | None, _: Message) -> None:
        if error is None:
            stored[0] += 1
        else:
            failed.append(error)

    for topic, key, value in records:
        client.hand_over(producer, settings.topic_prefix + topic, value, key, on_delivery=settle)
        producer.poll(0)
    producer.flush(_TIMEOUT_S + 5)
    if failed:
        raise Inconsistent(
            f"{stored[0]} records were stored, {len(failed)} were not: {failed[0].str()}. Send all again."
        )
    return stored[0]

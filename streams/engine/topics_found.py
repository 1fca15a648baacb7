"""What a cluster holds of Forewarn's topics, and whether a cluster answers at all, in seconds and in one sentence."""

import time

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._metadata import TopicMetadata
from confluent_kafka.admin._resource import ResourceType
from msgspec import Struct

from streams.engine import client, refused
from streams.engine.errors import Misconfigured
from streams.settings import Settings
from streams.topics import TOPICS

#: A person waits for this: four looks of a second. A cluster that serves answers within one, also through TLS and
#: across a continent; where nothing listens at all, the first look shows it. A worker waits longer: both may just start.
PERSON_S, WORKER_S = 4.0, 30.0
_LOOK_S = 1.0
_DOWN = KafkaError._ALL_BROKERS_DOWN


class Found(Struct, frozen=True):
    """A topic as the cluster has it."""

    partitions: int
    replication: int


def found(settings: Settings, patience_s: float = PERSON_S) -> dict[str, Found]:
    """Forewarn's topics that exist, by canonical name.

    Args:
        patience_s: seconds to wait for an answer; a person learns at once that nothing listens.

    Raises:
        Misconfigured: nothing answers in time, or it refuses us; the text says what to do.
    """
    listed = _listed(settings, patience_s)
    names = {settings.topic_prefix + topic.name: topic.name for topic in TOPICS}
    return {
        names[name]: Found(len(meta.partitions), min((len(p.replicas) for p in meta.partitions.values()), default=0))
        for name, meta in listed.items()
        if name in names
    }


def _listed(settings: Settings, patience_s: float) -> dict[str, TopicMetadata]:
    errors: list[KafkaError] = []
    admin = AdminClient(client.common(settings) | {"error_cb": errors.append})
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return admin.list_topics(timeout=_LOOK_S).topics
        except KafkaException:
            admin.poll(0)
        if refused.is_final(errors):
            break
        down = patience_s <= PERSON_S and any(error.code() == _DOWN for error in errors)
        if down or time.monotonic() > deadline:
            break
        time.sleep(0.1)  # a listener that is not there is known at once
    raise Misconfigured(refused.connection(settings, errors) or _no_answer(settings))


def _no_answer(settings: Settings) -> str:
    return (
        f"No Kafka answers at {settings.bootstrap}. "
        "Start one with `forewarn broker up`, or set FOREWARN_BOOTSTRAP (or --bootstrap) to your own."
    )


def kept(settings: Settings, topics: list[str]) -> dict[str, dict[str, str]]:
    """The configuration in force of existing topics, by canonical name.

    Raises:
        Misconfigured: the cluster does not say.
    """
    resources = {ConfigResource(ResourceType.TOPIC, settings.topic_prefix + name): name for name in topics}
    if not resources:
        return {}
    admin = client.admin(settings)  # must outlive its futures
    answers = admin.describe_configs(list(resources), request_timeout=30)
    try:
        return {
            resources[resource]: {entry.name: entry.value for entry in future.result().values()}
            for resource, future in answers.items()
        }
    except KafkaException as error:
        raise Misconfigured(f"The topics' configuration cannot be read: {error.args[0].str()}.") from error

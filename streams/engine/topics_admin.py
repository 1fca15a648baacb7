"""Creating and checking the topics on a real cluster."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from streams.engine import client
from streams.engine.errors import Misconfigured
from streams.settings import Settings
from streams.topics import TOPICS, Topic

_TIMEOUT_S = 30


def partitions_of(topic: Topic, settings: Settings) -> int:
    """How many partitions a topic should have under these settings."""
    return topic.partitions or settings.partitions


def create(settings: Settings) -> list[str]:
    """Create the topics that do not exist yet; returns their names. Existing ones are left as they are."""
    wanted = [
        NewTopic(
            settings.topic_prefix + topic.name,
            partitions_of(topic, settings),
            settings.replication,
            config=topic.config,
        )
        for topic in TOPICS
    ]
    created = []
    admin = client.admin(settings)  # must outlive its futures
    for name, future in admin.create_topics(wanted, request_timeout=_TIMEOUT_S).items():
        try:
            future.result()
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Misconfigured(f"Topic {name} cannot be created: {error.args[0].str()}") from error
    return created


def partition_counts(settings: Settings) -> dict[str, int]:
    """Partitions by canonical topic name, of Forewarn's topics that exist.

    Raises:
        Misconfigured: the cluster does not answer.
    """
    try:
        found = client.admin(settings).list_topics(timeout=_TIMEOUT_S).topics
    except KafkaException as error:
        raise Misconfigured(
            f"No Kafka answers at {settings.bootstrap} ({error.args[0].str()}). "
            "Start one with `forewarn broker up`, or set FOREWARN_BOOTSTRAP."
        ) from error
    names = {settings.topic_prefix + topic.name: topic.name for topic in TOPICS}
    return {names[name]: len(meta.partitions) for name, meta in found.items() if name in names}


def problems(settings: Settings) -> list[str]:
    """What would make a worker wrong or stop on this cluster, one sentence each; empty when all is well."""
    counts = partition_counts(settings)
    found = [f"Topic {settings.topic_prefix}{t.name} does not exist." for t in TOPICS if t.name not in counts]
    found += [
        f"Topic {settings.topic_prefix}{t.name} has {counts[t.name]} partitions and must have {t.partitions}."
        for t in TOPICS
        if t.partitions and counts.get(t.name, t.partitions) != t.partitions
    ]
    if "journal" in counts and "state" in counts and counts["journal"] != counts["state"]:
        found.append(f"journal has {counts['journal']} partitions but state {counts['state']}: they must be equal.")
    return found + _wrong_cleanup(settings, counts)


def _wrong_cleanup(settings: Settings, counts: dict[str, int]) -> list[str]:
    resources = {ConfigResource(ResourceType.TOPIC, settings.topic_prefix + name): name for name in counts}
    if not resources:
        return []
    wanted = {topic.name: topic.config.get("cleanup.policy", "delete") for topic in TOPICS}
    found = []
    admin = client.admin(settings)  # must outlive its futures
    for resource, future in admin.describe_configs(list(resources), request_timeout=_TIMEOUT_S).items():
        name = resources[resource]
        policy = future.result()["cleanup.policy"].value
        if policy != wanted[name]:
            found.append(f"Topic {settings.topic_prefix}{name} has cleanup.policy={policy}; it must be {wanted[name]}.")
    return found


def require(settings: Settings) -> None:
    """Stop with one line unless the cluster's topics are right.

    Raises:
        Misconfigured: says what to do.
    """
    if found := problems(settings):
        raise Misconfigured(" ".join(found) + " `forewarn topics create` makes what is missing.")

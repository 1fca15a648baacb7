"""Creating and checking the topics on a real cluster."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic

from streams.engine import client
from streams.engine.errors import Misconfigured
from streams.engine.topics_found import WORKER_S, found, kept
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
        Misconfigured: the cluster does not answer, or refuses us.
    """
    return {name: topic.partitions for name, topic in found(settings, WORKER_S).items()}


def problems(settings: Settings) -> list[str]:
    """What would make a worker wrong or stop on this cluster, one sentence each; empty when all is well."""
    counts = partition_counts(settings)
    wrong = [f"Topic {settings.topic_prefix}{t.name} does not exist." for t in TOPICS if t.name not in counts]
    wrong += [
        f"Topic {settings.topic_prefix}{t.name} has {counts[t.name]} partitions and must have {t.partitions}."
        for t in TOPICS
        if t.partitions and counts.get(t.name, t.partitions) != t.partitions
    ]
    if "journal" in counts and "state" in counts and counts["journal"] != counts["state"]:
        wrong.append(f"journal has {counts['journal']} partitions but state {counts['state']}: they must be equal.")
    return wrong + _wrong_cleanup(settings, counts)


def _wrong_cleanup(settings: Settings, counts: dict[str, int]) -> list[str]:
    wanted = {topic.name: topic.config.get("cleanup.policy", "delete") for topic in TOPICS}
    in_force = {name: config["cleanup.policy"] for name, config in kept(settings, list(counts)).items()}
    return [
        f"Topic {settings.topic_prefix}{name} has cleanup.policy={policy}; it must be {wanted[name]}."
        for name, policy in in_force.items()
        if policy != wanted[name]
    ]


def require(settings: Settings) -> None:
    """Stop with one line unless the cluster's topics are right.

    Raises:
        Misconfigured: says what to do.
    """
    if wrong := problems(settings):
        raise Misconfigured(" ".join(wrong) + " `forewarn topics create` makes what is missing.")

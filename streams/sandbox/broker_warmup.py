"""Makes the cache of loaded classes (see `broker_runtime`) by running a broker once and giving it typical work.

Worth its 10 s at set-up: every start after it, of the demo and of each test's broker, is that much quicker.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.sandbox.broker import Cluster
from streams.sandbox.broker_errors import BrokerError
from streams.sandbox.broker_jars import Progress
from streams.sandbox.broker_runtime import fetch, silent

_ASSEMBLY_TIMEOUT_SECONDS = 120
"""Java writes the cache when the broker ends: 5 s on an idle machine, 20 s on a busy one."""

_WORK_TIMEOUT_SECONDS = 20
_KEPT = 4  # a cache is 67 MB, and each environment on the machine has one
_TOPIC = "warm-up"


def warm_up(progress: Progress = silent) -> bool:
    """Makes the cache if this Java can use one and there is none yet.

    Args:
        progress: told when it begins.

    Returns:
        Whether starts will be quick; False does no harm.

    Raises:
        FetchError: Java or Kafka's jars cannot be had.
    """
    runtime = fetch(progress)
    cache = runtime.class_cache
    if cache is None or cache.exists():
        return cache is not None
    progress("warming up: one start of Kafka for Java to learn from (10 to 40 s, once)")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="warm-up-", dir=cache.parent) as directory:
            draft = Path(directory) / cache.name
            trained = replace(runtime, server_options=(f"-XX:AOTCacheOutput={draft}",))
            with Cluster(Path(directory) / "cluster", runtime=trained) as cluster:
                _work(cluster.bootstrap)
                cluster.node().stop(_ASSEMBLY_TIMEOUT_SECONDS)
            draft.replace(cache)
    except (BrokerError, KafkaException, OSError):
        return False
    _prune(cache.parent)
    return True


def _work(bootstrap: str) -> None:
    """What every user of the broker does: a topic, a transaction, a consumer group."""
    client: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "log_level": 0}
    admin = AdminClient(client)
    for made in admin.create_topics([NewTopic(_TOPIC, 2, 1)]).values():
        made.result(_WORK_TIMEOUT_SECONDS)
    producer = Producer({**client, "transactional.id": _TOPIC})
    producer.init_transactions(_WORK_TIMEOUT_SECONDS)
    producer.begin_transaction()
    producer.produce(_TOPIC, b"paid")
    producer.commit_transaction(_WORK_TIMEOUT_SECONDS)
    consumer = Consumer({**client, "group.id": _TOPIC, "auto.offset.reset": "earliest"})
    consumer.subscribe([_TOPIC])
    consumer.consume(1, timeout=_WORK_TIMEOUT_SECONDS)
    consumer.close()


def _prune(directory: Path) -> None:
    caches = sorted(directory.glob("kafka-*.aot"), key=lambda path: path.stat().st_mtime, reverse=True)
    for forgotten in caches[_KEPT:]:
        forgotten.unlink(missing_ok=True)

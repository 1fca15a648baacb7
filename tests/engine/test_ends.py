"""A leader that does not answer leaves no end at all; taken for an empty partition it would lose what is there."""

from __future__ import annotations

import pytest
from confluent_kafka import IsolationLevel, KafkaException, TopicPartition

from streams.engine import client, topics_admin
from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings
from streams.settings import load

WANTED = [TopicPartition("state", number) for number in range(4)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_stopped_leader_is_not_an_empty_partition(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The one broker of three that is frozen leads some partition."""
    with Cluster(tmp_path_factory.mktemp("cluster"), ClusterSettings(brokers=3)) as cluster:
        settings = load({}, bootstrap=cluster.bootstrap, replication=3, partitions=4)
        topics_admin.create(settings)
        producer = client.producer(settings)
        for number in range(40):
            producer.produce("state", b"row", b"%d" % number, number % 4)
        producer.flush()
        admin = client.admin(settings)
        whole = {("state", number): 10 for number in range(4)}
        assert client.ends(admin, WANTED, IsolationLevel.READ_UNCOMMITTED) == whole

        cluster.node(2).pause()
        with pytest.raises(KafkaException) as raised:
            client.ends(admin, WANTED, IsolationLevel.READ_UNCOMMITTED, timeout_s=2)
        cluster.node(2).resume()

        assert client.passing(raised.value)
        assert client.patiently(lambda: client.ends(admin, WANTED, IsolationLevel.READ_UNCOMMITTED), 60, admin) == whole

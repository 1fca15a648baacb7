"""What the nodes of a cluster are told."""

from pathlib import Path

import pytest

from streams.sandbox import broker_ports
from streams.sandbox.broker_config import ClusterSettings, plan, ports_needed, server_properties

DATA = Path("data")


def _properties(settings: ClusterSettings) -> list[dict[str, str]]:
    nodes = plan(settings, list(range(20_000, 20_000 + ports_needed(settings))))
    return [server_properties(node, nodes, settings, DATA) for node in nodes]


@pytest.mark.parametrize(
    ("brokers", "replicas", "in_sync"), [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")]
)
def test_replication(brokers: int, replicas: str, in_sync: str) -> None:
    """Kafka's own topics have as many replicas as can be, and three replicas need two acknowledgements."""
    properties = _properties(ClusterSettings(brokers=brokers))[0]

    assert properties["offsets.topic.replication.factor"] == replicas
    assert properties["transaction.state.log.replication.factor"] == replicas
    assert properties["transaction.state.log.min.isr"] == in_sync
    assert properties["min.insync.replicas"] == in_sync


def test_no_two_listeners_share_a_port() -> None:
    """Every listener of every node has its own port."""
    listeners = [
        address.rsplit(":", 1)[1]
        for properties in _properties(ClusterSettings(brokers=3, controllers=3))
        for address in properties["listeners"].split(",")
    ]

    assert len(listeners) == len(set(listeners)) == 9


def test_only_controllers_vote() -> None:
    """With separate controllers, brokers do not vote; without, all do."""
    combined = _properties(ClusterSettings(brokers=3))[0]["controller.quorum.voters"]
    separate = _properties(ClusterSettings(brokers=3, controllers=1))[0]["controller.quorum.voters"]

    assert [voter.split("@")[0] for voter in combined.split(",")] == ["1", "2", "3"]
    assert [voter.split("@")[0] for voter in separate.split(",")] == ["101"]


def test_wanted_port_is_the_first_brokers() -> None:
    """A wanted port is the client port of broker 1 and of no other."""
    advertised = [node["advertised.listeners"] for node in _properties(ClusterSettings(brokers=2, port=9092))]

    assert [":9092" in address for address in advertised] == [True, False]


def test_properties_override() -> None:
    """What is asked for wins over the default, on every node."""
    asked = {"auto.create.topics.enable": "true", "log.flush.interval.messages": "1"}
    for properties in _properties(ClusterSettings(brokers=2, properties=asked)):
        assert asked.items() <= properties.items()


def test_ports_are_distinct_free_and_not_ephemeral() -> None:
    """A picked port is not one that the system may give to an outgoing connection while a broker is down."""
    ports = broker_ports.pick_ports(20)
    ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert len(set(ports)) == 20
    assert all(broker_ports.is_free(port) for port in ports)
    assert max(ports) < ephemeral

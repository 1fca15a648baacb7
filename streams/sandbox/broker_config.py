"""Decides how the embedded brokers are configured: as in production where correctness depends on it, small elsewhere.

Each node has up to three loopback listeners: CLIENT (what users connect to, its protocol may be TLS or SASL), INTERNAL
(plain text, between nodes and for the readiness check, so that a security set-up under test cannot lock the sandbox out
of itself) and CONTROLLER. Every property can be overridden.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.sandbox.broker_ports import LOOPBACK

CONTROLLER_ID_FIRST = 101
"""Separate controllers are numbered from here; brokers from 1."""

_MEBIBYTE = 1024 * 1024

HEAP_MB = 512
"""Java heap of a node, in MiB: enough for millions of records; a node then holds about 220 MB at rest."""

MESSAGE_BYTES_MAX = 16 * _MEBIBYTE
"""The largest record batch: a 10 MB value must reach an input topic and, with its coordinates, the dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """What kind of cluster to run.

    Attributes:
        brokers: number of brokers; with 3 or more, topics are replicated three times and two replicas must acknowledge.
        controllers: number of separate controllers; 0 makes every broker a controller too.
        port: client port of the first broker; 0 picks a free one, as always for the others.
        client_protocol: security protocol of the client listener, such as `PLAINTEXT` or `SASL_SSL`.
        properties: server properties that override or add to the defaults, on every node.
        scram_users: password by user name, stored for SCRAM-SHA-256 and SCRAM-SHA-512 when the data is first made.
        heap_mb: the Java heap of each node, in MiB.
    """

    brokers: int = 1
    controllers: int = 0
    port: int = 0
    client_protocol: str = "PLAINTEXT"
    properties: Mapping[str, str] = field(default_factory=dict)
    scram_users: Mapping[str, str] = field(default_factory=dict)
    heap_mb: int = HEAP_MB

    def __post_init__(self) -> None:
        """Refuses what cannot run.

        Raises:
            ValueError: a number is out of its range.
        """
        if self.brokers < 1 or self.controllers < 0:
            message = f"A cluster needs at least one broker, not {self.brokers} and {self.controllers} controllers."
            raise ValueError(message)
        if not 0 <= self.port < 2**16:
            message = f"{self.port} is no TCP port (0 to 65535)."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLayout:
    """Where one node listens and what it is. Ports are loopback ports; 0 for a listener that it does not have."""

    node_id: int
    is_broker: bool
    is_controller: bool
    client_port: int = 0
    internal_port: int = 0
    controller_port: int = 0

    @property
    def roles(self) -> str:
        """Kafka's `process.roles`."""
        return ",".join(role for role, has in (("broker", self.is_broker), ("controller", self.is_controller)) if has)

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that must be free for the node to start."""
        return tuple(port for port in (self.client_port, self.internal_port, self.controller_port) if port)


def plan(settings: ClusterSettings, ports: list[int]) -> list[NodeLayout]:
    """Lays out the nodes of a cluster.

    Args:
        settings: what is wanted.
        ports: free ports to hand out, at least `ports_needed(settings)`.
    """
    free = iter(ports)
    combined = settings.controllers == 0
    nodes = [
        NodeLayout(
            node_id=node_id,
            is_broker=True,
            is_controller=combined,
            client_port=settings.port if node_id == 1 and settings.port else next(free),
            internal_port=next(free),
            controller_port=next(free) if combined else 0,
        )
        for node_id in range(1, settings.brokers + 1)
    ]
    nodes += [
        NodeLayout(node_id=node_id, is_broker=False, is_controller=True, controller_port=next(free))
        for node_id in range(CONTROLLER_ID_FIRST, CONTROLLER_ID_FIRST + settings.controllers)
    ]
    return nodes


def ports_needed(settings: ClusterSettings) -> int:
    """An upper bound of the free ports that `plan` hands out."""
    return 3 * settings.brokers + settings.controllers


def server_properties(
    layout: NodeLayout, nodes: list[NodeLayout], settings: ClusterSettings, data: Path
) -> dict[str, str]:
    """The complete server properties of one node."""
    return {
        **_identity(layout, nodes, settings, data),
        **_durability(settings.brokers),
        **_SIZE_AND_SPEED,
        **settings.properties,
    }


def _identity(layout: NodeLayout, nodes: list[NodeLayout], settings: ClusterSettings, data: Path) -> dict[str, str]:
    named = {"CLIENT": layout.client_port, "INTERNAL": layout.internal_port, "CONTROLLER": layout.controller_port}
    listeners = {name: f"{name}://{LOOPBACK}:{port}" for name, port in named.items() if port}
    advertised = [address for name, address in listeners.items() if name != "CONTROLLER"]
    voters = [f"{node.node_id}@{LOOPBACK}:{node.controller_port}" for node in nodes if node.is_controller]
    properties = {
        "process.roles": layout.roles,
        "node.id": str(layout.node_id),
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join(listeners.values()),
        "listener.security.protocol.map": (
            f"CLIENT:{settings.client_protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "log.dirs": str(data),
    }
    if layout.is_controller:
        properties["default.replication.factor"] = _replicas(settings.brokers)
    if layout.is_broker:
        properties["inter.broker.listener.name"] = "INTERNAL"
        properties["advertised.listeners"] = ",".join(advertised)
    return properties


def _replicas(brokers: int) -> str:
    return str(min(brokers, 3))


def _durability(brokers: int) -> dict[str, str]:
    replicas = _replicas(brokers)
    in_sync = "2" if brokers >= 3 else "1"
    return {
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "unclean.leader.election.enable": "false",
        "auto.create.topics.enable": "false",  # a misspelled topic is an error, not a new topic
        "log.retention.ms": "-1",  # replayed loans are years old; by their own time they would be deleted at once
    }


_SIZE_AND_SPEED = {
    "message.max.bytes": str(MESSAGE_BYTES_MAX),
    "replica.fetch.max.bytes": str(MESSAGE_BYTES_MAX),
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "broker.session.timeout.ms": "3000",  # a killed broker cannot come back before its session ends (default 9 s)
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": str(16 * _MEBIBYTE),  # the default takes 128 MiB of heap at start
}

LOG4J_PROPERTIES = """\
rootLogger.level = WARN
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %m (%c)%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
"""
"""Log4j 2 configuration: warnings and errors into one file, which is where a failed start is explained."""

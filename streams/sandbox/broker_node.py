"""Runs one Kafka process on one directory: format, start, stop, and the faults that a proof needs.

A node's directory holds `data/` (Kafka's own), its configuration, `server.log` (warnings, errors) and `console.log`.
Its ports never change while the object lives, so clients and the other nodes find it again after a restart.
"""

import errno
import fcntl
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.sandbox import broker_diagnosis, broker_ports, broker_process
from streams.sandbox.broker_config import LOG4J_PROPERTIES, NodeLayout
from streams.sandbox.broker_diagnosis import IN_USE, REMOVE
from streams.sandbox.broker_errors import DataDirectoryError, PortInUseError, StartError
from streams.sandbox.broker_runtime import Runtime

if TYPE_CHECKING:
    import psutil

START_TIMEOUT_SECONDS = 90
"""A start takes 3 s on an idle machine; a busy one with a large log to recover may need much longer."""

STOP_GRACE_SECONDS = 10
"""A clean stop takes 0.4 s; one that waits for a lost quorum would take minutes, and Kafka survives a kill anyway."""

_POLL_SECONDS = 0.05
_REGISTERED_TIMEOUT_SECONDS = 2


class Node:
    """One Kafka process: a broker, a controller, or both."""

    def __init__(self, directory: Path, layout: NodeLayout, properties: Mapping[str, str], runtime: Runtime) -> None:
        self.directory = directory
        self.layout = layout
        self._properties = properties
        self._runtime = runtime
        self._process: psutil.Process | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` of the client listener."""
        return f"{broker_ports.LOOPBACK}:{self.layout.client_port}"

    @property
    def process(self) -> "psutil.Process | None":
        """The process that was started last, if any; it may have ended."""
        return self._process

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        return self._process.pid if self._process is not None and self.is_alive() else None

    def is_alive(self) -> bool:
        """Whether its process runs; a paused one does."""
        return self._process is not None and broker_process.is_alive(self._process)

    def start(self, *, detached: bool = False) -> None:
        """Starts on the directory as it is, and returns when the node serves.

        Raises:
            PortInUseError: another program has one of its ports.
            DataDirectoryError: the data cannot be used.
            StartError: it did not start for another reason.
        """
        self.launch(detached=detached)
        self.wait_ready()

    def launch(self, *, detached: bool = False) -> None:
        """Starts without waiting; see `start` for the errors."""
        if self.is_alive():
            return
        self.check_can_start()
        self._write_configuration()
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".previous.log"))  # a diagnosis reads this start only
        command = [*self._java("kafka.Kafka", *self._runtime.server_options), str(self._server_properties)]
        self._process = broker_process.spawn(command, self._console, detached=detached)

    def check_can_start(self) -> None:
        """Finds out, before anything is written, whether the node runs already or could start now.

        Raises:
            PortInUseError: another program has one of its ports.
            DataDirectoryError: another broker uses its data.
        """
        if self.is_alive():
            return
        for port in self.layout.ports:
            if not broker_ports.is_free(port):
                raise PortInUseError(port)
        if is_locked(self.data / ".lock"):
            raise DataDirectoryError(self.data, IN_USE)

    def wait_ready(self, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Waits until the node serves; ends it if it does not. See `start` for the errors."""
        deadline = time.monotonic() + timeout_seconds
        while not self._is_serving():
            if not self.is_alive():
                raise broker_diagnosis.explain((self._console, self._log), self.data, self.layout.ports)
            if time.monotonic() > deadline:
                self.kill()
                message = f"The broker was not ready within {timeout_seconds:.0f} s (more in {self._log})."
                raise StartError(message)
            time.sleep(_POLL_SECONDS)

    def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Ends the process cleanly if it can be done within the grace, else by force. Nothing if it does not run."""
        if self._process is not None:
            broker_process.end(self._process, grace_seconds)

    def ask_to_stop(self) -> None:
        """Begins a clean stop without waiting, so that the nodes of a cluster can stop together."""
        self._send(signal.SIGTERM)
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """Ends the process as a crash of the machine would, without any clean-up (SIGKILL)."""
        if self._process is not None:
            broker_process.kill(self._process)

    def pause(self) -> None:
        """Freezes the process (SIGSTOP): its connections stay open and nothing is answered."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen process go on (SIGCONT)."""
        self._send(signal.SIGCONT)

    def restart(self) -> None:
        """Starts again on the same data and ports, after ending the process if it still runs. Raises as `start`."""
        self.stop()
        self.start()

    @property
    def data(self) -> Path:
        """Kafka's own directory."""
        return self.directory / "data"

    def cluster_id(self) -> str | None:
        """The cluster that the data belongs to, or None if there is no data yet.

        Raises:
            DataDirectoryError: there is data, but not what names its cluster.
        """
        return stored_cluster_id(self.data)

    def format(self, cluster_id: str, scram_users: Mapping[str, str]) -> None:
        """Makes an empty data directory into one of this node and cluster.

        Raises:
            StartError: Kafka's storage tool refused.
        """
        self._write_configuration()
        users = [
            f"--add-scram={mechanism}=[name={name},password={password}]"
            for name, password in scram_users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        ]
        program = self._java("kafka.tools.StorageTool")
        command = [*program, "format", "-t", cluster_id, "-c", str(self._server_properties), *users]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=broker_process.environment(), timeout=60
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            message = f"Kafka could not format {self.data}: {said[0] if said else 'it said nothing'}"
            raise StartError(message)

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    @property
    def _scratch(self) -> Path:
        return self.directory / "scratch"

    @property
    def _console(self) -> Path:
        return self.directory / "console.log"

    @property
    def _server_properties(self) -> Path:
        return self.directory / "server.properties"

    def _java(self, main_class: str, *options: str) -> list[str]:
        return self._runtime.command(
            main_class,
            f"-Dlog4j2.configurationFile={self.directory / 'log4j2.properties'}",
            f"-Djava.io.tmpdir={self._scratch}",  # of its own: what is killed leaves files behind
            *options,
        )

    def _write_configuration(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        lines = [f"{name}={_escaped(value)}\n" for name, value in sorted(self._properties.items())]
        self._server_properties.touch(mode=0o600)  # it may hold a key store's password
        self._server_properties.write_text("".join(lines))
        (self.directory / "log4j2.properties").write_text(LOG4J_PROPERTIES.format(log=self._log))

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            broker_process.send(self._process, number)

    def _is_serving(self) -> bool:
        if not self.layout.is_broker:
            return broker_ports.answers(self.layout.controller_port)
        return broker_ports.answers(self.layout.client_port) and is_registered(
            self.layout.internal_port, self.layout.node_id
        )


def stored_cluster_id(data: Path) -> str | None:
    """See `Node.cluster_id`."""
    meta = data / "meta.properties"
    if not data.exists() or (data.is_dir() and not (meta.exists() or any(data.glob("*/")))):
        return None
    try:
        found = re.search(r"^cluster\.id=(\S+)$", meta.read_text(errors="replace"), re.MULTILINE)
    except OSError as error:
        raise DataDirectoryError(data, f"{meta.name} cannot be read ({error.strerror}). {REMOVE}") from error
    if found is None:
        raise DataDirectoryError(data, f"{meta.name} does not name its cluster. {REMOVE}")
    return found[1]


def is_locked(lock: Path) -> bool:
    """Whether a running Kafka holds its lock file; Java's file locks are POSIX locks, which can be tried from here."""
    try:
        with lock.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EAGAIN)
    return False


def is_registered(internal_port: int, node_id: int) -> bool:
    """Whether the broker answers requests and counts itself among the cluster's living brokers."""
    address = f"{broker_ports.LOOPBACK}:{internal_port}"
    client = AdminClient({"bootstrap.servers": address, "log_level": 0})
    try:
        return node_id in client.list_topics(timeout=_REGISTERED_TIMEOUT_SECONDS).brokers
    except KafkaException:
        return False


def _escaped(value: str) -> str:
    """A value as a Java properties file wants it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")

"""A broker that outlives the command that started it: where it is remembered, how it is found again and ended.

A state directory holds `broker/` (the cluster's data and logs) and `broker.json`, which names the process by its id. A
process with that id counts only if its command line names the configuration in that directory: after a restart of the
machine an innocent process may have the id, and start times shift when the clock is set.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from streams.sandbox import broker_process
from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings
from streams.sandbox.broker_errors import DataDirectoryError
from streams.sandbox.broker_jars import KAFKA_VERSION, Progress
from streams.sandbox.broker_node import STOP_GRACE_SECONDS, is_registered
from streams.sandbox.broker_runtime import silent
from streams.settings import Settings

DEFAULT_STATE_DIRECTORY = Path(Settings().state_dir)
"""Where the state is kept unless told otherwise: in the current directory."""

DEFAULT_PORT = int(Settings().bootstrap.rpartition(":")[2])
"""The port that every command connects to unless told otherwise."""


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A detached broker that was started.

    Attributes:
        bootstrap: `host:port` to connect to.
        pid: process id.
        kafka: the Kafka version.
        directory: where its data and logs are.
        internal_port: loopback port that answers plain text whatever the client listener's protocol.
    """

    bootstrap: str
    pid: int
    kafka: str
    directory: str
    internal_port: int

    @property
    def process(self) -> psutil.Process | None:
        """The live process, or None if it has ended."""
        try:
            process = psutil.Process(self.pid)
            is_ours = any(Path(word).is_relative_to(self.directory) for word in process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # ended, or another user's
            return None
        return process if is_ours else None

    def is_serving(self) -> bool:
        """Whether the broker answers requests now; False while it is paused or overwhelmed."""
        return is_registered(self.internal_port, node_id=1)


def up(state: Path, port: int = DEFAULT_PORT, progress: Progress = silent) -> tuple[Running, bool]:
    """Starts a broker that outlives this process, unless one runs already.

    Args:
        state: the state directory; made if missing.
        port: the client port; 0 picks a free one.
        progress: told each time something that takes long begins.

    Returns:
        The broker, and whether it was started now.

    Raises:
        BrokerError: one of its kinds, saying what to do. Nothing is left running then.
    """
    with _locked(state):
        running = status(state)
        if running is not None:
            return running, False
        cluster = Cluster(state / "broker", ClusterSettings(port=port), progress)
        cluster.start(detached=True)
        try:
            running = _describe(cluster)
            _write(_record(state), msgspec.json.format(msgspec.json.encode(running), indent=1))
        except BaseException:
            cluster.stop()
            raise
    return running, True


def down(state: Path, *, wipe: bool = False) -> Running | None:
    """Ends the broker.

    Args:
        state: the state directory.
        wipe: whether to remove its data and logs too.

    Returns:
        The broker that was ended, or None if none ran.
    """
    if not state.exists():
        return None
    with _locked(state):
        running = status(state)
        process = running.process if running is not None else None
        if process is not None:
            broker_process.end(process, STOP_GRACE_SECONDS)
        _record(state).unlink(missing_ok=True)
        if wipe:
            shutil.rmtree(state / "broker", ignore_errors=True)
    return running


def status(state: Path) -> Running | None:
    """The broker that runs now, or None."""
    try:
        running = msgspec.json.decode(_record(state).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):  # nothing was started here, or the machine went down while it was noted
        return None
    return running if running.process is not None else None


def _describe(cluster: Cluster) -> Running:
    node = cluster.node()
    process = node.process
    assert process is not None, "a started node has a process"
    return Running(
        bootstrap=cluster.bootstrap,
        pid=process.pid,
        kafka=KAFKA_VERSION,
        directory=str(cluster.directory),
        internal_port=node.layout.internal_port,
    )


def _record(state: Path) -> Path:
    return state / "broker.json"


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Commands on one state directory go one after the other."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / ".broker.lock").open("w")
    except OSError as error:
        raise DataDirectoryError(state, f"it cannot be written ({error.strerror}). Use another directory.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

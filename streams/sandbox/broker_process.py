"""Starts, signals and ends the broker's processes, each by its id and start time, never by a name.

It knows nothing of Kafka. A process is either tied (it cannot outlive its starter) or detached (it is meant to).
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from streams.engine import tied_child

_JAVA_VARIABLES = ("CLASSPATH", "JAVA_HOME", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")


def environment() -> dict[str, str]:
    """This process's environment without what would change how Java starts: another Java's settings are not ours."""
    return {name: value for name, value in os.environ.items() if name not in _JAVA_VARIABLES}


def spawn(command: list[str], output: Path, *, detached: bool) -> psutil.Process:
    """Starts a program in a session of its own, so that Ctrl-C reaches its starter first and not both at once.

    Args:
        command: absolute path of the program and its arguments.
        output: file that receives its standard output and error; replaced.
        detached: whether it outlives this process. If not, it is killed when this process ends, however it ends
            (on Linux; elsewhere only if this process ends in an orderly way).

    Raises:
        OSError: the program cannot be started.
    """
    tied = [sys.executable, "-I", "-S", tied_child.__file__, str(os.getpid()), *command]
    started: queue.SimpleQueue[psutil.Process | OSError] = queue.SimpleQueue()
    arguments = (command if detached else tied, output, started)
    threading.Thread(target=_keep, args=arguments, name="broker-keeper", daemon=True).start()
    try:
        result = started.get()
    except BaseException:  # Ctrl-C in between: what was started is known to nobody else
        late = started.get()
        if isinstance(late, psutil.Process):
            kill(late)
        raise
    if isinstance(result, OSError):
        raise result
    return result


def _keep(command: list[str], output: Path, started: "queue.SimpleQueue[psutil.Process | OSError]") -> None:
    """Starts the program and waits for its end in one thread.

    Linux counts the *thread* that forked as the parent whose death kills a tied child, so that thread must last.
    """
    try:
        with output.open("wb") as file:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,
            )
    except OSError as error:
        started.put(error)
        return
    started.put(psutil.Process(child.pid))  # nobody has waited for it yet, so the id is still its own
    child.wait()


def is_alive(process: psutil.Process) -> bool:
    """Whether this very process, not another that got its id, still runs (paused counts as running)."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Sends a signal, unless the process has ended or another one has its id."""
    if is_alive(process):
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return


def end(process: psutil.Process, grace_seconds: float) -> None:
    """Asks the process to stop, also if it is paused; kills it when the grace is over. Returns when it is gone."""
    send(process, signal.SIGTERM)
    send(process, signal.SIGCONT)
    if not wait_gone(process, grace_seconds):
        kill(process)


def kill(process: psutil.Process) -> None:
    """Kills the process as a crash would (SIGKILL). Returns when it is gone."""
    send(process, signal.SIGKILL)
    wait_gone(process, None)


def wait_gone(process: psutil.Process, timeout_seconds: float | None) -> bool:
    """Waits until the process is gone; False if it still runs after the time-out."""
    try:
        process.wait(timeout_seconds)
    except psutil.TimeoutExpired:
        return not is_alive(process)
    return True

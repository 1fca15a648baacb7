"""Turns a dead broker's log into one sentence.

Kafka explains a failed start in its log, in hundreds of lines of stack trace. The signs below were seen by provoking
each failure on Kafka 4.3.1; what matches none of them is reported with Kafka's own last error and the log's path.
"""

import re
from pathlib import Path

from streams.sandbox.broker_errors import BrokerError, DataDirectoryError, PortInUseError, StartError
from streams.sandbox.broker_ports import is_free

IN_USE = "another broker is using it. Stop that one first."
"""Why data cannot be used although nothing is wrong with it."""

REMOVE = "Remove it to start afresh (what it holds is lost), or use another directory."
"""What to do about data that cannot be used."""

_DATA_SIGNS = (
    (re.compile(r"Failed to acquire lock on file"), IN_USE),
    (
        re.compile(
            r"[Ii]nconsistent.?[Cc]luster.?[Ii]d|Invalid cluster\.?id|Stored node id|Unexpected.*(cluster|node)"
        ),
        f"it belongs to another broker. {REMOVE}",
    ),
    (
        re.compile(r"meta\.properties|CorruptRecord|corrupt|Malformed|quorum-state|bootstrap metadata", re.IGNORECASE),
        f"it is damaged. {REMOVE}",
    ),
    (re.compile(r"No space left on device"), "the disk is full. Make room and start again."),
    (
        re.compile(r"Permission denied|AccessDeniedException|Read-only file system"),
        "it cannot be written. Change its permissions, or use another directory.",
    ),
)

_ERROR_LINE = re.compile(
    r"^(?:\S+ \S+ (?:ERROR|FATAL) .*|Exception in thread .*|(?:Caused by: )?[\w.$]+(?:Exception|Error): .*)$",
    re.MULTILINE,
)
_TAIL_BYTES = 200_000


def explain(logs: tuple[Path, ...], data: Path, ports: tuple[int, ...]) -> BrokerError:
    """Says why a node did not start.

    Args:
        logs: the files that it wrote during this start, oldest first.
        data: its data directory.
        ports: the ports that it was to listen on.
    """
    text = "\n".join(_tail(log) for log in logs)
    if "Address already in use" in text or "BindException" in text:
        taken = [port for port in ports if not is_free(port)]
        return PortInUseError(taken[0] if taken else ports[0])
    errors = _ERROR_LINE.findall(text)
    for sign, why in _DATA_SIGNS:
        if any(sign.search(error) for error in errors):
            return DataDirectoryError(data, why)
    last = errors[-1].strip() if errors else "it said nothing"
    return StartError(f"The broker stopped while starting: {last[:300]} (more in {logs[-1]})")


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""

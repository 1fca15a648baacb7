"""Picks loopback ports that stay free while a broker is down.

The system hands out ports from its ephemeral range to every outgoing connection, so a port from that range may be taken
while a killed broker restarts, even by the client that tries to reach it. Ports are therefore picked below that range.
"""

import random
import socket
from contextlib import ExitStack
from pathlib import Path

LOOPBACK = "127.0.0.1"

_LOWEST = 20_000  # above the ports that programs are usually given, `forewarn broker up` included
_EPHEMERAL_LOW_DEFAULT = 32_768  # Linux; macOS starts at 49152
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def pick_ports(count: int) -> list[int]:
    """Finds distinct free loopback ports.

    Raises:
        OSError: there are not that many.
    """
    candidates = list(range(_LOWEST, _ephemeral_low()))
    random.shuffle(candidates)
    ports: list[int] = []
    with ExitStack() as held:  # all are held until all are found, so that none is found twice
        for port in candidates:
            if len(ports) == count:
                return ports
            holder = _bound(port)
            if holder is not None:
                held.enter_context(holder)
                ports.append(port)
    message = f"No {count} free ports below the system's ephemeral range."
    raise OSError(message)


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    holder = _bound(port)
    if holder is None:
        return False
    holder.close()
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on the loopback port now."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _bound(port: int) -> socket.socket | None:
    candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Kafka does: closed connections do not count
    try:
        candidate.bind((LOOPBACK, port))
    except OSError:
        candidate.close()
        return None
    return candidate


def _ephemeral_low() -> int:
    try:
        low = int(_RANGE_FILE.read_text().split()[0])
    except (OSError, ValueError):
        return _EPHEMERAL_LOW_DEFAULT
    return low if low > _LOWEST + 1_000 else _EPHEMERAL_LOW_DEFAULT

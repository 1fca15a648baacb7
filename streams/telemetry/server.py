"""One small HTTP server a process, in a thread of its own: /metrics, /live, /ready; GET only, nothing personal in it.

The loop of an agent is never asked: what is served was left behind by it. Listens on a port, or on a Unix socket in a
directory that only this user may enter, which is how a supervisor asks its agents.
"""

from __future__ import annotations

import http.client
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from streams.telemetry.exposition import CONTENT_TYPE

#: A client that says nothing for so long is let go.
_CLIENT_S = 5.0


class Answer(NamedTuple):
    """Status, content type and body."""

    status: int
    kind: str
    body: bytes


#: Path to answer.
Pages = Mapping[str, Callable[[], Answer]]


def text(body: bytes) -> Answer:
    """A page of metrics."""
    return Answer(200, CONTENT_TYPE, body)


def said(*, ok: bool, **details: object) -> Answer:
    """The answer of a probe: 200 or 503, and why, as JSON."""
    body = json.dumps({"ok": ok, **details}).encode() + b"\n"
    return Answer(200 if ok else 503, "application/json", body)


class _Handler(BaseHTTPRequestHandler):
    timeout = _CLIENT_S
    pages: ClassVar[Pages] = {}

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        answer = page() if page else Answer(404, "text/plain", b"There are /metrics, /live and /ready.\n")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(answer.body)

    def version_string(self) -> str:
        return "forewarn"

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002, ANN401  as the base class says
        """A scrape every few seconds is not worth a line."""


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Server:
    """A running server; `close` ends it."""

    def __init__(self, server: socketserver.TCPServer | socketserver.UnixStreamServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that was taken."""
        assert isinstance(self._server, ThreadingHTTPServer), "a Unix socket has no port"
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _handler(pages: Pages) -> type[_Handler]:
    return type("Handler", (_Handler,), {"pages": pages})


def listen(host: str, port: int, pages: Pages) -> Server:
    """Serve on a port (0: any that is free).

    Raises:
        OSError: the port is taken, or the address is not this machine's.
    """
    return Server(ThreadingHTTPServer((host, port), _handler(pages)))


def listen_at(path: Path, pages: Pages) -> Server:
    """Serve on a Unix socket; one that a dead process left is replaced."""
    path.unlink(missing_ok=True)
    return Server(_UnixServer(str(path), _handler(pages)))


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("agent", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(socket_path: Path, page: str, timeout_s: float) -> Answer | None:
    """Get a page from an agent; None if it does not answer in time."""
    connection = _UnixConnection(socket_path, timeout_s)
    try:
        connection.request("GET", page)
        response = connection.getresponse()
        return Answer(response.status, response.getheader("Content-Type", ""), response.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()

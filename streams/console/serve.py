"""The console as a program: the feed and the web server, on loopback unless told otherwise, until it is stopped."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import uvicorn
from msgspec import Struct

from streams.console.access import KeyAccess, ProxyAccess
from streams.console.feed import Feed
from streams.console.status import Board
from streams.console.store import Store
from streams.console.web import Pages, application
from streams.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
#: Open requests have so long to end when the console stops, in seconds.
_GRACE_S = 3


class Options(Struct, frozen=True, kw_only=True):
    """How the console is reached.

    Attributes:
        host: address to listen on.
        port: and port; 0 takes a free one.
        allowed_hosts: further names under which it is reached.
        proxy_header: believe this header of the proxy in front; empty for signing in by key.
        certificate: TLS certificate file, PEM; None serves plain HTTP.
        key: its key file.
    """

    host: str = "127.0.0.1"
    port: int = 8017
    allowed_hosts: tuple[str, ...] = ()
    proxy_header: str = ""
    certificate: Path | None = None
    key: Path | None = None


def serve(settings: Settings, options: Options, say: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM.

    Raises:
        OSError: the port is taken, or the file cannot be written.
    """
    with listening(options.host, options.port) as listener:
        port = listener.getsockname()[1]
        store, board = Store(store_path(settings)), Board()
        access = ProxyAccess(options.proxy_header) if options.proxy_header else KeyAccess(port)
        hosts = frozenset(name.lower() for name in (*LOOPBACK, _named(options.host), *options.allowed_hosts))
        app = application(Pages(store, board, access, secure=options.certificate is not None), access, hosts)
        feed = Feed(settings, store, board)
        feed.start()
        for line in _greeting(options, port, access):
            say(line)
        signal.signal(signal.SIGTERM, _end)  # uvicorn stops first, and then hands the signal on
        try:
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # a borrower's id is in the address
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_S,
                ssl_certfile=options.certificate,
                ssl_keyfile=options.key,
            )
            logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            feed.stop()
            store.close()


def _end(*_: object) -> None:
    sys.exit(0)


def store_path(settings: Settings) -> Path:
    """The file: one for each set of topics."""
    name = "".join(each if each.isalnum() else "_" for each in f"{settings.bootstrap}-{settings.topic_prefix}")
    return Path(settings.state_dir) / "console" / f"{name[:120]}.sqlite3"


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: the address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            error.errno, f"cannot listen there ({error.strerror}); choose another --port", f"{host}:{port}"
        ) from None


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _greeting(options: Options, port: int, access: KeyAccess | ProxyAccess) -> Iterable[str]:
    scheme = "https" if options.certificate else "http"
    name = options.allowed_hosts[0] if options.allowed_hosts else _named(options.host)
    where = f"{scheme}://{name}:{port}"
    if isinstance(access, KeyAccess):
        yield f"Open {where}/sign-in?key={access.key}"
        yield "Whoever has this link can look. It is valid until the console stops; Ctrl-C stops it."
    else:
        yield f"Listening at {where} for the proxy that sets {access.header}; Ctrl-C stops."
        yield "Let nobody reach this address but the proxy: it is believed."
    if options.host not in {"127.0.0.1", "::1", "localhost"} and options.certificate is None:
        yield "This is plain HTTP on an address that others may reach: add --certificate and --key, or a proxy with TLS."

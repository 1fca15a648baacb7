"""The scene in a file, and the pages served to HTTP clients and to a real browser."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

import pytest
import uvicorn

from streams.console.access import Access, KeyAccess
from streams.console.serve import LOOPBACK, listening
from streams.console.status import Board
from streams.console.store import Store
from streams.console.web import Pages, application
from tests.console import scene
from tests.console.feeding import Fed


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


class Site:
    """Pages that are served at a port of this machine."""

    def __init__(self, store: Store, access: Access | None = None) -> None:
        self.store, self.board = store, Board()
        self._listener = listening("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self.access = access or KeyAccess(self.port)
        app = application(Pages(store, self.board, self.access), self.access, frozenset(LOOPBACK))
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    def __enter__(self) -> Self:
        self.board.measured({}, {})
        self.board.become("live")
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    @property
    def base(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """The address that signs in."""
        assert isinstance(self.access, KeyAccess)
        return f"{self.base}/sign-in?key={self.access.key}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request, as nobody in particular; a header's `_` stands for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Host": f"127.0.0.1:{self.port}"} | named)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers.items()), response.read().decode())
        finally:
            connection.close()

    def cookie(self) -> str:
        """Sign in."""
        answer = self.ask(self.link.removeprefix(self.base))
        return {name.lower(): value for name, value in answer.headers.items()}["set-cookie"].partition(";")[0]

    def get(self, path: str, **query: str) -> Answer:
        """One page, signed in."""
        asked = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self.ask(asked, Cookie=self.cookie())


@pytest.fixture(scope="session")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """The scene, folded once; tests only read it."""
    store = Store(tmp_path_factory.mktemp("console") / "scene.sqlite3")
    told = Fed(store).fold(scene.events())
    for topic, key, value in scene.REFUSED:
        told.send(topic, key, value)
    told.pump()
    yield told
    store.close()


@pytest.fixture(scope="session")
def site(fed: Fed) -> Iterator[Site]:
    """The scene's pages; tests do not change it."""
    with Site(fed.store) as served:
        yield served


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    """Pages of a file that nothing has come to yet."""
    store = Store(tmp_path / "empty.sqlite3")
    with Site(store) as served:
        yield served
    store.close()


@pytest.fixture
def fed_away(fed: Fed) -> Iterator[Site]:
    """The scene's pages while Kafka does not answer."""
    with Site(fed.store) as served:
        served.board.become("away", "No Kafka answers at 127.0.0.1:1. Start one with `forewarn broker up`.")
        yield served

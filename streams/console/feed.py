"""Keeps the console's file up to date: one thread that reads the topics, read committed, from where the file stands.

Rule 1: what Kafka does wrong is waited out and shown, never fatal: the pages keep showing what was read last.
Rule 2: topics made anew are not the ones the file was filled from; it is then emptied and filled again.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

from confluent_kafka import KafkaException, TopicCollection

from streams.console.projection import TOPICS, Projection
from streams.console.status import Board
from streams.console.store import Store
from streams.engine import client, reading
from streams.engine.errors import EngineError
from streams.engine.reading import Place
from streams.settings import Settings
from streams.topics import BY_NAME

#: While nothing arrives, so often it is asked whether Kafka is still there, and how far its topics reach.
_PROBE_S = 3.0
#: After a failure, so long until the next try.
_RETRY_S = 2.0
_ANSWER_S = 10

#: `portfolio-state` is there where the portfolio agent is part of the installation.
READ = tuple(name for name in TOPICS if name in BY_NAME)

_log = logging.getLogger(__name__)


class Feed:
    """The reading thread. `start` and `stop` it; everything else is on the board."""

    def __init__(self, settings: Settings, store: Store, board: Board) -> None:
        self._settings = settings
        self._store = store
        self._board = board
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="console-feed", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present batch."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (EngineError, KafkaException) as error:
                self._board.become("away", _meaning(error))
            except sqlite3.Error as error:
                self._board.become("away", f"The file {self._store.path} cannot be written: {error}.")
            except Exception:  # noqa: BLE001  a thread that ends unseen would leave a page that looks alive
                _log.exception("The console's feed met a record it cannot read, and tries again.")
                self._board.become("away", "A record cannot be read; the console's log says which.")
            self._stopping.wait(_RETRY_S)

    def _follow(self) -> None:
        places = reading.places(self._settings, READ)
        ends = reading.ends(self._settings, places)
        if not (self._store.belongs_to(_topic_ids(self._settings)) and _reachable(self._store.offsets(), ends)):
            self._store.empty()
            self._store.belongs_to(_topic_ids(self._settings))
        projection = Projection(self._store)
        self._board.measured(ends, self._store.offsets())
        self._board.become("loading")
        self._load(projection, places, ends)
        self._board.measured(ends, ends)
        self._board.become("live")
        self._watch(projection, places, ends)

    def _load(self, projection: Projection, places: list[Place], ends: dict[Place, int]) -> None:
        """Read what is there."""
        with reading.Reader(self._settings, places, start=self._store.offsets(), until=ends) as reader:
            while not (reader.done or self._stopping.is_set()):
                if (found := reader.poll()) and projection.take(found):
                    self._board.measured(ends, self._store.offsets())
                    self._board.took()

    def _watch(self, projection: Projection, places: list[Place], start: dict[Place, int]) -> None:
        """Take what comes. Now and then ask whether Kafka is there: a reader that is only silent would not notice."""
        with reading.Reader(self._settings, places, start=start) as reader:
            probed, quiet = time.monotonic(), True
            while not self._stopping.is_set():
                if (found := reader.poll()) and projection.take(found):
                    self._board.took()
                    quiet = False
                if time.monotonic() - probed > _PROBE_S:
                    reading.places(self._settings, ["journal"])
                    ends = reading.ends(self._settings, places)
                    # The end counts transaction markers too, which no reader sees: where all is quiet, all was read.
                    self._board.measured(ends, ends if quiet else self._store.offsets())
                    probed, quiet = time.monotonic(), True


def _topic_ids(settings: Settings) -> dict[str, str]:
    admin = client.admin(settings)  # must outlive its futures
    names = [settings.topic_prefix + name for name in READ]
    answers = admin.describe_topics(TopicCollection(names), request_timeout=_ANSWER_S)
    return {name.removeprefix(settings.topic_prefix): str(future.result().topic_id) for name, future in answers.items()}


def _reachable(position: dict[Place, int], ends: dict[Place, int]) -> bool:
    return all(offset <= ends.get(place, offset) for place, offset in position.items())


def _meaning(error: EngineError | KafkaException) -> str:
    if isinstance(error, EngineError):
        return str(error)
    return f"Kafka says: {error.args[0].str() or error.args[0].name()}."

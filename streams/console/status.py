"""How the console stands with Kafka: one small value that the feed replaces and every page reads."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Literal

from msgspec import Struct, structs

from streams.engine.reading import Place

State = Literal["starting", "loading", "live", "away"]


class Status(Struct, frozen=True):
    """The present standing.

    Attributes:
        state: `loading` until what was there at the start has been read; `away` while Kafka does not answer.
        since: when this state began (UTC).
        text: why it is away, for a person.
        version: rises whenever a page could look different.
        behind: records still to be read, by partition; None while unknown.
        position: next offset to be read, by partition.
    """

    state: State
    since: dt.datetime
    text: str = ""
    version: int = 0
    behind: dict[Place, int] | None = None
    position: dict[Place, int] | None = None

    @property
    def to_go(self) -> int:
        """Records still to be read."""
        return sum((self.behind or {}).values())


class Board:
    """Where the feed writes the status and pages read it; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status = Status("starting", dt.datetime.now(dt.UTC))

    @property
    def status(self) -> Status:
        """The present one."""
        return self._status

    def become(self, state: State, text: str = "") -> None:
        """Note a state; its time begins if it is another one."""
        with self._lock:
            now = self._status
            if (now.state, now.text) != (state, text):
                since = now.since if now.state == state else dt.datetime.now(dt.UTC)
                self._status = structs.replace(now, state=state, text=text, since=since, version=now.version + 1)

    def took(self) -> None:
        """Note that a batch is in the file."""
        with self._lock:
            self._status = structs.replace(self._status, version=self._status.version + 1)

    def measured(self, ends: dict[Place, int], position: dict[Place, int]) -> None:
        """Note how far the reading is behind the ends of the partitions."""
        behind = {place: max(0, end - position.get(place, 0)) for place, end in ends.items()}
        with self._lock:
            self._status = structs.replace(self._status, behind=behind, position=dict(position))

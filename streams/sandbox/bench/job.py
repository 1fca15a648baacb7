"""What a contender's process is told, and how it is started: from the command line, as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from streams.sandbox.bench.meter import Meter


class Job(Struct, frozen=True, kw_only=True):
    """One process's part.

    Attributes:
        bootstrap: the broker.
        prefix: goes before every topic and group of this run.
        partitions: of the journal.
        records: that the journal holds.
        directory: of this process's own, for its state.
        meter: the file of its readings.
    """

    bootstrap: str
    prefix: str
    partitions: int
    records: int
    directory: str
    meter: str

    def topic(self, name: str) -> str:
        """A topic of this run."""
        return self.prefix + name

    def new_meter(self) -> Meter:
        """Its readings."""
        return Meter(Path(self.meter))

    def encoded(self) -> str:
        """For a command line."""
        return msgspec.json.encode(self).decode()


def from_command_line() -> Job:
    """The job in the first argument."""
    return msgspec.json.decode(sys.argv[1], type=Job)

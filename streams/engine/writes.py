"""What one batch wants to write: collected while folding, produced in one transaction."""

from __future__ import annotations

from typing import NamedTuple

#: Let the producer's partitioner place the record by its key.
BY_KEY = -1
Headers = list[tuple[str, bytes]]


class Write(NamedTuple):
    """One record to produce."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None


class Writes:
    """The records of one batch, in order, and what was counted while it was folded (see `engine.watch`).

    `touched` says that `Processor.finish` has rows to write, even if no record was taken.
    """

    __slots__ = ("counts", "records", "touched")

    def __init__(self) -> None:
        self.records: list[Write] = []
        self.touched = False
        self.counts: dict[tuple[str, ...], int] = {}

    def add(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = BY_KEY,
        headers: Headers | None = None,
    ) -> None:
        """Append a record for a canonical topic name."""
        self.records.append(Write(topic, partition, key, value, headers))

"""Bytewax with recovery, as its guide has it, with the product's fold; a row stays an object and is encoded at a snapshot.

State and offsets are kept in SQLite on this machine's disk, outputs go to Kafka before the snapshot: at least once, and
nothing survives the disk. A state belongs to one key, so a business date cannot wake the rows that ask for it: a row
advances when its own next event comes. Settings against the defaults: batches of 4,000 records, a snapshot each second,
linger 5 ms, lz4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from streams.borrower import state
from streams.sandbox.bench.job import Job, from_command_line
from streams.sandbox.bench.work import Keyed, Output

_BATCH = 4_000


class _Row(StatefulBatchLogic[bytes, Output, bytes]):
    """One borrower."""

    def __init__(self, fold: Keyed, kept: bytes | None) -> None:
        self._fold = fold
        self._row = None if kept is None else state.decode(kept)

    def on_batch(self, values: list[bytes]) -> tuple[Iterable[Output], bool]:
        for value in values:
            self._row = self._fold.fold(self._row, value)
        return self._fold.take(), StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        assert self._row is not None, "a key begins with an event"
        return state.encode(self._row)


def flow_of(job: Job, start: Any) -> Dataflow:  # noqa: ANN401  a callback
    """The dataflow; `start` is called before the first record."""
    flow, fold = Dataflow("bench"), Keyed(job.partitions)
    journal = kop.input(
        "journal", flow, brokers=[job.bootstrap], topics=[job.topic("journal")], tail=False, batch_size=_BATCH
    )

    def keyed(messages: list[Any]) -> list[tuple[str, bytes]]:
        start()
        found = []
        for message in messages:
            if message.key:
                found.append((message.key.decode(), message.value or b""))
            else:
                fold.everybody(message.value or b"")
        return found

    def sent(pair: tuple[str, Output]) -> KafkaSinkMessage[bytes | None, bytes | None]:
        topic, key, value = pair[1]
        return KafkaSinkMessage(key, value, topic=job.topic(topic))

    events = op.flat_map_batch("key", journal.oks, keyed)
    said = op.stateful_batch("fold", events, lambda kept: _Row(fold, kept))
    sink = KafkaSink([job.bootstrap], topic=None, add_config={"linger.ms": "5", "compression.type": "lz4"})
    op.output("outputs", op.map("message", said, sent), sink)
    return flow


def main() -> None:
    """Fold the whole journal, then end."""
    job = from_command_line()
    meter = job.new_meter()
    recovery = Path(job.directory) / "recovery"
    recovery.mkdir(parents=True)
    init_db_dir(recovery, 1)
    cli_main(
        flow_of(job, meter.start),
        epoch_interval=dt.timedelta(seconds=1),
        recovery_config=RecoveryConfig(str(recovery)),
    )
    meter.add(job.records)  # it has ended by itself, with a last snapshot


if __name__ == "__main__":
    main()

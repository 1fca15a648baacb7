"""Quix Streams with state, exactly once, as its guide to stateful applications has it, with the product's fold and row bytes.

A state belongs to the key of the message at hand and to no other, so a business date cannot wake the rows that ask for it: a
row advances when its own next event comes. Settings against the defaults: `commit_every` 4,000 records as the product's
batch, `commit_interval` 1 s, linger 5 ms, batches of 512 KiB, lz4.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State
from quixstreams.models import SerializationContext, Serializer

from streams.sandbox.bench.job import Job, from_command_line
from streams.sandbox.bench.work import Keyed

_OUTPUTS = ("risk-tier-changes", "delinquency-changes", "collection-actions", "labels")
_EVERY = 1_000


class _Value(Serializer):
    """The bytes of a (topic, bytes) pair: the topic has been chosen by then."""

    def __call__(self, value: tuple[str, bytes], ctx: SerializationContext) -> bytes:
        del ctx
        return value[1]


def main() -> None:
    """Fold the whole journal, then end."""
    job = from_command_line()
    meter = job.new_meter()
    seen = 0

    def processed(_topic: str, _partition: int, _offset: int) -> None:
        nonlocal seen
        seen += 1
        if seen == job.records:
            app.stop()
        elif seen % _EVERY == 0:
            meter.add(_EVERY)

    app = Application(
        broker_address=job.bootstrap,
        consumer_group=job.topic("quix"),
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_every=4_000,
        commit_interval=1.0,
        state_dir=job.directory,
        on_message_processed=processed,
        producer_extra_config={"linger.ms": 5, "batch.size": 512 * 1024, "compression.type": "lz4"},
        consumer_extra_config={"fetch.wait.max.ms": 50, "fetch.message.max.bytes": 4 * 1024 * 1024},
        loglevel="WARNING",
    )
    _flow(app, job, meter.start)
    app.run()  # returns when the last checkpoint is committed
    meter.add(job.records - meter.done)


def _flow(app: Application, job: Job, start: Any) -> None:  # noqa: ANN401  a callback
    raw: dict[str, Any] = {"key_deserializer": "bytes", "value_deserializer": "bytes"}
    journal = app.topic(job.topic("journal"), **raw)
    outputs = {name: app.topic(job.topic(name), key_serializer="bytes", value_serializer=_Value()) for name in _OUTPUTS}
    fold = Keyed(job.partitions)

    def of_a_borrower(value: bytes, key: bytes | None, _timestamp: int, _headers: Any) -> bool:  # noqa: ANN401
        start()
        if not key:
            fold.everybody(value)
        return bool(key)

    def assess(value: bytes, state: State) -> list[tuple[str, bytes]]:
        row, _ = fold.fold_bytes(state.get_bytes("row"), value)
        state.set_bytes("row", row)
        return [(topic, said) for topic, _, said in fold.take()]

    stream = app.dataframe(journal).filter(of_a_borrower, metadata=True).apply(assess, stateful=True, expand=True)
    stream.to_topic(lambda said, _key, _timestamp, _headers: outputs[said[0]])


if __name__ == "__main__":
    main()

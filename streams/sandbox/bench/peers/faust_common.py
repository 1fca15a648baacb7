"""What both Faust programs share: the app with its settings, its topics, and knowing when everything is durable."""

from __future__ import annotations

import logging
from typing import Any

import faust

from streams.sandbox.bench.job import Job
from streams.sandbox.bench.work import Output

_OUTPUTS = ("risk-tier-changes", "delinquency-changes", "collection-actions", "labels", "book")
_ONE_PARTITION = ("labels", "book")
#: A reading so often; only the last says that all is durable.
_EVERY = 1_000
#: Changelog records that may wait before the stream is held up. Faust's 100 makes it stop again and again (its issue 173).
_BUFFER = 10_000


class Peer:
    """One Faust worker in this process."""

    def __init__(self, job: Job) -> None:
        """Makes the app; nothing is started."""
        self.meter = job.new_meter()
        self.app = faust.App(
            job.topic("faust"),
            broker=f"kafka://{job.bootstrap}",
            store="memory://",
            datadir=job.directory,
            producer_linger=0.005,
            producer_max_batch_size=512 * 1024,
            producer_compression_type="lz4",
            consumer_max_fetch_size=4 * 1024 * 1024,
            consumer_auto_offset_reset="earliest",
            broker_commit_interval=1.0,
            topic_partitions=job.partitions,
            topic_disable_leader=True,
            table_standby_replicas=0,
            web_enabled=False,
        )
        self.journal = self._topic(job, "journal")
        self._outputs = {name: self._topic(job, name) for name in _OUTPUTS}
        self._left = job.records
        self._unread = 0

    def _topic(self, job: Job, name: str) -> Any:  # noqa: ANN401  Faust's topics are untyped at this edge
        return self.app.topic(
            job.topic(name), key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

    def ready(self) -> None:
        """The agent has begun, and with it the producer. Mode leaves the root logger at its lowest level: that is undone."""
        logging.getLogger().setLevel(logging.WARNING)
        self.app.producer.buffer.max_messages = _BUFFER

    async def send(self, outputs: list[Output]) -> None:
        """Publish what a fold said."""
        for topic, key, value in outputs:
            await self._outputs[topic].send(key=key, value=value, partition=0 if topic in _ONE_PARTITION else None)

    def folded(self) -> None:
        """One more record is folded; after the last, wait until all is durable and say so."""
        self._left -= 1
        self._unread += 1
        if self._left == 0:
            self.app.add_future(self._settle())
        elif self._unread == _EVERY:
            self._unread = 0
            self.meter.add(_EVERY)

    async def _settle(self) -> None:
        """All changelog records and outputs are acknowledged, then the offsets are committed."""
        producer = self.app.producer
        await producer.buffer.flush()
        await producer.flush()
        await self.app.consumer.commit()
        self.meter.add(self._unread)

    def run(self) -> None:
        """Until the process is ended."""
        faust.Worker(self.app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()

"""Plain Faust: a Table of rows and `send`, as its user guide has it, with the product's fold and row bytes.

At least once: tables, outputs and offsets are written one by one, so a crash repeats outputs and may fold twice.
Settings against the defaults: `producer_linger` 5 ms, `producer_max_batch_size` 512 KiB and lz4 (as the product),
`consumer_max_fetch_size` 4 MiB, `broker_commit_interval` 1 s, and a producer buffer of 10,000 records instead of 100.
"""

from __future__ import annotations

from typing import Any

from faust.types import StreamT

from streams.sandbox.bench.job import from_command_line
from streams.sandbox.bench.peers.faust_common import Peer
from streams.sandbox.bench.work import Keyed, Wakes


def main() -> None:
    """Fold the whole journal, then wait to be ended."""
    job = from_command_line()
    peer = Peer(job)
    app = peer.app
    rows: Any = app.Table("rows", key_type=bytes, value_type=bytes, partitions=job.partitions)
    folds = [Keyed(job.partitions) for _ in range(job.partitions)]
    wakes = [Wakes() for _ in range(job.partitions)]

    def put(number: int, key: bytes, row: bytes, wake_day: int) -> None:
        rows[key] = row
        wakes[number].note(key, wake_day)

    def everybody(number: int, value: bytes) -> None:
        fold = folds[number]
        if day := fold.everybody(value):
            while due := wakes[number].due(day):
                for key in due:
                    put(number, key, *fold.wake_bytes(key, rows[key], day))
            fold.close(day, number)

    @app.agent(peer.journal)
    async def assess(stream: StreamT[bytes]) -> None:
        peer.ready()
        async for event in stream.events():
            peer.meter.start()
            number, key = event.message.partition, event.key
            if key:
                put(number, key, *folds[number].fold_bytes(rows.get(key), event.value))
            else:
                everybody(number, event.value)
            await peer.send(folds[number].take())
            peer.folded()

    del assess
    peer.run()


if __name__ == "__main__":
    main()

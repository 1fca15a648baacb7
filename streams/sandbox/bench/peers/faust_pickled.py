"""Faust as tutorials on online learning have it: a Table that holds a pickled River model a borrower, and its row with it.

At each event the borrower's own model learns whether the last one was followed by a missed installment, and predicts the
next. The row is folded by the product's fold, so that ledger and alerts are the same work; what tutorials do comes on top of
it and replaces the shared learner. At least once, as `faust_table`, with the same settings.
"""

from __future__ import annotations

import pickle
from typing import Any

import msgspec
from faust.types import StreamT
from river import compose, linear_model, preprocessing

from streams.borrower.state import Borrower
from streams.sandbox.bench.job import from_command_line
from streams.sandbox.bench.peers.faust_common import Peer
from streams.sandbox.bench.work import Keyed, Wakes

_MISSED = "installment_missed"


class Known:
    """What the Table holds of a borrower."""

    def __init__(self) -> None:
        self.row: Borrower | None = None
        self.model = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
        self.last: dict[str, float] = {}
        self.score = 0.0

    def learn(self, event: dict[str, Any]) -> None:
        """Test, then train: River's own order."""
        if self.last:
            self.model.learn_one(self.last, event["type"] == _MISSED)
        row = self.row
        assert row is not None, "the row is folded first"
        self.last = {
            "amount": float(event.get("amount", {}).get("amount_minor", 0)),
            "day_of_month": float(event["business_date"][8:]),
            "events": float(row.sequence),
            "missed": float(event["type"] == _MISSED),
            "tier": float(row.tier),
        }
        self.score = self.model.predict_proba_one(self.last).get(True, 0.0)


def main() -> None:
    """Fold the whole journal, then wait to be ended."""
    job = from_command_line()
    peer = Peer(job)
    app = peer.app
    table: Any = app.Table("models", key_type=bytes, value_type=bytes, partitions=job.partitions)
    folds = [Keyed(job.partitions) for _ in range(job.partitions)]
    wakes = [Wakes() for _ in range(job.partitions)]

    def put(number: int, key: bytes, known: Known) -> None:
        assert known.row is not None, "the row is folded first"
        table[key] = pickle.dumps(known)
        wakes[number].note(key, known.row.wake_day)

    def handle(number: int, key: bytes, value: bytes) -> None:
        kept = table.get(key)
        known = Known() if kept is None else pickle.loads(kept)
        known.row = folds[number].fold(known.row, value)
        known.learn(msgspec.json.decode(value))
        put(number, key, known)

    def everybody(number: int, value: bytes) -> None:
        fold = folds[number]
        if day := fold.everybody(value):
            while due := wakes[number].due(day):
                for key in due:
                    known = pickle.loads(table[key])
                    fold.wake(key, known.row, day)
                    put(number, key, known)
            fold.close(day, number)

    @app.agent(peer.journal)
    async def assess(stream: StreamT[bytes]) -> None:
        peer.ready()
        async for event in stream.events():
            peer.meter.start()
            number, key = event.message.partition, event.key
            if key:
                handle(number, key, event.value)
            else:
                everybody(number, event.value)
            await peer.send(folds[number].take())
            peer.folded()

    del assess
    peer.run()


if __name__ == "__main__":
    main()

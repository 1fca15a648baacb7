"""A batch that was refused is aborted, and the producer behind it is replaced: the next batch must not suffer for it."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.engine import groups, reading
from streams.engine.errors import Fenced, Inconsistent, InstanceTaken
from streams.engine.transactions import Transactions
from streams.engine.writes import Write
from streams.settings import Settings, load

_ROW = [Write("state", 0, b"key", b"row", None)]


class _Producer:
    """librdkafka's transactional producer, as far as an aborted batch needs it; fails where it is told to."""

    def __init__(self, offsets: int = 0, abort: int = 0) -> None:
        self.said: list[str] = []
        self._fails = {"offsets": offsets, "abort": abort}

    def _do(self, act: str) -> None:
        self.said.append(act)
        if code := self._fails.get(act, 0):
            raise KafkaException(KafkaError(code))

    def init_transactions(self, _timeout: float) -> None:
        self._do("open")

    def begin_transaction(self) -> None:
        self._do("begin")

    def produce(self, *_arguments: object, **_options: object) -> None:
        self._do("produce")

    def poll(self, _timeout: float) -> None:
        pass

    def send_offsets_to_transaction(self, *_arguments: object) -> None:
        self._do("offsets")

    def commit_transaction(self, _timeout: float) -> None:
        self._do("commit")

    def abort_transaction(self, _timeout: float) -> None:
        self._do("abort")


class _Faked(Transactions):
    """The product's, over the given producers, one after the other."""

    def __init__(self, *producers: _Producer) -> None:
        self._waiting = list(producers)
        super().__init__(load({}), "id")

    def _new_producer(self) -> _Producer:  # type: ignore[override]
        return self._waiting.pop(0)


@pytest.mark.parametrize("abort", [0, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, KafkaError._TIMED_OUT])
def test_a_fenced_batch_is_followed_by_a_new_producer(abort: int) -> None:
    """Whether its abort went well or not: opening settles it. The next batch goes through the new one."""
    fenced, fresh = _Producer(KafkaError.ILLEGAL_GENERATION, abort), _Producer()
    transactions = _Faked(fenced, fresh)

    with pytest.raises(Fenced):
        transactions.commit(_ROW, {("journal", 0): 1}, b"")
    transactions.commit(_ROW, {("journal", 0): 1}, b"")

    assert fenced.said == ["begin", "produce", "offsets", "abort"]
    assert fresh.said == ["open", "begin", "produce", "offsets", "commit"]


def test_a_younger_producer_of_the_same_name_is_not_fenced() -> None:
    """Two workers with one name: the older stops, and does not take the name back."""
    fresh = _Producer()
    transactions = _Faked(_Producer(KafkaError.ILLEGAL_GENERATION, KafkaError._FENCED), fresh)

    with pytest.raises(InstanceTaken, match="--instance"):
        transactions.commit(_ROW, {("journal", 0): 1}, b"")

    assert fresh.said == []


def test_what_is_not_understood_is_not_aborted() -> None:
    """The outcome may be unknown: the process must end, and the log decides."""
    producer = _Producer(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)

    with pytest.raises(Inconsistent, match="OUT_OF_ORDER_SEQUENCE_NUMBER"):
        _Faked(producer).commit(_ROW, {("journal", 0): 1}, b"")

    assert producer.said == ["begin", "produce", "offsets"]


def test_fenced_on_a_real_cluster(own: Settings) -> None:
    """Batches of a generation that never was, large enough to be in flight when they are aborted, leave nothing behind."""
    transactions = Transactions(own, f"{own.topic_prefix}id")
    transactions.open()
    nobody, ghost = (groups.metadata("g", number, member, None) for number, member in ((-1, ""), (7, "ghost")))
    position = {(f"{own.topic_prefix}journal", 0): 1}
    refused = [Write("state", 0, b"refused %d" % n, bytes(1_000), None) for n in range(4_000)]

    for number in range(3):
        with pytest.raises(Fenced):
            transactions.commit(refused, position, ghost)
        transactions.commit([Write("state", 0, b"%d" % number, b"row", None)], position, nobody)

    assert [record.key for record in reading.read_all(own, ["state"])] == [b"0", b"1", b"2"]

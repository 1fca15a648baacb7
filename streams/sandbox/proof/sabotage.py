"""Faults within a worker, and ways to break the engine, made around the product's own classes.

The saboteur stands between `Transactions` and librdkafka's producer. Each mutation takes out one thing that the
guarantee rests on; the proof must turn red with each.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from confluent_kafka import TopicPartition
from msgspec import Struct

from streams.engine import client, groups, process, runtime
from streams.engine.errors import Fenced
from streams.engine.faust_app import Worker
from streams.engine.processor import Processor
from streams.engine.transactions import Partition, Transactions
from streams.engine.writes import Write, Writes
from streams.settings import Settings

#: Another thread may take the signal: this one runs on for a moment before the whole process stands.
_STOPPED_S = 0.3
STEPS = ("begin", "offsets", "commit", "committed")
MUTATIONS = ("no-fencing", "late-metadata", "offsets-outside", "drop-batch")


class Plan(Struct, kw_only=True):
    """What goes wrong in this process."""

    die_in_commit: float = 0.0
    queue_records: int = 0
    freeze_at: str | None = None
    stall_s: float = 0.0
    after_commits: int = 3
    mutation: str | None = None
    once: Path | None = None
    seed: int = 0

    def wrapped(self, processor: Processor) -> Processor:
        """The processor, unless batches are to be dropped."""
        return _Dropping(processor, self) if self.mutation == "drop-batch" else processor

    def take_turn(self) -> bool:
        """Whether the fault may be done now: once for all processes that share the file."""
        if self.once is None:
            return True
        try:
            self.once.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class _Producer:
    """librdkafka's producer, with a saboteur at each step of a transaction."""

    def __init__(self, producer: Any, plan: Plan, outside: Any) -> None:  # noqa: ANN401 - two C objects
        self._producer = producer
        self._plan = plan
        self._outside = outside
        self._chance = random.Random(f"{plan.seed}/{os.getpid()}")
        self._commits = 0
        self._late: tuple[list[TopicPartition], bytes] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._producer, name)

    def begin_transaction(self) -> None:
        self._commits += 1
        if self._plan.stall_s and self._commits == self._plan.after_commits and self._plan.take_turn():
            time.sleep(self._plan.stall_s)
        self._step("begin")
        self._producer.begin_transaction()

    def send_offsets_to_transaction(self, offsets: list[TopicPartition], metadata: bytes, timeout: float) -> None:
        self._step("offsets")
        if self._outside is not None:
            self._late = (offsets, metadata)
            return
        self._producer.send_offsets_to_transaction(offsets, metadata, timeout)

    def commit_transaction(self, timeout: float) -> None:
        self._step("commit")
        self._producer.commit_transaction(timeout)
        self._step("committed")
        if self._late is not None:
            self._outside.begin_transaction()
            self._outside.send_offsets_to_transaction(*self._late, timeout)
            self._outside.commit_transaction(timeout)

    def _step(self, step: str) -> None:
        plan = self._plan
        if self._chance.random() < plan.die_in_commit:
            os.kill(os.getpid(), signal.SIGKILL)
        if plan.freeze_at == step and self._commits >= plan.after_commits and plan.take_turn():
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(_STOPPED_S)


class _Transactions(Transactions):
    """The product's, over the saboteur's producer."""

    plan = Plan()

    def _new_producer(self) -> Any:  # noqa: ANN401 - two C objects
        outside = None
        if self.plan.mutation == "offsets-outside":
            other = Transactions(self._settings, f"{self._id}.outside")
            other.open()
            outside = other._producer  # noqa: SLF001 - the mutation needs what the product hides
        return _Producer(super()._new_producer(), self.plan, outside)

    def commit(self, writes: list[Write], offsets: dict[Partition, int], group_metadata: bytes) -> None:  # type: ignore[override]
        if self.plan.mutation == "no-fencing":
            group_metadata = _nobody(group_metadata)
        super().commit(writes, offsets, group_metadata)


def _nobody(metadata: bytes) -> bytes:
    """The same group without generation and member: a broker takes offsets from such a producer unchecked."""
    group = metadata.removeprefix(b"CGMDv2:")[4:].split(b"\0", 1)[0]
    return groups.metadata(group.decode(), -1, "", None)


class _LateRuntime(runtime.Runtime):
    """Builds the group metadata when it commits, not when its partitions were assigned."""

    _worker: Worker | None = None

    async def run(self, worker: Worker) -> None:
        self._worker = worker
        await super().run(worker)

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:  # noqa: ANN401
        if function == self._transactions.commit:
            writes, offsets, _ = arguments
            return await super()._in_thread(self._commit_late, writes, offsets)
        return await super()._in_thread(function, *arguments)

    def _commit_late(self, writes: list[Write], offsets: dict[Partition, int]) -> None:
        plan = _Transactions.plan
        if plan.stall_s and plan.take_turn():
            time.sleep(plan.stall_s)
        worker = self._worker
        if worker is None or worker.membership is None:
            raise Fenced("between two generations")
        member = worker.membership
        metadata = groups.metadata(self._group, member.generation, member.member, self._settings.instance)
        self._transactions.commit(writes, offsets, metadata)


class _Dropping:
    """A processor of which one batch never happened."""

    def __init__(self, processor: Processor, plan: Plan) -> None:
        self._processor = processor
        self._plan = plan
        self._batches = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._processor, name)

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        self._batches += 1
        if self._batches >= self._plan.after_commits and topic != "business-dates" and self._plan.take_turn():
            return len(records)
        return self._processor.fold(topic, partition, records, writes)


def install(plan: Plan) -> None:
    """Have the engine built with the saboteur's parts in this process."""
    _Transactions.plan = plan
    _replace(runtime, "Transactions", _Transactions)
    if plan.queue_records:
        real = client.producer

        def small(settings: Settings, **extra: Any) -> Any:  # noqa: ANN401
            return real(settings, **extra, **{"queue.buffering.max.messages": plan.queue_records})

        _replace(client, "producer", small)
    if plan.mutation == "late-metadata":
        _replace(process, "Runtime", _LateRuntime)


def _replace(module: ModuleType, name: str, part: object) -> None:
    assert hasattr(module, name), f"the engine has moved {name}: this saboteur would do nothing"
    setattr(module, name, part)

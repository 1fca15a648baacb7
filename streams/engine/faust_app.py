"""The Faust app of one agent, and the few internals of Faust and aiokafka that the engine relies on.

Everything private that is touched is touched here and named in `self_test`, which fails at start-up, loudly, if an
upgrade has moved it: (1) the consumer thread's `_create_worker_consumer`, to read committed records only;
(2) aiokafka's `_isolation_level`; (3) the coordinator's `member_id`; (4) a stream's channel queue; (5) the position in the
consumer's subscription; and of Faust's own worker, as `process` changes it, (6) `spinner` and (7) `_schedule_shutdown`, in which
both signals end.
"""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiokafka  # type: ignore[import-untyped]
import faust
import mode
from aiokafka import TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator  # type: ignore[import-untyped]
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState  # type: ignore[import-untyped]
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.auth import SASLMechanism

from streams.engine.delivery import BatchScheduler
from streams.engine.errors import Misconfigured
from streams.engine.transactions import Partition
from streams.settings import Settings

#: Batches (not records) that a partition may have waiting. Small, so memory stays flat under back-pressure; not below
#: 16, or Faust finds all partitions full and sleeps a second.
_BUFFERED_BATCHES = 32
_FETCH_BYTES = 512 * 1024


class _CommittedThread(driver.AIOKafkaConsumerThread):
    """Faust reads committed records only with its own exactly_once, which is not (docs/guarantees.md). So say it."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class _Transport(driver.Transport):
    Consumer = _Consumer


class _App(faust.App):
    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)


class _AsDelivered(faust.Schema[Any, Any]):
    """Hands the batch over as it is: decoding belongs to the fold, where a bad record is a dead letter."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        return None

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        return message.value


def _credentials(settings: Settings) -> Any:
    """The same credentials in Faust's form, or None on an open cluster."""
    context = (
        ssl.create_default_context(cafile=settings.ssl_ca or None) if "SSL" in settings.security_protocol else None
    )
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password,
            ssl_context=context,
            mechanism=SASLMechanism(settings.sasl_mechanism),
        )
    return faust.SSLCredentials(context) if context else None


class Membership:
    """One generation of the group as this worker saw it assigned: what a commit must still be entitled to."""

    __slots__ = ("generation", "member", "partitions")

    def __init__(self, generation: int, member: str, partitions: frozenset[Partition]) -> None:
        self.generation = generation
        self.member = member
        self.partitions = partitions


class Worker:
    """A Faust worker that runs one coroutine over whole batches of its topics."""

    def __init__(
        self, settings: Settings, group: str, topics: tuple[str, ...], body: Callable[[Worker], Awaitable[None]]
    ) -> None:
        self.membership: Membership | None = None
        self._queue: asyncio.Queue[Any] | None = None
        self._body = body
        self.app = _App(
            group,
            broker=[f"kafka://{server}" for server in settings.bootstrap.split(",")],
            broker_credentials=_credentials(settings),
            consumer_group_instance_id=settings.instance,
            broker_session_timeout=settings.session_timeout_ms / 1000,
            broker_heartbeat_interval=settings.session_timeout_ms / 4000,
            broker_rebalance_timeout=30.0,
            broker_max_poll_records=settings.batch_records_max,
            broker_commit_every=2**62,
            consumer_max_fetch_size=_FETCH_BYTES,
            consumer_auto_offset_reset="earliest",
            stream_buffer_maxsize=_BUFFERED_BATCHES,
            stream_wait_empty=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            table_standby_replicas=0,
            web_enabled=False,
            ConsumerScheduler=BatchScheduler,
            datadir=f"{settings.state_dir}/faust",
        )
        channel = self.app.topic(*topics, schema=_AsDelivered(), acks=False)
        self.app.agent(channel, name=f"{group}.agent")(self._run)
        self.app.on_partitions_assigned.connect(self._assigned, weak=False)  # type: ignore[arg-type]
        self.app.on_partitions_revoked.connect(self._revoked, weak=False)  # type: ignore[arg-type]

    async def _run(self, stream: Any) -> None:
        self._queue = stream.channel.queue
        await self._body(self)

    def _assigned(self, _app: Any, assigned: set[TP], **_: Any) -> None:
        coordinator = self.app.consumer._thread._consumer._coordinator  # type: ignore[attr-defined]
        partitions = frozenset((tp.topic, tp.partition) for tp in assigned)
        self.membership = Membership(self.app.consumer_generation_id, coordinator.member_id, partitions)

    def _revoked(self, _app: Any, _revoked: set[TP], **_: Any) -> None:
        self.membership = None

    @property
    def idle(self) -> bool:
        """Whether nothing that was fetched waits to be taken."""
        return self._queue is not None and self._queue.empty()

    def position(self, partition: Partition) -> int:
        """The offset that is fetched next: past the markers at a partition's end. 0 if it is not known."""
        assignment = self.app.consumer._thread._consumer._subscription.subscription.assignment  # type: ignore[attr-defined]
        state = None if assignment is None else assignment.state_value(TopicPartition(*partition))
        return state._position or 0 if state is not None else 0

    async def batches(self, wait_s: float, records_max: int) -> list[Any]:
        """Everything that is waiting, up to `records_max` records; waits at most `wait_s` for a first batch."""
        queue = self._queue
        assert queue is not None
        if queue.empty():
            try:
                event = await asyncio.wait_for(queue.get(), wait_s)
            except TimeoutError:
                return []
        else:
            event = queue.get_nowait()
        found = [event.value]
        count = len(event.value.records)
        while count < records_max and not queue.empty():
            batch = queue.get_nowait().value
            found.append(batch)
            count += len(batch.records)
        return found


def self_test() -> None:
    """Check that the internals named at the top are where this module expects them.

    Raises:
        Misconfigured: another version of Faust or aiokafka is installed.
    """
    checks = {
        "faust AIOKafkaConsumerThread._create_worker_consumer": hasattr(
            driver.AIOKafkaConsumerThread, "_create_worker_consumer"
        ),
        "faust Consumer._new_consumer_thread": hasattr(driver.Consumer, "_new_consumer_thread"),
        "faust App._new_transport": hasattr(faust.App, "_new_transport"),
        "faust Worker.spinner": "self.spinner" in inspect.getsource(faust.Worker),
        "mode Worker._schedule_shutdown": all(
            "self._schedule_shutdown(" in inspect.getsource(handler)
            for handler in (mode.Worker._on_sigterm, mode.Worker._on_sigint)
        ),
        "aiokafka AIOKafkaConsumer._isolation_level": "self._isolation_level"
        in inspect.getsource(aiokafka.AIOKafkaConsumer),
        "aiokafka GroupCoordinator.member_id": "self.member_id" in inspect.getsource(GroupCoordinator),
        "aiokafka Assignment.state_value": hasattr(Assignment, "state_value"),
        "aiokafka TopicPartitionState._position": "self._position" in inspect.getsource(TopicPartitionState),
    }
    missing = [name for name, found in checks.items() if not found]
    if missing:
        raise Misconfigured(
            f"This build needs internals that moved: {', '.join(missing)}. Install the locked versions."
        )

"""What the running system holds about model versions: what was published, what is in force where, and deciding anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from streams.agents.groups import group_of
from streams.agents.learn import LEARNER_KEY
from streams.borrower.shard import SHARD_KEY, SHARD_VERSION, ShardRow
from streams.engine import reading
from streams.engine import rows as frame
from streams.engine.barrier import Barrier
from streams.engine.sending import Outgoing, send_all
from streams.events.control import ModelActivated
from streams.events.outputs import DateClosed, LabelMatured, MeasureConcluded
from streams.learning.health import Health
from streams.learning.learner import Learner
from streams.risk.heads import PRIOR_VERSION, Weights, prior_weights
from streams.risk.versions import Activation

if TYPE_CHECKING:
    from streams.settings import Settings

TOPIC = "models"
_TAKE_S, _POLL_S = 30.0, 0.2
_labels = msgspec.msgpack.Decoder(LabelMatured | MeasureConcluded | DateClosed)
_decoder = msgspec.json.Decoder(ModelActivated)


class InForce(Struct, frozen=True):
    """What scores in one journal partition, and the offset at which it took over (-1: from the start)."""

    partition: int
    version: str
    since_offset: int
    pinned: bool


class Published(Struct, frozen=True):
    """Every version on topic `models`: what is known of them, and the newest event of each name."""

    health: Health
    events: dict[str, ModelActivated]
    newest_learned: ModelActivated | None

    def weights(self, version: str) -> Weights:
        """The weights of a version.

        Raises:
            click.ClickException: it was never published.
        """
        event = self.events.get(version)
        if event is None and version == PRIOR_VERSION:
            return prior_weights()
        if event is None:
            raise click.ClickException(f"No version {version!r} was ever published. `forewarn models list` shows them.")
        return Weights.from_event(event.version, event.learned_through, event.heads)


def published(settings: Settings) -> Published:
    """Read topic `models`.

    Raises:
        Misconfigured, Inconsistent: as `reading.read_all`.
    """
    health, events, newest = Health(), dict[str, ModelActivated](), None
    for record in reading.read_all(settings, [TOPIC]):
        try:
            event = _decoder.decode(record.value or b"")
            Weights.from_event(event.version, event.learned_through, event.heads)
            health.take(event, record.offset)
        except (msgspec.MsgspecError, ValueError):  # refused by the workers too: a dead letter says why
            continue
        events[event.version] = event
        if health.versions[-1].activation is Activation.LEARNED:
            newest = event
    return Published(health, events, newest)


def in_force(settings: Settings) -> list[InForce]:
    """What each journal partition scores with, as of its last commit; a partition without a row has folded nothing."""
    places = reading.places(settings, ["state"])
    newest: dict[int, bytes] = {}
    for record in reading.read(settings, places, until=reading.ends(settings, places), keys=(SHARD_KEY,)):
        if record.value is not None:
            newest[record.partition] = record.value
    found = []
    for partition, row in sorted(newest.items()):
        frame.check_version(row, SHARD_VERSION, SHARD_KEY)
        own = msgspec.msgpack.decode(frame.unpack(row)[3], type=ShardRow)
        found.append(InForce(partition, own.weights.version, own.active_since, own.pinned))
    return found


def learner(settings: Settings) -> Learner | None:
    """The learner as of its last commit; None if nothing has been learned."""
    row = None
    for record in reading.read_all(settings, ["learn-state"]):
        if record.key == LEARNER_KEY:
            row = record.value
    if row is None:
        return None
    frame.check_version(row, Learner.VERSION, LEARNER_KEY)
    return Learner.from_bytes(frame.unpack(row)[3])


def labels(settings: Settings, head: str) -> list[LabelMatured]:
    """Every matured label of one head.

    Raises:
        Misconfigured, Inconsistent: as `reading.read_all`.
    """
    said = (_labels.decode(record.value or b"") for record in reading.read_all(settings, ["labels"]))
    return [label for label in said if isinstance(label, LabelMatured) and label.head == head]


def publish(settings: Settings, event: ModelActivated) -> None:
    """Send a decision to topic `models`.

    Raises:
        Misconfigured, Inconsistent: it could not be sent.
    """
    reading.places(settings, [TOPIC])  # says within seconds if it cannot be sent
    send_all(settings, [Outgoing(TOPIC, None, msgspec.json.encode(event))])


def await_effect(settings: Settings) -> bool:
    """Wait until everything on `models` is journaled and folded; False if no worker does so within half a minute."""
    deadline = time.monotonic() + _TAKE_S
    for agent, topic in (("sequence", TOPIC), ("assess", "journal")):
        barrier = Barrier(settings, group_of(agent, settings), (topic,))
        try:
            ends = barrier.ends()
            while not barrier.passed(ends):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_POLL_S)
        finally:
            barrier.close()
    return True

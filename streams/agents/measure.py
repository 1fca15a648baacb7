"""From what an agent committed to metrics: once a batch, from the records it wrote and from what it counted meanwhile.

Nothing here is asked by a fold. A counter moves when the transaction is durable, so it agrees with what readers see.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable
from operator import itemgetter

import msgspec
from msgspec import Struct

from streams.agents import dead_letters
from streams.agents.figures import ModelFigures
from streams.engine.watch import Positions, Watch
from streams.engine.writes import Write, Writes
from streams.events.outputs import Direction, Step, Tier, Verdict
from streams.risk.tiers import TIERS
from streams.settings import Settings
from streams.telemetry import metrics
from streams.telemetry.health import SILENT_S_MAX, Health
from streams.topics import SEQUENCED

log = logging.getLogger("forewarn.telemetry")

#: The head whose outcome alerts warn of.
WARNED_OF = "default_90d"
_topic_of = itemgetter(0)


_WRITTEN = {
    "sequence": ("dead-letters", "journal"),
    "assess": ("dead-letters", "risk-tier-changes", "delinquency-changes", "collection-actions", "labels", "state"),
    "learn": ("models",),
    "portfolio": ("portfolio-alerts",),
    "preserve": ("evidence",),
}


class _Alert(Struct):
    to_tier: Tier
    direction: Direction


class _Change(Struct):
    to_bucket: str


class _Decision(Struct):
    verdict: Verdict
    rule_ids: tuple[str, ...]


class _Action(Struct):
    stage: Step
    decision: _Decision | None = None  # none of its own where a proposal is taken back


class _Label(Struct, tag_field="type", tag="label_matured"):
    head: str
    outcome: bool
    alerted_on: dt.date | None = None
    reached_on: dt.date | None = None


class _Outcome(Struct, tag_field="type", tag="measure_concluded"):
    """Of a measure: for the learner, no label of the model."""


class _Version(Struct):
    type: str


class _BookAlert(Struct):
    kind: str
    state: str


_alerts, _changes = msgspec.json.Decoder(_Alert), msgspec.json.Decoder(_Change)
_actions, _book_alerts = msgspec.json.Decoder(_Action), msgspec.json.Decoder(_BookAlert)
_labels = msgspec.msgpack.Decoder(_Label | _Outcome)
_versions = msgspec.json.Decoder(_Version)


class Meter(Watch):
    """The watch of one agent's process. `count` is what processors are given to count with."""

    def __init__(self, agent: str, settings: Settings) -> None:
        self.agent = agent
        silent_s_max = max(SILENT_S_MAX, 60 + 2 * settings.transaction_timeout_ms / 1000)
        self.health = Health(settings.ready_lag_ms / 1000, time.monotonic(), silent_s_max)
        self.positions: Positions | None = None
        self.assignments = 0
        self.figures = ModelFigures()
        self._tally: dict[tuple[str, ...], int] = {}
        self._reason, self._rule, self._outcome = metrics.Bounded(), metrics.Bounded(), metrics.Bounded()
        self._readers: dict[str, Callable[[Write], None]] = {
            "dead-letters": self._dead_letter,
            "risk-tier-changes": self._alert,
            "delinquency-changes": self._change,
            "collection-actions": self._action,
            "labels": self._label,
            "models": self._model,
            "portfolio-alerts": self._book_alert,
        }
        self._begin()

    def _begin(self) -> None:
        """Show at zero what this agent will count, so that its first step is seen as one."""
        if self.agent == "sequence":
            for topic in SEQUENCED:
                metrics.INPUTS.labels(topic, "accepted")
                metrics.INPUTS.labels(topic, "refused")
        for topic in _WRITTEN.get(self.agent, ()):
            metrics.OUTPUTS.labels(topic)
        if self.agent == "assess":
            for tier in TIERS:
                metrics.BORROWERS.labels(tier)
                for direction in ("UP", "DOWN", "RETRACT"):
                    metrics.TIER_CHANGES.labels(direction, tier)
            for verdict in ("ALLOW", "DEFER", "DENY"):
                metrics.ACTIONS.labels("REMINDER", verdict)

    def count(self, *names: str) -> None:
        """Count one of something in the batch that is being folded."""
        tally = self._tally
        tally[names] = tally.get(names, 0) + 1

    # What the loop tells.

    def started(self, positions: Positions) -> None:
        """The loop begins."""
        self.positions = positions

    def turned(self) -> None:
        """A sign of life."""
        self.health.turned_at = time.monotonic()

    def assigned(self, partitions: int) -> None:
        """Until it is adopted, this worker is not ready."""
        self.health.restored = self.health.caught_up = False
        self.health.waited_s = None
        metrics.REBALANCES.inc()
        metrics.PARTITIONS.set(partitions)
        metrics.RESTORING.set(1)
        metrics.RESTORED_ROWS.set(0)

    def restoring(self, rows: int) -> None:
        """A long restore is a sign of life, too."""
        metrics.RESTORED_ROWS.set(rows)
        self.turned()

    def adopted(self, seconds: float) -> None:
        """Rows are in memory."""
        metrics.RESTORING.set(0)
        metrics.RESTORE_SECONDS.set(seconds)
        self.assignments += 1
        self.health.restored = True

    def fenced(self) -> None:
        """What was counted in the refused batch is forgotten: it will be counted again."""
        metrics.FENCED.inc()
        metrics.PARTITIONS.set(0)
        self.health.restored = self.health.caught_up = False
        self._tally = {}

    def stopping(self) -> None:
        """The load balancer, if any, should look elsewhere."""
        self.health.stopping = True

    def folded(self, writes: Writes) -> None:
        """The counts go with the batch."""
        writes.counts, self._tally = self._tally, {}

    def committed(self, records: int, writes: Writes, folded_s: float, committed_s: float) -> None:
        """Count a durable batch."""
        metrics.RECORDS.inc(records)
        metrics.TRANSACTIONS.inc()
        metrics.BATCH_RECORDS.observe(records)
        metrics.TRANSACTION_SECONDS.observe(committed_s)
        metrics.FOLD_SECONDS.inc(folded_s)
        topics = Counter(map(_topic_of, writes.records))
        for topic, count in topics.items():
            metrics.OUTPUTS.labels(topic).inc(count)
        readers = self._readers
        if not topics.keys().isdisjoint(readers):
            for write in writes.records:
                if (read := readers.get(write[0])) is not None:
                    self._read(read, write)
        for names, count in writes.counts.items():
            self._counted(names, count)

    # What was counted and written.

    def _read(self, read: Callable[[Write], None], write: Write) -> None:
        """The batch is durable; a record that this module does not understand must not end the worker now."""
        try:
            read(write)
        except msgspec.MsgspecError as error:
            metrics.UNREAD.labels(write.topic).inc()
            log.warning("a record of %s was not measured: %s", write.topic, error)

    def _counted(self, names: tuple[str, ...], count: int) -> None:
        if len(names) == 2:
            topic, outcome = names
            metrics.INPUTS.labels(topic, outcome if outcome == "accepted" else "refused").inc(count)
        elif self.agent == "assess":
            metrics.FOLD_OUTCOMES.labels(self._outcome(names[0])).inc(count)

    def _dead_letter(self, write: Write) -> None:
        code = dict(write.headers or ()).get(dead_letters.CODE, b"")
        metrics.DEAD_LETTERS.labels(self._reason(code.decode())).inc()

    def _alert(self, write: Write) -> None:
        alert = _alerts.decode(write.value or b"")
        metrics.TIER_CHANGES.labels(alert.direction, alert.to_tier).inc()

    def _change(self, write: Write) -> None:
        metrics.BUCKET_CHANGES.labels(_changes.decode(write.value or b"").to_bucket).inc()

    def _action(self, write: Write) -> None:
        action = _actions.decode(write.value or b"")
        if action.decision is None:
            metrics.ACTIONS.labels(action.stage, "WITHDRAWN").inc()
            return
        verdict = action.decision.verdict
        metrics.ACTIONS.labels(action.stage, verdict).inc()
        if verdict != "ALLOW":
            for rule in action.decision.rule_ids:
                metrics.DENIALS.labels(self._rule(rule), verdict).inc()

    def _label(self, write: Write) -> None:
        if write.key is None:
            return  # a closed date
        label = _labels.decode(write.value or b"")
        if isinstance(label, _Outcome):
            return
        alerted = label.alerted_on is not None
        metrics.LABELS.labels(label.head, str(alerted).lower(), str(label.outcome).lower()).inc()
        if label.head == WARNED_OF and label.alerted_on and label.reached_on:
            metrics.LEAD_DAYS.observe(max(0, (label.reached_on - label.alerted_on).days))

    def _model(self, write: Write) -> None:
        value = write.value or b""
        if _versions.decode(value).type != "model_activated":
            return  # scores of measures
        metrics.MODELS.inc()
        self.figures.take(value)

    def _book_alert(self, write: Write) -> None:
        alert = _book_alerts.decode(write.value or b"")
        metrics.PORTFOLIO_ALERTS.labels(alert.kind, alert.state).inc()

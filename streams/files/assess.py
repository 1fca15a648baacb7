"""The same folds over event files, with no broker: the reference for every replay, and the way to try a file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.portfolio import PortfolioAgent
from streams.agents.sequence import Sequencer
from streams.borrower.labels import HEADS
from streams.engine import rows as frame
from streams.engine.driver import LocalDriver
from streams.engine.writes import Write
from streams.events.control import MeasuresActivated, ModelActivated
from streams.events.outputs import CollectionAction, LabelMatured, MeasureConcluded
from streams.files.events import FileEvent
from streams.files.export import action_order, alert_order
from streams.files.holds import spans
from streams.learning.health import Health
from streams.learning.learner import Learner
from streams.portfolio.monitor import Monitor
from streams.risk.tiers import DEFAULT, TIERS, Policy

_labels = msgspec.msgpack.Decoder(LabelMatured | MeasureConcluded)
_versions = msgspec.json.Decoder(ModelActivated | MeasuresActivated)
_actions = msgspec.json.Decoder(CollectionAction)
#: How a proposal that is withheld from a hold-out reads: few are, so the others need not be decoded.
_WITHHELD = b'"withheld":true'

#: Told (business day as ordinal, events folded) as the work goes on.
Progress = Callable[[int, int], None]
#: Events fed before the agents run: bounds memory, changes nothing else.
_CHUNK = 5_000


class Score(NamedTuple):
    """What was said of a borrower at the close of a month: `day` is its last (ordinal), `ppm` in the order of HEADS."""

    borrower_id: str
    day: int
    ppm: tuple[int, ...]
    tier: int
    days_past_due: int
    inputs: bytes

    def line(self) -> dict[str, Any]:
        """As a line of a scores file."""
        said: dict[str, Any] = {"borrower_id": self.borrower_id, "date": dt.date.fromordinal(self.day).isoformat()}
        said |= {f"{head.name}_ppm": value for head, value in zip(HEADS, self.ppm, strict=True)}
        return said | {"tier": TIERS[self.tier], "days_past_due": self.days_past_due}


class Assessed:
    """What a run over files gave. Alerts, actions and states are in canonical order: the same for every way to fold.

    `health` is what the learned versions said of themselves; `held_out` are the borrowers from whom a proposed measure
    was withheld, to compare with.

    Portfolio alerts are in the order in which they were said: there is one sequence of them.
    """

    def __init__(self, portfolio: PortfolioAgent, *, keep_actions: bool = False) -> None:
        self._keep_actions = keep_actions
        self._portfolio = portfolio
        self.portfolio_alerts: list[bytes] = []
        self.alerts: list[bytes] = []
        self.actions: list[bytes] = []
        self.changes: list[bytes] = []
        self.states: dict[bytes, bytes] = {}
        self.scores: list[Score] = []
        self.labels: list[LabelMatured] = []
        self.outcomes: list[MeasureConcluded] = []
        self.versions: list[bytes] = []
        self.health = Health()
        self.held_out: set[str] = set()
        self.outputs: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.dead_letters: list[Write] = []

    @property
    def monitor(self) -> Monitor:
        """The whole book as of the last closed date."""
        return self._portfolio.monitor

    def take(self, write: Write) -> None:
        """Note one write of an agent."""
        self.outputs[write.topic] += 1
        value = write.value or b""
        match write.topic:
            case "risk-tier-changes":
                self.alerts.append(value)
            case "collection-actions":
                self._take_action(value)
            case "portfolio-alerts":
                self.portfolio_alerts.append(value)
            case "delinquency-changes":
                self.changes.append(value)
            case "state" if write.key is not None and not write.key.startswith(b"\0"):
                self.states[write.key] = frame.unpack(value)[3]
            case "labels" if write.key is not None:
                self._take_label(_labels.decode(value))
            case "models":
                self._take_version(value)
            case "dead-letters":
                self.dead_letters.append(write)
            case _:
                pass

    def _take_label(self, said: LabelMatured | MeasureConcluded) -> None:
        if isinstance(said, LabelMatured):
            self.labels.append(said)
        else:
            self.outcomes.append(said)

    def _take_version(self, value: bytes) -> None:
        self.versions.append(value)
        if isinstance(version := _versions.decode(value), ModelActivated):
            self.health.take(version, self.outputs["models"] - 1)

    def _take_action(self, value: bytes) -> None:
        if self._keep_actions:
            self.actions.append(value)
        if _WITHHELD in value and (action := _actions.decode(value)).withheld:
            self.held_out.add(action.borrower_id)

    def score(
        self, borrower_id: str, day: int, ppm: tuple[int, ...], tier: int, days_past_due: int, inputs: bytes
    ) -> None:
        """Note one month-end score."""
        self.scores.append(Score(borrower_id, day, ppm, tier, days_past_due, inputs))


def assess(
    events: list[FileEvent],
    policy: Policy = DEFAULT,
    progress: Progress = lambda day, count: None,
    *,
    portfolio: PortfolioAgent | None = None,
    keep_actions: bool = False,
    learner: Callable[[], Learner] = Learner,
) -> Assessed:
    """Fold an ordered stream of events through all agents that decide, holding where a replay holds.

    Args:
        events: as `files.events.read` orders them.
        policy: of the tiers.
        progress: told as the work goes on.
        portfolio: the portfolio's agent, where another playbook is wanted than the shipped one.
        keep_actions: keep the collection actions too, over a kilobyte each; else they are only counted.
        learner: makes the learner.
    """
    agent = portfolio or PortfolioAgent()
    result = Assessed(agent, keep_actions=keep_actions)

    def counted(prefix: str) -> Callable[[str], None]:
        return lambda name: result.counts.update([f"{prefix}.{name}"])

    sequencer = Sequencer(1, None, lambda topic, outcome: result.counts.update([f"sequence.{topic}.{outcome}"]))
    assessor = Assessor(1, policy, counted("assess"), result.score)
    learning = LearningAgent(learner, counted("learn"))
    feed(LocalDriver([sequencer, assessor, learning, agent], result.take), events, progress)
    result.alerts.sort(key=alert_order)
    result.actions.sort(key=action_order)
    result.scores.sort(key=lambda score: (score.day, score.borrower_id))
    return result


def feed(driver: LocalDriver, events: list[FileEvent], progress: Progress = lambda day, count: None) -> None:
    """Give an ordered stream to agents without Kafka, and let them come to rest wherever a replay holds."""
    done = 0
    for span, _hold in spans(events):
        for start in range(0, len(span), _CHUNK):
            chunk = span[start : start + _CHUNK]
            for event in chunk:
                driver.produce(event.topic, event.key, event.value)
            driver.pump()
            done += len(chunk)
            progress(chunk[-1].day, done)

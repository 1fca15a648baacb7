"""The same folds over event files, with no broker: the reference for every replay, and the way to try a file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.sequence import Sequencer
from streams.borrower.labels import HEADS
from streams.engine import rows as frame
from streams.engine.driver import LocalDriver
from streams.engine.writes import Write
from streams.files.events import FileEvent
from streams.files.export import alert_order
from streams.files.holds import spans
from streams.risk.tiers import DEFAULT, TIERS, Policy

#: Told (business day as ordinal, events folded) as the work goes on.
Progress = Callable[[int, int], None]
#: Events fed before the agents run: bounds memory, changes nothing else.
_CHUNK = 5_000


class Assessed:
    """What a run over files gave. `alerts` and `states` are in canonical order: the same for every way to fold them."""

    def __init__(self) -> None:
        self.alerts: list[bytes] = []
        self.states: dict[bytes, bytes] = {}
        self.scores: list[dict[str, Any]] = []
        self.outputs: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.dead_letters: list[Write] = []
        self.versions: list[bytes] = []

    def take(self, write: Write) -> None:
        """Note one write to a topic that no agent reads."""
        self.outputs[write.topic] += 1
        match write.topic:
            case "risk-tier-changes":
                self.alerts.append(write.value or b"")
            case "state" if write.key is not None and not write.key.startswith(b"\0"):
                self.states[write.key] = frame.unpack(write.value or b"")[3]
            case "dead-letters":
                self.dead_letters.append(write)
            case _:
                pass

    def score(self, borrower_id: str, day: int, ppm: tuple[int, ...], tier: int, days_past_due: int) -> None:
        """Note one month-end score."""
        line: dict[str, Any] = {"borrower_id": borrower_id, "date": dt.date.fromordinal(day).isoformat()}
        line |= {f"{head.name}_ppm": value for head, value in zip(HEADS, ppm, strict=True)}
        self.scores.append(line | {"tier": TIERS[tier], "days_past_due": days_past_due})


def assess(events: list[FileEvent], policy: Policy = DEFAULT, progress: Progress = lambda day, count: None) -> Assessed:
    """Fold an ordered stream of events through sequence, assess and learn, holding where a replay holds."""
    result = Assessed()

    def counted(prefix: str) -> Callable[[str], None]:
        return lambda name: result.counts.update([f"{prefix}.{name}"])

    sequencer = Sequencer(1, None, lambda topic, outcome: result.counts.update([f"sequence.{topic}.{outcome}"]))
    assessor = Assessor(1, policy, counted("assess"), result.score)
    driver = LocalDriver([sequencer, assessor, LearningAgent(count=counted("learn"))], result.take)
    done = 0
    for span, _hold in spans(events):
        for start in range(0, len(span), _CHUNK):
            chunk = span[start : start + _CHUNK]
            for event in chunk:
                driver.produce(event.topic, event.key, event.value)
            driver.pump()
            done += len(chunk)
            progress(chunk[-1].day, done)
    result.alerts.sort(key=alert_order)
    result.scores.sort(key=lambda line: (line["date"], line["borrower_id"]))
    return result

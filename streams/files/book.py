"""The book of event files: the agents of a cluster, the portfolio among them, without one."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.portfolio import PortfolioAgent
from streams.agents.sequence import Sequencer
from streams.engine.driver import LocalDriver
from streams.engine.writes import Write
from streams.events.outputs import PortfolioAlert
from streams.files.events import FileEvent
from streams.files.holds import spans
from streams.portfolio.monitor import Monitor
from streams.risk.tiers import DEFAULT

#: Told (business day as ordinal, events folded) as the work goes on.
Progress = Callable[[int, int], None]
_CHUNK = 5_000
_alerts = msgspec.json.Decoder(PortfolioAlert)


class Booked:
    """What a run gave: the monitor as of the last date, every portfolio alert in order, and the records of `book`."""

    def __init__(self, agent: PortfolioAgent) -> None:
        self._agent = agent
        self.alerts: list[PortfolioAlert] = []

    @property
    def monitor(self) -> Monitor:
        """The book as of the last closed date."""
        return self._agent.monitor

    def take(self, write: Write) -> None:
        """Note one write to a topic that no agent reads."""
        if write.topic == "portfolio-alerts" and write.value is not None:
            self.alerts.append(_alerts.decode(write.value))


def book(
    events: list[FileEvent], agent: PortfolioAgent | None = None, progress: Progress = lambda day, count: None
) -> Booked:
    """Fold an ordered stream of events through all agents."""
    agent = agent or PortfolioAgent()
    result = Booked(agent)
    assessor = Assessor(1, DEFAULT)
    driver = LocalDriver([Sequencer(1, None), assessor, LearningAgent(), agent], result.take)
    done = 0
    for span, _hold in spans(events):
        for start in range(0, len(span), _CHUNK):
            chunk = span[start : start + _CHUNK]
            for event in chunk:
                driver.produce(event.topic, event.key, event.value)
            driver.pump()
            done += len(chunk)
            progress(chunk[-1].day, done)
    return result

"""Real loans folded once for all tests of this folder: the records of `book`, and the events they came from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import msgspec
import pytest

from streams.agents.assess import Assessor
from streams.agents.learn import LearningAgent
from streams.agents.portfolio import PortfolioAgent
from streams.agents.sequence import Sequencer
from streams.engine.driver import LocalDriver, LocalRecord
from streams.engine.writes import Write, Writes
from streams.events.envelope import BorrowerEvent, Event
from streams.events.outputs import RiskTierChanged
from streams.files.events import from_events
from streams.portfolio.history import Stock
from streams.portfolio.indicators import Figure
from streams.risk.tiers import DEFAULT
from streams.sandbox.datasets import ally

#: Every so manieth loan of the bundled set, up to a day: enough to have every flow.
EVERY, UNTIL = 40, dt.date(2018, 10, 2)
#: At whose opening figures are compared.
DATES = [dt.date(2017, 8, 1), dt.date(2017, 12, 15), dt.date(2018, 5, 31), dt.date(2018, 10, 1)]


@dataclass
class RealBook:
    """What the agents said of some real loans."""

    events: list[Event]
    records: list[bytes] = field(default_factory=list)
    tiers: list[RiskTierChanged] = field(default_factory=list)

    def local(self) -> list[LocalRecord]:
        """The records of `book` as an agent reads them."""
        return [LocalRecord("book", place, None, value, 0, []) for place, value in enumerate(self.records)]


@pytest.fixture(scope="session")
def real() -> RealBook:
    """Some dozens of Ally loans over sixteen months."""
    events = [event for event in ally.events() if event.business_date < UNTIL]
    borrowers = sorted({event.borrower_id for event in events if isinstance(event, BorrowerEvent)})
    kept = set(borrowers[::EVERY])
    book = RealBook([e for e in events if not isinstance(e, BorrowerEvent) or e.borrower_id in kept])

    def take(write: Write) -> None:
        if write.topic == "book" and write.value is not None:
            book.records.append(write.value)
        elif write.topic == "risk-tier-changes" and write.value is not None:
            book.tiers.append(decoder.decode(write.value))

    decoder = msgspec.json.Decoder(RiskTierChanged)
    driver = LocalDriver([Sequencer(1, None), Assessor(1, DEFAULT), LearningAgent()], take)
    for event in from_events(book.events):
        driver.produce(event.topic, event.key, event.value)
    driver.pump()
    return book


@dataclass
class Part:
    """What the monitor says of a part as of the opening of a date."""

    figures: dict[str, Figure]
    stock: Stock


Judged = dict[str, Part]


@pytest.fixture(scope="session")
def judged(real: RealBook) -> dict[dt.date, Judged]:
    """The monitor's figures of every part, as of the opening of each of the dates."""
    agent, found = PortfolioAgent(), dict[dt.date, Judged]()
    for record in real.local():
        agent.fold("book", 0, [record], Writes())
        book = agent.monitor.book
        date = dt.date.fromordinal(max(1, book.through))
        if date in DATES and date not in found:
            found[date] = {}
            for name, part in book.parts.items():
                line = part.history.at(book.through - 1)
                assert line is not None
                found[date][name] = Part(dict(part.figures), line.stock)
    return found

"""Two books folded once for all tests of this folder: what the agents said of each, and the events it came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
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
from streams.portfolio.indicators import Figure, indicators
from streams.portfolio.views import is_whole
from streams.risk.tiers import DEFAULT
from streams.sandbox.datasets import ally
from tests.portfolio import varied

#: Every so manieth loan of the bundled set, up to a day: enough to have every flow but first installments.
EVERY, UNTIL = 40, dt.date(2018, 10, 2)
#: At whose opening single figures are compared.
DATES = [dt.date(2017, 8, 1), dt.date(2017, 12, 15), dt.date(2018, 5, 31), dt.date(2018, 10, 1)]
#: Parts of the book are compared on every so manieth day, the whole on every one.
PARTS_EVERY_DAYS = 13


@dataclass
class RealBook:
    """What the agents said of some loans."""

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
    return folded(e for e in events if not isinstance(e, BorrowerEvent) or e.borrower_id in kept)


@pytest.fixture(scope="session")
def invented() -> RealBook:
    """The varied book over eighteen months."""
    return folded(varied.story())


def folded(events: Iterable[Event]) -> RealBook:
    """Fold events through the agents, with learning."""
    book = RealBook(list(events))

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
    """What the monitor says of the real loans."""
    return judgements(real)


@pytest.fixture(scope="session")
def invented_judged(invented: RealBook) -> dict[dt.date, Judged]:
    """What it says of the varied book."""
    return judgements(invented)


def judgements(book: RealBook) -> dict[dt.date, Judged]:
    """The monitor's figures as of the opening of every date; those of parts on some dates only."""
    agent, found = PortfolioAgent(), dict[dt.date, Judged]()
    for record in book.local():
        agent.fold("book", 0, [record], Writes())
        state = agent.monitor.book
        date = dt.date.fromordinal(max(1, state.through))
        if date not in found and state.through:
            detailed = date in DATES or state.through % PARTS_EVERY_DAYS == 0
            found[date] = {}
            for name, part in state.parts.items():
                line = part.history.at(state.through - 1)
                assert line is not None
                if detailed or is_whole(name):  # a part too small for a stage has figures where somebody looks at it
                    figures = part.figures or indicators(part.history, state.through - 1)
                    found[date][name] = Part(dict(figures), line.stock)
    return found

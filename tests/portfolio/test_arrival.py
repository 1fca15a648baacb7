"""What is said of the book follows from what each partition told, not from which of them was faster."""

from __future__ import annotations

import random
from typing import NamedTuple

import msgspec
import pytest

from streams.agents.portfolio import PortfolioAgent
from streams.borrower.context import Context
from streams.borrower.shard import Shard
from streams.engine.driver import LocalRecord
from streams.engine.reading import partition_of
from streams.engine.writes import Writes
from streams.events.control import BusinessDateAdvanced
from streams.events.decode import decode
from streams.events.envelope import BorrowerEvent
from streams.events.outputs import DateClosed
from streams.events.portfolio import FreezeChanged, ProposalDecided, ReserveStated, StageSignedOff
from streams.files.events import from_events
from streams.portfolio.state import Closed
from streams.risk.tiers import DEFAULT
from tests.whole import crowd

PARTITIONS = 4
#: A payment is published so many records after its place, so some are for days that their partition has closed.
LATE_BY = 40
_msgpack = msgspec.msgpack.Encoder()
_sorted = msgspec.msgpack.Encoder(order="sorted")


def told() -> list[list[bytes]]:
    """The records of `book` of each partition, from a book under stress with payments that are published late."""
    shards = [
        Shard(DEFAULT, lambda weights, policy: Context(weights, policy, lambda topic, out: None, lambda label: None))
        for _ in range(PARTITIONS)
    ]
    events = [decode(event.value) for event in from_events(crowd.story())]
    late = [place for place, event in enumerate(events) if isinstance(event, BorrowerEvent)][::97]
    for place in reversed(late):
        events.insert(min(place + LATE_BY, len(events) - 1), events.pop(place))
    records: list[list[bytes]] = [[] for _ in shards]
    for event in events:
        match event:
            case BorrowerEvent():
                shards[partition_of(event.borrower_id.encode(), PARTITIONS)].fold(event)
            case BusinessDateAdvanced():
                for number, shard in enumerate(shards):
                    shard.fold(event)
                    records[number].append(_msgpack.encode(shard.book.take(number)))
                    closed = DateClosed(partition=number, partitions=PARTITIONS, business_date=event.business_date)
                    records[number].append(_msgpack.encode(closed))
            case ReserveStated() | StageSignedOff() | ProposalDecided():
                records[0].append(_msgpack.encode(event))
            case _:
                pass
    return records


@pytest.fixture(scope="module")
def records() -> list[list[bytes]]:
    """Folded once."""
    return told()


class Said(NamedTuple):
    """What an order of arrival gave: alerts, freezes, and the figures of every part at each close."""

    alerts: list[bytes]
    freezes: list[FreezeChanged]
    figures: list[tuple[int, bytes]]


def said(records: list[list[bytes]], seed: int | None) -> Said:
    """What is said when the partitions' records arrive as chance has it (None: one partition after the other)."""
    chance, left = random.Random(seed), [list(reversed(each)) for each in records]
    merged = []
    while any(left):
        ready = [each for each in left if each]
        merged.append((ready[0] if seed is None else chance.choice(ready)).pop())
    agent, writes, figures = PortfolioAgent(), Writes(), list[tuple[int, bytes]]()
    judge = agent.monitor.close

    def close(day: int) -> Closed:
        closed = judge(day)
        figures.append((day, _sorted.encode({name: part.figures for name, part in agent.monitor.book.parts.items()})))
        return closed

    agent.monitor.close = close  # type: ignore[method-assign]  # to look at every date, not at the last one only
    agent.fold("book", 0, [LocalRecord("book", at, None, value, 0, []) for at, value in enumerate(merged)], writes)
    alerts = [write.value or b"" for write in writes.records if write.topic == "portfolio-alerts"]
    freezes = [decode(write.value or b"") for write in writes.records if write.topic == "controls"]
    assert all(isinstance(freeze, FreezeChanged) for freeze in freezes)
    return Said(alerts, [freeze for freeze in freezes if isinstance(freeze, FreezeChanged)], figures)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_does_not_matter(records: list[list[bytes]], seed: int) -> None:
    """Four partitions in any order among them: the same alerts, byte for byte, the same freezes, the same figures."""
    one_by_one = said(records, None)

    assert said(records, seed) == one_by_one
    assert len(one_by_one.alerts) >= 5
    assert one_by_one.freezes[0].scopes == ("ESCALATION", "LEARNING")
    assert one_by_one.freezes[-1].scopes == ()

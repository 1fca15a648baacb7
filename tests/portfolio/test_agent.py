from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from streams.agents.portfolio import PortfolioAgent
from streams.engine.writes import Writes
from streams.events.fields import NonNegativeMoney
from streams.events.outputs import DateClosed
from streams.events.portfolio import ReserveStated
from streams.files.assess import assess
from streams.files.events import from_events
from tests.portfolio.conftest import RealBook


def run(real: RealBook, size: int, *, restart: bool) -> tuple[dict[bytes, bytes], list[bytes]]:
    """Fold all records in batches; with `restart` by a new agent each time, from the rows alone. Rows and alerts."""
    agent, rows, alerts = PortfolioAgent(), dict[bytes, bytes](), list[bytes]()
    records = real.local()
    for start in range(0, len(records), size):
        if restart:
            agent = PortfolioAgent()
            agent.opened("book", 0, dict(rows), start)
        writes = Writes()
        batch = records[start : start + size]
        assert agent.fold("book", 0, batch, writes) == len(batch)
        agent.finish(writes)
        for write in writes.records:
            if write.topic == "portfolio-alerts":
                alerts.append(write.value or b"")
            elif write.value is None:
                rows.pop(write.key or b"", None)
            else:
                rows[write.key or b""] = write.value
    return rows, alerts


def test_a_restart_at_any_moment_changes_nothing(real: RealBook) -> None:
    """A new agent every 97 records, from the rows alone, ends with the same rows and has said the same."""
    steady_rows, steady_alerts = run(real, 97, restart=False)
    again_rows, again_alerts = run(real, 97, restart=True)

    assert again_rows == steady_rows
    assert again_alerts == steady_alerts
    assert {key.partition(b"/")[0] for key in steady_rows} == {
        b"progress",
        b"book",
        b"stock",
        b"part",
        b"line",
        b"waiting",
    }


def test_what_people_say_comes_through_the_journal(real: RealBook) -> None:
    """A reserve published on `controls` is known to the book after its date, at any number of agents in between."""
    date = dt.date(2017, 7, 3)
    stated = ReserveStated(
        event_id="r1",
        schema_version=1,
        source="finance",
        occurred_at=dt.datetime(2017, 7, 3, 9, tzinfo=dt.UTC),
        business_date=date,
        idempotency_key="r1",
        reserve=NonNegativeMoney(123_456, "USD"),
    )
    some = [event for event in real.events if event.business_date <= date + dt.timedelta(2)]

    assert assess(from_events([*some, stated])).monitor.book.reserves == {"USD": 123_456}


@pytest.mark.parametrize("partitions", [1, 2, 4, 12])
def test_a_date_is_judged_when_every_partition_has_closed_it(partitions: int) -> None:
    """The slowest partition decides. How many there are is said with every date, so nobody has to configure it."""
    agent, date = PortfolioAgent(), dt.date(2024, 1, 2)

    def close(partition: int, day: dt.date) -> None:
        closed = DateClosed(partition=partition, partitions=partitions, business_date=day)
        record = RealBook([], [msgspec.msgpack.encode(closed)]).local()
        agent.fold("book", 0, record, Writes())

    for partition in range(partitions - 1):
        close(partition, date)
        close(partition, date + dt.timedelta(1))
        assert agent.monitor.book.through == 0
    close(partitions - 1, date)

    assert agent.monitor.book.through == date.toordinal()

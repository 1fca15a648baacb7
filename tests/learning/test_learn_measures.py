"""The agent `learn` and outcomes of measures: when they are learned, in which order things are published, and restarts."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import msgspec
import pytest

from streams.agents.learn import LearningAgent
from streams.engine.writes import Writes
from streams.events.control import MeasuresActivated, ModelActivated
from streams.events.outputs import DateClosed, MeasureConcluded

_versions = msgspec.json.Decoder(ModelActivated | MeasuresActivated)
#: Labels of a month-end mature when months begin: dates on which a version is published in any case.
DATES = [dt.date(2026, month, 1) for month in (1, 2, 3, 4)]


class Record(NamedTuple):
    """A record of topic `labels`."""

    offset: int
    value: bytes


def concluded(number: int, matured_on: dt.date, *, cured: bool) -> MeasureConcluded:
    """What became of a message."""
    return MeasureConcluded(
        borrower_id=f"B{number}",
        action_id=f"B{number}/1/1-0",
        chosen_on=matured_on - dt.timedelta(days=14),
        matured_on=matured_on,
        segment="phone:HIGH:OVERDUE",
        measure="SMS",
        permitted=("IM", "SMS"),
        propensity_ppm=50_000,
        policy="LEARNED",
        early=False,
        cured=cured,
    )


def story(partitions: int) -> list[msgspec.Struct]:
    """Outcomes every ten days, told before the date they belong to is closed; the partitions close it one after another."""
    told: list[msgspec.Struct] = []
    for number, date in enumerate(DATES):
        days = ((-20, False), (-10, False), (0, True))
        told += [concluded(number, date + dt.timedelta(days=day), cured=cured) for day, cured in days]
        told += [DateClosed(partition=p, partitions=partitions, business_date=date) for p in range(partitions)]
        told.append(concluded(90 + number, date + dt.timedelta(days=1), cured=True))  # belongs to the next date
    return told


def records(told: list[msgspec.Struct]) -> list[Record]:
    """As they stand on the topic."""
    return [Record(offset, msgspec.msgpack.encode(each)) for offset, each in enumerate(told)]


def published(writes: Writes) -> list[ModelActivated | MeasuresActivated]:
    """What stands on `models`."""
    return [_versions.decode(write.value or b"") for write in writes.records if write.topic == "models"]


def learned(found: list[Record], batch: int = 1_000) -> tuple[LearningAgent, Writes]:
    """An agent that read all of it."""
    agent, writes = LearningAgent(), Writes()
    agent.opened("labels", 0, {}, 0)
    for start in range(0, len(found), batch):
        agent.fold("labels", 0, found[start : start + batch], writes)
        agent.finish(writes)
    return agent, writes


def test_scores_come_before_the_model_of_their_date() -> None:
    """So whoever waits for the model's version has the scores, too; each holds the outcomes up to its date."""
    _, writes = learned(records(story(2)))
    said = published(writes)
    kinds = [(type(each).__name__, each.learned_through) for each in said]
    tables = [each for each in said if isinstance(each, MeasuresActivated)]

    assert kinds == [(kind, date) for date in DATES[1:] for kind in ("MeasuresActivated", "ModelActivated")]
    assert [each.provenance["treated.outcomes"] for each in tables] == ["7", "11", "15"]
    assert [each.provenance["treated.cured"] for each in tables] == ["3", "5", "7"]
    assert set(tables[0].scores_ppm) == {"*", "phone:HIGH:OVERDUE"}


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_neither_batches_nor_partitions_matter(batch: int) -> None:
    """The same tables, however the topic is read and however many partitions close a date."""
    whole = published(learned(records(story(2)))[1])

    assert published(learned(records(story(2)), batch)[1]) == whole
    assert published(learned(records(story(5)))[1]) == whole


def test_a_restart_reads_again_what_was_not_learned() -> None:
    """From the rows and the offset that were committed with any date, on to the same tables; nothing counts twice."""
    found = records(story(2))
    whole = published(learned(found)[1])
    for stop in range(1, len(found)):
        agent, writes = learned(found[:stop])
        rows = {write.key or b"": write.value or b"" for write in writes.records if write.topic == "learn-state"}
        start = agent.committable("labels", 0, stop)
        again, more = LearningAgent(), Writes()
        again.opened("labels", 0, rows, start)
        again.fold("labels", 0, found[start:], more)

        assert published(writes) + published(more) == whole


def months_of_days() -> list[msgspec.Struct]:
    """Every day is closed, and on most of them outcomes mature and nothing is learned; one is told a day too late."""
    told: list[msgspec.Struct] = []
    day = DATES[0]
    while day <= DATES[-1]:
        number = (day - DATES[0]).days
        told.append(concluded(number, day, cured=number % 3 == 0))
        told += [DateClosed(partition=p, partitions=2, business_date=day) for p in range(2)]
        told.append(concluded(200 + number, day, cured=number % 2 == 0))  # when its day is closed already
        day += dt.timedelta(days=1)
    return told


@pytest.mark.parametrize("batch", [1, 4, 50])
def test_a_restart_forgets_no_outcome_that_waits_for_a_date_to_be_learned(batch: int) -> None:
    """An outcome may wait longer than its own date: till something is learned. A restart must know that it waits."""
    found = records(months_of_days())
    whole = published(learned(found)[1])
    agent, rows, said = LearningAgent(), dict[bytes, bytes](), list[ModelActivated | MeasuresActivated]()
    agent.opened("labels", 0, {}, 0)
    start = next_offset = 0
    while start < len(found):
        writes = Writes()
        agent.fold("labels", 0, found[start : start + batch], writes)
        agent.finish(writes)
        said += published(writes)
        rows |= {write.key or b"": write.value or b"" for write in writes.records if write.topic == "learn-state"}
        start += batch
        if writes.records:  # a commit, and a restart right after it
            next_offset = agent.committable("labels", 0, start)
            agent, start = LearningAgent(), next_offset
            agent.opened("labels", 0, dict(rows), next_offset)

    assert said == whole
    assert max(int(t.provenance["treated.outcomes"]) for t in whole if isinstance(t, MeasuresActivated)) > len(DATES)

"""A borrower folded again: what was published, and the picture of each installment."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from streams.console import dues, queries, story
from streams.console.dues import Due
from streams.console.pages import timeline
from streams.console.pages.ask import Ask
from streams.console.pages.borrower import Stories
from streams.console.projection import Projection
from streams.console.status import Status
from streams.console.store import Store
from streams.console.story import Heard, Story
from streams.events.decode import decode
from streams.events.outputs import RiskTierChanged
from tests.console import scene
from tests.console.feeding import Fed


def told(fed: Fed, borrower_id: str) -> Story:
    """The story of a borrower of the scene."""
    with fed.store.reading() as db:
        found = queries.borrower(db, borrower_id)
        assert found is not None
        partition, own = queries.journal_of(db, found.no)
        return story.tell(borrower_id, partition, own, heard(db, partition))


def heard(db: sqlite3.Connection, partition: int) -> list[Heard]:
    """What everybody was told."""
    return [(offset, decode(value)) for offset, value in queries.broadcast(db, partition)]


def everybody(fed: Fed) -> list[str]:
    """All ids."""
    with fed.store.reading() as db:
        return [row[0] for row in db.execute("SELECT id FROM borrower")]


def test_what_is_folded_again_is_what_was_published(fed: Fed) -> None:
    """Alerts, changes of bucket and measures of every borrower, to the byte."""
    compared = 0
    for borrower_id in everybody(fed):
        found = told(fed, borrower_id)
        with fed.store.reading() as db:
            row = queries.borrower(db, borrower_id)
            assert row is not None
            alerts, others = queries.published(db, row.no)
        published = {timeline.id_of(each): each for each in [*alerts, *others]}
        compared += len(published)
        assert {timeline.id_of(each): each for each in found.said} == published

    assert compared > 500


def test_the_curve_ends_where_the_state_stands(fed: Fed) -> None:
    """The last point is the row that the workers wrote."""
    for borrower_id in everybody(fed):
        last = told(fed, borrower_id).points[-1]
        with fed.store.reading() as db:
            row = queries.borrower(db, borrower_id)
        assert row is not None
        assert (last.ppm, last.tier) == (row.ppm, row.tier)


def test_the_curve_passes_through_every_alert(fed: Fed) -> None:
    """On the day of an alert, the curve has the alert's probability, or a later one of the same day."""
    for borrower_id in (scene.WORSE, scene.HELD):
        found = told(fed, borrower_id)
        by_day = {dt.date.fromordinal(point.day): point.ppm for point in found.points}
        alerts = [each for each in found.said if isinstance(each, RiskTierChanged)]
        assert [by_day[each.business_date] for each in alerts] == [each.probability_ppm for each in alerts]


def test_a_model_before_the_first_record_counts(fed: Fed) -> None:
    """A borrower who comes late is scored with the weights that are active then."""
    with fed.store.reading() as db:
        found = queries.borrower(db, scene.WORSE)
        assert found is not None
        partition, own = queries.journal_of(db, found.no)
        lines = heard(db, partition)
    whole = story.tell(scene.WORSE, partition, own, lines)
    last = [(offset + lines[-1][0] + 1, value) for offset, value in own[:2]]
    late = story.tell(scene.WORSE, partition, last, lines)

    assert late.model == whole.model != "prior"
    assert late.day == whole.day


def states(fed: Fed, borrower_id: str) -> list[Due]:
    """The installments of the borrower's loan."""
    found = told(fed, borrower_id)
    (loan,) = dues.loans(found.told, found.day)
    return list(loan.dues)


@pytest.mark.parametrize(
    ("borrower_id", "expected"),
    [
        (scene.GOOD, ["ON_TIME"] * 13 + ["DUE"] * 5),
        (scene.WORSE, ["ON_TIME"] * 2 + ["LATE"] * 6 + ["PART"] + ["MISSED"] * 4 + ["DUE"] * 5),
        # The payment that was booked 40 days late counts from its value date.
        (scene.RETRACTED, ["ON_TIME"] * 9 + ["LATE"] + ["ON_TIME"] * 3 + ["DUE"] * 5),
    ],
)
def test_installments_are_paid_or_missed(fed: Fed, borrower_id: str, expected: list[str]) -> None:
    """Each installment of three lives."""
    assert [due.state for due in states(fed, borrower_id)] == expected


def test_days_late_are_those_of_the_payments(fed: Fed) -> None:
    """From the due date to the day it was met in full."""
    assert [due.late_days for due in states(fed, scene.WORSE)][:9] == [0, 0, 1, 3, 6, 9, 14, 20, 0]


def test_a_restructure_replaces_what_was_not_due_yet(fed: Fed) -> None:
    """The old terms up to the restructure, then the new ones."""
    found = states(fed, scene.RESTRUCTURED)
    restructured = scene.due(8).toordinal()
    old, new = [d for d in found if d.day < restructured], [d for d in found if d.day >= restructured]

    assert {due.amount_minor for due in old} == {scene.AMOUNT}
    assert {due.amount_minor for due in new} == {scene.AMOUNT // 2}
    assert [due.state for due in new][:5] == ["ON_TIME"] * 5


def test_after_a_write_off_nothing_falls_due(fed: Fed) -> None:
    """Installments after it are not drawn."""
    last = max(due.day for due in states(fed, scene.GONE))

    assert last < scene.due(9).toordinal()


def test_the_same_measure_again_and_again_is_one_line(fed: Fed) -> None:
    """Lines of the timeline are grouped, and none is lost."""
    found = told(fed, scene.WORSE)
    lines = timeline.entries("en", found.told, found.said, {timeline.id_of(each) for each in found.said})

    assert sum(line.times for line in lines) == len(found.told) + len(found.said)
    assert len(lines) < len(found.told) + len(found.said)
    assert lines == sorted(lines, key=lambda line: line.day, reverse=True)


def test_nothing_of_an_older_journal_is_remembered(fed: Fed, tmp_path: Path) -> None:
    """When the topics were made anew, offsets begin again, and the same offset is another record."""
    stories, seen = Stories(), list[int]()
    store = Store(tmp_path / "anew.sqlite3")
    for journal, count in (("old", len(fed.records)), ("new", len(fed.records) // 2)):
        store.empty()
        store.belongs_to({"journal": journal})
        Projection(store).take(fed.records[:count])
        with store.reading() as db:
            found = queries.borrower(db, scene.WORSE)
            assert found is not None
            ask = Ask("en", {}, db, Status("live", dt.datetime.now(dt.UTC)), queries.business_day(db))
            seen.append(stories.of(ask, found).day)
    store.close()

    assert seen[1] < seen[0]

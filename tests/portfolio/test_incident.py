from __future__ import annotations

from streams.portfolio.book import Delta
from tests.portfolio.builders import Days, segment

BOOK = {"N": 30_000, "S": 30_000}


def usual(delta: Delta, day: int) -> None:
    """A normal day's payments and failed debits."""
    delta.mark(day, "received", "core", 2_000)
    delta.mark(day, "technical", "acquirer-1", 4)
    delta.mark(day, "technical", "acquirer-2", 3)


def rail_down(delta: Delta, day: int) -> None:
    """One processor refuses everything."""
    delta.mark(day, "received", "core", 900)
    delta.mark(day, "technical", "acquirer-1", 800)
    delta.mark(day, "technical", "acquirer-2", 3)


def feed_silent(delta: Delta, day: int) -> None:
    """No payment arrives."""
    delta.mark(day, "received", "core", 12)
    delta.mark(day, "technical", "acquirer-1", 4)


def test_a_broken_rail_is_an_incident_and_no_crisis() -> None:
    """Misses jump eightfold for two days with the rail down: one alert, frozen, no stage and no drift."""
    days = Days(BOOK)
    days.live(90, lambda region: 0.06, usual)
    days.live(2, lambda region: 0.50, rail_down)

    (alert,) = days.alerts
    assert (alert.kind, alert.state, alert.affected) == ("DATA_OR_RAIL_INCIDENT", "RAISED", ("processor:acquirer-1",))
    assert alert.freeze == ("ESCALATION", "LEARNING", "STAGES")
    assert {part.stage.stage for part in days.monitor.book.parts.values()} == {"NORMAL"}


def test_a_backfill_after_the_incident_leaves_no_standing_alert() -> None:
    """The misses turn out not to have been any: the incident clears and nothing else was ever said."""
    days = Days(BOOK)
    days.live(90, lambda region: 0.06, usual)
    days.live(2, lambda region: 0.50, rail_down)
    wrong = (days.day - 2, days.day - 1)

    def backfill(delta: Delta, day: int) -> None:
        usual(delta, day)
        for miss in wrong:
            for region in BOOK:
                delta.correct(day, segment(region), miss, count=440)

    days.live(1, lambda region: 0.06, backfill)
    days.live(30, lambda region: 0.06, usual)

    assert days.kinds() == [("*", "DATA_OR_RAIL_INCIDENT", "RAISED"), ("*", "DATA_OR_RAIL_INCIDENT", "CLEARED")]
    line = days.monitor.book.parts["CNY"].history.at(wrong[0])
    assert line is not None
    assert line.count("missed") - line.count("corrected") < 200


def test_a_silent_feed_is_an_incident() -> None:
    """The same with payments that stop arriving, without a technical failure."""
    days = Days(BOOK)
    days.live(90, lambda region: 0.06, usual)
    days.live(2, lambda region: 0.50, feed_silent)

    assert days.kinds() == [("*", "DATA_OR_RAIL_INCIDENT", "RAISED")]
    assert days.alerts[0].affected == ("feed:core",)


def test_a_strike_with_rails_intact_is_no_incident() -> None:
    """The same jump with rails and feeds as usual is a drift of the book."""
    days = Days(BOOK)
    days.live(90, lambda region: 0.06, usual)
    days.live(3, lambda region: 0.50, usual)

    kinds = {kind for _, kind, _ in days.kinds()}
    assert "DRIFT" in kinds
    assert "DATA_OR_RAIL_INCIDENT" not in kinds


def test_failures_without_misses_are_no_incident() -> None:
    """A processor that fails while another collects has harmed nobody."""
    days = Days(BOOK)
    days.live(90, lambda region: 0.06, usual)
    days.live(2, lambda region: 0.06, rail_down)

    assert days.kinds() == []


def test_a_rail_that_stays_broken_becomes_a_matter_of_the_book() -> None:
    """After three weeks it is no incident any more: it clears, is not raised again, and the stages go on."""
    days = Days(BOOK)
    days.live(90, lambda region: 0.06, usual)
    days.live(40, lambda region: 0.50, rail_down)

    incidents = [state for _, kind, state in days.kinds() if kind == "DATA_OR_RAIL_INCIDENT"]
    assert incidents == ["RAISED", "CLEARED"]
    assert days.monitor.book.parts["CNY"].stage.stage != "NORMAL"

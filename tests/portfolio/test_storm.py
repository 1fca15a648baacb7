from __future__ import annotations

import random
from collections import Counter

from streams.portfolio.book import TIERS, Delta, move
from streams.portfolio.storm import summarize
from tests.portfolio.builders import Days, segment


def test_fifty_thousand_tier_changes_are_one_alert() -> None:
    """People get one summary that adds up; the changes themselves are on their topic, which nobody thins out."""

    def storm(delta: Delta, day: int) -> None:
        delta.flow(day, segment("N"), "tier01", count=30_000)
        delta.flow(day, segment("S"), "tier02", count=20_000)

    days = Days({"N": 60_000, "S": 60_000})
    days.live(40, lambda region: 0.05)
    days.live(1, lambda region: 0.05, storm)

    (alert,) = days.alerts
    assert alert.kind == "TIER_CHANGES_SUMMARY"
    assert "50,000 tier changes" in alert.text_en
    assert "30,000 NORMAL>WATCH" in alert.text_en
    assert "region=N 30,000" in alert.text_en


def test_within_the_budget_nothing_is_summarized() -> None:
    """500 a day are read one by one."""
    days = Days({"N": 60_000})
    days.live(1, lambda region: 0.05, lambda delta, day: delta.flow(day, segment("N"), "tier10", count=500))

    assert days.alerts == []


def test_a_summary_adds_up() -> None:
    """Moves add up to the changes, downgrades included."""
    summary = summarize({segment("N"): {"tier01": [3, 0], "tier40": [2, 0], "missed": [9, 9]}})

    assert (summary.changes, summary.moves) == (5, {"NORMAL>WATCH": 3, "CRITICAL>NORMAL": 2})


HOUR = 50_000


def test_fifty_thousand_changes_in_an_hour_are_one_line_for_people_and_all_there_for_machines() -> None:
    """Told in batches as partitions do: the summary counts every change, and the matrix of moves holds each of them."""
    days = Days({"N": 60_000, "S": 60_000})
    days.live(40, lambda region: 0.05)
    chance, sent = random.Random(3), Counter[str]()
    for _ in range(HOUR // 500):
        batch = Delta()
        for _ in range(500):
            before = chance.randrange(TIERS)
            after = chance.choice([tier for tier in range(TIERS) if tier != before])
            batch.flow(days.day, segment(chance.choice("NS")), move(before, after))
            sent[move(before, after)] += 1
        days.monitor.sums.take(batch.take(chance.randrange(4)))
    days.live(1, lambda region: 0.05)

    summaries = [alert for alert in days.alerts if alert.kind == "TIER_CHANGES_SUMMARY"]
    assert [f"{HOUR:,} tier changes" in alert.text_en for alert in summaries] == [True]
    line = days.monitor.book.parts["CNY"].history.lines[-1]
    assert {name: cell[0] for name, cell in line.flows.items() if name.startswith("tier")} == sent
    assert sent.total() == HOUR

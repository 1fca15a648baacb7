from __future__ import annotations

import datetime as dt
import html.parser
import io
import math

import msgspec
import pytest
from rich.console import Console

from streams.learning import report_cells, report_html, report_text
from streams.learning.evaluate import Report, evaluate
from streams.learning.evaluate_alerts import Reached, TierChange
from streams.learning.evaluate_table import Outcome, ScoreRow
from streams.risk.heads import HEADS
from tests.learning.stream import Row, rows, run


def _inputs(stream: list[Row], scores: list[int]) -> tuple[list[ScoreRow], list[Outcome]]:
    found = [
        ScoreRow(row.borrower_id, row.day, (ppm,) * len(HEADS), 0, row.days_past_due, row.observation)
        for row, ppm in zip(stream, scores, strict=True)
    ]
    outcomes = [Outcome(row.borrower_id, row.day, head, row.outcome) for row in stream for head in HEADS]
    return found, outcomes


@pytest.fixture(scope="module")
def book() -> tuple[list[ScoreRow], list[Outcome]]:
    """A made-up book, scored prequentially."""
    stream = rows()
    return _inputs(stream, run(stream)[0])


@pytest.fixture(scope="module")
def report(book: tuple[list[ScoreRow], list[Outcome]]) -> Report:
    """Its report, LightGBM included."""
    changes = [TierChange("B1", 738_900, 0, 1), TierChange("B1", 738_950, 1, 0), TierChange("B2", 738_900, 0, 2)]
    return evaluate(
        *book, tier_changes=changes, warm_up_months=6, disrupted=[(dt.date(2024, 12, 1), dt.date(2024, 12, 31))],
        compare_with_lightgbm=True,
    )  # fmt: skip


def test_rows_in_any_order_give_the_same_report(book: tuple[list[ScoreRow], list[Outcome]]) -> None:
    """A report is a function of its rows."""
    scores, outcomes = book

    assert msgspec.json.encode(evaluate(scores, outcomes)) == msgspec.json.encode(
        evaluate(reversed(scores), reversed(outcomes))
    )


def test_disrupted_windows_are_apart_and_nothing_is_counted_twice(
    book: tuple[list[ScoreRow], list[Outcome]], report: Report
) -> None:
    """Main and disrupted together are the rows past the warm-up."""
    pooled = {figures.part: figures.labels for figures in report.figures if figures.head == HEADS[0]}
    past = sum(row.day >= dt.date(2024, 6, 1).toordinal() for row in book[0])

    assert set(pooled) == {"main", "disrupted"}
    assert sum(pooled.values()) == past


def test_flips_count_what_is_taken_back(report: Report) -> None:
    """One of three changes came back within 90 days."""
    assert report.flips is not None
    assert report.flips.changes == 3
    assert report.flips.reverted_share == pytest.approx(1 / 3)


def test_lead_time_is_from_the_first_alert_in_the_window() -> None:
    """One borrower, alerted 80 and 50 days before default; the other never."""
    days = [739_000 + 30 * month for month in range(4)]
    scores = [ScoreRow("late", day, (900_000,) * 4, 0, 0) for day in days[:2]]
    scores += [ScoreRow(f"good{number}", day, (10,) * 4, 0, 0) for number in range(20) for day in days]
    scores += [ScoreRow("quiet", day, (5,) * 4, 0, 0) for day in days[:2]]
    outcomes = [
        Outcome(row.borrower_id, row.day, head, row.borrower_id in {"late", "quiet"})
        for row in scores
        for head in HEADS
    ]
    reached = [Reached("late", days[0] + 80, 90), Reached("quiet", days[0] + 80, 90)]
    found = evaluate(scores, outcomes, reached, warm_up_months=1)
    alert = next(each for each in found.alerts if each.event == "default" and each.budget == 0.05)

    assert (alert.events, alert.caught, alert.lead_days) == (2, 0.5, 80.0)


def test_treated_borrowers_are_also_left_out(book: tuple[list[ScoreRow], list[Outcome]]) -> None:
    """An alert that led to a cure looks like a false alarm; figures with and without are given."""
    scores = [msgspec.structs.replace(row, treated=row.borrower_id == "B3") for row in book[0]]
    found = evaluate(scores, book[1], warm_up_months=2)
    labels = {figures.part: figures.labels for figures in found.figures if figures.head == HEADS[0]}

    assert labels["untreated"] < labels["main"]


def test_lightgbm_is_compared_on_the_same_rows(report: Report) -> None:
    """The difference lies within its interval, and both saw only matured labels."""
    comparison = report.comparisons[0]

    assert comparison.labels > 0
    assert comparison.auc.low <= comparison.auc.difference <= comparison.auc.high
    assert comparison.model["auc"] - comparison.lightgbm["auc"] == pytest.approx(comparison.auc.difference)


def test_json_has_null_for_what_cannot_be_said() -> None:
    """No NaN, which is no JSON."""
    found = evaluate(
        [ScoreRow("B", 739_000, (1,) * 4, 0, 0)], [Outcome("B", 739_000, HEADS[0], outcome=False)], warm_up_months=1
    )
    figures = msgspec.json.decode(msgspec.json.encode(found))["figures"][0]

    assert (figures["labels"], figures["auc"]) == (1, None)


def test_the_page_is_self_contained_and_well_formed(report: Report) -> None:
    """No script, nothing loaded, each tag closed, every number drawn finite."""
    page = report_html.page(report, "A <title> & more")
    open_tags: list[str] = []

    class Balance(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not any(name in {"src", "href"} for name, _ in attrs)
            if tag not in {"meta", "line", "polyline", "circle"}:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in {"line", "polyline", "circle"}:
                assert open_tags.pop() == tag

    Balance().feed(page)

    assert open_tags == []
    assert "<script" not in page
    assert "nan" not in page
    assert "A &lt;title&gt; &amp; more" in page


def test_the_terminal_report_names_each_part(report: Report) -> None:
    """What a reviewer looks for is there."""
    console = Console(file=io.StringIO(), width=200)
    console.print(report_text.render(report))
    text = console.file.getvalue()  # type: ignore[attr-defined]

    assert all(
        words in text for words in ("default_90d", "Alert budgets", "hand rule", "LightGBM", "changes a borrower-year")
    )


def _quiet(months: int, defaults: int = 0) -> Report:
    """Twenty borrowers over some months, of whom a few default at the end; nothing of a year ahead is known."""
    scores = [ScoreRow(f"B{n}", 739_000 + 30 * m, (1_000,) * 4, 0, 0) for n in range(20) for m in range(months)]
    outcomes = [Outcome(row.borrower_id, row.day, head, row.borrower_id in {f"B{n}" for n in range(defaults)})
                for row in scores for head in HEADS[:3]]  # fmt: skip
    return evaluate(scores, outcomes)


@pytest.mark.parametrize(
    ("months", "defaults", "said"),
    [
        (14, 0, "default_90d: none of 60 month-ends was followed by a default"),
        (14, 0, "default_365d: no label has matured"),
        (14, 20, "default_90d: all of 60 month-ends were followed by a default"),
        (14, 1, "default_90d: 3 of 60 month-ends were followed by a default: too few"),
        (14, 4, "its AUC may be off by"),
        (5, 4, "No label of default_90d has matured past month 12, so all months are pooled"),
    ],
)
def test_what_cannot_be_said_is_said(months: int, defaults: int, said: str) -> None:
    """In words, in each form of the report; and a file without defaults has no table or curve full of dashes."""
    found = _quiet(months, defaults)
    console = Console(file=io.StringIO(), width=2_000)
    console.print(report_text.render(found))
    text, page = console.file.getvalue(), report_html.page(found)  # type: ignore[attr-defined]

    assert any(said in note for note in found.notes)
    assert said in text
    assert said in page
    assert "nan" not in text + page
    if not defaults:
        assert "Alert budgets" not in text
        assert "What alerts catch" not in page


def test_scores_without_any_label_are_said() -> None:
    """A file too short for a single label: scores are there, their worth is not."""
    found = evaluate([ScoreRow("B", 739_000, (1,) * 4, 0, 0)], [])

    assert found.notes[0].startswith("No label has matured")
    assert "No label has matured" in report_html.page(found)


def test_nothing_to_evaluate_is_said() -> None:
    """With what is missing."""
    with pytest.raises(ValueError, match="no month-end"):
        evaluate([], [])


def test_unknown_figures_are_a_dash() -> None:
    """Not zero."""
    assert report_cells.number(math.nan) == "-"

from __future__ import annotations

import gzip
import io
import math
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from streams.events.envelope import Event
from streams.files.assess import Assessed, assess
from streams.files.evaluate import report
from streams.files.events import from_events, read
from streams.learning import report_html, report_text
from streams.learning.evaluate import Report
from tests.learning import products

BOOKS = {"microloans": products.microloans, "mortgages": products.mortgages}


@pytest.fixture(scope="module", params=BOOKS)
def judged(request: pytest.FixtureRequest) -> tuple[Assessed, Report]:
    """One of the books, folded and judged."""
    made: Callable[[], list[Event]] = BOOKS[request.param]
    assessed = assess(from_events(made()))
    return assessed, report(assessed, warm_up_months=8)


def test_other_cadences_and_rates_are_folded_without_a_letter(judged: tuple[Assessed, Report]) -> None:
    """Nothing is refused, every month-end with a loan is scored, and what is scored is a probability."""
    assessed, found = judged

    assert not assessed.dead_letters
    assert found.rows == len(assessed.scores) > 500
    assert all(0 < ppm < 1_000_000 for score in assessed.scores for ppm in score.ppm)


def test_probabilities_are_near_what_happens(judged: tuple[Assessed, Report]) -> None:
    """The mean probability of the pooled rows is within three standard errors, or half a point, of the rate."""
    _, found = judged
    figures = next(row for row in found.figures if row.head == "default_90d" and row.part == "main")
    months = [m for m in found.months if m.head == "default_90d" and m.number >= 8]
    expected = sum(month.mean_probability * month.labels for month in months)
    spread = 3 * math.sqrt(max(expected, 1.0)) * 3  # a borrower's month-ends share a default: three rows an event

    assert figures.labels > 300
    assert abs(figures.positives - expected) < spread + 0.005 * figures.labels
    rate = figures.positives / figures.labels
    tenth = math.sqrt(10 * rate * (1 - rate) / figures.labels)  # standard error of what happens in a tenth of the rows
    assert figures.ece < 0.01 + 1.5 * tenth


def test_the_report_can_be_written(judged: tuple[Assessed, Report]) -> None:
    """As JSON without NaN, and as a page without one, also where there is next to nothing to say."""
    _, found = judged

    assert b"NaN" not in msgspec.json.encode(found)
    assert "nan" not in report_html.page(found)


def test_tiers_of_repeat_borrowers_do_not_flap(judged: tuple[Assessed, Report]) -> None:
    """Loans of two weeks, one after the other: a tier must not come and go with each of them."""
    flips = judged[1].flips

    assert flips is not None
    assert flips.changes_per_borrower_year < 4
    assert flips.reverted_share < 0.1


def test_days_late_on_a_loan_of_one_payment_are_remembered() -> None:
    """Two borrowers, paid up, who paid the last five loans a day and twelve days late: the second is riskier."""
    told = [event for name, late in (("a", 1), ("b", 12)) for event in products.repeats(name, late_days=late)]
    last = {score.borrower_id: score for score in assess(from_events(told)).scores}

    assert last["a"].days_past_due == last["b"].days_past_due == 0
    assert last["b"].ppm[0] > 1.2 * last["a"].ppm[0]


def test_a_dozen_borrowers_of_whom_nobody_defaults(tmp_path: Path) -> None:
    """In several files, out of order and compressed: the same scores as in one, and a report that says what is missing."""
    told = [event for number in range(12) for event in products.repeats(f"b{number}", late_days=number % 3)]
    lines = [msgspec.json.encode(event) for event in told]
    random.Random(1).shuffle(lines)
    half = len(lines) // 2
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines[:half]))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines[half:]) + b"\n"))
    parts = assess(read([tmp_path / "b.jsonl.gz", tmp_path / "a.jsonl"]))
    found = report(parts)
    text = io.StringIO()
    Console(file=text, width=400).print(report_text.render(found))

    assert [score.line() for score in parts.scores] == [score.line() for score in assess(from_events(told)).scores]
    assert len(parts.scores) > 12
    assert any("nothing to rank" in note or "No label has matured" in note for note in found.notes)
    assert "nan" not in text.getvalue() + report_html.page(found)

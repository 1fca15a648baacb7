from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pytest

from streams.events.envelope import Event
from streams.files.assess import Assessed, assess
from streams.files.evaluate import report
from streams.files.events import from_events
from streams.learning import report_html
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

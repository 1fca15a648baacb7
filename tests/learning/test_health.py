from __future__ import annotations

import datetime as dt
import math

import msgspec
import pytest
from msgspec import structs

from streams.agents.learn import model_event
from streams.events.control import ModelActivated
from streams.events.outputs import LabelMatured
from streams.learning.health import Health, pooled
from streams.learning.learner import Learner
from streams.learning.promotion import Refused, before_active, decision, figures_of, require_activated
from streams.risk import model
from streams.risk.heads import HEADS, Weights
from streams.risk.versions import DECIDED_BY, REASON, Activation
from tests.learning.stream import Row, label, rows

WHO = {DECIDED_BY: "desk", REASON: "why"}
NOW = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


class Book:
    """Months of a made-up book, each scored by what is active and learned when its labels mature."""

    def __init__(self, stream: list[Row], pin: Weights | None = None, pin_from: int = 99) -> None:
        self.health, self.learner = Health(), Learner()
        self.versions: dict[str, Weights] = {"prior": model.prior_weights()}
        waiting: list[LabelMatured] = []
        for number, day in enumerate(sorted({row.day for row in stream}), 1):
            due = [each for each in waiting if each.matured_on.toordinal() <= day]
            waiting = [each for each in waiting if each.matured_on.toordinal() > day]
            if number == pin_from and pin is not None:
                self.take(decision(pin, Activation.PINNED, WHO, NOW, dt.date.fromordinal(day)))
            if due:
                on = dt.date.fromordinal(day)
                weights, figures = self.learner.learn_day(on, due)
                self.versions[weights.version] = weights
                self.take(msgspec.json.decode(model_event(weights, on, figures), type=ModelActivated))
            active = self.versions[self.health.active]
            waiting += [label(row, active) for row in stream if row.day == day]

    def take(self, event: ModelActivated) -> None:
        """The next event of the topic."""
        self.health.take(event, len(self.health.versions))


@pytest.fixture(scope="module")
def stream() -> list[Row]:
    """Fourteen months of sixty borrowers."""
    return rows()


@pytest.fixture(scope="module")
def book(stream: list[Row]) -> Book:
    """Learning followed all the time."""
    return Book(stream)


@pytest.fixture(scope="module")
def pinned(stream: list[Row]) -> Book:
    """The prior pinned from the sixth month on."""
    return Book(stream, model.prior_weights(), pin_from=6)


def test_every_month_end_is_judged_once_under_the_version_that_scored_it(book: Book, stream: list[Row]) -> None:
    """Labels of all windows are the labels that matured."""
    windows = [window for window in book.health.windows if window.line == "active"]
    last = max(row.day for row in stream)

    assert sum(window.labels for window in windows) == sum(row.day + 90 <= last for row in stream)
    assert sum(w.labels for v in {w.versions[0] for w in windows} for w in book.health.of_version(v)) == sum(
        window.labels for window in windows
    )


def test_the_numbers_are_those_of_an_independent_count(book: Book, stream: list[Row]) -> None:
    """Log loss of the first month-end, by hand."""
    window = next(window for window in book.health.windows if window.line == "active")
    first = [row for row in stream if row.day == stream[0].day]
    p = [model.score_inputs(row.observation, model.prior_weights()).default_ppm / 1e6 for row in first]
    losses = [-math.log(q if row.outcome else 1 - q) for q, row in zip(p, first, strict=True)]

    assert window.versions == ("prior",)
    assert window.log_loss == pytest.approx(sum(losses) / len(losses), abs=1e-6)


def test_how_steady_tiers_were_is_told_by_month_end_and_by_version(stream: list[Row]) -> None:
    """Three changes of 60 borrowers in a month are .6 a borrower-year; one of them took another back."""
    first = [label(row, model.prior_weights()) for row in stream if row.day == stream[0].day]
    moves = {0: (2, 1), 1: (1, 0)}
    told = [
        structs.replace(each, moved=moves.get(at, (0, 0))[0], moved_back=moves.get(at, (0, 0))[1])
        for at, each in enumerate(first)
    ]
    on, health = first[0].matured_on, Health()
    weights, figures = Learner().learn_day(on, told)
    health.take(msgspec.json.decode(model_event(weights, on, figures), type=ModelActivated))
    (window,) = health.of_version("prior")
    (both,) = pooled([window, structs.replace(window, tier_changes=0.0)])

    assert window.tier_changes == pytest.approx(0.6)
    assert window.tier_reverted == pytest.approx(1 / 3, abs=1e-6)
    assert both.tier_changes == pytest.approx(0.3)


def test_the_learner_is_judged_in_the_shadow_while_another_version_is_pinned(book: Book, pinned: Book) -> None:
    """What it would have said is what it said where nothing was pinned, for it learned the same labels."""
    shadowed = {w.observed_on: w for w in pinned.health.windows if w.line == "learner"}
    published = {w.observed_on: w for w in book.health.windows if w.line == "active"}

    assert len(shadowed) >= 4
    assert all(window.log_loss == published[day].log_loss for day, window in shadowed.items())
    assert not any(window.line == "learner" for window in book.health.windows)
    assert pinned.health.pinned
    assert pinned.health.active == "prior"


def test_a_version_that_scored_nothing_is_not_promoted(book: Book) -> None:
    """The refusal says what is missing."""
    newest = book.health.versions[-1].version

    with pytest.raises(Refused, match=r"no prequential figures.*five months"):
        figures_of(book.health, newest)


def test_lines_and_judged_versions_may_be_promoted(book: Book) -> None:
    """With the figures they have."""
    scored = next(w for w in book.health.windows if w.line == "active" and w.versions != ("prior",))

    assert figures_of(book.health, scored.versions[0]).labels >= scored.labels
    assert figures_of(book.health, "learner").windows > figures_of(book.health, "adagrad").windows >= 1


def test_a_rollback_goes_back(book: Book, pinned: Book) -> None:
    """By default to the version before; never to one that was not active."""
    versions = [version.version for version in book.health.versions]

    assert before_active(book.health) == versions[-2]
    require_activated(book.health, versions[0])
    with pytest.raises(Refused, match="never active"):
        require_activated(pinned.health, pinned.health.versions[-1].version)
    with pytest.raises(Refused, match="already"):
        require_activated(pinned.health, "prior")
    with pytest.raises(Refused, match="nothing to roll back to"):
        before_active(Health())


def test_the_challenger_as_a_version_scores_as_the_challenger(book: Book, stream: list[Row]) -> None:
    """Its weights laid out as a head's give its probabilities."""
    weights = book.learner.challenger_weights()
    challenger = book.learner._heads[HEADS[0]].challenger
    row = list(model.inputs_of(stream[-1].observation))
    said = challenger.probabilities(10**7, [row])

    assert said is not None
    assert model.score_inputs(stream[-1].observation, weights).default_ppm == pytest.approx(said[0] * 1e6, abs=1)
    assert weights.version.endswith(".adagrad")


def test_pooling_weighs_by_labels_and_positives(book: Book) -> None:
    """Log loss of all month-ends together is exact."""
    windows = [window for window in book.health.windows if window.line == "active"]
    found = pooled(windows)[0]
    expected = sum(window.log_loss * window.labels for window in windows) / sum(window.labels for window in windows)

    assert found.log_loss == pytest.approx(expected)
    assert found.windows == len(windows)


def test_names_of_a_later_release_are_left_alone() -> None:
    """Provenance is open: what is not known here is not read."""
    event = msgspec.json.decode(
        model_event(
            model.prior_weights(), dt.date(2024, 1, 1), {"default_90d@2023-01-31.active.novelty": "1", "x": "y"}
        ),
        type=ModelActivated,
    )
    health = Health()
    health.take(structs.replace(event, version="later"))

    assert health.active == "later"
    assert health.windows[0].labels == 0

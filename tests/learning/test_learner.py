from __future__ import annotations

import datetime as dt
import random

import msgspec
import numpy as np
import pytest

from streams.learning import metrics
from streams.learning.cohort import segments_of, terms_matrix
from streams.learning.learner import Learner
from streams.risk import model
from streams.risk.design import TERMS, segment, terms
from streams.risk.features import COUNT
from streams.risk.heads import HEADS
from tests.learning.stream import Row, label, rows, run


@pytest.fixture(scope="module")
def stream() -> list[Row]:
    """One made-up book."""
    return rows()


def test_the_result_does_not_depend_on_the_order_of_arrival(stream: list[Row]) -> None:
    """Partitions and workers decide the order; the learner puts labels in its own."""
    labels = [label(row, model.prior_weights(), head) for row in stream[:240] for head in HEADS[:2]]
    shuffled = random.Random(4).sample(labels, len(labels))
    first, second = Learner(), Learner()
    day = dt.date(2025, 1, 1)

    assert first.learn_day(day, labels) == second.learn_day(day, shuffled)
    assert first.to_bytes() == second.to_bytes()


def test_a_restored_learner_goes_on_exactly(stream: list[Row]) -> None:
    """From its bytes, at any day, to the same next version and the same bytes."""
    prior, day = model.prior_weights(), dt.date(2025, 1, 1)
    learner = Learner()
    learner.learn_day(day, [label(row, prior) for row in stream[:180]])
    restored = Learner.from_bytes(learner.to_bytes())
    later = [label(row, prior) for row in stream[180:420]]
    following = day + dt.timedelta(days=30)

    assert learner.learn_day(following, later) == restored.learn_day(following, later)
    assert learner.to_bytes() == restored.to_bytes()


def test_learning_a_label_early_changes_the_figures(stream: list[Row]) -> None:
    """The leak canary: outcomes of the last three months, learned a step early, show in average precision."""
    honest, _ = run(stream)
    leaked, _ = run(stream, horizon=0)
    outcomes = [row.outcome for row in stream]

    assert honest != leaked
    assert metrics.log_loss(np.array(leaked) / 1e6, outcomes) < metrics.log_loss(np.array(honest) / 1e6, outcomes)


def test_a_label_is_not_learned_before_its_horizon(stream: list[Row]) -> None:
    """Until the first label matures every score is the prior's."""
    scores, _ = run(stream)
    prior = model.prior_weights()
    cold = [row for row in stream if row.day < stream[0].day + 90]

    assert scores[: len(cold)] == [model.score_inputs(row.observation, prior).default_ppm for row in cold]
    assert scores[len(cold) :] != [
        model.score_inputs(row.observation, prior).default_ppm for row in stream[len(cold) :]
    ]


def test_learning_improves_on_the_prior(stream: list[Row]) -> None:
    """On the later months, with everything else equal."""
    scores, _ = run(stream)
    prior = model.prior_weights()
    late = [place for place, row in enumerate(stream) if row.day >= stream[0].day + 240]
    outcomes = [stream[place].outcome for place in late]
    cold = [model.score_inputs(stream[place].observation, prior).default_ppm / 1e6 for place in late]

    assert metrics.log_loss([scores[place] / 1e6 for place in late], outcomes) < metrics.log_loss(cold, outcomes)


def test_versions_are_named_after_their_day_and_fit_the_scorer(stream: list[Row]) -> None:
    """A version can be activated as it is."""
    day = dt.date(2025, 6, 1)
    weights, figures = Learner().learn_day(day, [label(stream[0], model.prior_weights())])

    assert (weights.version, weights.as_of) == ("2025-06-01", day.toordinal())
    assert 0 < model.score_inputs(stream[0].observation, weights).default_ppm < 1_000_000
    assert figures["default_90d@2024-01-31.active.labels"] == "1"
    assert all(isinstance(value, str) for value in figures.values())


def test_a_day_without_labels_keeps_the_weights() -> None:
    """It still gives a version: the day was closed."""
    weights, figures = Learner().learn_day(dt.date(2025, 6, 1), [])

    assert np.allclose(weights.heads, model.prior_weights().heads)
    assert figures == {}


def test_the_challenger_is_judged_on_weights_no_newer_than_the_observation(stream: list[Row]) -> None:
    """Its figures appear only once it had learned something before an observation."""
    prior, learner = model.prior_weights(), Learner()
    months = sorted({row.day for row in stream})
    first = [label(row, prior) for row in stream if row.day == months[0]]
    _, figures = learner.learn_day(dt.date.fromordinal(months[0] + 90), first)
    late = [label(row, prior) for row in stream if row.day == months[6]]
    _, later = learner.learn_day(dt.date.fromordinal(months[6] + 90), late)

    assert not any(".adagrad.auc" in name for name in figures)
    assert any("default_90d" in name and name.endswith(".adagrad.auc") for name in later)


def test_an_unknown_head_is_refused(stream: list[Row]) -> None:
    """By name, before anything of that cohort is learned."""
    wrong = msgspec.structs.replace(label(stream[0], model.prior_weights()), head="default_30d")

    with pytest.raises(ValueError, match="this release learns"):
        Learner().learn_day(dt.date(2025, 1, 1), [wrong])


def test_bytes_of_another_layout_are_refused() -> None:
    """A learner never goes on with weights that mean something else."""
    state = msgspec.msgpack.decode(Learner().to_bytes())
    state[0] += 1

    with pytest.raises(ValueError, match="replay the labels"):
        Learner.from_bytes(msgspec.msgpack.encode(state))


def test_the_state_of_the_first_layout_is_named() -> None:
    """It had one scorecard a head: other fields than now, and the same words."""
    first = [
        1,
        [["default_90d", b"mean", b"covariance", 30, 2, [[], 0, []], [b"", b""], [b"", b"", 0.0, 0, []], [], b""]],
    ]

    with pytest.raises(ValueError, match="has layout 1, this release 2"):
        Learner.from_bytes(msgspec.msgpack.encode(first))


def test_terms_of_many_are_the_terms_of_each() -> None:
    """Learning and scoring see the same bits."""
    inputs = np.random.default_rng(2).integers(-127, 128, size=(20, COUNT))

    assert terms_matrix(inputs.astype(np.int16)).tolist() == [terms(tuple(row)) for row in inputs.tolist()]
    assert segments_of(inputs).tolist() == [segment(tuple(row)) for row in inputs.tolist()]


def test_a_scorecard_learns_only_from_its_own_segment(stream: list[Row]) -> None:
    """Labels of those past due leave what the habits of those who owe nothing mean as it is."""
    prior = model.prior_weights()
    learned = [label(row, prior) for row in stream[:400] if segment(model.inputs_of(row.observation))]
    weights, _ = Learner().learn_day(dt.date(2025, 6, 1), learned)
    before, after = prior.heads[0], weights.heads[0]

    assert learned
    assert after[1:TERMS] == pytest.approx(before[1:TERMS], abs=1e-9)  # the intercept follows the book's level
    assert after[TERMS:] != pytest.approx(before[TERMS:], abs=1e-3)


def test_the_level_of_a_book_moves_both_scorecards(stream: list[Row]) -> None:
    """Positives among those past due raise the intercept of those who owe nothing too: it is one lender's base rate."""
    prior = model.prior_weights()
    past_due = [label(row, prior) for row in stream[:400] if segment(model.inputs_of(row.observation))]
    learned = [msgspec.structs.replace(each, outcome=True) for each in past_due]
    weights, _ = Learner().learn_day(dt.date(2025, 6, 1), learned)

    assert learned
    assert weights.heads[0][0] > prior.heads[0][0] + 0.3


def test_a_head_with_a_long_horizon_leans_on_an_earlier_one(stream: list[Row]) -> None:
    """What the early head has learned moves it too, once it has labels that could contradict; never its level."""
    prior, head = model.prior_weights(), "default_180d"
    own = [label(row, prior, head) for row in stream[:400]]
    early = [label(row, prior, "delinquent_30_90d") for row in stream[:400]]
    alone, _ = Learner().learn_day(dt.date(2025, 6, 1), own)
    both, _ = Learner().learn_day(dt.date(2025, 6, 1), [*own, *early])
    only_early, _ = Learner().learn_day(dt.date(2025, 6, 1), early)
    at = HEADS.index(head)

    assert both.heads[at] != pytest.approx(alone.heads[at], abs=1e-3)
    assert only_early.heads[at] == pytest.approx(prior.heads[at], abs=1e-9)

from __future__ import annotations

import datetime as dt
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.risk import model
from streams.risk.design import LENGTH, SEGMENTS, TERMS, segment, terms
from streams.risk.features import COUNT, NAMES
from streams.risk.heads import HEADS, Scorer, Weights, probability_ppm
from streams.risk.inputs import Standing
from streams.risk.reasons import GROUPS, REFERENCE, TEXTS, TROUBLED, ReasonCode, contributions
from tests.risk.periods import monthly

_seeds = st.integers(0, 2**32)


def _inputs(seed: int) -> tuple[int, ...]:
    chance = random.Random(seed)
    return tuple(chance.choice([0, chance.randint(-127, 127)]) for _ in range(COUNT))


def _vector(seed: int) -> list[float]:
    chance = random.Random(seed)
    return [chance.choice([0.0, chance.uniform(-3, 3)]) for _ in range(LENGTH)]


SHOWN_MAX = 4


@settings(deadline=None, max_examples=60)
@given(_seeds, st.sampled_from([REFERENCE, TROUBLED]))
def test_base_and_reasons_sum_to_the_score(seed: int, reference: tuple[int, ...]) -> None:
    """Nothing is left over for an "other", whoever is compared with, on whichever scorecard."""
    inputs, scorer = _inputs(seed), Scorer(_vector(seed))
    base, found = contributions(inputs, scorer, reference)

    assert math.isclose(base + sum(total for total, _ in found), scorer.logit(inputs), abs_tol=1e-9)


@settings(deadline=None, max_examples=60)
@given(_seeds)
def test_the_tables_score_as_the_terms_do(seed: int) -> None:
    """Scoring by look-up and learning by terms are the same scorecard."""
    inputs, vector = _inputs(seed), _vector(seed)
    card = vector[segment(inputs) * TERMS :][:TERMS]
    expected = math.fsum(weight * term for weight, term in zip(card, terms(inputs), strict=True))

    assert math.isclose(expected, Scorer(vector).logit(inputs), abs_tol=1e-9)


def test_who_is_past_due_has_the_second_scorecard() -> None:
    """From the first day past due; its level is a part of the reason that names what is past due."""
    vector = [0.0] * TERMS + [2.0] + [0.0] * (TERMS - 1)
    current, past_due = [0] * COUNT, [1 if name == "days_past_due" else 0 for name in NAMES]
    base, found = contributions(past_due, Scorer(vector))
    shares = dict(zip(ReasonCode, (total for total, _ in found), strict=True))

    assert (SEGMENTS[segment(current)], SEGMENTS[segment(past_due)]) == ("current", "past_due")
    assert (Scorer(vector).logit(current), Scorer(vector).logit(past_due)) == (0.0, 2.0)
    assert (base, shares.pop(ReasonCode.DAYS_PAST_DUE)) == (0.0, 2.0)
    assert set(shares.values()) == {0.0}


@settings(deadline=None, max_examples=60)
@given(_seeds, st.booleans())
def test_at_most_four_named_reasons_in_one_direction(seed: int, improving: bool) -> None:
    """Largest first, each from the closed list, none twice."""
    weights = Weights("v", 1, (tuple(_vector(seed)),) * len(HEADS))
    assessment = model.Assessment(_inputs(seed), model.scorers_of(weights))
    shown = model.explain(assessment, weights, improving=improving)
    sizes = [abs(reason.contribution_millilogits) for reason in shown]

    assert len(shown) <= SHOWN_MAX
    assert len({reason.code for reason in shown}) == len(shown)
    assert {reason.code for reason in shown} <= {code.value for code in ReasonCode}
    assert sizes == sorted(sizes, reverse=True)
    assert all((reason.contribution_millilogits < 0) == improving for reason in shown)


def test_each_feature_has_exactly_one_reason() -> None:
    """The list is closed on both sides."""
    grouped = [name for names in GROUPS.values() for name in names]

    assert sorted(grouped) == sorted(NAMES)
    assert set(GROUPS) == set(TEXTS) == set(ReasonCode)


@pytest.mark.parametrize("code", list(ReasonCode))
def test_reasons_speak_both_languages(code: ReasonCode) -> None:
    """English sentences and Chinese sentences, for either direction."""
    text = TEXTS[code]

    assert all(english.endswith(".") and english.isascii() for english in (text.raises_en, text.lowers_en))
    assert all(chinese.endswith("。") and not chinese.isascii() for chinese in (text.raises_zh, text.lowers_zh))
    assert "OTHER" not in code.value


def test_the_reference_borrower_has_no_reason() -> None:
    """Reasons say what sets a borrower apart from one who paid a year on time."""
    weights = model.prior_weights()

    assert model.explain(model.Assessment(REFERENCE, model.scorers_of(weights)), weights) == ()


def test_the_troubled_borrower_has_no_reason_for_a_lower_tier() -> None:
    """Nor would one who is worse."""
    weights = model.prior_weights()
    shown = model.explain(model.Assessment(TROUBLED, model.scorers_of(weights)), weights, improving=True)

    assert shown == ()


def test_a_borrower_who_recovered_is_told_what_speaks_for_it() -> None:
    """Six installments met after two that were missed: nothing past due, none missed lately, and in words that say so."""
    state, weights = model.new_state(), model.prior_weights()
    for period in monthly([100] * 4 + [0, 0, 300] + [100] * 6):
        model.observe(state, period)
    standing = Standing(as_of=1, installment_minor=100, cadence_days=30)
    shown = model.explain(model.assess(state, standing, weights), weights, improving=True)

    assert len(shown) == SHOWN_MAX
    assert {ReasonCode.DAYS_PAST_DUE, ReasonCode.SHORT_PAYMENTS, ReasonCode.ARREARS} <= {r.code for r in shown}
    assert all(reason.text_en == TEXTS[ReasonCode(reason.code)].lowers_en for reason in shown)


def test_a_borrower_in_arrears_is_told_so() -> None:
    """The prior already gives the reasons a risk officer would."""
    state, weights = model.new_state(), model.prior_weights()
    for period in monthly([100] * 6 + [0, 0]):
        model.observe(state, period)
    standing = Standing(as_of=1, days_past_due=45, installment_minor=100, arrears_minor=200, cadence_days=30)
    shown = model.explain(model.assess(state, standing, weights), weights)

    assert {ReasonCode.DAYS_PAST_DUE, ReasonCode.SHORT_PAYMENTS} <= {reason.code for reason in shown}


def test_the_prior_ranks_like_the_hand_rule() -> None:
    """More days past due and more misses are worse, before anything is learned."""

    def scored(paid: list[int], days: int) -> int:
        state = model.new_state()
        for period in monthly(paid):
            model.observe(state, period)
        return model.assess(state, Standing(as_of=1, days_past_due=days), model.prior_weights()).default_ppm

    good, missed, late = scored([100] * 6, 0), scored([100] * 5 + [0], 16), scored([100] * 3 + [0] * 3, 76)

    assert good < 5_000 < missed < late
    assert late > 300_000


@pytest.mark.parametrize(("logit", "ppm"), [(0.0, 500_000), (-900.0, 1), (900.0, 999_999)])
def test_a_probability_is_never_certain(logit: float, ppm: int) -> None:
    """Parts per million, within what a tier threshold may be."""
    assert ppm == probability_ppm(logit)


def test_scorers_are_shared_by_equal_weights() -> None:
    """Each partition decodes its own copy of a version; the tables are built once."""
    first, second = model.prior_weights(), model.prior_weights()

    assert model.scorers_of(first) is model.scorers_of(second)


def test_weights_of_another_layout_are_refused() -> None:
    """An operator is told which head and what to do."""
    heads = {name: [0.0] * LENGTH for name in HEADS}
    day = dt.date(2026, 1, 1)

    assert Weights.from_event("v", day, heads).as_of == day.toordinal()
    with pytest.raises(ValueError, match="activate a version of this one"):
        Weights.from_event("v", day, heads | {"default_90d": [0.0]})
    with pytest.raises(ValueError, match="not a finite number"):
        Weights.from_event("v", day, heads | {"default_90d": [math.nan] * LENGTH})
    with pytest.raises(ValueError, match="this release scores"):
        Weights.from_event("v", day, {"default_90d": [0.0] * LENGTH})

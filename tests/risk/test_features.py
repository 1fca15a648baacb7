from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from streams.ledger import facts
from streams.risk import model
from streams.risk.design import TERM_NAMES, TERMS, terms
from streams.risk.features import COUNT, FEATURES, FORBIDDEN, NAMES, features
from streams.risk.inputs import Period, Standing
from tests.risk.periods import histories, monthly, standings

OBSERVATION_BYTES_MAX = 64


def _state(history: list[Period]) -> model.BehaviorState:
    state = model.new_state()
    for period in history:
        model.observe(state, period)
    return state


@settings(deadline=None, max_examples=60)
@given(histories(), standings)
def test_features_are_bounded_and_survive_their_bytes(history: list[Period], standing: Standing) -> None:
    """What is learned from is, bit for bit, what was scored."""
    state = _state(history)
    inputs = features(state, standing)
    observed = model.kept_inputs(model.assess(state, standing, model.prior_weights()))

    assert len(inputs) == COUNT
    assert all(type(value) is int and -127 <= value <= 127 for value in inputs)
    assert len(observed) <= OBSERVATION_BYTES_MAX
    assert inputs == model.inputs_of(observed)


@settings(deadline=None, max_examples=60)
@given(histories(), standings)
def test_scoring_a_kept_observation_gives_the_score_of_then(history: list[Period], standing: Standing) -> None:
    """Prequential figures stand on this."""
    state, weights = _state(history), model.prior_weights()
    then = model.assess(state, standing, weights)
    now = model.score_inputs(model.kept_inputs(then), weights)

    assert (then.logit, then.ppm) == (now.logit, now.ppm)


@settings(deadline=None, max_examples=60)
@given(standings)
def test_terms_are_bounded(standing: Standing) -> None:
    """A single observation cannot move a head without bound."""
    row = terms(features(model.new_state(), standing))

    assert len(row) == TERMS == len(TERM_NAMES)
    assert all(abs(term) <= 2.0 for term in row)


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_feature_is_about_the_person(word: str) -> None:
    """Protected attributes, health, vulnerability and their proxies never become a feature, nor reach the model."""
    inputs = [*NAMES, *Period.__struct_fields__, *Standing.__struct_fields__]

    assert not [name for name in inputs if word in name.lower()]


def test_the_ledger_owns_the_inputs() -> None:
    """The schema test above looks at the structs that the ledger really sends."""
    assert (Period, Standing) == (facts.Period, facts.Standing)


def test_features_do_not_know_the_currency() -> None:
    """All money is in installments; only the amount lent, an optional fact of the contract, has a unit."""
    yen = Standing(as_of=1, installment_minor=100, arrears_minor=150, paid_since_due_minor=30)
    cents = Standing(as_of=1, installment_minor=10_000, arrears_minor=15_000, paid_since_due_minor=3_000)

    assert features(_state(monthly([100, 0])), yen) == features(_state(monthly([10_000, 0], 10_000)), cents)


def test_features_follow_the_loans_own_schedule() -> None:
    """Ten days past due are a third of a monthly period, but most of a fortnightly one."""
    at = NAMES.index("days_past_due_cadences")
    monthly_loan = features(model.new_state(), Standing(as_of=1, days_past_due=10, cadence_days=30))
    fortnightly = features(model.new_state(), Standing(as_of=1, days_past_due=10, cadence_days=14))

    assert monthly_loan[at] < fortnightly[at]


def test_absent_origination_facts_are_neutral() -> None:
    """A lender who sends none loses only what they would have told."""
    assert features(model.new_state(), Standing(as_of=1))[-5:] == (0, 0, 0, 0, 0)


def test_names_are_unique_and_scales_positive() -> None:
    """Reports and reasons name a feature by its name."""
    assert len(set(NAMES)) == COUNT
    assert all(feature.scale > 0 for feature in FEATURES)


def test_an_observation_of_another_release_is_refused() -> None:
    """It says what to do."""
    with pytest.raises(ValueError, match="this release has"):
        model.inputs_of(b"\x00" * (COUNT + 1))


def test_protected_words_are_found_where_they_stand() -> None:
    """The schema test can fail."""
    leaked = msgspec.defstruct("Leaked", [("borrower_gender", str)])

    assert [word for word in FORBIDDEN if word in leaked.__struct_fields__[0]] == ["gender"]

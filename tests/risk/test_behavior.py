from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from streams.risk import model
from streams.risk.behavior import UNIT, BehaviorState, observe
from streams.risk.inputs import Period
from tests.risk.periods import histories, monthly

#: Most that a row may spend on behavior.
ENCODED_MAX = 110


def _after(history: list[Period]) -> BehaviorState:
    state = model.new_state()
    for period in history:
        observe(state, period)
    return state


def _reread(state: BehaviorState) -> BehaviorState:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=BehaviorState)


@settings(deadline=None, max_examples=60)
@given(histories())
def test_a_row_reread_between_any_two_periods_goes_on_exactly_the_same(history: list[Period]) -> None:
    """Quantisation happens in the state, so encoding changes nothing at any moment."""
    reread = model.new_state()
    for period in history:
        observe(reread, period)
        reread = _reread(reread)

    assert _after(history) == reread


@settings(deadline=None, max_examples=60)
@given(histories())
def test_everything_remembered_is_bounded_and_small(history: list[Period]) -> None:
    """No amount, however absurd, can make a row large or a value run away."""
    state = _after(history)

    assert len(msgspec.msgpack.encode(state)) <= ENCODED_MAX
    numbers = [value for value in msgspec.structs.astuple(state) if isinstance(value, int)]
    assert all(-70_000 <= value <= 140_000 for value in numbers if value != state.last_due_day)
    assert all(abs(value) <= 60_000 for value in state.personal)


@settings(deadline=None, max_examples=60)
@given(histories(6))
def test_currency_units_do_not_matter(history: list[Period]) -> None:
    """The same loan in a currency with a hundred times as many minor units is the same behavior."""
    grown = [
        msgspec.structs.replace(
            period,
            due_minor=period.due_minor * 100,
            paid_minor=period.paid_minor * 100,
            arrears_minor=period.arrears_minor * 100,
        )
        for period in history
        if period.due_minor > 0
    ]

    assert _after([period for period in history if period.due_minor > 0]) == _after(grown)


def test_a_copy_is_independent() -> None:
    """The fold observes into a copy of its base."""
    state = _after(monthly([100, 0]))
    copied = model.copy(state)
    observe(copied, monthly([100, 0, 0])[2])

    assert _after(monthly([100, 0])) == state
    assert copied != state


def test_shadow_arrears_remember_what_a_lender_deferred() -> None:
    """A missed month that a change of terms takes out of the contract leaves the shadow, not the days past due."""
    deferred = [
        *monthly([100, 0]),
        *(msgspec.structs.replace(p, arrears_minor=0, days_past_due=0) for p in monthly([0] * 3)[2:]),
    ]
    state = _after(deferred)

    assert state.days_past_due == 0
    assert state.shadow >= 9_000


def test_the_shadow_neither_grows_nor_fades_while_installments_are_met() -> None:
    """Three hundredths short and not overdue is no shortfall; only money above the installment makes up for one."""
    state = _after(monthly([100, 60]))
    before = state.shadow
    observe(state, Period(due_day=730_100, due_minor=100, paid_minor=97))
    met = state.shadow
    observe(state, Period(due_day=730_130, due_minor=100, paid_minor=125))

    assert before == met == 4_000
    assert state.shadow == before - 2_500


def test_paying_ahead_makes_a_skipped_month_short_but_not_late() -> None:
    """Money and contract are told apart."""
    state = _after(monthly([200, 0]))

    assert (state.short_bits & 1, state.late_bits & 1) == (1, 0)
    assert state.ahead == 0


def test_paid_to_the_cent_raises_exact() -> None:
    """A standing order is recognized."""
    assert _after(monthly([100] * 6)).exact > _after(monthly([103, 97, 110, 100, 120, 90])).exact


def test_personal_weights_learn_from_each_installment() -> None:
    """Who keeps coming up short is expected to; who never does, is not; both stay near the prior."""
    careless, careful = _after(monthly([0, 100] * 6)), _after(monthly([100] * 12))

    assert careful.personal[0] < 0 < careless.personal[0]
    assert 0 < careful.personal[2] < careful.personal[2] + 1 <= 15_001


@pytest.mark.parametrize(("paid", "expected"), [([0], 1), ([100], 0), ([100, 0], 0)])
def test_first_payment_default_is_only_about_the_first(paid: list[int], expected: int) -> None:
    """It is set once, by the first installment."""
    assert expected == _after(monthly(paid)).first_short


def test_averages_start_neutral_and_move_by_alpha() -> None:
    """Fast forgets half at each period."""
    state = _after(monthly([0]))

    assert (state.paid_fast, state.short_fast) == (UNIT // 2, UNIT // 2)

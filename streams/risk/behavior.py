"""What a borrower's row remembers of past installments: a few dozen bounded integers, folded one `Period` at a time.

Rule 1: integers only. Whatever is remembered is quantised here, so a row that was encoded and decoded between two
periods goes on exactly like one that was not, on any machine.
Rule 2: everything is relative to the loan's own schedule: money in installments, lateness in cadences. Only the
definition of default (90 days) is in days.
Rule 3: bounded. One absurd period moves a value no further than its limit.

Scales: a share, ratio or number of installments is in 1/10,000 (`UNIT`); days are days.
"""

from __future__ import annotations

from msgspec import Struct

from streams.risk.inputs import Period
from streams.risk.personal import PRIOR_VARIANCE, learn

#: One, in the fixed-point scale of the state.
UNIT = 10_000
#: Below this share of an installment a period counts as short, above the second as overpaid.
SHORT_BELOW = 9_500
OVERPAID_ABOVE = 10_500
#: Paid exactly the installment, to 0.2 %: the mark of a standing order.
EXACT_WITHIN = 20
#: Next to nothing was paid.
SKIPPED_BELOW = 200
RATIO_MAX = 2 * UNIT
AHEAD_MAX = 6 * UNIT
BITS_KEPT = 0xFFF
COUNT_MAX = 30_000
DAYS_MAX = 999
CADENCE_MAX = 400
#: Before a second due date is known; and so that loans due a day apart do not make a day late look like a month.
CADENCE_ASSUMED = 30
CADENCE_MIN = 7
MEMORY_MAX = 12 * UNIT
#: Memory of a short period fades by exp(-days / 180).
_FADE = tuple(round(65_536 * 2.718281828459045 ** (-days / 180)) for days in range(CADENCE_MAX + 1))


class BehaviorState(Struct, array_like=True, gc=False):
    """A borrower's behavior so far.

    "Short" is about money (less than 95 % of the installment came in the period), "late" about the contract (an
    installment was unmet on the day after it fell due): whoever has paid ahead can be short without being late. "Missed"
    is a period at whose end an installment had been unmet for half a cadence or more: worse than a few days late.

    Attributes:
        periods: how many.
        last_due_day: of the newest (ordinal day, 0 none).
        paid_fast: paid / due, exponentially weighted, alpha 1/2.
        paid_slow: the same, alpha 0.15.
        paid_variance: of paid / due around `paid_slow`.
        short_fast: share of short periods, alpha 1/2.
        short_slow: the same, alpha 0.15.
        late_fast: share of late periods, alpha 1/2; halving each time, it tells how long ago the last one was.
        late_slow: the same, alpha 0.15.
        missed_fast: share of missed periods, alpha 1/2.
        missed_slow: the same, alpha 0.15.
        short_bits: the last 12 periods, newest lowest; 1 is short.
        late_bits: the same for late.
        full_run: periods in a row that were not short.
        short_count: how many were short.
        short_memory: each short period counts one, fading over 180 days.
        worst: decayed maximum of days past due / 30.
        late_depth: days past due / 30, at most 4, alpha 0.05.
        days_past_due: after the newest due day.
        days_past_due_before: after the one before.
        lateness_fast: days from due day to payment / cadence, alpha 1/2.
        lateness_slow: the same, alpha 0.15.
        overpaid: share of overpaid periods, alpha 0.15.
        exact: share of periods paid to the cent, alpha 0.2; starts at 1/2.
        skipped: share of periods with next to no money, alpha 0.15.
        first_short: 1 if the first installment was short (first payment default).
        shadow: shadow arrears in installments, see `_shadow`.
        shadow_slow: the same, alpha 0.2.
        ahead: installments paid ahead; negative in arrears.
        paid_last: paid / due of the newest period.
        paid_before: of the one before.
        personal: mean and covariance of the borrower's own weights, see `personal`.
    """

    periods: int = 0
    last_due_day: int = 0
    paid_fast: int = UNIT
    paid_slow: int = UNIT
    paid_variance: int = 0
    short_fast: int = 0
    short_slow: int = 0
    late_fast: int = 0
    late_slow: int = 0
    missed_fast: int = 0
    missed_slow: int = 0
    short_bits: int = 0
    late_bits: int = 0
    full_run: int = 0
    short_count: int = 0
    short_memory: int = 0
    worst: int = 0
    late_depth: int = 0
    days_past_due: int = 0
    days_past_due_before: int = 0
    lateness_fast: int = 0
    lateness_slow: int = 0
    overpaid: int = 0
    exact: int = UNIT // 2
    skipped: int = 0
    first_short: int = 0
    shadow: int = 0
    shadow_slow: int = 0
    ahead: int = 0
    paid_last: int = UNIT
    paid_before: int = UNIT
    personal: tuple[int, int, int, int, int] = (0, 0, PRIOR_VARIANCE, 0, PRIOR_VARIANCE)


def expected_logit(state: BehaviorState) -> float:
    """Log-odds that the next period is short, from recent behavior alone; the personal part learns the rest."""
    return (
        -3.2
        + (2.2 * state.short_slow + 1.6 * state.short_fast) / UNIT
        + (0.0, 0.4, 0.0, 0.8)[state.short_bits & 3]
        + min(state.days_past_due / 60, 1.5)
    )


def observe(state: BehaviorState, period: Period) -> None:
    """Fold one period into the state, in place. Periods come in due order; several loans may interleave."""
    due, paid = period.due_minor, period.paid_minor
    ratio = min(max(paid * UNIT // due, 0), RATIO_MAX) if due > 0 else UNIT
    overdue = min(max(period.days_past_due, 0), DAYS_MAX)
    short = 1 if ratio < SHORT_BELOW else 0
    state.personal = learn(state.personal, expected_logit(state), state.short_bits & 1, short)
    _date(state, period, short, overdue)
    _average(state, ratio, short, overdue)
    _accumulate(state, period, ratio, short, overdue)
    state.paid_before, state.paid_last = state.paid_last, ratio
    state.days_past_due_before, state.days_past_due = state.days_past_due, overdue


def _date(state: BehaviorState, period: Period, short: int, overdue: int) -> None:
    """Everything that depends on the time between due dates."""
    elapsed = min(max(period.due_day - state.last_due_day, 0), CADENCE_MAX) if state.periods else CADENCE_ASSUMED
    state.last_due_day = max(period.due_day, state.last_due_day)
    state.short_memory = min((state.short_memory * _FADE[elapsed] >> 16) + short * UNIT, MEMORY_MAX)
    lateness = max(period.lateness_days, overdue) * UNIT // max(elapsed, CADENCE_MIN)
    lateness = min(max(lateness, -UNIT), RATIO_MAX)
    state.lateness_fast += (lateness - state.lateness_fast) // 2
    state.lateness_slow += (lateness - state.lateness_slow) * 15 // 100
    missed = UNIT if overdue * 2 > max(elapsed, CADENCE_MIN) else 0
    state.missed_fast += (missed - state.missed_fast) // 2
    state.missed_slow += (missed - state.missed_slow) * 15 // 100


def _average(state: BehaviorState, ratio: int, short: int, overdue: int) -> None:
    """Exponentially weighted means; the new value's weight is the alpha that `BehaviorState` names."""
    unit_short, unit_late = short * UNIT, UNIT if overdue else 0
    away = ratio - state.paid_slow
    state.paid_variance += (away * away // UNIT * 13 - state.paid_variance * 15) // 100
    state.paid_fast += (ratio - state.paid_fast) // 2
    state.paid_slow += away * 15 // 100
    state.short_fast += (unit_short - state.short_fast) // 2
    state.short_slow += (unit_short - state.short_slow) * 15 // 100
    state.late_fast += (unit_late - state.late_fast) // 2
    state.late_slow += (unit_late - state.late_slow) * 15 // 100
    months = overdue * UNIT // 30
    state.worst = max(state.worst * 9 // 10, months)
    state.late_depth += (min(months, 4 * UNIT) - state.late_depth) // 20
    state.overpaid += ((UNIT if ratio > OVERPAID_ABOVE else 0) - state.overpaid) * 15 // 100
    state.exact += ((UNIT if abs(ratio - UNIT) <= EXACT_WITHIN else 0) - state.exact) // 5
    state.skipped += ((UNIT if ratio < SKIPPED_BELOW else 0) - state.skipped) * 15 // 100


def _accumulate(state: BehaviorState, period: Period, ratio: int, short: int, overdue: int) -> None:
    """Counts, patterns and running balances."""
    if state.periods == 0:
        state.first_short = short
    state.periods = min(state.periods + 1, COUNT_MAX)
    state.short_bits = (state.short_bits << 1 | short) & BITS_KEPT
    state.late_bits = (state.late_bits << 1 | (1 if overdue else 0)) & BITS_KEPT
    state.full_run = 0 if short else min(state.full_run + 1, COUNT_MAX)
    state.short_count = min(state.short_count + short, COUNT_MAX)
    state.shadow = _shadow(state.shadow, ratio, short, overdue)
    state.shadow_slow += (state.shadow - state.shadow_slow) // 5
    due = max(period.due_minor, 1)
    if period.arrears_minor > 0:
        state.ahead = max(-(period.arrears_minor * UNIT // due), -AHEAD_MAX)
    else:
        state.ahead = min(max(max(state.ahead, 0) + (period.paid_minor - due) * UNIT // due, 0), AHEAD_MAX)


def _shadow(shadow: int, ratio: int, short: int, overdue: int) -> int:
    """Running (due - paid) / due, held to what days past due and the absence of a shortfall allow.

    A lender may defer or waive what the money says is missing; the shadow remembers it, days past due do not.
    """
    grown = shadow + UNIT - ratio
    if not short and not overdue:
        grown = min(grown, shadow)
    return min(max(grown, 0), overdue * UNIT // 30 + SHORT_BELOW)

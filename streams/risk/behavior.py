"""What a borrower's row remembers of past installments: a few dozen bounded integers, folded one `Period` at a time.

Rule 1: integers only. Whatever is remembered is quantised here, so a row that was encoded and decoded between two
periods goes on exactly like one that was not, on any machine.
Rule 2: everything is relative to the loan's own schedule: money in installments, lateness in cadences. Only the
definition of default (90 days) is in days.
Rule 3: bounded. One absurd period moves a value no further than its limit.

Scales: a share, ratio or number of installments is in 1/10,000 (`UNIT`); days are days.
"""

# ruff: noqa: FURB136, PLR1730, PLR0915  - this runs at every event: calls to min and max were half of its time

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
DAYS_MAX = 400
CADENCE_MAX = 400
#: Before a second due date is known; and so that loans due a day apart do not make a day late look like a month.
CADENCE_ASSUMED = 30
CADENCE_MIN = 7
MEMORY_MAX = 12 * UNIT
DEPTH_MAX = 4 * UNIT
#: Log-odds after the last two periods: neither short, the last, the one before, both.
_AFTER = (0.0, 0.4, 0.0, 0.8)
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


def expected_logit(s: BehaviorState) -> float:
    """Log-odds that the next period is short, from recent behavior alone; the personal part learns the rest."""
    days = s.days_past_due
    return (
        -3.2
        + (2.2 * s.short_slow + 1.6 * s.short_fast) / UNIT
        + _AFTER[s.short_bits & 3]
        + (days / 60 if days < 90 else 1.5)
    )


def observe(s: BehaviorState, period: Period) -> None:
    """Fold one period into the state, in place. Periods come in due order; several loans may interleave.

    One straight function: it runs for every installment of every borrower, and calls would be half of its time.
    """
    due = period.due_minor
    paid = period.paid_minor * UNIT // due if due > 0 else UNIT
    ratio = 0 if paid < 0 else RATIO_MAX if paid > RATIO_MAX else paid
    overdue = period.days_past_due
    overdue = 0 if overdue < 0 else DAYS_MAX if overdue > DAYS_MAX else overdue
    short = 1 if ratio < SHORT_BELOW else 0
    late = 1 if overdue else 0
    s.personal = learn(s.personal, expected_logit(s), s.short_bits & 1, short)

    elapsed = CADENCE_ASSUMED
    if s.periods:
        elapsed = period.due_day - s.last_due_day
        elapsed = 0 if elapsed < 0 else CADENCE_MAX if elapsed > CADENCE_MAX else elapsed
    else:
        s.first_short = short
    if period.due_day > s.last_due_day:
        s.last_due_day = period.due_day
    cadence = period.cadence_days or elapsed
    cadence = cadence if cadence > CADENCE_MIN else CADENCE_MIN
    lateness = period.lateness_days if period.lateness_days > overdue else overdue
    lateness = lateness * UNIT // cadence
    lateness = -UNIT if lateness < -UNIT else RATIO_MAX if lateness > RATIO_MAX else lateness
    missed = UNIT if overdue * 2 > cadence else 0
    memory = (s.short_memory * _FADE[elapsed] >> 16) + short * UNIT
    s.short_memory = MEMORY_MAX if memory > MEMORY_MAX else memory

    away = ratio - s.paid_slow
    s.paid_variance += (away * away // UNIT * 13 - s.paid_variance * 15) // 100
    s.paid_fast += (ratio - s.paid_fast) // 2
    s.paid_slow += away * 15 // 100
    s.short_fast += (short * UNIT - s.short_fast) // 2
    s.short_slow += (short * UNIT - s.short_slow) * 15 // 100
    s.late_fast += (late * UNIT - s.late_fast) // 2
    s.late_slow += (late * UNIT - s.late_slow) * 15 // 100
    s.missed_fast += (missed - s.missed_fast) // 2
    s.missed_slow += (missed - s.missed_slow) * 15 // 100
    s.lateness_fast += (lateness - s.lateness_fast) // 2
    s.lateness_slow += (lateness - s.lateness_slow) * 15 // 100
    s.overpaid += ((UNIT if ratio > OVERPAID_ABOVE else 0) - s.overpaid) * 15 // 100
    s.exact += ((UNIT if UNIT - EXACT_WITHIN <= ratio <= UNIT + EXACT_WITHIN else 0) - s.exact) // 5
    s.skipped += ((UNIT if ratio < SKIPPED_BELOW else 0) - s.skipped) * 15 // 100
    months = overdue * UNIT // 30
    worst = s.worst * 9 // 10
    s.worst = months if months > worst else worst
    s.late_depth += ((months if months < DEPTH_MAX else DEPTH_MAX) - s.late_depth) // 20

    if s.periods < COUNT_MAX:
        s.periods += 1
    s.short_bits = (s.short_bits << 1 | short) & BITS_KEPT
    s.late_bits = (s.late_bits << 1 | late) & BITS_KEPT
    if short:
        s.full_run = 0
        if s.short_count < COUNT_MAX:
            s.short_count += 1
    elif s.full_run < COUNT_MAX:
        s.full_run += 1
    s.shadow = _shadow(s.shadow, ratio, short, overdue)
    s.shadow_slow += (s.shadow - s.shadow_slow) // 5
    s.ahead = _ahead(s.ahead, period)
    s.paid_before, s.paid_last = s.paid_last, ratio
    s.days_past_due_before, s.days_past_due = s.days_past_due, overdue


def _shadow(shadow: int, ratio: int, short: int, overdue: int) -> int:
    """Running (due - paid) / due, held to what days past due and the absence of a shortfall allow.

    A lender may defer or waive what the money says is missing; the shadow remembers it, days past due do not.
    """
    grown = shadow + UNIT - ratio
    if not short and not overdue and grown > shadow:
        grown = shadow
    limit = overdue * UNIT // 30 + SHORT_BELOW
    return 0 if grown < 0 else limit if grown > limit else grown


def _ahead(ahead: int, period: Period) -> int:
    """Installments paid beyond what fell due, by money alone; the contractual arrears where there are any."""
    due = period.due_minor if period.due_minor > 0 else 1
    if period.arrears_minor > 0:
        arrears = period.arrears_minor * UNIT // due
        return -arrears if arrears < AHEAD_MAX else -AHEAD_MAX
    grown = (ahead if ahead > 0 else 0) + (period.paid_minor - period.due_minor) * UNIT // due
    return 0 if grown < 0 else AHEAD_MAX if grown > AHEAD_MAX else grown

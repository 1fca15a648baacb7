"""The model's inputs: fixed scale, bounded, relative to the loan's own schedule.

Rule 1: a feature is an integer from -127 to 127 (its scale is in `FEATURES`). The same bytes are scored now and learned
from when the outcome is known, so there is nothing that scoring and learning could see differently.
Rule 2: no online scaler. In its first month a running scaler ranked borrowers at AUC .14.
Rule 3: nothing about the person: `FORBIDDEN` names what may never be a feature, and a test reads the names.
"""

# ruff: noqa: FURB136  - this runs at every event: calls to min and max were half of its time

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from streams.risk.behavior import UNIT, BehaviorState, expected_logit
from streams.risk.inputs import Standing
from streams.risk.personal import own_logit

#: Words that no feature's name may contain: protected attributes, health, vulnerability, and proxies of them.
FORBIDDEN = (
    "sex", "gender", "age_of", "birth", "marital", "married", "education", "ethnic", "race", "religion", "nationality",
    "health", "medical", "disab", "vulnerab", "pregnan", "region", "postcode", "zip", "address", "name",
)  # fmt: skip


class Feature(NamedTuple):
    """One input of the model.

    Attributes:
        name: what reports and reasons call it.
        scale: how many steps are one unit; the stored integer is value * scale, cut to +-127.
        unit: of the value, for people.
    """

    name: str
    scale: int
    unit: str


FEATURES = (
    Feature("days_past_due", 50, "months"),
    Feature("days_past_due_cadences", 40, "cadences"),
    Feature("days_past_due_started", 127, "share of 10 days"),
    Feature("arrears", 30, "installments"),
    Feature("arrears_spell", 60, "quarters"),
    Feature("paid_now", 100, "installments"),
    Feature("paid_shortfall_fast", 100, "installments"),
    Feature("paid_shortfall_slow", 100, "installments"),
    Feature("paid_deviation", 120, "installments"),
    Feature("short_fast", 120, "share"),
    Feature("short_slow", 120, "share"),
    Feature("late_fast", 120, "share"),
    Feature("late_slow", 120, "share"),
    Feature("late_recency", 120, "share"),
    Feature("missed_fast", 120, "share"),
    Feature("missed_slow", 120, "share"),
    Feature("missed_recency", 120, "share"),
    Feature("short_in_3", 40, "periods"),
    Feature("short_in_6", 20, "periods"),
    Feature("short_in_12", 10, "periods"),
    Feature("late_in_12", 10, "periods"),
    Feature("short_run", 30, "periods"),
    Feature("full_run", 36, "log periods"),
    Feature("short_memory", 30, "periods"),
    Feature("worst_days_past_due", 30, "months"),
    Feature("late_depth", 120, "months"),
    Feature("days_past_due_change", 50, "months"),
    Feature("lateness_fast", 100, "cadences"),
    Feature("lateness_slow", 100, "cadences"),
    Feature("lateness_trend", 100, "cadences"),
    Feature("overpaid", 120, "share"),
    Feature("exact", 120, "share"),
    Feature("skipped", 120, "share"),
    Feature("first_short", 100, "yes or no"),
    Feature("shadow_arrears", 40, "installments"),
    Feature("shadow_arrears_slow", 60, "installments"),
    Feature("ahead", 40, "installments"),
    Feature("ahead_covers", 100, "installments"),
    Feature("paid_gap_last", 100, "installments"),
    Feature("paid_gap_before", 100, "installments"),
    Feature("personal_level", 40, "log-odds"),
    Feature("personal_repeat", 40, "log-odds"),
    Feature("next_short", 20, "log-odds"),
    Feature("personal_doubt", 80, "variance"),
    Feature("periods", 30, "log periods"),
    Feature("novelty", 120, "share"),
    Feature("short_count", 40, "log periods"),
    Feature("remaining", 100, "share"),
    Feature("failed_debits", 40, "debits"),
    Feature("broken_promises", 40, "promises"),
    Feature("restructures", 50, "times"),
    Feature("before_restructure", 30, "months"),
    Feature("more_loans", 50, "loans"),
    Feature("rate", 40, "of 10 %"),
    Feature("term", 60, "log installments"),
    Feature("amount", 30, "log10 minor units"),
    Feature("credit_score", 80, "hundreds"),
    Feature("payment_to_income", 100, "tenths"),
)  # fmt: skip
NAMES = tuple(feature.name for feature in FEATURES)
INDEX = {name: index for index, name in enumerate(NAMES)}
COUNT = len(FEATURES)

_POP3 = tuple((bits & 7).bit_count() * 40 for bits in range(4096))
_POP6 = tuple((bits & 63).bit_count() * 20 for bits in range(4096))
_POP12 = tuple(bits.bit_count() * 10 for bits in range(4096))
#: Length of the newest run of ones.
_RUN = tuple(min((((bits + 1) & ~bits).bit_length() - 1) * 30, 127) for bits in range(4096))
#: log2(1 + share * 1024) / 10: a share that halves each period, as time since, on a scale of ten periods.
_RECENCY = tuple(round(math.log2(1 + share * 1.024) * 12) for share in range(1001))
_LOG_MAX = 511
_LOG_36 = tuple(min(round(math.log1p(count) * 36), 127) for count in range(_LOG_MAX + 1))
_LOG_30 = tuple(min(round(math.log1p(count) * 30), 127) for count in range(_LOG_MAX + 1))
_LOG_40 = tuple(min(round(math.log1p(count) * 40), 127) for count in range(_LOG_MAX + 1))
_LOG_TERM = tuple(max(min(round((math.log1p(count) - 3.6) * 60), 127), -127) for count in range(_LOG_MAX + 1))
_NOVELTY = tuple(round(120 / (1 + count)) for count in range(_LOG_MAX + 1))
_ROOT = tuple(min(round(math.sqrt(share / 100) * 120), 127) for share in range(401))
_DAYS_MAX = 180


def _cut(value: int) -> int:
    """To what a signed byte holds, symmetrically."""
    return -127 if value < -127 else 127 if value > 127 else value


def _top(value: int) -> int:
    """The same, for what cannot be negative."""
    return 127 if value > 127 else value


def features(s: BehaviorState, now: Standing) -> tuple[int, ...]:
    """The quantised inputs, in the order of `FEATURES`; each from -127 to 127.

    Integer arithmetic throughout (but for two log-odds): this runs at every event, and must give the same everywhere.
    """
    dpd = now.days_past_due
    dpd = _DAYS_MAX if dpd > _DAYS_MAX else dpd
    cadence = now.cadence_days if now.cadence_days > 0 else 30
    installment = now.installment_minor if now.installment_minor > 0 else 1
    arrears = now.arrears_minor
    short_bits, late_fast, missed_fast = s.short_bits, s.late_fast, s.missed_fast
    lateness_fast, lateness_slow = s.lateness_fast // 100, s.lateness_slow // 100
    ahead = 0 if arrears > 0 else s.ahead
    periods = s.periods if s.periods < _LOG_MAX else _LOG_MAX
    personal = s.personal
    total = now.installments_total
    return (
        _top(dpd * 5 // 3),
        _top(dpd * 40 // cadence),
        _top(dpd * 127 // 10),
        _top(arrears * 30 // installment),
        _top(now.arrears_spell_days * 2 // 3),
        _cut(now.paid_since_due_minor * 100 // installment),
        100 - s.paid_fast // 100,
        100 - s.paid_slow // 100,
        _ROOT[s.paid_variance // 100 if s.paid_variance < 40_000 else 400],
        s.short_fast * 3 // 250,
        s.short_slow * 3 // 250,
        late_fast * 3 // 250,
        s.late_slow * 3 // 250,
        _RECENCY[late_fast // 10],
        missed_fast * 3 // 250,
        s.missed_slow * 3 // 250,
        _RECENCY[missed_fast // 10],
        _POP3[short_bits],
        _POP6[short_bits],
        _POP12[short_bits],
        _POP12[s.late_bits],
        _RUN[short_bits],
        _LOG_36[s.full_run if s.full_run < _LOG_MAX else _LOG_MAX],
        _top(s.short_memory * 3 // 1000),
        _top(s.worst * 3 // 1000),
        _top(s.late_depth * 3 // 250),
        _cut((s.days_past_due - s.days_past_due_before) * 5 // 3),
        _cut(lateness_fast),
        _cut(lateness_slow),
        _cut(lateness_fast - lateness_slow),
        s.overpaid * 3 // 250,
        s.exact * 3 // 250,
        s.skipped * 3 // 250,
        s.first_short * 100,
        _top(s.shadow // 250),
        _top(s.shadow_slow * 3 // 500),
        _cut(ahead // 250),
        100 if ahead >= UNIT else _cut((ahead - 9_400) // 5),
        100 - s.paid_last // 100,
        100 - s.paid_before // 100,
        _cut(personal[0] // 250),
        _cut(personal[1] // 250),
        _cut(int((expected_logit(s) + own_logit(personal, short_bits & 1) + 1) * 20)),
        _cut(personal[2] // 125),
        _LOG_30[periods],
        _NOVELTY[periods],
        _LOG_40[s.short_count if s.short_count < _LOG_MAX else _LOG_MAX],
        _cut((total - now.installments_passed) * 100 // total) if total else 50,
        _top(now.failed_debits_90d * 40),
        _top(now.broken_promises * 40),
        _top(now.restructures * 50),
        _top(now.days_past_due_before_restructure),
        _cut((now.loans_active - 1) * 50),
        *_origination(now.rate_bps, now.term_count, now.amount_minor, now.credit_score, now.payment_to_income_bps),
    )


@lru_cache(maxsize=65_536)
def _origination(rate_bps: int, term: int, amount: int, score: int, income_bps: int) -> tuple[int, int, int, int, int]:
    """Facts of the contract: they do not change, so they are computed once a loan. Absent is neutral."""
    return (
        _cut((rate_bps - 1000) // 25) if rate_bps >= 0 else 0,
        _LOG_TERM[min(term, _LOG_MAX)] if term >= 0 else 0,
        _cut(round((math.log10(amount) - 6) * 30)) if amount > 0 else 0,
        _cut((score - 650) * 4 // 5) if score >= 0 else 0,
        _cut((income_bps - 800) // 10) if income_bps >= 0 else 0,
    )

"""The model's inputs: fixed scale, bounded, relative to the loan's own schedule.

Rule 1: a feature is an integer from -127 to 127 (its scale is in `FEATURES`). The same bytes are scored now and learned
from when the outcome is known, so there is nothing that scoring and learning could see differently.
Rule 2: no online scaler. In its first month a running scaler ranked borrowers at AUC .14.
Rule 3: nothing about the person: `FORBIDDEN` names what may never be a feature, and a test reads the names.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from streams.risk.behavior import BehaviorState, expected_logit
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

_POP3 = tuple((bits & 7).bit_count() for bits in range(4096))
_POP6 = tuple((bits & 63).bit_count() for bits in range(4096))
_POP12 = tuple(bits.bit_count() for bits in range(4096))
#: Length of the newest run of ones.
_RUN = tuple(((bits + 1) & ~bits).bit_length() - 1 for bits in range(4096))
#: log2(1 + share * 1024) / 10: a share that halves each period, as time since, on a scale of ten periods.
_RECENCY = tuple(math.log2(1 + share * 1.024) / 10 for share in range(1001))
_LOG1P = tuple(math.log1p(count) for count in range(512))
_ROOT = tuple(math.sqrt(share / 100) for share in range(401))


def features(s: BehaviorState, now: Standing) -> tuple[int, ...]:
    """The quantised inputs, in the order of `FEATURES`; each from -127 to 127."""
    unit = 1e-4
    dpd = now.days_past_due if now.days_past_due < 180 else 180  # noqa: PLR2004
    cadence = now.cadence_days if now.cadence_days > 0 else 30
    inst = now.installment_minor if now.installment_minor > 0 else 1
    arrears = now.arrears_minor / inst
    paid_now = now.paid_since_due_minor / inst
    repeat = s.short_bits & 1
    own = own_logit(s.personal, repeat)
    ahead = s.ahead * unit if arrears <= 0 else 0.0
    n = s.periods if s.periods < 511 else 511  # noqa: PLR2004
    total = now.installments_total
    amount, rate, term, score, income = (
        now.amount_minor, now.rate_bps, now.term_count, now.credit_score, now.payment_to_income_bps,
    )  # fmt: skip
    values = (
        dpd / 30 * 50,
        dpd / cadence * 40,
        dpd * 12.7,
        arrears * 30,
        now.arrears_spell_days / 90 * 60,
        paid_now * 100,
        100 - s.paid_fast * 0.01,
        100 - s.paid_slow * 0.01,
        _ROOT[min(s.paid_variance // 100, 400)] * 120,
        s.short_fast * 0.012,
        s.short_slow * 0.012,
        s.late_fast * 0.012,
        s.late_slow * 0.012,
        _RECENCY[s.late_fast // 10] * 120,
        s.missed_fast * 0.012,
        s.missed_slow * 0.012,
        _RECENCY[s.missed_fast // 10] * 120,
        _POP3[s.short_bits] * 40,
        _POP6[s.short_bits] * 20,
        _POP12[s.short_bits] * 10,
        _POP12[s.late_bits] * 10,
        _RUN[s.short_bits] * 30,
        _LOG1P[min(s.full_run, 511)] * 36,
        s.short_memory * 0.003,
        s.worst * 0.003,
        s.late_depth * 0.012,
        (s.days_past_due - s.days_past_due_before) / 30 * 50,
        s.lateness_fast * 0.01,
        s.lateness_slow * 0.01,
        (s.lateness_fast - s.lateness_slow) * 0.01,
        s.overpaid * 0.012,
        s.exact * 0.012,
        s.skipped * 0.012,
        s.first_short * 100,
        s.shadow * 0.004,
        s.shadow_slow * 0.006,
        ahead * 40,
        (ahead - 0.94) * 2000 if ahead < 1 else 100,
        100 - s.paid_last * 0.01,
        100 - s.paid_before * 0.01,
        s.personal[0] * 0.004,
        s.personal[1] * 0.004,
        (expected_logit(s) + own + 1) * 20,
        s.personal[2] * 0.008,
        _LOG1P[n] * 30,
        120 / (1 + n),
        _LOG1P[min(s.short_count, 511)] * 40,
        (1 - now.installments_passed / total) * 100 if total else 50,
        now.failed_debits_90d * 40,
        now.broken_promises * 40,
        now.restructures * 50,
        now.days_past_due_before_restructure,
        (now.loans_active - 1) * 50,
        (rate - 1000) * 0.04 if rate >= 0 else 0,
        (_LOG1P[min(term, 511)] - 3.6) * 60 if term >= 0 else 0,
        (math.log10(amount) - 6) * 30 if amount > 0 else 0,
        (score - 650) * 0.8 if score >= 0 else 0,
        (income - 800) * 0.1 if income >= 0 else 0,
    )
    return tuple([-127 if v < -127 else 127 if v > 127 else round(v) for v in values])  # noqa: PLR2004

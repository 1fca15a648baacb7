"""Hypothesis strategies for what the ledger tells the risk model."""

from __future__ import annotations

from hypothesis import strategies as st

from streams.risk.inputs import Period, Standing

_MONEY = st.integers(0, 10**15)


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> list[Period]:
    """Periods in due order, with absurd amounts among them."""
    day, found = 700_000, []
    for _ in range(draw(st.integers(0, most))):
        day += draw(st.integers(0, 400))
        found.append(
            Period(
                due_day=day,
                due_minor=draw(st.integers(0, 10**12)),
                paid_minor=draw(st.one_of(st.integers(0, 2_000), _MONEY)),
                arrears_minor=draw(st.one_of(st.just(0), _MONEY)),
                days_past_due=draw(st.one_of(st.just(0), st.integers(0, 5_000))),
                lateness_days=draw(st.integers(-400, 2_000)),
            )
        )
    return found


standings = st.builds(
    Standing,
    as_of=st.integers(700_000, 800_000),
    loans_active=st.integers(0, 9),
    days_past_due=st.integers(0, 5_000),
    arrears_minor=_MONEY,
    installment_minor=st.integers(0, 10**12),
    exposure_minor=_MONEY,
    arrears_spell_days=st.integers(0, 9_000),
    cadence_days=st.integers(0, 400),
    installments_total=st.integers(0, 600),
    installments_passed=st.integers(0, 900),
    failed_debits_90d=st.integers(0, 99),
    broken_promises=st.integers(0, 99),
    restructures=st.integers(0, 99),
    days_past_due_before_restructure=st.integers(0, 5_000),
    paid_since_due_minor=_MONEY,
    rate_bps=st.integers(-1, 100_000),
    term_count=st.integers(-1, 999),
    amount_minor=st.integers(-1, 10**15),
    credit_score=st.integers(-1, 9_999),
    payment_to_income_bps=st.integers(-1, 99_999),
)


def monthly(paid: list[int], due_minor: int = 100) -> list[Period]:
    """A loan of equal monthly installments, oldest due first, with these payments."""
    owed, found = 0, []
    for number, amount in enumerate(paid, 1):
        owed += due_minor - amount
        unmet = max(0, -(-owed // due_minor))
        found.append(
            Period(
                due_day=730_000 + 30 * number,
                due_minor=due_minor,
                paid_minor=amount,
                arrears_minor=max(0, owed),
                days_past_due=1 + 30 * (unmet - 1) if unmet else 0,
            )
        )
    return found

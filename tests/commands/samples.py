"""Alerts as Forewarn publishes them, for the commands to show."""

import datetime as dt

import msgspec

from streams.events.fields import NonNegativeMoney
from streams.events.outputs import Reason, RiskTierChanged

LATER = Reason(
    code="later",
    text_en="Pays later each month.",
    text_zh="还款越来越晚",
    feature="lateness_trend",
    value="3.2",
    contribution_millilogits=412,
)


def alert(borrower_id: str, sequence: int, day: str, **changes: object) -> RiskTierChanged:
    """An alert NORMAL to WATCH, changed as told."""
    made = RiskTierChanged(
        borrower_id=borrower_id,
        business_date=dt.date.fromisoformat(day),
        alert_id=f"{borrower_id}/{sequence}",
        alert_sequence=sequence,
        journal_sequence=sequence,
        from_tier="NORMAL",
        to_tier="WATCH",
        direction="UP",
        cause="MODEL",
        supersedes=None,
        probability_before_ppm=3_000,
        probability_ppm=25_600,
        reasons=(LATER,),
        days_past_due=12,
        exposure=NonNegativeMoney(120_000, "CNY"),
        arrears=NonNegativeMoney(20_600, "CNY"),
        next_downgrade_possible_on=None,
        model_version="prior",
        policy_version="tiers-1",
    )
    return msgspec.structs.replace(made, **changes)


def encoded(output: msgspec.Struct) -> bytes:
    """As it stands on its topic."""
    return msgspec.json.encode(output)

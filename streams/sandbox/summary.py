"""What a run gave, for the person who watched it: alerts by tier, defaulters warned, and how long before."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import get_args

import msgspec
from msgspec import Struct

from streams.events.outputs import DelinquencyChanged, PortfolioAlert, RiskTierChanged, Step
from streams.portfolio.stages import LEVEL


class _Verdict(Struct):
    verdict: str


class _Action(Struct):
    """The little of an action that is counted; one that was taken back has no decision of its own."""

    stage: str
    decision: _Verdict | None = None


_alerts = msgspec.json.Decoder(RiskTierChanged)
_portfolio_alerts = msgspec.json.Decoder(PortfolioAlert)
_changes = msgspec.json.Decoder(DelinquencyChanged)
_actions = msgspec.json.Decoder(_Action)


class Summary(Struct, frozen=True, kw_only=True):
    """Figures of one run. A defaulter is a borrower with a loan that went over 90 days past due or was written off.

    Warned means that an upward alert that was never retracted came before the day of the first default; lead is from the
    first such alert. Actions by stage are those that the conduct gate allowed at once or later; the others were refused.
    `book_alerts` are about the whole book or a part of it, `book_stage` is the worst stage that any of them was in.
    `warned_while_current` counts those whose alert came before the spell of arrears that led there.
    """

    events: int
    borrowers: int
    seconds: float
    alerts: int
    alerts_by_tier: dict[str, int]
    downgrades: int
    retractions: int
    dead_letters: int
    actions_by_stage: dict[str, int]
    actions_refused: int
    book_alerts: int
    book_stage: str
    model_versions: int
    defaulters: int
    warned: int
    lead_days_median: int
    warned_while_current: int

    @property
    def events_per_second(self) -> float:
        """Throughput of the whole run, start-up of the workers excluded."""
        return self.events / self.seconds if self.seconds else 0.0


def first_warnings(alerts: Iterable[bytes]) -> dict[str, dict[str, dt.date]]:
    """By borrower: the upward alerts that were never retracted, with their dates."""
    standing: dict[str, dict[str, dt.date]] = {}
    for value in alerts:
        alert = _alerts.decode(value)
        own = standing.setdefault(alert.borrower_id, {})
        if alert.direction == "UP":
            own[alert.alert_id] = alert.business_date
        elif alert.direction == "RETRACT" and alert.supersedes:
            own.pop(alert.supersedes, None)
    return standing


def summarize(
    *,
    events: int,
    borrowers: int,
    seconds: float,
    told: Mapping[str, Sequence[bytes]],
    dead_letters: int,
    model_versions: int,
) -> Summary:
    """Put the figures together from what stands on the output topics (`told`, by topic; alerts in canonical order)."""
    alerts = told["risk-tier-changes"]
    directions: Counter[str] = Counter()
    tiers: Counter[str] = Counter()
    for value in alerts:
        alert = _alerts.decode(value)
        directions[alert.direction] += 1
        if alert.direction == "UP":
            tiers[alert.to_tier] += 1
    delinquent, defaulted = _firsts(told["delinquency-changes"])
    warnings = first_warnings(alerts)
    leads, early = [], 0
    for borrower_id, day in defaulted.items():
        before = [warned for warned in warnings.get(borrower_id, {}).values() if warned < day]
        if before:
            leads.append((day - min(before)).days)
            early += min(before) < delinquent[borrower_id]
    stages, refused = _measures(told["collection-actions"])
    said = [_portfolio_alerts.decode(value) for value in told["portfolio-alerts"]]
    return Summary(
        events=events,
        borrowers=borrowers,
        seconds=seconds,
        alerts=len(alerts),
        alerts_by_tier={tier: tiers[tier] for tier in ("WATCH", "ELEVATED", "HIGH", "CRITICAL")},
        downgrades=directions["DOWN"],
        retractions=directions["RETRACT"],
        dead_letters=dead_letters,
        actions_by_stage={stage: stages[stage] for stage in get_args(Step) if stages[stage]},
        actions_refused=refused,
        book_alerts=len(said),
        book_stage=_worst_stage(said),
        model_versions=model_versions,
        defaulters=len(defaulted),
        warned=len(leads),
        lead_days_median=round(median(leads)) if leads else 0,
        warned_while_current=early,
    )


def _worst_stage(said: Iterable[PortfolioAlert]) -> str:
    """The worst stage that any part of the book was in."""
    return max((alert.stage for alert in said), key=lambda stage: LEVEL[stage], default="NORMAL")


def _measures(actions: Iterable[bytes]) -> tuple[Counter[str], int]:
    """Actions not refused by stage, and how many were refused."""
    verdicts: Counter[tuple[str, bool]] = Counter()
    for value in actions:
        head = _actions.decode(value)
        if head.decision is None:
            continue
        verdicts[head.stage, head.decision.verdict == "DENY"] += 1
    stages = Counter({stage: count for (stage, denied), count in verdicts.items() if not denied})
    return stages, sum(count for (_, denied), count in verdicts.items() if denied)


def _firsts(changes: Iterable[bytes]) -> tuple[dict[str, dt.date], dict[str, dt.date]]:
    """By borrower: the first day in arrears before the default, and the first default."""
    delinquent: dict[str, dt.date] = {}
    defaulted: dict[str, dt.date] = {}
    for value in sorted(changes, key=lambda raw: _changes.decode(raw).business_date):
        change = _changes.decode(value)
        if change.borrower_id in defaulted:
            continue
        if change.to_bucket == "M4" or change.cause == "WRITE_OFF":
            defaulted[change.borrower_id] = change.business_date
            delinquent.setdefault(change.borrower_id, change.business_date)
        elif change.from_bucket == "M0":
            delinquent[change.borrower_id] = change.business_date  # the spell that leads to the default is the last
    return delinquent, defaulted

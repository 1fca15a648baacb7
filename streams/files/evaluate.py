"""A report on event files: the folds of `assess`, and what their scores and alerts were worth."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import structs

from streams.agents.dead_letters import REASON
from streams.events.outputs import DelinquencyChanged, RiskTierChanged
from streams.files.assess import Assessed
from streams.learning.evaluate import COMPARED, Report, evaluate
from streams.learning.evaluate_alerts import DEFAULT_DAYS, DELINQUENT_DAYS, Reached, TierChange
from streams.learning.evaluate_table import Outcome, ScoreRow
from streams.learning.shadow import shadow
from streams.risk.tiers import TIERS

_changes = msgspec.json.Decoder(DelinquencyChanged)
_alerts = msgspec.json.Decoder(RiskTierChanged)
#: Buckets begin a day after the threshold: M2 at 31, M4 at 91 days past due.
_THRESHOLD_BY_BUCKET = {"M2": DELINQUENT_DAYS, "M3": DELINQUENT_DAYS, "M4": DEFAULT_DAYS}


def report(
    assessed: Assessed, *, warm_up_months: int = 12, compare: bool = False, challengers: Sequence[str] = ()
) -> Report:
    """Judge a run.

    Args:
        assessed: what `streams.files.assess.assess` gave.
        warm_up_months: months left out of the pooled figures.
        compare: refit LightGBM monthly on the same observations (extra `compare`).
        challengers: River's trees to learn in the shadow and to judge beside the model, by name (`learning.shadow.TREES`).

    Raises:
        ValueError: no month-end with an active loan was scored.
    """
    treated = {(label.borrower_id, label.observed_on.toordinal()) for label in assessed.labels if label.treated}
    scores = [
        ScoreRow(
            score.borrower_id, score.day, score.ppm, score.tier, score.days_past_due, score.inputs,
            treated=(score.borrower_id, score.day) in treated, held_out=score.borrower_id in assessed.held_out,
        )
        for score in assessed.scores
    ]  # fmt: skip
    outcomes = [
        Outcome(label.borrower_id, label.observed_on.toordinal(), label.head, label.outcome)
        for label in assessed.labels
    ]
    shadows = [window for name in challengers for head in COMPARED for window in shadow(assessed.labels, head, name)]
    found = evaluate(
        scores,
        outcomes,
        _reached(assessed.changes),
        _tier_changes(assessed.alerts),
        warm_up_months=warm_up_months,
        compare_with_lightgbm=compare,
        windows=[*assessed.health.windows, *shadows],
    )
    return structs.replace(found, notes=[*_refused(assessed), *found.notes])


def _refused(assessed: Assessed) -> list[str]:
    """What was not taken, so that nobody judges a model by half a file."""
    if not assessed.dead_letters:
        return []
    first = dict(assessed.dead_letters[0].headers or [])[REASON].decode()
    records = "record was" if len(assessed.dead_letters) == 1 else "records were"
    return [
        f"{len(assessed.dead_letters):,} {records} not taken (`forewarn assess` counts them by code). The first: {first}"
    ]


def _reached(changes: list[bytes]) -> list[Reached]:
    """Days on which borrowers became 30 or 90 days past due; a write-off is both."""
    found = []
    for value in changes:
        change = _changes.decode(value)
        day = change.business_date.toordinal()
        if change.cause == "WRITE_OFF":
            found += [Reached(change.borrower_id, day, threshold) for threshold in (DELINQUENT_DAYS, DEFAULT_DAYS)]
        elif change.to_bucket > change.from_bucket and (threshold := _THRESHOLD_BY_BUCKET.get(change.to_bucket)):
            found.append(Reached(change.borrower_id, day - 1, threshold))
    return found


def _tier_changes(alerts: list[bytes]) -> list[TierChange]:
    decoded = (_alerts.decode(value) for value in alerts)
    return [
        TierChange(a.borrower_id, a.business_date.toordinal(), TIERS.index(a.from_tier), TIERS.index(a.to_tier))
        for a in decoded
    ]

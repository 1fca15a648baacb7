"""What a person may make active, and what speaks against it: a version needs figures of its own before it is promoted.

A name is a version as published, `learner` (follow the newest learned version, and each one after it), or a challenger
that is linear like the heads (`adagrad`). Trees cannot be promoted: the fold scores with weights alone.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from streams.events.control import ModelActivated
from streams.learning.challenger import NAME as ADAGRAD
from streams.learning.figures import ACTIVE, LEARNER
from streams.learning.health import Health, Pooled, Window, pooled
from streams.risk.heads import HEADS, PRIOR_VERSION, Weights
from streams.risk.versions import ACTIVATION, DECIDED_BY, REASON, Activation

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The head that drives tiers: what a version is promoted for.
DECIDING_HEAD = HEADS[0]
LINES = (LEARNER, ADAGRAD)
#: The prior holds no labels; an event must name a day.
_PRIOR_THROUGH = dt.date(1970, 1, 1).toordinal()


class Refused(Exception):
    """The decision cannot be made; the text says why and what would help."""


def windows_of(health: Health, name: str, head: str) -> list[Window]:
    """The judged month-ends of a version or line, for one head."""
    if name in LINES or name == ACTIVE:
        return health.of_line(name, head)
    return [window for window in health.of_version(name) if window.head == head and not window.quarantined]


def figures_of(health: Health, name: str) -> Pooled:
    """Its figures for the head that drives tiers.

    Raises:
        Refused: there are none, so nothing is known about how well it would do.
    """
    windows = windows_of(health, name, DECIDING_HEAD)
    found = pooled(windows)
    if not found:
        raise Refused(
            f"{name} has no prequential figures: no month-end that it scored has matured yet (for {DECIDING_HEAD} that "
            "takes up to five months), or every one was quarantined. Wait, or roll back to a version that has figures: "
            "`forewarn models list` shows them."
        )
    figures = found[0]
    if not figures.positives:
        raise Refused(
            f"{name} was judged on {figures.labels:,} labels without a single default, so nothing is known about how it "
            "ranks. Wait for the next month-end to mature."
        )
    return figures


def before_active(health: Health) -> str:
    """The version that was active before the present one; before the first, the prior was.

    Raises:
        Refused: the prior is active, and nothing was before it.
    """
    for version in reversed(health.activated()):
        if version.version != health.active:
            return version.version
    if health.active == PRIOR_VERSION:
        raise Refused("The prior is active, and no version was before it: there is nothing to roll back to.")
    return PRIOR_VERSION


def require_activated(health: Health, version: str) -> None:
    """Check that a rollback goes back.

    Raises:
        Refused: the version is unknown, was never active, or is the one that is active and pinned.
    """
    if version == health.active and health.pinned:
        raise Refused(f"{version} is active and pinned already.")
    if version != PRIOR_VERSION and not any(each.version == version for each in health.activated()):
        raise Refused(
            f"{version} was never active, so this would be no rollback. `forewarn models list` shows which were; "
            "`forewarn models promote` makes a new one active."
        )


def decision(
    weights: Weights, how: Activation, who: Mapping[str, str], now: dt.datetime, day: dt.date
) -> ModelActivated:
    """The event that carries a person's decision.

    Args:
        weights: of the version.
        how: FOLLOWED or PINNED.
        who: `decided_by` and `reason`, for the record.
        now: when it was decided (UTC).
        day: business date; orders it among the events of a file.
    """
    assert how is not Activation.LEARNED, "only the learner says that"
    assert set(who) == {DECIDED_BY, REASON}
    through = weights.as_of or _PRIOR_THROUGH
    name = f"model-{weights.version}-{how.lower()}-{now:%Y%m%dT%H%M%S}"
    return ModelActivated(
        event_id=name,
        schema_version=1,
        source="forewarn.models",
        occurred_at=now,
        business_date=day,
        idempotency_key=name,
        version=weights.version,
        learned_through=dt.date.fromordinal(through),
        heads={head: list(vector) for head, vector in zip(HEADS, weights.heads, strict=True)},
        provenance={ACTIVATION: how.value, **who},
    )

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs

from streams.borrower.context import Context, Refused
from streams.borrower.shard import Shard
from streams.events.control import ModelActivated
from streams.learning.promotion import decision
from streams.risk.heads import Weights
from streams.risk.model import prior_weights
from streams.risk.tiers import DEFAULT
from streams.risk.versions import DECIDED_BY, REASON, Activation

DAY = dt.date(2024, 5, 1)
WHO = {DECIDED_BY: "desk", REASON: "why"}


@pytest.fixture
def shard() -> Shard:
    """An empty partition."""
    return Shard(DEFAULT, lambda weights, policy: Context(weights, policy, lambda *_: None, lambda _: None))


def _event(version: str, how: Activation = Activation.LEARNED) -> ModelActivated:
    weights = structs.replace(prior_weights(), version=version, as_of=DAY.toordinal())
    made = decision(weights, Activation.PINNED, WHO, dt.datetime(2024, 5, 1, tzinfo=dt.UTC), DAY)
    return structs.replace(made, provenance={} if how is Activation.LEARNED else {"activation": how.value, **WHO})


def test_what_is_learned_follows_until_a_version_is_pinned_and_again_after(shard: Shard) -> None:
    """One event pins, one lets go; each acts where it stands."""
    seen = []
    for version, how in (
        ("a", Activation.LEARNED),
        ("b", Activation.PINNED),
        ("c", Activation.LEARNED),
        ("a", Activation.FOLLOWED),
        ("d", Activation.LEARNED),
    ):
        shard.fold(_event(version, how))
        seen.append((shard.own.weights.version, shard.own.pinned))

    assert seen == [("a", False), ("b", True), ("b", True), ("a", False), ("d", False)]


@pytest.mark.parametrize(
    "change",
    [{"heads": {"default_90d": [1.0]}}, {"provenance": {"activation": "MAYBE"}}],
    ids=["another layout", "unknown activation"],
)
def test_a_version_that_cannot_score_is_refused_and_the_active_one_stays(
    shard: Shard, change: dict[str, object]
) -> None:
    """A bad version is a dead letter; it must not stop the workers."""
    shard.fold(_event("a"))
    with pytest.raises(Refused, match="still is") as refused:
        shard.fold(structs.replace(_event("b"), **change))

    assert refused.value.code == "model_refused"
    assert shard.own.weights == Weights("a", DAY.toordinal(), prior_weights().heads)

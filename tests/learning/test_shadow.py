from __future__ import annotations

import pytest
from river import checks

from streams.files.assess import Assessed
from streams.files.assess import assess as fold
from streams.files.events import from_events
from streams.learning.learner import Learner
from streams.learning.shadow import TREES, shadow
from streams.risk import model
from streams.sandbox.datasets import ally
from tests.learning.stream import Row, label, rows


@pytest.fixture(scope="module")
def stream() -> list[Row]:
    """Fourteen months of sixty borrowers."""
    return rows()


@pytest.mark.parametrize("name", TREES)
def test_a_tree_is_judged_month_by_month_and_the_same_each_time(stream: list[Row], name: str) -> None:
    """From the first month-end after something had matured; in whatever order the labels come."""
    labels = [label(row, model.prior_weights()) for row in stream]
    found = shadow(labels, "default_90d", name)

    assert len({row.day for row in stream}) - 3 == len(found)
    assert all(0 < window.labels <= 60 for window in found)
    assert found == shadow(labels[::-1], "default_90d", name)


def test_a_tree_cannot_know_what_has_not_matured(stream: list[Row]) -> None:
    """Outcomes of the last months turned around change nothing of what was said before they matured."""
    prior, last = model.prior_weights(), max(row.day for row in stream)
    labels = [label(row, prior) for row in stream]
    turned = [label(row._replace(outcome=row.outcome ^ (row.day + 90 > last - 30)), prior) for row in stream]
    before = {w.observed_on: w.mean_probability for w in shadow(labels, "default_90d", "hoeffding_adaptive_tree")}
    after = {w.observed_on: w.mean_probability for w in shadow(turned, "default_90d", "hoeffding_adaptive_tree")}

    assert all(after[day] == said for day, said in before.items() if day.toordinal() < last - 30)


def test_another_heads_labels_are_left_alone(stream: list[Row]) -> None:
    """Nothing to judge, nothing said."""
    assert (
        shadow([label(row, model.prior_weights()) for row in stream], "default_180d", "hoeffding_adaptive_tree") == []
    )


@pytest.mark.parametrize("name", TREES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_river_accepts_the_challengers(name: str) -> None:
    """The quick ones of River's own checks, on the estimators as they are configured here."""
    for check in checks.yield_checks(TREES[name]()):
        if check.__name__ in {
            "check_repr",
            "check_str",
            "check_tags",
            "check_clone_same_class",
            "check_seeding_is_idempotent",
        }:
            check(TREES[name]().clone())


def _run(*, challenged: bool) -> Assessed:
    events = [e for e in ally.events() if e.business_date.isoformat() < "2018-09-01"]
    borrowers = sorted({e.borrower_id for e in events if hasattr(e, "borrower_id")})[::90]
    kept = from_events([e for e in events if getattr(e, "borrower_id", None) in {*borrowers, None}])
    return fold(kept, learner=lambda: Learner(challenged=challenged))


def test_a_challenger_has_no_effect_on_alerts() -> None:
    """With and without it: the same alerts, rows and scores, byte for byte; only its figures are gone."""
    with_it, without = (_run(challenged=challenged) for challenged in (True, False))

    assert with_it.alerts
    assert (with_it.alerts, with_it.states, with_it.scores) == (without.alerts, without.states, without.scores)

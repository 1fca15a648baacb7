"""The proof's smallest form, in every test run: real processes are killed and frozen, and everything is compared."""

from pathlib import Path

import pytest

from streams.sandbox.proof.forms import small
from streams.sandbox.proof.pressure import pressure
from streams.sandbox.proof.run import Run


@pytest.mark.slow
@pytest.mark.timeout(600)  # a stolen core must not make a proof red
def test_nothing_lost_nothing_twice(tmp_path: Path) -> None:
    """Deaths at random, in a commit, in a restore and in a rebalance, a zombie, a broker killed; alerts and rows equal."""
    said: list[str] = []

    result = Run(small(), 7, tmp_path / "run", said.append).run()

    assert result.green, (result, said)
    assert (result.lost, result.twice, result.reordered, result.states_differing) == (0, 0, 0, 0)
    assert result.restarts >= 5
    assert result.faults["freeze"] == 1
    expected = {check.name: check.expected for check in result.verdict.checks}
    assert min(expected[name] for name in ("journal records", "dead letters", "risk-tier-changes", "state rows")) > 0


@pytest.mark.proof  # minutes of a backlog: `make prove-short`
@pytest.mark.timeout(600)
def test_three_times_the_load(tmp_path: Path) -> None:
    """Memory stays flat while the workers fall behind; the lag drains, and everything is there once."""
    seen = pressure(tmp_path, 12, lambda line: None)

    assert seen.green, seen
    assert seen.lag_max > 0
    assert (seen.lost, seen.twice, seen.differing) == (0, 0, 0)

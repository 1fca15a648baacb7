"""The proof's smallest form, in every test run: real processes are killed and frozen, and everything is compared."""

from pathlib import Path

import pytest

from streams.sandbox.proof.forms import small
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

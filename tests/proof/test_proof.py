"""The short form of `forewarn prove`, green; and with the engine broken on purpose, red."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands.replay_check import replay_check
from streams.engine import client, reading
from streams.sandbox.proof import aimed, scenarios
from streams.sandbox.proof.bench import Bench
from streams.sandbox.proof.forms import forms
from streams.sandbox.proof.run import Run

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]  # a stolen core must not make a proof red


def test_short_form_is_green(tmp_path: Path) -> None:
    """Workers and broker are killed and frozen; nothing is lost, nothing comes twice."""
    said: list[str] = []
    (form,) = forms(events=8_000, long=False)

    result = Run(form, 20_261_124, tmp_path / "run", said.append).run()

    assert result.green, (result, said)
    assert (result.lost, result.twice, result.reordered, result.states_differing) == (0, 0, 0, 0)
    assert result.restarts >= 8
    assert all(check.expected for check in result.verdict.checks if check.name != "collection-actions")


@pytest.mark.parametrize("name", ["a batch dropped", "a zombie commits"])
def test_a_broken_engine_is_red(name: str, broker: str, tmp_path: Path) -> None:
    """The judge finds what the mutation broke (the rest of the mutations: `make prove-mutations`)."""
    fault, mutation = aimed.CAUGHT[name]
    with Bench(broker, tmp_path) as bench:
        _, verdict = fault(bench, mutation)

        assert not verdict.green
        assert any(check.lost or check.twice for check in verdict.checks)


@pytest.mark.parametrize(
    "name", ["zombie fenced", "disk full", "no state directory", "newer codec version", "damaged row", scenarios.TIMED]
)
def test_aimed_faults(name: str, broker: str, tmp_path: Path) -> None:
    """The product goes on, or stops with one line that says why."""
    outcome = scenarios.run_one(name, scenarios.SCENARIOS[name], broker, tmp_path)

    assert outcome.green, outcome.said


def test_replay_check(broker: str, tmp_path: Path) -> None:
    """Equal at any batch size and take-over; one forged alert turns it red and is named."""
    with Bench(broker, tmp_path) as bench:
        bench.sequence()
        bench.add("assess", "a")
        bench.settle("assess")

        clean = _check(bench, "--batch", "100", "--batch", "9000", "--take-over", "3")
        alert = next(r for r in reading.read_all(bench.settings, ["risk-tier-changes"]))
        producer = client.producer(bench.settings, partitioner="murmur2_random")
        producer.produce(f"{bench.settings.topic_prefix}risk-tier-changes", alert.value, alert.key)
        producer.flush(30)
        forged = _check(bench, "--batch", "1000")

    assert clean.exit_code == 0, clean.output
    assert forged.exit_code == 1
    assert (alert.key or b"").decode() in forged.output


def _check(bench: Bench, *arguments: str) -> Result:
    environ = {"FOREWARN_BOOTSTRAP": bench.settings.bootstrap, "FOREWARN_TOPIC_PREFIX": bench.settings.topic_prefix}
    return CliRunner().invoke(replay_check, arguments, env=environ)

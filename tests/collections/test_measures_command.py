"""`forewarn policy measures`: what a person reads, against a second calculation from the outcomes themselves."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.collections.choice import FIXED, HOLDOUT, PPM
from streams.collections.trials import NO_MEASURE
from streams.events.envelope import BorrowerEvent, Event
from streams.events.loans import LoanOpened
from streams.events.outputs import MeasureConcluded
from streams.files.assess import assess
from streams.files.events import read
from streams.sandbox.datasets import ally

UNTIL = dt.date(2017, 12, 1)


def measures(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["policy", "measures", *words])


def concluded(number: int, policy: str, *, cured: bool) -> MeasureConcluded:
    """An early reminder, or that it was withheld."""
    withheld = policy == HOLDOUT
    return MeasureConcluded(
        borrower_id=f"B{number}",
        action_id=f"A{number}",
        chosen_on=UNTIL,
        matured_on=UNTIL,
        segment="auto:WATCH:EARLY",
        measure=NO_MEASURE if withheld else "IM",
        permitted=("IM", "SMS"),
        propensity_ppm=PPM,
        policy=policy,
        early=True,
        cured=cured,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[MeasureConcluded]]:
    """Some real loans, and what became of the measures proposed."""
    events = [event for event in ally.events() if event.business_date < UNTIL]
    borrowers = set(sorted({event.borrower_id for event in events if isinstance(event, BorrowerEvent)})[::130])
    kept: list[Event] = [e for e in events if not isinstance(e, BorrowerEvent) or e.borrower_id in borrowers]
    path = tmp_path_factory.mktemp("measures") / "events.jsonl"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, kept)))
    return path, assess(read([path])).outcomes


def test_the_figures_follow_from_the_outcomes(files: tuple[Path, list[MeasureConcluded]]) -> None:
    """Counts, and the plan's order weighed by hand: each outcome by one over the chance that its measure had."""
    path, outcomes = files
    said = json.loads(measures(str(path), "--json").output)
    judged = [one for one in outcomes if one.permitted and one.policy != "HOLDOUT"]
    weights = [PPM / one.propensity_ppm if one.permitted[0] == one.measure else 0 for one in judged]
    cured = sum(weight for weight, one in zip(weights, judged, strict=True) if one.cured)

    assert (said["outcomes"], said["cured"]) == (len(outcomes), sum(one.cured for one in outcomes))
    assert said["by_plan"]["cure_rate"] == pytest.approx(cured / sum(weights))
    assert said["by_plan"]["effective_count"] == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
    assert 0 < said["by_score"]["effective_count"] < len(judged)


def test_a_person_reads_what_became_of_each_measure(files: tuple[Path, list[MeasureConcluded]]) -> None:
    """Every measure with how it was chosen; the estimates with their error and how little they may rest on."""
    path, outcomes = files
    lines = measures(str(path)).output.splitlines()
    rows = {tuple(cell.strip() for cell in line.strip("│").split("│")[:3]) for line in lines if line.startswith("│")}

    for measure, policy in {(one.measure, one.policy) for one in outcomes}:
        count = sum((one.measure, one.policy) == (measure, policy) for one in outcomes)
        assert (measure, policy, f"{count:,}") in rows
    assert any(line.startswith("In the plan's order: ") and "standard error" in line for line in lines)
    assert any(line.startswith("By the scores as they are now: ") and "too few to say" in line for line in lines)
    assert any(line.startswith("No hold-out: holdout_ppm in the plan") for line in lines)


def test_what_early_reminders_achieve_is_read_from_the_holdout(
    files: tuple[Path, list[MeasureConcluded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """80 of 100 with a reminder, 60 of 100 without: a fifth more, and how sure that is."""
    reminded = [concluded(n, FIXED, cured=n < 80) for n in range(100)]
    withheld = [concluded(n, HOLDOUT, cured=n < 60) for n in range(100)]
    monkeypatch.setattr("streams.files.assess.assess", lambda _: SimpleNamespace(outcomes=[*reminded, *withheld]))

    assert measures(str(files[0])).output.splitlines()[-1] == "Early reminders cured +20.0% (standard error 6.3%)."
    assert json.loads(measures(str(files[0]), "--json").output)["holdout"]["difference"] == pytest.approx(0.2)


def test_nothing_to_judge_is_said(tmp_path: Path) -> None:
    """A file in which nothing was overdue: a sentence, no traceback."""
    path = tmp_path / "quiet.jsonl"
    path.write_bytes(msgspec.json.encode(next(event for event in ally.events() if isinstance(event, LoanOpened))))
    result = measures(str(path))

    assert result.exit_code == 1
    assert "nothing was overdue long enough" in result.output

"""The page gets the figures of the run and keeps everything else; a page without a place is refused."""

from pathlib import Path

import pytest

from streams.sandbox.proof.compare import Check
from streams.sandbox.proof.record import END, START, NoPlace, record
from streams.sandbox.proof.result import Result
from streams.sandbox.proof.scenarios import TIMED, Outcome
from streams.sandbox.proof.verdict import Verdict


def result() -> Result:
    """A run that lost one of 1,234."""
    verdict = Verdict(
        checks=[Check(name="labels", expected=1_234, lost=1)],
        audits=0,
        bugs=0,
        lost_fetches=0,
        rows_backward=0,
        scattered=0,
        broken=[],
        first_difference="",
    )
    return Result(
        name="one broker",
        green=False,
        seed=13,
        events=42_164,
        brokers=1,
        partitions=4,
        lost=1,
        twice=0,
        reordered=0,
        states_differing=0,
        faults={"kill": 20},
        restarts=62,
        seconds_workload=1.0,
        seconds_total=2_000.0,
        workload={},
        stopped=[],
        exit_codes={},
        verdict=verdict,
    )


def test_tables_are_replaced(tmp_path: Path) -> None:
    """Twice recorded is once there."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}old\n{END}\nafter\n")
    aimed = [
        Outcome(name="disk full", green=True, seconds=16.4, said="all is folded"),
        Outcome(name=TIMED, green=True, seconds=30.0, said="ready 2.1 s after kill -9"),
    ]
    record(page, "forewarn prove --seed 13", [result()], aimed)
    once = page.read_text()
    record(page, "forewarn prove --seed 13", [result()], aimed)

    assert page.read_text() == once
    assert once.startswith(f"before\n{START}`forewarn prove --seed 13`\n")
    assert once.endswith(f"{END}\nafter\n")
    assert "| labels | 1,234 | 1 | 0 | 0 | 0 |" in once
    assert "RED after 2,000 s" in once
    assert "| disk full | green | 16 |" in once
    assert "Restart and takeover: ready 2.1 s after kill -9." in once
    assert "all is folded" not in once
    assert "old" not in once


def test_a_page_without_a_place(tmp_path: Path) -> None:
    """Nothing is written."""
    page = tmp_path / "page.md"
    page.write_text("text\n")

    with pytest.raises(NoPlace, match="say where the tables go"):
        record(page, "forewarn prove", [], [])
    assert page.read_text() == "text\n"

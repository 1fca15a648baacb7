"""`forewarn alerts`: the line for a person, the untouched JSON for a program, filters, order, and following."""

import json
import os
import re
import select
import signal
import subprocess
import sys

import pytest

from streams.commands.alert_lines import line
from streams.engine.writes import Writes
from streams.events.outputs import RiskTierChanged
from streams.settings import Settings
from tests.commands.conftest import Run, Write
from tests.commands.samples import LATER, alert, encoded

WARNED = alert("c-1", 1, "2026-02-06")
WORSE = alert(
    "c-1", 2, "2026-03-06", from_tier="WATCH", to_tier="CRITICAL", cause="WRITE_OFF", reasons=(), days_past_due=1
)
TAKEN_BACK = alert(
    "c-1", 3, "2026-03-07", from_tier="CRITICAL", to_tier="WATCH", direction="RETRACT", cause="CORRECTION",
    supersedes="c-1/2", days_past_due=0,
)  # fmt: skip
OTHER = alert("c-2", 1, "2026-02-20", to_tier="HIGH", cause="DAYS_PAST_DUE", probability_ppm=181_234)


def plain(change: RiskTierChanged) -> str:
    """The line as a pipe gets it."""
    return "".join(text for text, _ in line(change))


CHANGED = "0.30 % → 2.56 %"
WHY = "Pays later each month (+0.41)"
WRONG = "which was wrong on corrected facts"


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (WARNED, ["2026-02-06", "c-1", "NORMAL → WATCH", CHANGED, "12 days past due", WHY]),
        (WORSE, ["2026-03-06", "c-1", "WATCH → CRITICAL", CHANGED, "1 days past due", "written off"]),
        (
            TAKEN_BACK,
            ["2026-03-07", "c-1", "CRITICAL → WATCH", CHANGED, "0 days past due", f"RETRACTS c-1/2, {WRONG}"],
        ),
        (
            OTHER,
            ["2026-02-20", "c-2", "NORMAL → HIGH", "0.30 % → 18.12 %", "12 days past due", "by days past due", WHY],
        ),
    ],
    ids=["up", "no reasons", "retraction", "floor"],
)
def test_the_line(change: RiskTierChanged, columns: list[str]) -> None:
    """Date, borrower, tiers, probabilities, days past due, cause and reasons."""
    assert re.split(r"\s{2,}", plain(change)) == columns


def test_columns_stand_below_each_other() -> None:
    """The eye can go down a column."""
    lines = [plain(change) for change in (WARNED, WORSE, TAKEN_BACK, OTHER)]

    assert len({text.index(" % ") for text in lines}) == 1
    assert len({text.index(" days past due") for text in lines}) == 1


def test_a_line_has_three_reasons_at_most() -> None:
    """The others are on the topic."""
    assert plain(alert("c-1", 1, "2026-02-06", reasons=(LATER,) * 4)).count("Pays later") == 3


def test_a_retraction_is_marked_by_more_than_color() -> None:
    """It reads as one without color, and has a style of its own with it."""
    styles = dict(line(TAKEN_BACK))

    assert "bold magenta" in styles.values()
    assert "RETRACTS" in plain(TAKEN_BACK)


@pytest.fixture(scope="module", autouse=True)
def published(write: Write) -> None:
    """Three borrowers' alerts, one batch of them aborted."""
    kept, dropped = Writes(), Writes()
    for change in (WARNED, OTHER, WORSE, TAKEN_BACK):
        kept.add("risk-tier-changes", change.borrower_id.encode(), encoded(change))
    dropped.add("risk-tier-changes", b"c-9", encoded(alert("c-9", 1, "2026-01-01")))
    write(dropped, commit=False)
    write(kept)


def test_all_alerts_by_date(run: Run) -> None:
    """From all partitions in order of business date; nothing of an aborted batch."""
    said = run("alerts", "--no-follow")

    assert said.exit_code == 0
    assert said.stdout.splitlines() == [plain(change) for change in (WARNED, OTHER, WORSE, TAKEN_BACK)]


def test_json_is_what_stands_on_the_topic(run: Run) -> None:
    """Byte for byte, one a line."""
    said = run("alerts", "--no-follow", "--json")

    assert said.stdout_bytes.splitlines() == [encoded(change) for change in (WARNED, OTHER, WORSE, TAKEN_BACK)]
    assert [json.loads(text)["alert_id"] for text in said.stdout.splitlines()] == ["c-1/1", "c-2/1", "c-1/2", "c-1/3"]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--borrower", "c-2"], ["c-2/1"]),
        (["--borrower", "c-404"], []),
        (["--tier", "high"], ["c-2/1"]),
        (["--tier", "CRITICAL"], ["c-1/2", "c-1/3"]),
        (["--tier", "HIGH", "--tier", "WATCH", "--borrower", "c-1"], ["c-1/1", "c-1/3"]),
        (["--tier", "NORMAL"], []),
    ],
    ids=" ".join,
)
def test_filters(run: Run, options: list[str], ids: list[str]) -> None:
    """By borrower and by the tier that is entered; a retraction goes with the tier it takes back."""
    said = run("alerts", "--no-follow", "--json", *options)

    assert [json.loads(text)["alert_id"] for text in said.stdout.splitlines()] == ids


@pytest.mark.parametrize("from_start", [True, False], ids=["from start", "from now"])
def test_following(settings: Settings, write: Write, from_start: bool) -> None:
    """New alerts appear while it runs; Ctrl-C ends it with 130 and no words."""
    borrower = f"c-live-{from_start}"
    environ = {"FOREWARN_TOPIC_PREFIX": settings.topic_prefix, "FOREWARN_BOOTSTRAP": settings.bootstrap}
    # As in a terminal: a suite that was started in the background has its children ignore Ctrl-C.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from streams.cli import main; main()"
    )
    command = [sys.executable, "-u", "-c", program, "alerts", "--borrower", borrower]
    older, newer = Writes(), Writes()
    older.add("risk-tier-changes", borrower.encode(), encoded(alert(borrower, 1, "2026-02-06")))
    write(older)
    process = subprocess.Popen(
        [*command, *(["--from-start"] if from_start else [])],
        env=os.environ | environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        seen = [process.stdout.readline()] if from_start else []
        for number in range(2, 60):
            newer = Writes()
            newer.add("risk-tier-changes", borrower.encode(), encoded(alert(borrower, number, "2026-03-06")))
            write(newer)
            if select.select([process.stdout], [], [], 1.0)[0]:
                seen.append(process.stdout.readline())
                break
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert [text[:22] for text in seen] == (["2026-02-06  c-live-Tru"] if from_start else []) + [
        f"2026-03-06  {borrower[:10]}"
    ]
    assert process.returncode == 130
    assert not errors.strip()

"""The picture in the README is one of the present demo."""

from __future__ import annotations

import html
import io
import re

from rich.console import Console
from rich.text import Text

from streams.commands import demo
from streams.sandbox.summary import Summary
from tests.docs import picture

SVG = picture.PICTURE.read_text()
#: What a viewer reads, without styles.
WORDS = html.unescape(re.sub(r"<[^>]+>", "", SVG)).replace("\xa0", " ")
_SUMMARY = Summary(
    events=3,
    borrowers=1,
    seconds=1.0,
    alerts=1,
    alerts_by_tier={"WATCH": 1},
    downgrades=0,
    retractions=0,
    actions_by_stage={},
    actions_refused=0,
    book_alerts=0,
    book_stage="NORMAL",
    dead_letters=0,
    model_versions=0,
    defaulters=0,
    warned=0,
    lead_days_median=0,
    warned_while_current=0,
)


def test_the_summary_in_the_picture_is_the_demo_s() -> None:
    """Every row that the command prints has its place in the picture."""
    printed = io.StringIO()
    demo._print(Console(file=printed, width=picture.COLUMNS), _SUMMARY)
    labels = [line.partition("  ")[0] for line in printed.getvalue().splitlines() if line.strip()]

    assert labels[0] == "What happened"
    assert [label for label in labels if label not in WORDS] == []


def test_the_picture_fetches_nothing() -> None:
    """A viewer is not sent elsewhere for fonts."""
    assert re.findall(r"url\((?!#)|@import|<image|<script", SVG) == []


def test_the_picture_keeps_the_end_of_a_run() -> None:
    """The middle is cut out and said to be; what stays is as it was printed, colors included."""
    alerts = [f"\x1b[31m2020-01-{day:02}  b  HIGH\x1b[0m" for day in range(1, 15)]
    bar = "replaying 2020-01-01 ━━ 1/2\rreplaying 2020-01-14 ━━ 2/2\r"
    said = "\n".join(["reading the loans", *alerts[:7], bar, *alerts[7:], "stopping", "What happened", "events  2"])

    found = list(picture.shown(picture.lines(said)))

    shown = [line.plain for line in found]
    assert shown[:3] == ["$ forewarn demo --loans 60", "reading the loans", "⋮  (4 alerts)"]
    assert shown[3:13] == [Text.from_ansi(alert).plain for alert in alerts[-10:]]
    assert shown[13:] == ["replaying 2020-01-14 ━━ 2/2", "stopping", "", "What happened", "events  2"]
    assert found[3].spans

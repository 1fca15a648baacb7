"""The picture in the README: the end of a real run of the demo. `python -m tests.docs.picture` makes it anew.

The lines are those that the command printed, colors included; the middle of the run is cut out and marked. Alert lines
are wrapped at the picture's width, as a terminal does.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.docs.pages import ROOT

PICTURE = ROOT / "docs" / "demo.svg"
WORDS = ("demo", "--loans", "60")
COLUMNS = 132
#: So many alerts are shown, the last ones.
ALERTS = 10
_BAR = "replaying 20"
_SUMMARY = "What happened"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def run() -> str:
    """What a terminal receives from the demo."""
    colors = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as directory:
        words = [sys.executable, "-m", "streams", *WORDS, "--directory", str(Path(directory) / "demo")]
        done = subprocess.run(words, env=os.environ | colors, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.replace(directory, ".forewarn")


def lines(said: str) -> list[Text]:
    """What remained on the screen, and the progress bar as it stood last."""
    found = [Text.from_ansi(line) for line in re.split(r"[\r\n]+", said)]
    bars = [line for line in found if line.plain.startswith(_BAR)]
    stayed = [line for line in found if line.plain.strip() and not line.plain.startswith("replaying")]
    end = next(number for number, line in enumerate(stayed) if line.plain.startswith(_SUMMARY))
    return [*stayed[: end - 1], bars[-1], *stayed[end - 1 :]]


def shown(found: list[Text]) -> Iterator[Text]:
    """The start, the last alerts and the summary."""
    alerts = [number for number, line in enumerate(found) if re.match(r"\d{4}-", line.plain)]
    yield Text.assemble(("$ ", "dim"), (f"forewarn {' '.join(WORDS)}", "bold"))
    yield from found[: alerts[0]]
    yield Text(f"⋮  ({len(alerts) - ALERTS} alerts)", "dim")
    for line in found[alerts[-ALERTS] :]:
        if line.plain.startswith(_SUMMARY):
            yield Text()
        yield line


def draw(found: list[Text]) -> str:
    """The picture as SVG, with nothing in it that a viewer would have to fetch."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in shown(found):
        line.rstrip()
        console.print(line, overflow="fold")
    svg = console.export_svg(title="forewarn demo", theme=MONOKAI, unique_id="demo")
    return _FONTS.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas")


if __name__ == "__main__":
    PICTURE.write_text(draw(lines(run())))

"""The lender's fourth need, whole: the demo runs, and an exhibit of one of its loans proves itself far from here."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import orjson
import pypdfium2
import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.evidence.store import EvidenceLog
from streams.sandbox.demo import Demo
from streams.settings import PREFIX
from tests.whole.conftest import some_loans

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LOANS, UNTIL = 5, "2017-08-20"


@pytest.fixture(scope="module")
def exhibit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `forewarn exhibit` makes of a loan that was late, while the demo's agents still run."""
    home = tmp_path_factory.mktemp("demo")
    with Demo(home / "demo", partitions=2, say=lambda _: None) as demo:
        demo.run(some_loans(LOANS, UNTIL), lambda _: None, lambda _, __: None)
        names = ("bootstrap", "evidence_dir", "evidence_key_file")
        environment = {PREFIX + name.upper(): getattr(demo.settings, name) for name in names}
        out = home / "exhibit"
        words = ["exhibit", "--loan", late_loan(Path(demo.settings.evidence_dir)), "--out", str(out)]
        words += ["--case", "77/2026", "--basis", "court order", "--by", "staff-9"]
        made = CliRunner().invoke(main, words, env=environment)
        assert made.exit_code == 0, made.output
        yield out


def late_loan(log_dir: Path) -> str:
    """The first loan that moved to a worse bucket."""
    with EvidenceLog(log_dir) as log:
        entries = (orjson.loads(log.leaf(index)) for index in range(log.size))
        return next(str(entry["loan_id"]) for entry in entries if entry["kind"] == "delinquency")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, with_pip=False)
    return home / "bin" / "python"


def verify(folder: Path, python: Path) -> tuple[int, list[str]]:
    """Run the exhibit's own program with nothing of ours to be found: exit code and lines."""
    command = [str(python), "-I", str(folder / "verify.py")]
    done = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def test_it_verifies_in_an_empty_environment(exhibit: Path, bare: Path) -> None:
    """Every item that needs no signature passes; signatures are said to be unchecked, and nothing fails."""
    code, lines = verify(exhibit, bare)
    marks = [line.split(" ")[0] for line in lines if ":" in line and "rests on" not in line]

    assert code == 2
    assert "FAIL" not in marks
    assert marks.count("PASS") >= 8
    assert [line for line in lines if line.startswith("PASS        calculation")]
    assert [line for line in lines if line.startswith("PASS        complete loan/")]


@pytest.mark.parametrize(
    "name", ["entries.jsonl", "timeline.html", "timeline.pdf", "calculation.json", "manifest.json"]
)
def test_one_changed_byte_fails(exhibit: Path, bare: Path, name: str) -> None:
    """In what is shown as in what is proved; put back, it passes again."""
    path = exhibit / name
    whole = path.read_bytes()
    middle = len(whole) // 2
    try:
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        code, lines = verify(exhibit, bare)
    finally:
        path.write_bytes(whole)

    assert code == 1
    assert [line for line in lines if line.startswith("FAIL")]
    assert verify(exhibit, bare)[0] == 2


def test_its_pages_can_be_read(exhibit: Path) -> None:
    """Rendered as a court's printer would: upright A4 pages with ink on each, and the loan's story as text.

    With EXHIBIT_PAGES set to a folder the pages are kept there as PNG, to be looked at.
    """
    document = pypdfium2.PdfDocument(exhibit / "timeline.pdf")
    text = ""
    for number, page in enumerate(document):
        image = page.render(scale=1.5).to_pil().convert("L")
        text += page.get_textpage().get_text_range()
        ink = sum(image.histogram()[:128]) / (image.width * image.height)
        if folder := os.environ.get("EXHIBIT_PAGES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            image.save(Path(folder) / f"page-{number + 1}.png")
        assert (round(page.get_width()), round(page.get_height())) == (595, 842)
        assert 0.002 < ink < 0.3
    bodies = [orjson.loads(line)["body"] for line in (exhibit / "entries.jsonl").read_bytes().splitlines()]
    opened = next(body for body in bodies if body.get("type") == "loan_opened")

    assert len(document) >= 2
    for words in ("Loan opened", "Payment received", "Delinquency bucket", "还款计划"):
        assert words in text
    assert opened["loan_id"] in text
    assert opened["business_date"] in text

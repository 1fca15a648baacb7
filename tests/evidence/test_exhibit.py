"""The exhibit: complete, checked by its own program alone, readable."""

from __future__ import annotations

import ast
import datetime as dt
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streams.evidence.errors import ExhibitError, SigningError
from streams.evidence.exhibit import make_exhibit
from streams.evidence.keys import activate_key
from streams.evidence.signing import CheckpointSigner
from tests.evidence.story import KEY, NEXT_KEY, Story, at, cny, request_for

if TYPE_CHECKING:
    from streams.evidence.exhibit import Exhibit
    from streams.evidence.store import EvidenceLog


def run(folder: Path, *arguments: str, python: str = sys.executable) -> tuple[int, list[str]]:
    """Run the exhibit's own verify.py, isolated from this package; exit code and output lines."""
    done = subprocess.run(
        [python, "-I", folder / "verify.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def test_it_holds_what_a_court_needs(exhibit: Exhibit) -> None:
    """Every file that docs/evidence.md names is there."""
    names = {path.relative_to(exhibit.path).as_posix() for path in exhibit.path.rglob("*") if path.is_file()}

    assert {
        "manifest.json", "manifest.note", "entries.jsonl", "keys.json", "disclosures.json", "redactions.json", "indicators.json",
        "calculation.json", "timeline.html", "timeline.pdf", "certificate-902-13-14.md", "证据说明.md", "verify.py",
        "checkpoints/11.note", "checkpoints/24.note", "checkpoints/11-24.consistency", "proofs/0.tlog-proof",
    } <= names  # fmt: skip
    assert exhibit.entries == sum(name.startswith("proofs/") for name in names)


def test_its_own_program_passes_it(exhibit: Exhibit) -> None:
    """Isolated Python with `cryptography`: every item passes, and the key to compare is named."""
    code, lines = run(exhibit.path)

    assert code == 0
    assert all(line.startswith("PASS") for line in lines if ":" in line and "rests on" not in line)
    assert str(KEY.verifier) in lines[-1]
    assert (run(exhibit.path, "--key", str(KEY.verifier))[0], code) == (0, 0)


def test_an_empty_environment_checks_all_but_signatures(exhibit: Exhibit, tmp_path: Path) -> None:
    """A bare venv without any package: signatures are NOT CHECKED, never PASS; the rest passes; exit code 2."""
    venv.create(tmp_path / "bare", with_pip=False)
    code, lines = run(exhibit.path, python=str(tmp_path / "bare" / "bin" / "python"))
    unchecked = [line for line in lines if line.startswith("NOT CHECKED")]

    assert code == 2
    assert {"keys", "manifest", "checkpoint 11", "checkpoint 24", f"checkpoint {exhibit.signed.checkpoint.size}"} == {
        line.split(":")[0].removeprefix("NOT CHECKED").strip() for line in unchecked
    }
    assert not [line for line in lines if line.startswith("FAIL")]
    assert any(line.startswith("PASS        inclusion") for line in lines)


def test_an_empty_environment_still_finds_an_altered_entry(exhibit: Exhibit, tmp_path: Path) -> None:
    """Hashes need no package."""
    venv.create(tmp_path / "bare", with_pip=False)
    entries = exhibit.path / "entries.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b"100000", b"100001", 1))
    code, lines = run(exhibit.path, python=str(tmp_path / "bare" / "bin" / "python"))

    assert code == 1
    assert any(line.startswith("FAIL        entries: altered") for line in lines)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_other_pythons_read_it_too(exhibit: Exhibit, version: str) -> None:
    """A court's computer has the Python it has."""
    python = _other_python(version)
    if python is None:
        pytest.skip(f"Python {version} is not on this machine, so verify.py was not run with it")
    code, lines = run(exhibit.path, python=python)

    assert code in (0, 2)
    assert any(line.startswith("PASS        calculation") for line in lines)


def _other_python(version: str) -> str | None:
    """An interpreter of that version that really starts: on the path, or one of pyenv's."""
    shelved = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for python in [shutil.which(f"python{version}"), *map(str, shelved)]:
        if python and subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0:
            return python
    return None


def test_the_program_stands_alone() -> None:
    """It imports only the standard library (and two optional packages), and is valid for Python 3.9."""
    path = Path(__file__).parents[2] / "streams" / "evidence" / "verify.py"
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert modules - set(sys.stdlib_module_names) == {"cryptography", "rfc3161_client"}


@pytest.mark.parametrize("place", range(0, 100, 9))
def test_one_changed_byte_anywhere_fails(exhibit: Exhibit, place: int) -> None:
    """A byte at any place of any file: FAIL. Each run changes a different place in every file, one file at a time."""
    for path in sorted(path for path in exhibit.path.rglob("*") if path.is_file() and path.name != "verify.py"):
        data = path.read_bytes()
        at_byte = len(data) * place // 100
        path.write_bytes(data[:at_byte] + bytes([data[at_byte] ^ 1]) + data[at_byte + 1 :])
        assert verify_quietly(exhibit.path) == 1, path
        path.write_bytes(data)


def test_one_changed_byte_in_the_signed_note_fails(exhibit: Exhibit) -> None:
    """The one file whose hash nothing else holds: its text and both signatures, nearly every byte."""
    path = exhibit.path / "manifest.note"
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert verify_quietly(exhibit.path) == 1, place


def verify_quietly(folder: Path) -> int:
    """The same program within this process, for speed."""
    from contextlib import redirect_stdout  # noqa: PLC0415
    from io import StringIO  # noqa: PLC0415

    from streams.evidence.verify import main  # noqa: PLC0415

    with redirect_stdout(StringIO()):
        return main([str(folder)])


def test_wrong_alert_and_its_retraction_are_both_there(exhibit: Exhibit) -> None:
    """The timeline shows the alert, that it was retracted and by which entry; the figures agree with what was known."""
    page = (exhibit.path / "timeline.html").read_text()
    comparisons = json.loads((exhibit.path / "calculation.json").read_text())["comparisons"]

    assert "Alert retracted: it was wrong on corrected facts" in page
    assert "RETRACTED by entry" in page
    assert [
        (row["stated_days_past_due"], row["from_entries_known_then"], row["from_all_entries"], row["agrees"])
        for row in comparisons
    ] == [(5, [5], 0, True), (0, [0, 10], 0, True)]


def test_the_timeline_shows_the_gate_and_escapes_everything(
    told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path
) -> None:
    """Decision and rule ids are shown; text from events is never markup."""
    story = Story(partition=7)
    told.append(
        [story.entry("2026-03-21", "complaint_received", complaint_id="<script>alert(1)</script>", category="x")]
    )
    made = make_exhibit(told, signer, request_for("L1", case="<b>77</b>"), at("2026-04-02"), tmp_path / "out")
    page = (made.path / "timeline.html").read_text()

    assert "Measure refused by the conduct gate" in page
    assert "verdict / 判定: DENY / 禁止" in page
    assert "rules in the way / 所违规则编号: CN-H1" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;77" in page
    assert (made.path / "timeline.pdf").read_bytes().startswith(b"%PDF")


def test_signs_and_the_want_of_a_decision_are_shown(
    told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path
) -> None:
    """On the page and as data, without a conclusion; verify.py accounts for the file like any other."""
    part = Story(partition=9).entry(
        "2026-04-20", "payment_received", payment_id="P9", amount=cny(50_000), method="CASH"
    )
    told.append([part])
    request = request_for("L1", as_of=dt.date(2026, 5, 1))
    made = make_exhibit(told, signer, request, at("2026-05-02"), tmp_path / "signs")
    signs = json.loads((made.path / "indicators.json").read_text())
    page = (made.path / "timeline.html").read_text()

    assert (signs["decision"], signs["loan_id"]) == (None, "L1")
    assert [(sign["code"], sign["side"], len(sign["entries"])) for sign in signs["indicators"]] == [
        ("partial_payments", "hardship", 1)
    ]
    assert "No person has decided yet; no legal step may rest on this." in page
    assert all(sign["text_zh"] in page for sign in signs["indicators"])
    assert run(made.path)[0] == 0


def test_the_same_request_gives_the_same_pdf(exhibit: Exhibit, told: EvidenceLog) -> None:
    """No clock or random id hides in the paper: it is hashed into the manifest."""
    assert b"2026-04-02" not in (exhibit.path / "timeline.pdf").read_bytes()[-400:]
    assert told.size == exhibit.signed.checkpoint.size


def test_policy_named_by_an_action_is_shown(exhibit: Exhibit) -> None:
    """The rule pack's own text is part of the proof of what the rules were."""
    manifest = json.loads((exhibit.path / "manifest.json").read_text())

    assert manifest["chains"]["policy"] == {"entries": 1, "complete": False}
    assert b'"text":"pack: cn"' in (exhibit.path / "entries.jsonl").read_bytes()


def test_a_payment_without_a_loan_brings_in_the_other_loans(
    told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path
) -> None:
    """Then the days past due of this loan depend on them; the notes say so and the program recomputes it."""
    second = Story("B1", "L2", partition=8)
    told.append(
        [
            *second.opening(),
            second.entry("2026-03-25", "payment_received", loan=False, payment_id="P9", amount=cny(150_000)),
        ]
    )
    made = make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "out")
    manifest = json.loads((made.path / "manifest.json").read_text())
    calculation = json.loads((made.path / "calculation.json").read_text())

    assert manifest["loans"] == ["L1", "L2"]
    assert "named no loan" in calculation["notes"][0]
    assert run(made.path)[0] == 0


def test_after_a_rotation_both_keys_are_shown_and_trusted(
    told: EvidenceLog, tmp_path: Path, signer: CheckpointSigner
) -> None:
    """Whoever trusts the first key can follow to the second."""
    activate_key(told, NEXT_KEY, KEY, at("2026-03-20"), "operator")
    later = CheckpointSigner(told, NEXT_KEY, tmp_path / "guard.note")
    made = make_exhibit(told, later, request_for("L1"), at("2026-04-02"), tmp_path / "out")
    code, lines = run(made.path, "--key", str(KEY.verifier))

    assert code == 0
    assert any("2 key(s)" in line for line in lines)
    with pytest.raises(SigningError):
        signer.sign(at("2026-04-03"))


def test_refusals(told: EvidenceLog, signer: CheckpointSigner, tmp_path: Path) -> None:
    """An unknown loan and a folder in use are said in a sentence, before anything is written."""
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("x")
    size = told.size
    with pytest.raises(ExhibitError, match="is not empty"):
        make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "used")
    with pytest.raises(ExhibitError, match="no entry about loan L404"):
        make_exhibit(told, signer, request_for("L404"), at("2026-04-02"), tmp_path / "out")
    assert size == told.size
    (tmp_path / "file").write_text("")
    with pytest.raises(ExhibitError, match="Nothing is left there"):
        make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "file" / "out")


def test_making_one_is_itself_on_record(exhibit: Exhibit, told: EvidenceLog) -> None:
    """Who asked, for what, on which basis: the last entry of each chain shown."""
    last = json.loads(told.chain("loan/L1")[-1])

    assert ("exhibit", "staff-9", exhibit.exhibit_id) == (last["kind"], last["actor"], last["body"]["exhibit_id"])
    assert last["chain"]["sequence"] - 1 == last["body"]["entries_before"]

"""The pages hold together: links lead somewhere, tables follow from the code, figures are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.agents.groups import EVERY
from streams.borrower.decide import RETRACTABLE_DAYS
from streams.borrower.labels import HEADS
from streams.borrower.repeats import KEPT_DAYS, KEYS_MAX
from streams.engine import source
from streams.events.decode import AHEAD_DAYS_MAX, TYPES_BY_TOPIC
from streams.ledger import WINDOW_DAYS
from streams.topics import TOPICS
from tests.docs import tables
from tests.docs.pages import PAGES, README, ROOT, SECURITY, anchors, links, name_of

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the repository names a file, and a heading in it if it says so."""
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_page_is_linked_from_the_readme() -> None:
    """A page that nobody finds is not documentation. A folder's pages may be linked from its README."""
    linked = set(links(README))
    for page in PAGES:
        if page.name == "README.md" and name_of(page) in linked:
            linked |= {name_of(page.parent / link) for link in links(page) if (page.parent / link) in PAGES}

    assert {name_of(page) for page in PAGES if page != README} - linked == set()


def test_tables_are_as_generated() -> None:
    """Topics, settings and commands: `python -m tests.docs.tables` writes them anew."""
    assert tables.written() == README.read_text()


def test_rights_are_as_generated() -> None:
    """What a worker asks the cluster for is what the page says."""
    assert tables.written(SECURITY, tables.GENERATED_IN_SECURITY) == SECURITY.read_text()


def test_every_setting_says_what_it_is_for() -> None:
    """A setting that is new has no sentence yet."""
    assert tables.MISSING not in README.read_text()


def test_generated_tables_notice_a_change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A default that is not the code's is corrected; the sentence beside it stays."""
    stale = tmp_path / "README.md"
    stale.write_text(README.read_text().replace("| `4000` |", "| `3999` |"))
    monkeypatch.setattr(tables, "README", stale)

    assert tables.written() == README.read_text()


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (AHEAD_DAYS_MAX, "up to two days after its record's timestamp"),
        (KEPT_DAYS, "for {} days and"),
        (KEYS_MAX, "{} events a borrower"),
        (WINDOW_DAYS, "reach back {} days"),
        (RETRACTABLE_DAYS, "retracted for {} days"),
        (HEADS[0].horizon_days, "`default_90d` looks {} days ahead"),
    ],
)
def test_limits_are_those_of_the_code(figure: int, said: str) -> None:
    """What the README promises is what the constants say."""
    assert said.format(figure) in README.read_text()
    assert AHEAD_DAYS_MAX == 2  # written as a word


def test_the_changelog_counts_event_types() -> None:
    """Every event type that can be sent."""
    count = sum(map(len, TYPES_BY_TOPIC.values()))

    assert f"{count} event types" in (ROOT / "CHANGELOG.md").read_text()


def test_architecture_names_every_part() -> None:
    """Folders and modules of `streams`, agents, and the topics that are not for the lender's programs alone."""
    table = ARCHITECTURE.partition("## Where what lives")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)(?:/|\.py)`", table.partition("| --- |")[2]))
    there = {path.name for path in (ROOT / "streams").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    modules = {path.stem for path in (ROOT / "streams").glob("*.py") if not path.stem.startswith("__")}

    assert named == there | modules
    assert [agent for agent in EVERY if f"- **{agent}**" not in ARCHITECTURE] == []


def test_architecture_draws_every_topic_a_lender_sees() -> None:
    """The picture of the flow has all inputs and outputs."""
    picture = ARCHITECTURE.partition("```")[2].partition("```")[0]
    seen = {topic.name for topic in TOPICS if topic.direction in {"in", "out"}}

    assert {name for name in seen if name not in picture} == set()


def test_architecture_names_what_it_relies_on() -> None:
    """The header of the journal, and the folder of Faust's internals."""
    assert f"`{source.HEADER}` = topic/partition/offset/count" in ARCHITECTURE
    assert (ROOT / "streams" / "engine" / "faust_app.py").exists()


def test_the_license_is_whole() -> None:
    """Apache 2.0, from the first line to the end of its appendix, and a notice beside it."""
    text = (ROOT / "LICENSE").read_text()

    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in text
    assert text.rstrip().endswith("limitations under the License.")
    assert (ROOT / "NOTICE").exists()

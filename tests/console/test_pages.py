"""What the pages say, as HTML: escaped, whole, named for screen readers, in both languages."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from streams.console import queries
from streams.console.pages import segments
from streams.console.pages.ask import Ask
from streams.console.pages.book import Books
from streams.console.status import Status
from streams.console.words import LANGUAGES, say
from tests.console import bench_lookup, scene
from tests.console.conftest import Site
from tests.console.feeding import Fed

PATHS = ("/", "/?show=RETRACT", "/?show=HIGH", "/borrowers", "/borrowers?id=b-worse", "/borrowers?id=b-held&all=1",
         "/borrowers?id=nobody", "/book", "/book?by=vintage", "/book?by=region&part=CN-SC",
         "/quality", "/reasons", "/sign-in", "/nothing")  # fmt: skip
_VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """Reads a page strictly: tags are closed in order; notes what matters to other tests."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.mistakes: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        self.tags.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.mistakes.append(f"an attribute twice in {tag}")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one that is closed at once."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """A tag closes the one that was opened last."""
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(f"</{tag}> at {self.getpos()}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]


def read(site: Site, path: str, language: str = "en") -> Page:
    """A page of the scene."""
    return Page(site.get(path + ("&" if "?" in path else "?") + f"lang={language}").text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_pages_are_whole_and_accessible(site: Site, path: str, language: str) -> None:
    """Well-formed, with landmarks, one heading of the first rank, names for drawings, and ids that stand once."""
    page = read(site, path, language)
    ids = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    headings = [tag for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]

    assert page.mistakes == []
    assert page.open == []
    assert page.all("html")[0]["lang"] == {"en": "en", "zh": "zh-Hans"}[language]
    assert len(page.all("main")) == 1
    assert (headings.count("h1"), headings[0]) == (1, "h1")
    assert all(int(after[1]) <= int(before[1]) + 1 for before, after in pairwise(headings))
    assert [each for each, count in ids.items() if count > 1] == []
    assert [each for each in page.all("img") if "alt" not in each] == []
    labels = {each["for"] for each in page.all("label")}
    assert {each["id"] for each in page.all("input")} <= labels
    assert [each for each in page.all("svg") if not ({"role", "aria-hidden"} & each.keys() or _inner(each))] == []
    assert all(each.get("aria-label") for each in page.all("svg") if each.get("role") == "img")
    assert [each for each in page.all("th") if "scope" not in each] == []


def _inner(attributes: dict[str, str | None]) -> bool:
    """A drawing within a drawing, which has the name."""
    return attributes.get("class") == "sign" or attributes.get("preserveaspectratio") == "none"


@pytest.mark.parametrize("path", PATHS)
def test_nothing_stands_inline_and_nothing_comes_from_elsewhere(site: Site, path: str) -> None:
    """No style or script within a page, no handler, no address of another machine: the policy would block it."""
    text = site.get(path).text
    page = Page(text)

    assert page.all("style") == []
    assert [each for each in page.all("script") if each.get("src") != "/static/console.js"] == []
    assert [
        name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"
    ] == []
    links = [
        value or "" for _, attributes in page.tags for name, value in attributes.items() if name in {"href", "src"}
    ]
    assert [link for link in links if not link.startswith(("/", "#")) or link.startswith("//")] == []


@pytest.mark.parametrize("hostile", scene.HOSTILE)
def test_hostile_ids_are_only_shown(site: Site, hostile: str) -> None:
    """In lists, links, titles, drawings and sentences; a link to such a borrower finds exactly that one."""
    page = site.get("/borrowers", id=hostile)
    lists = site.get("/borrowers").text + site.get("/").text

    assert page.status == 200
    for text in (page.text, lists):
        tags = {tag for tag, _ in Page(text).tags}
        assert "<script>document" not in text
        assert "onerror=" not in re.sub(r"onerror=document(?=[^<]*(&gt;|&#39;))", "", text)
        assert tags <= _KNOWN
    assert "<title>" not in hostile
    assert f"{_escaped(hostile)} ·" in page.text


_KNOWN = frozenset((
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "img", "form", "label",
    "input", "button", "nav", "ul", "li", "p", "span", "b", "main", "section", "h1", "h2", "h3", "svg", "rect",
    "line", "text", "path", "polyline", "polygon", "circle", "title", "details", "summary", "table", "thead",
    "tbody", "tr", "th", "td", "ol", "dl", "dt", "dd", "small", "bdi", "time", "code", "strong", "pre",
))  # fmt: skip


def _escaped(text: str) -> str:
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        text = text.replace(raw, safe)
    return text


@pytest.mark.parametrize(
    "wanted",
    ["<script>alert(1)</script>", "\u202e\u2066gnp", "../../etc/passwd", "'\"><b>", "借款人", "x" * 5_000, "%00"],
)
def test_an_unknown_id_is_only_shown(site: Site, wanted: str) -> None:
    """Whatever is asked for, the answer is that nobody has it, in an isolated direction of text."""
    answer = site.get("/borrowers", id=wanted)

    assert answer.status == 404
    assert Page(answer.text).mistakes == []
    assert f"<bdi>{_escaped(wanted)}</bdi>" in answer.text


def test_refused_bytes_are_shown_as_codes(site: Site) -> None:
    """Characters that would turn or hide the text around them are seen, not obeyed."""
    text = site.get("/quality").text

    assert "&lt;script&gt;document.title=" in text
    assert "\\u202e" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u0007]", text)
    assert "借款" in text


@pytest.mark.parametrize(
    ("query", "status"), [("before=99999999999999999999", 200), ("before=-1", 200), ("show=x", 200)]
)
def test_odd_parameters_are_ignored(site: Site, query: str, status: int) -> None:
    """A number too large, a choice there is not."""
    assert site.get(f"/?{query}").status == status


def test_alerts_go_on_where_the_page_ended(site: Site) -> None:
    """Page after page, each alert once, newest first."""
    path, seen = "/", list[tuple[str, str]]()
    while path:
        text = site.get(path).text
        seen += re.findall(r'<bdi>([^<]+)</bdi></a></h3>\s*<p class="meta"><time datetime="([^"]+)"', text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        path = older[1].replace("&amp;", "&") if older else ""
    with site.store.reading() as db:
        count = db.execute("SELECT count(*) FROM alert").fetchone()[0]

    assert len(seen) == count > 30
    assert [day for _, day in seen] == sorted((day for _, day in seen), reverse=True)


def test_a_retracted_alert_says_so_on_both(site: Site) -> None:
    """The alert that was wrong, and the one that takes it back."""
    text = site.get("/?show=RETRACT").text + site.get("/?show=WATCH").text

    assert "Takes back alert b-retracted/" in text
    assert say("en", "alert.taken_back") in text


def test_a_borrower_s_page_tells_everything(site: Site) -> None:
    """Standing, curve, installments, promise, dispute, holds, alert with reasons, measure, and that both sources agree."""
    text = site.get("/borrowers", id=scene.HELD, all="1").text

    for said in ("Critical", "breathing space", "Promised to pay 206.00 CNY", "Dispute d-1", "Hold h-1 cleared",
                 "An installment is past due.", "moved from M0 to M1", "equal what the journal gives"):  # fmt: skip
        assert said in text
    assert text.count('role="img"') == 2


def test_the_book_shows_tiers_rolls_and_coverage(site: Site) -> None:
    """Every figure that the portfolio agent keeps of the whole book."""
    text = site.get("/book").text

    for said in ("Stage of stress", "Roll rates", "2,500.00 CNY held against", "required: 100 %", "over 90 days"):
        assert said in text


def test_the_book_is_looked_at_by_region_and_vintage(site: Site) -> None:
    """Each part beside the whole; a part's own page has its figures, and the reserve stays with the whole book."""
    by_region, by_vintage = site.get("/book").text, site.get("/book", by="vintage").text

    assert all(region in by_region for region in ("CN-GD", "CN-SC", "x" * 64, "not stated"))
    assert by_region.count('class="chart spark"') == 4
    assert by_vintage.index(">2025Q1<") < by_vintage.index(">2024Q4<")
    part = site.get("/book", by="region", part="CN-SC").text
    assert "Region CN-SC" in part
    assert "<dd><b>2</b></dd>" in part  # active loans
    assert "The reserve is stated for the whole book." in part
    assert "2,500.00 CNY held against" not in part


def test_a_part_that_is_not_there_is_the_whole_book(site: Site) -> None:
    """As other odd parameters; what was asked for is not repeated."""
    text = site.get("/book", by="shoe-size", part="<script>").text

    assert "<script>" not in text
    assert "2,500.00 CNY held against" in text


def test_a_book_of_many_parts_says_what_it_leaves_out(fed: Fed) -> None:
    """The largest are shown."""
    with fed.store.reading() as db:
        monitor = Books().monitor(queries.book_rows(db))
        ask = Ask("en", {}, db, Status("live", dt.datetime.now(dt.UTC)), 0)
        parts = monitor.book.parts
        whole = parts["CNY"]
        for number in range(segments.ROWS_MAX + 9):
            parts[f"CNY/region=r{number}"] = whole
        found = segments.view(ask, "CNY", "region", parts, whole)

    assert (len(found["rows"]), found["left_out"]) == (segments.ROWS_MAX, 13)


def test_nothing_is_broken_when_nothing_is_there(empty: Site) -> None:
    """Every page of an empty file says what will come."""
    texts = {path: empty.get(path).text for path in ("/", "/borrowers", "/book", "/quality", "/reasons")}

    assert all(Page(text).mistakes == [] for text in texts.values())
    assert say("en", "alerts.empty") in texts["/"]
    assert say("en", "book.empty") in texts["/book"]
    assert say("en", "quality.empty") in texts["/quality"]
    assert say("en", "reasons.none") in texts["/reasons"]


def test_the_language_is_asked_for_remembered_or_the_browser_s(site: Site) -> None:
    """In this order; anything else is English."""
    cookie = site.cookie()
    asked = site.ask("/?lang=zh", Cookie=cookie)
    remembered = {name.lower(): value for name, value in asked.headers.items()}["set-cookie"].partition(";")[0]
    languages = [
        asked,
        site.ask("/", Cookie=f"{cookie}; {remembered}"),
        site.ask("/", Cookie=cookie, Accept_Language="zh-CN,zh;q=0.9"),
        site.ask("/", Cookie=cookie, Accept_Language="fr"),
    ]

    assert [Page(each.text).all("html")[0]["lang"] for each in languages] == ["zh-Hans", "zh-Hans", "zh-Hans", "en"]


def test_when_kafka_is_away_every_page_says_so(fed_away: Site) -> None:
    """The last state stays, with since when, and what to do."""
    for path in ("/", "/borrowers", "/book", "/quality", "/reasons"):
        text = fed_away.get(path).text
        assert "Kafka does not answer" in text
        assert "forewarn broker up" in text
        assert "2026-03-28" in text


def test_the_benchmark_runs(tmp_path: Path) -> None:
    """On a book of two hundred; the figure for a million is in docs/console.md."""
    figures = bench_lookup.measure(tmp_path, 200, 10)

    assert figures["page_ms_max"] > figures["lookup_ms_median"] > 0

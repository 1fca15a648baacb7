"""The pages in a real browser, by clicking and by keyboard; every state leaves a screenshot (see `browser.SHOTS`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.console.store import Store
from tests.console import scene
from tests.console.browser import DESKTOP, ENTER, PHONE, TAB, Browser, browser
from tests.console.conftest import Site
from tests.console.feeding import Fed

#: Contrast of each text that is seen with what lies behind it; WCAG 2.2, 1.4.3 (AA).
_CONTRAST = """
const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parse = (text) => (text.match(/[0-9.]+/g) || []).map(Number);
const over = (a, b, alpha) => a.map((v, i) => v * alpha + b[i] * (1 - alpha));
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const found = parse(getComputedStyle(at).backgroundColor);
    if (found.length === 3 || found[3] === 1) return found.slice(0, 3);
  }
  return [255, 255, 255];
}
const bad = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const box = element.getBoundingClientRect();
  if (!own || box.width < 2 || element.closest("svg, .hidden, .skip")) continue;
  const style = getComputedStyle(element), back = behind(element);
  let opacity = 1;
  for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  const front = over(parse(style.color).slice(0, 3), back, opacity);
  const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
  const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
  if (ratio < (size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5))
    bad.push(`${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
}
return bad;
"""
PAGES = {"alerts": "/", "borrowers": "/borrowers", "borrower": "/borrowers?id=b-held", "book": "/book",
         "vintages": "/book?by=vintage", "part": "/book?by=region&part=CN-SC",
         "quality": "/quality", "reasons": "/reasons"}  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of this file."""
    with browser() as opened:
        yield opened


@pytest.fixture
def look(chromium: Browser, site: Site) -> Browser:
    """The browser, signed in to the scene, in English and light, as wide as a desktop."""
    chromium.size(DESKTOP)
    chromium.dark(on=False)
    chromium.driver.delete_all_cookies()
    chromium.open(f"{site.base}/sign-in")
    chromium.complaints()
    chromium.open(site.link)
    return chromium


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_and_is_not_blocked(look: Browser, site: Site, name: str, width: tuple[int, int]) -> None:
    """Nothing is wider than the window, and the policy blocks nothing."""
    look.size(width)
    look.open(site.base + PAGES[name])
    look.shot(f"{name}-{'phone' if width == PHONE else 'desktop'}")

    assert look.run("return document.documentElement.scrollWidth <= innerWidth")
    assert look.complaints() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out(look: Browser, site: Site, name: str, *, dark: bool) -> None:
    """Contrast of at least 4.5, in light and in dark colors; of chips and notices, too."""
    look.dark(on=dark)
    look.open(site.base + PAGES[name])
    if dark:
        look.shot(f"{name}-dark")

    assert look.run(_CONTRAST) == []


def test_from_an_alert_to_its_borrower_and_back(look: Browser) -> None:
    """An alert's borrower is a click away; the table beside the curve opens; the language changes in place."""
    look.click_text("Taken back")
    look.wait_for("main", "Takes back alert")
    look.click(".alert h3 a")
    look.wait_for("h1", "b-")
    look.click("#life-table summary")
    assert "Days past due" in look.text("#life-table")
    look.click_text("中文")
    look.wait_for("main", "违约概率")
    look.shot("borrower-chinese")
    look.click(".brand")
    look.wait_for("h1", "预警")
    look.shot("alerts-chinese")


def test_from_the_book_to_one_part_and_back(look: Browser, site: Site) -> None:
    """By keyboard: a dimension, a part of it, its own figures, the whole again; in Chinese on a telephone, too."""
    look.open(f"{site.base}/book")
    look.driver.find_element("link text", "Vintage").send_keys(ENTER)
    look.wait_for(".parts", "2024Q4")
    look.driver.find_element("link text", "2024Q4").send_keys(ENTER)
    look.wait_for("h1", "Vintage 2024Q4")
    assert "The reserve is stated for the whole book." in look.text()
    look.size(PHONE)
    look.click_text("中文")
    look.wait_for("h1", "2024Q4")
    look.shot("part-chinese-phone")
    assert look.run("return document.documentElement.scrollWidth <= innerWidth")
    look.click_text("全部组合")
    look.wait_for("main", "准备金覆盖率")
    assert "2024Q4" not in look.text("h1")


def test_a_page_that_is_not_there_says_so(look: Browser, site: Site) -> None:
    """With the way back."""
    look.size(PHONE)
    look.open(f"{site.base}/nothing")
    look.shot("error-phone")

    assert "404" in look.text() or "not" in look.text("h1").lower()
    assert look.count("main a") > 0


def test_a_borrower_is_found_by_typing(look: Browser) -> None:
    """The field takes an id; one that nobody has suggests others."""
    look.find("#find").send_keys(scene.WORSE, ENTER)
    look.wait_for("h1", scene.WORSE)
    look.find("#find").send_keys("b-wor", ENTER)
    look.wait_for("h1", "No such borrower")
    look.shot("borrower-unknown")
    look.click_text(scene.WORSE)
    look.wait_for("h1", scene.WORSE)


@pytest.mark.parametrize("hostile", scene.HOSTILE)
def test_hostile_ids_do_nothing(look: Browser, site: Site, hostile: str) -> None:
    """Typed, found, shown on a telephone: no script runs, nothing is loaded, nothing overflows."""
    look.size(PHONE)
    look.find("#find").send_keys(hostile, ENTER)
    look.wait_for("h1", hostile)

    assert look.text("h1") == hostile
    assert look.driver.title == f"{hostile} · Forewarn"
    assert look.run("return document.documentElement.scrollWidth <= innerWidth")
    assert look.complaints() == []
    assert look.driver.current_url.startswith(f"{site.base}/borrowers?")


def test_the_keyboard_reaches_everything(look: Browser) -> None:
    """First the way past the header, then its links in order; a filter is chosen without a mouse, with a visible focus."""
    look.keys(TAB)
    assert look.focused() == "Skip to the content"
    look.keys(ENTER)
    reached = []
    for _ in range(12):
        look.keys(TAB)
        reached.append(look.focused())
        if reached[-1] == "Critical":
            break
    assert {"Show as a table", "All", "Critical"} <= set(reached)
    assert look.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    look.keys(ENTER)
    assert "show=CRITICAL" in look.driver.current_url


def test_without_signing_in_only_that_is_said(chromium: Browser, site: Site) -> None:
    """And a link that was cut says so."""
    chromium.size(DESKTOP)
    chromium.dark(on=False)
    chromium.driver.delete_all_cookies()
    chromium.open(f"{site.base}/borrowers?id=b-held")
    chromium.shot("signed-out")
    assert "Sign in" in chromium.text()
    assert "Critical" not in chromium.text()
    chromium.open(site.link[:-3])
    assert "not valid any more" in chromium.text()


def test_signing_out(look: Browser) -> None:
    """By its button; then nothing is shown any more."""
    look.click(".tools button")
    look.wait_for("main", "Sign in")
    look.driver.back()
    look.driver.refresh()
    look.wait_for("main", "Sign in")


def test_an_alert_appears_by_itself(chromium: Browser, tmp_path: Path) -> None:
    """From an empty page, through the first alerts, to a broker that goes away and comes back, without a reload.

    What a reader has opened stays open meanwhile.
    """
    store = Store(tmp_path / "live.sqlite3")
    events = scene.events()
    half = next(index for index, event in enumerate(events) if event.day >= scene.due(9).toordinal())
    with Site(store) as site:
        chromium.size(DESKTOP)
        chromium.dark(on=False)
        chromium.open(site.link)
        assert "No alert yet" in chromium.text()
        chromium.shot("alerts-empty")
        chromium.run("window.here = true")
        fed = Fed(store).fold(events[:half])
        site.board.took()
        chromium.wait_for("main", "Newest alerts")
        before = chromium.count(".alert")
        chromium.click("#chart-table summary")
        fed.fold(events[half:])
        site.board.took()
        chromium.wait_for("main", "2026-0")
        assert chromium.count(".alert") > before > 0
        assert chromium.find("#chart-table").get_attribute("open")
        site.board.become("away", "No Kafka answers at 127.0.0.1:1. Start one with `forewarn broker up`.")
        chromium.wait_for("#banner", "Kafka does not answer")
        chromium.shot("alerts-away")
        chromium.size(PHONE)
        chromium.shot("alerts-away-phone")
        site.board.become("live")
        chromium.wait_for("#status", "Live")
        assert chromium.text("#banner") == ""
        assert chromium.run("return window.here")
    chromium.wait_for("#lost", "does not answer")
    chromium.shot("console-gone-phone")
    store.close()


@pytest.mark.parametrize("name", ["borrowers", "book", "quality", "reasons"])
def test_empty_pages(chromium: Browser, empty: Site, name: str) -> None:
    """Each says what will come, on a telephone."""
    chromium.size(PHONE)
    chromium.dark(on=False)
    chromium.open(empty.link)
    chromium.open(empty.base + PAGES[name])
    chromium.shot(f"{name}-empty-phone")

    assert chromium.run("return document.documentElement.scrollWidth <= innerWidth")
    assert chromium.run(_CONTRAST) == []

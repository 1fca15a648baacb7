"""A real browser, driven by clicks: Chromium, where it is installed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

#: Screenshots of every run, to be looked at; not in the repository.
SHOTS = Path(__file__).parents[2] / ".forewarn" / "screenshots" / "console"
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=en", "--disable-dev-shm-usage",
)  # fmt: skip
DESKTOP, PHONE = (1280, 900), (390, 844)
_WAIT_S = 20


class Browser:
    """What tests do with it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def size(self, size: tuple[int, int]) -> None:
        """Look through a window, or a telephone, of this size."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def dark(self, *, on: bool) -> None:
        """Prefer dark colors, or light ones."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, address: str) -> None:
        """Go to an address."""
        self.driver.get(address)

    def find(self, selector: str) -> WebElement:
        """The first element of a selector, once it is there."""
        return WebDriverWait(self.driver, _WAIT_S).until(lambda d: d.find_element(By.CSS_SELECTOR, selector))

    def count(self, selector: str) -> int:
        """How many elements there are now."""
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def click(self, selector: str) -> None:
        """Click it."""
        self.find(selector).click()

    def click_text(self, text: str) -> None:
        """Click a link by what it says."""
        self.driver.find_element(By.LINK_TEXT, text).click()

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self) -> str:
        """What has the focus: its text or name."""
        element = self.driver.switch_to.active_element
        return element.text or element.get_attribute("name") or element.tag_name

    def text(self, selector: str = "main") -> str:
        """What is to be read there."""
        return self.find(selector).text

    def wait_for(self, selector: str, text: str) -> None:
        """Wait until an element says something."""
        WebDriverWait(self.driver, _WAIT_S, ignored_exceptions=[Exception]).until(
            lambda d: text in d.find_element(By.CSS_SELECTOR, selector).text
        )

    def run(self, script: str) -> Any:  # noqa: ANN401  whatever a script returns
        """Run a script of the test in the page."""
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the browser complained of since the last time: blocked content, errors of scripts."""
        return [each["message"] for each in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page, at most 4,000 pixels of it."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        width, height = self.run("return [innerWidth, Math.min(4000, document.documentElement.scrollHeight)]")
        before = self.run("return innerHeight")
        self.size((width, max(height, before)))
        self.driver.save_screenshot(str(SHOTS / f"{name}.png"))
        self.size((width, before))


ENTER, TAB = Keys.ENTER, Keys.TAB


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of its own, empty; skips by name where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("there is no chromium with its chromedriver on this machine (Debian: chromium, chromium-driver)")
    with tempfile.TemporaryDirectory(prefix="forewarn-browser-") as profile:
        options = Options()
        for option in (*_OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        options.binary_location = chromium
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        started = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield Browser(started)
        finally:
            started.quit()

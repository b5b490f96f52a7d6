"""Chromium without a window, and pages of a service that runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.python.acceld.http.conftest import Parts, make, serving
from tests.support import busy

__all__ = ["make"]

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
PATIENCE = 30  # seconds on an idle machine
SIZE = (1280, 900)


@dataclass
class Page:
    """A browser that looks at a service."""

    driver: webdriver.Chrome
    parts: Parts
    address: str

    def open(self, query: str = "") -> None:
        """Goes to the page and waits until it shows something that came from the service."""
        self.driver.get(self.address + query)
        self.until(lambda: self.all("main > *") and not self.all(".waiting"))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Waits for the only element of this kind that can be seen."""
        found: list[WebElement] = []

        def look() -> bool:
            found[:] = [element for element in self.all(selector) if element.is_displayed()]
            return len(found) == 1

        self.until(look, selector)
        return found[0]

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def sources(self) -> list[str]:
        """The references in the list."""
        return [str(link.get_attribute("title")) for link in self.all(".row-link")]

    def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Waits until `condition` holds. Elements may be replaced while it looks."""
        wait = WebDriverWait(
            self.driver, busy.seconds(PATIENCE), 0.05, (StaleElementReferenceException, NoSuchElementException)
        )
        wait.until(lambda _: condition(), what)

    def until_text(self, selector: str, text: str) -> None:
        self.until(lambda: text in self.driver.find_element(By.CSS_SELECTOR, selector).text, f"{selector}: {text}")

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def hurry(self) -> None:
        """The page looks at once, as it does for one who comes back to it; otherwise it does so by its clock."""
        self.run("document.dispatchEvent(new Event('visibilitychange'))")

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the browser wrote into its console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    """One browser for a file of tests; each test has a service, and so an origin, of its own."""
    for program in (CHROMIUM, DRIVER):
        assert program.exists(), f"{program} is missing: run scripts/bootstrap test"
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    started.set_page_load_timeout(busy.seconds(PATIENCE))
    yield started
    started.quit()


@pytest.fixture
def page(driver: webdriver.Chrome, make: Callable[..., Parts]) -> Iterator[Callable[..., Page]]:
    """Starts a service with the sections of the configuration that are given and, before it, what `prepare` does."""
    driver.get_log("browser")  # type: ignore[no-untyped-call]
    look(driver)
    with contextlib.ExitStack() as stack:

        def start(prepare: Callable[[Parts], None] | None = None, **sections: Any) -> Page:
            parts = make(**sections)
            if prepare:
                prepare(parts)
            port = stack.enter_context(serving(parts.app))
            return Page(driver, parts, f"http://127.0.0.1:{port}/")

        yield start
        driver.get("about:blank")  # no request is under way when the service stops


def look(driver: webdriver.Chrome, *, width: int = SIZE[0], dark: bool = False) -> None:
    """What the page is looked at with."""
    metrics = {"width": width, "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})


class Worker:
    """Takes one task and reports of it, beating so that it is not lost."""

    def __init__(self, parts: Parts) -> None:
        claim = parts.queue.take("worker-1")
        assert claim
        self.claim = claim
        self._queue = parts.queue

    def report(self, **progress: Any) -> None:
        self._queue.beat(self.claim, progress)

    def done(self, result: dict[str, Any]) -> None:
        assert self._queue.done(self.claim, result)

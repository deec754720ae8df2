"""A browser without a window, logged in to a world of its own; what it complains of fails the test."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests.browser.world import PASSWORD, World, world
from tests.web.conftest import FLAGS

DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT_MS = 60_000
"""The longest that a page is waited for; only a fault takes so long."""

expect.set_options(timeout=WAIT_MS)

Look = Callable[[Page, str], None]


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world of all browser tests; a test that needs something of its own makes it there."""
    with world(tmp_path_factory.mktemp("world")) as one:
        yield one


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium as the system has it; ``scripts/chromium.sh`` installs it where it may."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def entered(chromium: Browser, made: World) -> Iterator[BrowserContext]:
    """A context in which the first administrator has set a password, and so is logged in."""
    context = slowed(chromium.new_context(viewport=DESKTOP, color_scheme="light"))
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(made.link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set password and log in").click()
    page.wait_for_url("**/admin/overview")
    page.close()
    yield context
    context.close()


def slowed(context: BrowserContext) -> BrowserContext:
    """As a slow machine behind a slow line shows pages: so many times slower as ``SLOWLY`` says.

    What a test did not wait for comes to light.
    """
    times = float(os.environ.get("SLOWLY") or 1)

    def slow(page: Page) -> None:
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": times})
        line = {"offline": False, "latency": 50 * times, "downloadThroughput": -1, "uploadThroughput": -1}
        session.send("Network.emulateNetworkConditions", line)

    if times > 1:
        context.on("page", slow)
    return context


class Complaints:
    """What a browser says of a page that it would not say of a good one."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._expected: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))

    def expect(self, status: int) -> None:
        """An answer with this status is what the test is about."""
        self._expected.append(f"status of {status}")

    def expect_all(self) -> None:
        """Everything that is heard is what the test is about."""
        self._expected.append("")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self._expected):
            self.found.append(message.text)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Errors of scripts, violations of the content security policy, and answers that were errors; there are none."""
    heard = Complaints()
    yield heard
    assert heard.found == []


@pytest.fixture
def page(entered: BrowserContext, complaints: Complaints) -> Iterator[Page]:
    """A page of the administrator."""
    opened = entered.new_page()
    complaints.watch(opened)
    yield opened
    opened.close()


@pytest.fixture
def strange(chromium: Browser, complaints: Complaints) -> Iterator[Page]:
    """A page of somebody whom the server does not know."""
    context = slowed(chromium.new_context(viewport=DESKTOP, color_scheme="light"))
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    complaints.watch(opened)
    yield opened
    context.close()


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept, for people to look at: ``SCREENSHOTS=folder`` names another place."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong in a page as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)")
    return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.fixture
def look(pictures: Path) -> Look:
    """Holds a page as it is to the rules of accessibility, in light, and in dark on a phone; takes pictures."""

    def check(page: Page, name: str) -> None:
        page.locator("h1").first.wait_for()
        page.screenshot(path=pictures / f"{name}.png")
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(PHONE)
        # Charts are drawn anew once they have another size.
        page.wait_for_function(f"document.documentElement.scrollWidth <= {PHONE['width']}")
        page.screenshot(path=pictures / f"{name}-phone.png")
        assert violations(page) == []
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)

    return check


@pytest.fixture
def opened(page: Page, made: World) -> Callable[[str], Page]:
    """Opens a page of the administration by its address below /admin/, and waits until it shows something."""

    def visit(address: str) -> Page:
        # The same page with another place is no new page to a browser.
        page.goto("about:blank")
        page.goto(f"{made.url}/admin/{address}")
        page.locator("#page > *:visible").first.wait_for()
        return page

    return visit


def secret_in(link: str) -> str:
    """What stands behind # of a link."""
    found = re.search(r"#(\S+)$", link)
    assert found is not None
    return found[1]

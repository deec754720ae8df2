"""Take the pictures in docs/images: the pages of administration with a simulated world behind them.

``python -m scripts.screenshots`` needs Chromium and takes some minutes, which the charts need to fill.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from tests.browser.world import PASSWORD, World, world
from tests.web.conftest import FLAGS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
BYTES_MAX = 200_000
FILL_MS = 240_000


def overview(page: Page, made: World) -> None:
    page.goto(f"{made.url}/admin/overview")
    page.wait_for_timeout(FILL_MS)


def statement(page: Page, made: World) -> None:
    page.goto(f"{made.url}/admin/statements#verb=http://id.tincanapi.com/verb/earned")
    page.locator(".statements .statement").nth(1).click()
    page.locator("section.beside dd").first.wait_for()


def consumer(page: Page, made: World) -> None:
    page.goto(f"{made.url}/admin/consumers")
    page.get_by_role("link", name="adaptive-engine").click()
    page.get_by_role("heading", name="Tokens").wait_for()


PICTURES: dict[str, Callable[[Page, World], None]] = {
    "admin-overview": overview,
    "admin-statements": statement,
    "admin-consumer": consumer,
}


def main() -> None:
    """Take them all."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("chromium is not installed; see scripts/chromium.sh")
    FOLDER.mkdir(exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        world(Path(folder)) as made,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(made.link)
        for label in ("Password", "The same again"):
            page.get_by_label(label, exact=True).fill(PASSWORD)
        page.get_by_role("button").click()
        page.wait_for_url("**/admin/overview")
        for name, act in PICTURES.items():
            act(page, made)
            path = FOLDER / f"{name}.png"
            size = len(page.screenshot(path=path))
            print(f"{path.relative_to(FOLDER.parent.parent)}: {size} bytes")
            if size >= BYTES_MAX:
                sys.exit(f"{path.name} is larger than {BYTES_MAX} bytes")


if __name__ == "__main__":
    main()

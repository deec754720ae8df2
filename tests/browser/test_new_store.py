"""The first minutes of a store: pages that have nothing to show say what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, WAIT_MS, Complaints, Look, slowed
from tests.browser.world import PASSWORD
from tests.samples import statement
from tests.system.access import blocking_client, key_of
from tests.system.server import Server, running


class Blank(NamedTuple):
    """A page of a new store, what it says, and the link to where one goes next."""

    address: str
    text: str
    link: str | None = None


BLANKS = (
    Blank("overview", "No statements yet", "Make a consumer"),
    Blank("connections", "Nobody is connected", "Consumers"),
    Blank("requests", "Nobody has asked yet", "/request"),
    Blank("aside", "Nothing in quarantine"),
    Blank("aside#part=conflicts", "No conflicts"),
    Blank("privacy", "Nothing was erased yet"),
    Blank("statements", "Nothing is stored yet", "Consumers"),
    Blank("consumers#search=nobody", "No such consumer"),
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without anything, whose paths were moved and whose metrics are closed."""
    settings = {"LRS_BASE": "/lrs/xapi", "LRS_METRICS": "off"}
    with running(tmp_path_factory.mktemp("fresh") / "data", **settings) as server:
        yield server


@pytest.fixture(scope="module")
def first(chromium: Browser, fresh: Server) -> Iterator[Page]:
    """The page of its first administrator, who has opened the link that the server printed."""
    link = next(line.strip() for line in fresh.lines if "/admin/password#" in line)
    context = slowed(chromium.new_context(viewport=DESKTOP, color_scheme="light"))
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(link)
    for label in ("Password", "The same again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button").click()
    page.wait_for_url("**/admin/overview")
    yield page
    context.close()


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: blank.address)
def test_a_page_without_anything_says_what_to_do(
    first: Page, fresh: Server, complaints: Complaints, look: Look, blank: Blank
) -> None:
    complaints.watch(first)
    first.goto("about:blank")
    first.goto(f"{fresh.url}/admin/{blank.address}")
    expect(first.locator("main")).to_contain_text(blank.text)
    if blank.link is not None:
        expect(first.locator("main").get_by_role("link", name=blank.link)).to_be_visible()
    if blank.address in ("overview", "statements"):
        look(first, f"new-{blank.address}")


def test_the_first_statement_is_found_and_seen_live_where_the_paths_were_moved(first: Page, fresh: Server) -> None:
    first.goto(f"{fresh.url}/admin/consumers#new=yes")
    first.get_by_label("Name", exact=True).fill("platform")
    first.get_by_role("button", name="Make consumer").click()
    expect(first.get_by_role("heading", name="Keys")).to_be_visible()
    first.goto(f"{fresh.url}/admin/live")
    expect(first.get_by_role("status").filter(has_text="live")).to_be_visible()
    with blocking_client(fresh, key_of(fresh, "platform")) as platform:
        assert platform.post("/lrs/xapi/statements", json=statement()).status_code == 200
    expect(first.locator(".statements .statement")).to_have_count(1)
    first.goto(f"{fresh.url}/admin/statements")
    expect(first.locator(".statements .statement")).to_have_count(1)
    first.goto(f"{fresh.url}/admin/overview")
    expect(first.locator(".tile", has_text="Statements")).not_to_have_count(0)
    expect(first.get_by_role("img", name="Statements a second")).to_be_visible()

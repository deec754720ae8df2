"""Text of others is text on every page, and the browser is told to take nothing else for script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints
from tests.browser.world import MARKUP, World

PLACES = (
    "statements",
    "statements#id={hostile}",
    "aside",
    "aside#number=1",
    "aside#part=conflicts&number=1",
    "requests",
    "requests#number=2",
    "overview",
    "audit",
    "live#start=beginning",
    "consumers#search={markup}",
    "connections#consumer={markup}",
    "statements#agent={markup}&verb={markup}&activity={markup}",
    "settings#search={markup}",
)


@pytest.mark.parametrize("place", PLACES)
def test_markup_in_data_and_addresses_stays_text(
    opened: Callable[[str], Page], made: World, complaints: Complaints, place: str
) -> None:
    """Attack: names, verbs, objects, results, organisations and addresses that are markup."""
    if "{markup}" in place:
        # It is nothing that could be found, and the server says so.
        complaints.expect(400)
        complaints.expect(404)
    page = opened(place.format(hostile=made.hostile, markup=MARKUP.replace("&", "%26")))
    page.wait_for_timeout(100)
    assert page.title() != "pwned"
    assert page.locator("main img").count() == 0
    assert page.locator("script").count() == 1
    if place in (
        "statements#id={hostile}",
        "aside#number=1",
        "aside#part=conflicts&number=1",
        "requests",
        "requests#number=2",
    ):
        expect(page.locator("main")).to_contain_text("<img src=x")


def test_markup_in_a_request_stays_text_for_who_asked(strange: Page, made: World) -> None:
    """Attack: an organisation that is markup."""
    secret = made.ask(MARKUP, "course-v1:Org+b+c")
    strange.goto(f"{made.url}/request#{secret}")
    expect(strange.locator("main")).to_contain_text(MARKUP)
    assert strange.locator("main img").count() == 0
    assert strange.title() != "pwned"


def test_the_browser_takes_no_script_from_anywhere_else(opened: Callable[[str], Page], complaints: Complaints) -> None:
    """Attack: whatever found a way into a page after all is not run, and can't call home."""
    complaints.expect_all()
    page = opened("settings")
    wanted = ["markup", "script text", "style-src-elem", "connect-src", "fetch", "form-action"]
    refused = page.evaluate(
        """async (wanted) => {
          const refused = [];
          document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
          try { document.body.insertAdjacentHTML("beforeend", "<p>x</p>"); } catch { refused.push("markup"); }
          const script = document.createElement("script");
          try { script.textContent = "document.title = 'pwned'"; } catch { refused.push("script text"); }
          document.body.append(script);
          const style = document.createElement("style");
          style.textContent = "body { display: none }";
          document.body.append(style);
          try { await fetch("https://evil.example/"); } catch { refused.push("fetch"); }
          const form = Object.assign(document.createElement("form"), { action: "/admin/login" });
          document.body.append(form);
          form.submit();
          const told = () => wanted.every((one) => refused.includes(one));
          for (let waited = 0; waited < 600 && !told(); waited += 1) {
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          return refused;
        }""",
        wanted,
    )
    assert set(wanted) <= set(refused)
    assert page.title() != "pwned"
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    assert page.evaluate("location.pathname") == "/admin/settings"

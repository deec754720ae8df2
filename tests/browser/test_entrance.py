"""Coming in and going out: the link of the first administrator, logging in, sessions that have ended."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Complaints, Look
from tests.browser.world import PASSWORD, World


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def sent_away(page: Page, address: str) -> None:
    """Go where one has to log in for, as nobody."""
    # The page may go on to the other before it is all there itself.
    page.goto(address, wait_until="commit")
    page.wait_for_url("**/admin/login")


def test_who_has_no_session_logs_in_and_comes_back_to_where_they_wanted(
    entered: BrowserContext, strange: Page, made: World, complaints: Complaints, look: Look
) -> None:
    complaints.expect(401)
    sent_away(strange, f"{made.url}/admin/audit#act=consumer")
    look(strange, "login")
    log_in(strange, "admin", PASSWORD)
    strange.wait_for_url("**/admin/audit#act=consumer")
    expect(strange.get_by_role("table")).to_be_visible()
    strange.get_by_role("button", name="Log out").click()
    strange.wait_for_url("**/admin/login")
    sent_away(strange, f"{made.url}/admin/overview")


def test_a_wrong_password_is_told_in_words(
    entered: BrowserContext, strange: Page, made: World, complaints: Complaints
) -> None:
    complaints.expect(401)
    strange.goto(f"{made.url}/admin/login")
    log_in(strange, "admin", "not this one at all")
    expect(strange.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(strange.get_by_role("alert")).to_be_focused()
    assert strange.url.endswith("/admin/login")


def test_logging_in_takes_nothing_but_the_keyboard(
    entered: BrowserContext, strange: Page, made: World, complaints: Complaints
) -> None:
    complaints.expect(401)
    sent_away(strange, f"{made.url}/admin")
    expect(strange.get_by_label("Name")).to_be_focused()
    strange.keyboard.type("admin")
    strange.keyboard.press("Tab")
    strange.keyboard.type(PASSWORD)
    strange.keyboard.press("Enter")
    strange.wait_for_url("**/admin/overview")


def test_a_new_administrator_sets_a_password_by_a_link_once(
    opened: Callable[[str], Page], strange: Page, made: World, complaints: Complaints, look: Look
) -> None:
    page = opened("administrators")
    page.get_by_label("Name", exact=True).fill("anna")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog", name="Link for anna")
    secret = dialog.get_by_role("group", name="link").inner_text().partition("#")[2]
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("row", name="anna")).to_contain_text("link not used yet")
    strange.goto(f"{made.url}/admin/password#{secret}")
    look(strange, "password")
    strange.get_by_label("Password", exact=True).fill("an entirely new secret")
    strange.get_by_label("The same again").fill("an entirely other secret")
    strange.get_by_role("button").click()
    expect(strange.get_by_role("alert")).to_have_text("The two are not the same.")
    strange.get_by_label("The same again").fill("an entirely new secret")
    strange.get_by_role("button").click()
    strange.wait_for_url("**/admin/overview")
    expect(strange.locator("#who")).to_have_text("anna")
    complaints.expect(401)
    strange.goto(f"{made.url}/admin/password#{secret}")
    for label in ("Password", "The same again"):
        strange.get_by_label(label, exact=True).fill("an entirely new secret")
    strange.get_by_role("button").click()
    expect(strange.get_by_role("alert")).to_be_visible()


def test_removing_an_administrator_ends_their_session(
    opened: Callable[[str], Page], strange: Page, made: World, complaints: Complaints
) -> None:
    page = opened("administrators")
    page.get_by_label("Name", exact=True).fill("bert")
    page.get_by_role("button", name="Add", exact=True).click()
    link = page.get_by_role("group", name="link").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    strange.goto(f"{made.url}/admin/password#{link.partition('#')[2]}")
    for label in ("Password", "The same again"):
        strange.get_by_label(label, exact=True).fill("one more long secret")
    strange.get_by_role("button").click()
    strange.wait_for_url("**/admin/overview")
    page.get_by_role("button", name="Remove bert").click()
    dialog = page.get_by_role("alertdialog", name="Remove the administrator bert?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    complaints.expect(401)
    dialog.get_by_role("button", name="Remove bert").click()
    expect(page.get_by_role("row", name="bert")).to_have_count(0)
    # The overview asks for news by itself.
    strange.wait_for_url("**/admin/login")


def test_the_last_administrator_stays_and_the_page_says_why(
    opened: Callable[[str], Page], complaints: Complaints
) -> None:
    complaints.expect(409)
    page = opened("administrators")
    expect(page.get_by_role("row", name="admin")).to_be_visible()
    others = [row for row in page.get_by_role("row").all_inner_texts() if re.search("anna|bert", row)]
    for row in others:
        name = row.split()[0]
        page.get_by_role("button", name=f"Remove {name}").click()
        page.get_by_role("alertdialog").get_by_role("button", name=f"Remove {name}").click()
        expect(page.get_by_role("row", name=name)).to_have_count(0)
    page.get_by_role("button", name="Remove admin").click()
    dialog = page.get_by_role("alertdialog", name="Remove the administrator admin?")
    dialog.get_by_role("button", name="Remove admin").click()
    expect(dialog.get_by_role("alert")).to_contain_text("last")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name="admin")).to_be_visible()


def test_where_one_came_from_leads_to_no_other_site(
    entered: BrowserContext, strange: Page, made: World, complaints: Complaints
) -> None:
    """Attack: another page of this browser puts an address there, which would be gone to after logging in."""
    complaints.expect(401)
    strange.goto(f"{made.url}/admin/login")
    for address in ("//evil.example", "javascript:alert(1)"):
        strange.evaluate("(address) => sessionStorage.setItem('came-from', address)", address)
        log_in(strange, "admin", PASSWORD)
        strange.wait_for_url("**/admin/overview")
        strange.get_by_role("button", name="Log out").click()
        strange.wait_for_url("**/admin/login")

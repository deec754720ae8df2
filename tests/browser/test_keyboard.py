"""All that can be done can be done by keyboard, and the focus is where one expects it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, violations


def test_the_first_key_skips_to_the_content(opened: Callable[[str], Page]) -> None:
    page = opened("consumers#search=dash")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert page.url.endswith("#search=dash")


def test_statements_are_chosen_and_left_by_keyboard(opened: Callable[[str], Page]) -> None:
    page = opened("statements")
    rows = page.locator(".statements .statement")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("group", name="Statement as JSON")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(rows.first).to_be_focused()


def test_on_a_phone_a_statement_covers_the_list_and_gives_the_focus_back(opened: Callable[[str], Page]) -> None:
    page = opened("statements")
    page.set_viewport_size(PHONE)
    row = page.locator(".statements .statement").nth(2)
    row.click()
    back = page.get_by_role("button", name="Back to the list")
    expect(back).to_be_focused()
    expect(row).to_be_hidden()
    page.keyboard.press("Enter")
    expect(row).to_be_focused()


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(opened: Callable[[str], Page]) -> None:
    page = opened("audit#act=consumer")
    page.set_viewport_size(PHONE)
    menu, link = page.get_by_role("button", name="Menu"), page.get_by_role("link", name="Administrators")
    expect(link).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    link.focus()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(link).to_be_hidden()
    page.keyboard.press("Enter")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/administrators")


def test_a_dialog_keeps_the_focus_and_gives_it_back(opened: Callable[[str], Page]) -> None:
    page = opened("consumers#id=2")
    button = page.get_by_role("button", name="Disable")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("alertdialog", name="Disable adaptive-engine?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_contain_text("active")


def test_the_focus_goes_to_the_heading_of_what_a_link_led_to(opened: Callable[[str], Page]) -> None:
    page = opened("consumers")
    page.get_by_role("link", name="research").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="research")).to_be_focused()


def test_going_back_shows_what_was_there_before(opened: Callable[[str], Page]) -> None:
    page = opened("consumers")
    page.get_by_role("link", name="research").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("research")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Consumers")
    expect(page.get_by_role("link", name="research")).to_be_visible()


def test_the_rules_of_accessibility_are_really_asked(opened: Callable[[str], Page]) -> None:
    """A control without a name, and a text without contrast, are found."""
    page = opened("settings#search=admin")
    page.evaluate(
        """() => {
          const input = document.createElement("input");
          const text = Object.assign(document.createElement("p"), { textContent: "hardly seen" });
          text.style.color = "#ccc";
          text.style.background = "#ddd";
          document.getElementById("page").append(input, text);
        }"""
    )
    assert {one.partition(":")[0] for one in violations(page)} == {"label", "color-contrast"}

"""Pseudonyms are looked up in both directions, and the trail tells who did."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Complaints, Look

LEARNER = {"account": {"homePage": "https://lms.example.com", "name": "ada"}}


def part(page: Page, name: str) -> Locator:
    """One direction: its form, and what was found."""
    return page.locator("section div.stack", has=page.get_by_role("form", name=name))


def find_pseudonym(page: Page, learner: str, consumer: str) -> Locator:
    found = part(page, "The pseudonym of a learner")
    found.get_by_role("textbox", name="Learner").fill(learner)
    found.get_by_label("Shown to").select_option(consumer)
    found.get_by_role("button", name="Find the pseudonym").click()
    return found


def test_both_directions_agree(opened: Callable[[str], Page], look: Look) -> None:
    page = opened("privacy")
    found = find_pseudonym(page, json.dumps(LEARNER), "tutor-bot")
    status = found.get_by_role("status")
    expect(status).to_contain_text("tutor-bot, tutor-screen")
    name = status.locator("code").first.inner_text()
    other = part(page, "Who is behind a pseudonym")
    # As an account, as it stands in a statement.
    account = {"homePage": "http://localhost:8080/pseudonyms/tools", "name": name}
    other.get_by_role("textbox", name="Pseudonym").fill(json.dumps(account))
    other.get_by_role("button", name="Find the learner").click()
    expect(other.get_by_role("status")).to_contain_text("ada at lms.example.com")
    expect(other.get_by_role("status")).to_contain_text(json.dumps(LEARNER, separators=(",", ":")))
    look(page, "pseudonyms")
    page = opened("audit#act=pseudonym")
    for act in ("pseudonym.whose", "pseudonym.of"):
        expect(page.get_by_role("row", name=act).first).to_contain_text("admin:admin")
    expect(page.get_by_role("table")).not_to_contain_text("lms.example.com")


def test_a_pseudonym_of_nobody_is_told_as_such(opened: Callable[[str], Page]) -> None:
    page = opened("privacy")
    other = part(page, "Who is behind a pseudonym")
    other.get_by_role("textbox", name="Pseudonym").fill("a4253d6a-0735-85ac-9ec5-9229dd099bb6")
    other.get_by_role("button", name="Find the learner").click()
    expect(other.get_by_role("status")).to_contain_text("It is nobody's pseudonym.")


def test_what_is_no_pseudonym_and_no_learner_is_told_in_words(
    opened: Callable[[str], Page], complaints: Complaints
) -> None:
    complaints.expect(400)
    page = opened("privacy")
    other = part(page, "Who is behind a pseudonym")
    other.get_by_role("textbox", name="Pseudonym").fill("ada")
    other.get_by_role("button", name="Find the learner").click()
    expect(other.get_by_role("alert")).to_contain_text("A pseudonym is a UUID.")
    found = find_pseudonym(page, "ada", "tutor-bot")
    expect(found.get_by_role("alert")).to_contain_text("Write an e-mail address, or an Agent as JSON.")
    find_pseudonym(page, '{"name": "Ada"}', "tutor-bot")
    expect(found.get_by_role("alert")).to_contain_text("account")

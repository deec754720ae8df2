"""Every page of the administration with real data: it opens, is accessible, and says what it should."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WAIT_MS, Complaints, Look
from tests.browser.world import COURSES, World

REGISTERED = "http://adlnet.gov/expapi/verbs/registered"


class Stop(NamedTuple):
    """A page, by its address, and a text that stands there once it is loaded."""

    name: str
    address: str
    text: str


STOPS = (
    Stop("overview", "overview", "Statements a second"),
    Stop("live", "live", "here after"),
    Stop("connections", "connections", "at the head"),
    Stop("consumers", "consumers", "adaptive-engine"),
    Stop("consumers-new", "consumers#new=yes", "What it is"),
    Stop("consumer", "consumers#id=2", "What it may"),
    Stop("requests", "requests", "University of Somewhere Else"),
    Stop("request", "requests#number=1", "Decide"),
    Stop("statements", f"statements#verb={REGISTERED}", "registered"),
    Stop("quarantine", "aside", "No. 1"),
    Stop("quarantine-one", "aside#number=1", "What is wrong"),
    Stop("conflicts", "aside#part=conflicts", "No. 1"),
    Stop("conflict", "aside#part=conflicts&number=1", "Kept in the log"),
    Stop("settings", "settings#search=admin", "LRS_ADMIN_IDLE_S"),
    Stop("administrators", "administrators", "Add an administrator"),
    Stop("privacy", "privacy", "Erase a learner"),
    Stop("audit", "audit#act=consumer", "consumer.add"),
)


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_the_page_opens_and_is_accessible(opened: Callable[[str], Page], look: Look, stop: Stop) -> None:
    page = opened(stop.address)
    expect(page.locator("main")).to_contain_text(stop.text)
    assert page.title().endswith("· lrs-lite")
    expect(page.locator("#nav a[aria-current=page]")).to_have_count(1)
    look(page, stop.name)


def test_the_overview_goes_on_by_itself(opened: Callable[[str], Page]) -> None:
    page = opened("overview")
    number = page.locator(".tile", has_text="newest").locator(".value")
    expect(number).not_to_be_empty()
    expect(number).not_to_have_text(number.inner_text())
    expect(page.get_by_role("img", name="From stored to sent")).to_have_attribute(
        "aria-label", re.compile("half within")
    )


def test_a_page_that_nobody_is_at_asks_for_nothing_and_lets_the_session_end(
    page: Page, opened: Callable[[str], Page]
) -> None:
    page.clock.install()
    opened("overview")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward("16:00")
    deadline = time.monotonic() + WAIT_MS / 1000
    while True:
        page.wait_for_timeout(3000)
        if not asked:
            break
        # What had been begun before.
        asked.clear()
        assert time.monotonic() < deadline, "it goes on asking"
    with page.expect_response("**/api/statistics"):
        page.mouse.move(200, 200)


def test_a_statement_shows_its_json_its_state_and_its_readers(
    opened: Callable[[str], Page], made: World, look: Look
) -> None:
    page = opened(f"statements#id={made.ordinary}")
    beside = page.get_by_role("region", name="Chosen statement")
    expect(beside).to_contain_text("valid")
    expect(beside).to_contain_text("dashboard")
    expect(beside.get_by_role("group", name="Statement as JSON")).to_contain_text(made.ordinary)
    look(page, "statement")


def test_a_report_tells_what_a_consumer_sees_and_has_read(opened: Callable[[str], Page], look: Look) -> None:
    page = opened("consumers#id=2")
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_text("It sees statements of course-v1:DemoX+Botany0+2026")).to_be_visible()
    expect(page.get_by_text("In the last 30 days it was given")).to_be_visible()
    look(page, "report")


def test_a_voided_statement_is_found_and_told_as_such(
    opened: Callable[[str], Page], made: World, complaints: Complaints
) -> None:
    complaints.expect(404)  # It is looked for among those that are not voided first.
    page = opened(f"statements#id={made.voided}")
    expect(page.get_by_role("region", name="Chosen statement")).to_contain_text("voided by")


def test_statements_are_searched_by_course_and_verb(opened: Callable[[str], Page]) -> None:
    page = opened("statements")
    page.get_by_label("Courses", exact=True).fill(COURSES[1])
    page.get_by_label("Courses", exact=True).press("Enter")
    page.get_by_label("Verb").fill("http://id.tincanapi.com/verb/earned")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**#course=*verb=*")
    rows = page.locator(".statements .statement")
    expect(rows.filter(has_not_text="earned")).to_have_count(0)
    expect(rows.first).to_contain_text("earned")
    expect(page.locator(".statements .about").first).to_contain_text("DemoX+Botany1+2026")


def test_more_statements_come_by_a_button(opened: Callable[[str], Page]) -> None:
    page = opened("statements")
    rows = page.locator(".statements .statement")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)


def test_live_statements_stop_while_paused_and_go_on(opened: Callable[[str], Page]) -> None:
    page = opened(f"live#course={COURSES[0].replace('+', '%2B')}")
    rows = page.locator(".statements .statement")
    expect(rows.first).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="paused")).to_be_visible()
    before, deadline = -1, time.monotonic() + WAIT_MS / 1000
    while before != (before := rows.count()):
        # What had come before is shown yet. Learners go on all the while.
        assert time.monotonic() < deadline, "it is not paused"
        page.wait_for_timeout(1500)
    page.get_by_role("button", name="Go on").click()
    expect(rows.nth(before)).to_be_visible()
    assert all("Botany0" in text for text in rows.all_inner_texts())

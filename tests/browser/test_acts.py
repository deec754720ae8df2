"""What administrators do, from the first click to what the server has made of it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Complaints, Look
from tests.browser.world import COURSES, World, voiding
from tests.samples import statement
from tests.system.access import STATEMENTS, authorization, blocking_client, token_of


def make_consumer(opened: Callable[[str], Page], name: str, kind: str) -> Page:
    """A new consumer of this kind, whose page is shown then."""
    page = opened("consumers#new=yes")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(kind).check()
    if "writes" not in kind:
        expect(page.get_by_label("Only these courses")).to_be_checked()
        page.get_by_role("button", name="Make consumer").click()
        expect(page.get_by_role("alert").first).to_contain_text("Name a course")
        page.get_by_label("Every course").check()
    page.get_by_role("button", name="Make consumer").click()
    page.wait_for_url("**#id=*")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    return page


def shown(page: Page, name: str) -> str:
    """A secret that is shown once."""
    return page.get_by_role("dialog").get_by_role("group", name=name, exact=True).inner_text()


def test_a_platform_gets_a_key_that_writes_until_it_is_revoked(
    opened: Callable[[str], Page], entered: BrowserContext, made: World, look: Look
) -> None:
    entered.grant_permissions(["clipboard-read", "clipboard-write"])
    page = make_consumer(opened, "platform-two", "A learning platform writes statements")
    expect(page.locator("main")).to_contain_text("No keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Make key").click()
    key = shown(page, "key"), shown(page, "secret")
    look(page, "key-shown-once")
    page.get_by_role("button", name="Copy secret").click()
    assert page.evaluate("navigator.clipboard.readText()") == key[1]
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("secret copied.")
    kept = page.get_by_role("button", name="I have kept it")
    # At once, and not some frames later.
    assert key[1] not in kept.evaluate("(button) => { button.click(); return document.documentElement.outerHTML; }")
    with blocking_client(made.server, key) as platform:
        assert platform.post(STATEMENTS, json=voiding(made.voided)).status_code == 200
        page.get_by_role("button", name=f"Revoke key {key[0]}").click()
        page.get_by_role("alertdialog", name=f"Revoke key {key[0]} of platform-two?").get_by_role(
            "button", name="Revoke key"
        ).click()
        expect(page.get_by_role("row", name=key[0])).to_contain_text("revoked")
        assert platform.post(STATEMENTS, json=voiding(made.voided)).status_code == 401


def test_a_reader_gets_a_grant_by_suggestion_and_a_narrower_token(
    opened: Callable[[str], Page], made: World, look: Look
) -> None:
    page = make_consumer(opened, "narrow-reader", "A program queries statements")
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Only these courses").check()
    courses = page.get_by_role("combobox", name="Courses")
    courses.fill("DemoX")
    options = page.locator("datalist").first.locator("option")
    expect(options.first).to_be_attached()
    offered = [option.get_attribute("value") for option in options.all()]
    assert "course-v1:DemoX+*" in offered
    assert set(COURSES) <= set(offered)
    for course in COURSES[:2]:
        courses.fill(course)
        courses.press("Enter")
    page.get_by_text("Restrict it further").click()
    page.get_by_label("Verbs", exact=True).check()
    page.get_by_role("combobox", name="Only these verbs").fill("http://id.tincanapi.com/verb/earned")
    look(page, "consumer-editor")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("narrow-reader was changed.")).to_be_visible()
    expect(page.get_by_text("Only these verbs")).to_be_visible()
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token for narrow-reader")
    dialog.get_by_role("button", name=f"Remove {COURSES[0]}").click()
    look(page, "token-form")
    dialog.get_by_role("button", name="Issue token").click()
    token = shown(page, "token")
    page.get_by_role("button", name="I have kept it").click()
    with blocking_client(made.server, token) as reader:
        found = reader.get(STATEMENTS, params={"limit": "100"}).json()["statements"]
    assert found
    assert {one["verb"]["id"] for one in found} == {"http://id.tincanapi.com/verb/earned"}
    assert all("DemoX+Botany1+2026" in str(one) for one in found)


def test_a_course_that_is_none_is_refused_in_words(opened: Callable[[str], Page]) -> None:
    page = opened("consumers#id=2")
    page.get_by_role("button", name="Change", exact=True).click()
    courses = page.get_by_role("combobox", name="Courses")
    courses.fill("nonsense:at all")
    courses.press("Enter")
    expect(page.get_by_text("A course key looks like")).to_be_visible()
    expect(courses).to_have_attribute("aria-invalid", "true")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    opened: Callable[[str], Page], entered: BrowserContext, made: World, complaints: Complaints
) -> None:
    page = make_consumer(opened, "changed-twice", "A program queries statements")
    page.get_by_role("button", name="Change", exact=True).click()
    other = entered.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Disable").click()
    other.get_by_role("button", name="Disable changed-twice").click()
    expect(other.get_by_role("button", name="Enable")).to_be_visible()
    other.close()
    complaints.expect(412)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed since")
    page.get_by_role("button", name="Load again").click()
    expect(page.get_by_role("heading", name="changed-twice")).to_contain_text("disabled")


def test_a_name_that_is_taken_is_told_by_the_server(opened: Callable[[str], Page], complaints: Complaints) -> None:
    complaints.expect(409)
    page = opened("consumers#new=yes")
    page.get_by_role("button", name="Make consumer").click()
    expect(page.get_by_role("alert")).to_contain_text("Name is needed")
    page.get_by_label("Name", exact=True).fill("dashboard")
    page.get_by_role("button", name="Make consumer").click()
    expect(page.get_by_role("alert")).to_contain_text("dashboard")


def test_a_person_asks_is_narrowed_and_takes_the_key_once(
    opened: Callable[[str], Page], strange: Page, made: World, complaints: Complaints, look: Look
) -> None:
    strange.goto(f"{made.url}/request")
    look(strange, "ask")
    strange.get_by_label("Organisation").fill("A College")
    strange.get_by_label("Contact").fill("dean@college.example")
    for course in COURSES[:2]:
        strange.get_by_role("textbox", name="Courses").fill(course)
        strange.get_by_role("button", name="Add to Courses").click()
    strange.get_by_label("Purpose").fill("Advising our own students.")
    strange.get_by_role("button", name="Ask").click()
    expect(strange.get_by_role("heading", name="Keep this link")).to_be_visible()
    strange.get_by_role("link", name="See the request").click()
    expect(strange.get_by_role("heading", name="Your request")).to_contain_text("open")
    page = opened("requests#state=open")
    page.get_by_role("link", name="A College").click()
    page.get_by_role("button", name=f"Remove {COURSES[1]}").click()
    page.get_by_label("A word to them").fill("One course to begin with.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("approved")
    strange.reload()
    expect(strange.get_by_text("One course to begin with.")).to_be_visible()
    look(strange, "asked-approved")
    strange.get_by_role("button", name="Take the key").click()
    strange.get_by_role("button", name="Show the key").click()
    key = tuple(strange.get_by_role("group", name=name, exact=True).inner_text() for name in ("key", "secret"))
    look(strange, "asked-key")
    answer = httpx.get(
        f"{made.url}{STATEMENTS}?limit=5",
        headers={"X-Experience-API-Version": "1.0.3", **authorization((key[0], key[1]))},
        trust_env=False,
    )
    assert answer.status_code == 200
    assert all("Botany0" in str(one) for one in answer.json()["statements"])
    strange.reload()
    expect(strange.get_by_text("the key was taken")).to_be_visible()
    assert key[1] not in strange.content()


def test_a_request_is_refused_with_a_word(opened: Callable[[str], Page], strange: Page, made: World) -> None:
    secret = made.ask("A Stranger", "course-v1:Other+C+1")
    page = opened("requests#state=open")
    page.get_by_role("link", name="A Stranger").click()
    page.get_by_role("button", name="Refuse").click()
    dialog = page.get_by_role("alertdialog", name="Refuse the request of A Stranger?")
    dialog.get_by_label("Why").fill("We don't know you.")
    dialog.get_by_role("button", name="Refuse request").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("refused")
    strange.goto(f"{made.url}/request#{secret}")
    expect(strange.get_by_text("We don't know you.")).to_be_visible()


def test_a_link_to_no_request_says_so(strange: Page, made: World, complaints: Complaints) -> None:
    complaints.expect(404)
    strange.goto(f"{made.url}/request#nothing")
    expect(strange.get_by_role("alert")).to_contain_text("There is no request behind this link")


def test_a_connection_is_ended_and_a_cursor_forgotten(opened: Callable[[str], Page], made: World) -> None:
    page = opened("connections#consumer=dashboard")
    button = page.get_by_role("button", name="Disconnect dashboard")
    before = button.get_attribute("aria-label")
    button.click()
    page.get_by_role("alertdialog", name="Disconnect dashboard?").get_by_role("button", name="Disconnect").click()
    expect(page.get_by_label(before or "")).to_have_count(0)
    page = opened("connections#consumer=adaptive-engine")
    page.get_by_role("button", name="Forget knowledge of adaptive-engine").click()
    page.get_by_role("button", name="Forget cursor").click()
    expect(page.get_by_text("The cursor knowledge is forgotten.")).to_be_visible()


def test_what_is_in_quarantine_is_tried_again_and_removed_by_name(opened: Callable[[str], Page]) -> None:
    page = opened("aside#number=2")
    page.get_by_role("button", name="Try to store it again").click()
    expect(page.get_by_text("It still can't be stored.")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove No. 2").click()
    expect(page.get_by_role("link", name="No. 1")).to_be_visible()
    expect(page.get_by_role("link", name="No. 2")).to_have_count(0)


def test_signing_keys_rotate_and_retire(opened: Callable[[str], Page]) -> None:
    page = opened("settings#search=nothing+of+this+name")
    expect(page.get_by_text("No such setting")).to_be_visible()
    page.get_by_role("button", name="Make a new one").click()
    page.get_by_role("button", name="Make a new key").click()
    expect(page.get_by_role("cell", name="verifies")).to_be_visible()
    page.get_by_role("button", name="Retire").click()
    page.get_by_role("button", name="Retire key").click()
    expect(page.get_by_role("cell", name="retired")).to_be_visible()


def test_the_own_password_is_changed(opened: Callable[[str], Page], complaints: Complaints) -> None:
    complaints.expect(401)
    page = opened("administrators")
    page.get_by_label("Present password").fill("not this one at all")
    for label in ("New password", "The same again"):
        page.get_by_label(label).fill("one more long secret")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_learner_is_counted_and_erased_by_name(opened: Callable[[str], Page], made: World) -> None:
    learner = {"mbox": "mailto:leaving@example.org"}
    (written,) = made.write({**statement(course=COURSES[0]), "actor": learner})
    page = opened("privacy")
    page.get_by_role("textbox", name="Identifiers of the learner").fill("leaving@example.org")
    page.get_by_label("Reason").fill("asked for it")
    page.get_by_role("button", name="Count what there is").click()
    page.get_by_role("button", name="Erase …").click()
    dialog = page.get_by_role("alertdialog", name="Erase leaving@example.org?")
    expect(dialog).to_contain_text("1 statement")
    dialog.get_by_role("button", name="Erase for good").click()
    row = page.get_by_role("row", name="asked for it")
    expect(row).to_be_visible()
    expect(row.get_by_text("under way")).to_have_count(0)
    with blocking_client(made.server, token_of(made.server, "dashboard")) as reader:
        assert reader.get(STATEMENTS, params={"statementId": written}).status_code == 404


def test_every_act_stands_in_the_audit_trail(opened: Callable[[str], Page]) -> None:
    page = opened("audit#actor=admin%3Aadmin")
    for act in ("consumer.add", "key.add", "key.revoke", "request.approve", "request.refuse", "quarantine.drop"):
        expect(page.get_by_role("cell", name=act, exact=True).first).to_be_visible()

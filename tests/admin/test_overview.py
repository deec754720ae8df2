"""Statistics, what is known of a statement, settings, and the audit trail over the API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.admin.desk import Browser, desk_of
from tests.statements.client import store

COURSE = "course-v1:MITx+C1+2026"
VERB = "http://example.org/verb"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def statement(**more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:ada@example.org"},
        "verb": {"id": VERB},
        "object": {"id": f"http://lms.example/course/{COURSE}"},
        **more,
    }


def test_statistics_of_an_empty_store(browser: Browser) -> None:
    found = browser.json("/statistics")
    assert (found["statements"], found["newest_stored_at"], found["processes"]) == (0, None, 1)
    assert found["rates"]["counts"] == [0] * 60
    assert found["recent"] == {"statements": 0, "courses": [], "verbs": []}
    assert found["store"]["bytes"] > 0


def test_statistics_count_what_is_stored(browser: Browser) -> None:
    store(browser.server.client("lms", "all"), *(statement() for _ in range(3)))
    found = browser.json("/statistics")
    assert found["statements"] == 3
    assert found["newest_stored_at"] is not None
    assert found["recent"]["courses"] == [{"name": COURSE, "count": 3}]
    assert found["recent"]["verbs"] == [{"name": VERB, "count": 3}]
    assert (found["consumers"], found["quarantined"], found["requests_open"]) == (1, 0, 0)


def test_rates_count_each_statement_in_its_bucket(browser: Browser) -> None:
    store(browser.server.client("lms", "all"), *(statement() for _ in range(3)))
    with browser.server.engine.store.reading() as connection:
        stored = [us for (us,) in connection.execute("SELECT stored FROM record ORDER BY position")]
    overview = desk_of(browser.server).overview
    first, second, third = stored
    assert overview.stored_between([first, second, third, third + 1]) == [1, 1, 1]
    assert overview.stored_between([0, first, third + 1, third + 2]) == [0, 3, 0]


def test_who_may_see_a_statement_is_told_without_showing_it(browser: Browser) -> None:
    server = browser.server
    lms = server.client("lms", "statements/write", "statements/read/mine")
    server.client("reader", "statements/read", courses=(COURSE,))
    server.client("elsewhere", "statements/read", courses=("course-v1:edX+*",))
    server.client("everything", "all")
    server.client("writer", "statements/write")
    server.client("steward", "admin")
    server.client("gone", "all")
    browser.patch("/consumers/7", {"disabled": True}, "*")
    one = statement()
    store(lms, one)
    found = browser.json(f"/statements/{one['id']}")
    assert found["seen_by"] == ["everything", "lms", "reader"]
    assert found["courses"] == [COURSE]
    assert (found["voided"], found["voided_by"], found["voids"]) == (False, None, None)
    assert "ada@example.org" not in str(found)


def test_what_voids_and_is_voided_is_told(browser: Browser) -> None:
    lms = browser.server.client("lms", "all")
    one = statement()
    voiding = statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": one["id"]})
    store(lms, one, voiding)
    assert browser.json(f"/statements/{one['id']}")["voided_by"] == voiding["id"]
    assert browser.json(f"/statements/{voiding['id']}")["voids"] == one["id"]


def test_a_statement_that_is_not_there(browser: Browser) -> None:
    assert browser.get(f"/statements/{uuid4()}").status_code == 404
    assert browser.get("/statements/x").status_code == 404


def test_settings_are_those_in_force(browser: Browser) -> None:
    rows = {row["variable"]: row for row in browser.json("/settings")["items"]}
    assert rows["LRS_DATA"]["changed"] is True
    assert rows["LRS_PORT"] == {
        "variable": "LRS_PORT",
        "default": "8080",
        "unit": "port",
        "doc": rows["LRS_PORT"]["doc"],
        "value": "8080",
        "changed": False,
    }


def test_the_audit_trail_is_filtered_and_paged(browser: Browser) -> None:
    for number in range(4):
        browser.post("/consumers", {"name": f"c{number}"})
    first = browser.json("/audit", act="consumer", limit=3)
    second = browser.json("/audit", act="consumer", limit=3, after=first["next"])
    about = [entry["about"] for entry in first["items"] + second["items"]]
    assert about == [f"consumer:c{number}" for number in (3, 2, 1, 0)]
    assert second["next"] is None
    assert browser.json("/audit", since="2999-01-01")["items"] == []
    assert len(browser.json("/audit", until="2999-01-01T00:00:00Z", about="consumer:c1")["items"]) == 1
    assert browser.get("/audit", params={"since": "soon"}).status_code == 400

"""Quarantine and conflicts over the API for administrators."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.admin.desk import Browser, acts
from tests.door.client import Client

STATEMENT: dict[str, Any] = {
    "actor": {"mbox": "mailto:ada@example.org"},
    "verb": {"id": "http://example.org/verb"},
    "object": {"id": "http://example.org/activity"},
}


def trusted(browser: Browser) -> Client:
    return browser.server.client("platform", "statements/write", trusted=True)


def test_quarantine_is_listed_without_content_looked_at_and_dropped(browser: Browser) -> None:
    platform = trusted(browser)
    for number in range(3):
        platform.post("statements", json={**STATEMENT, "verb": {"id": f"not an iri {number}"}})
    first = browser.json("/quarantine", limit=2)
    second = browser.json("/quarantine", limit=2, after=first["next"])
    assert [one["number"] for one in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next"] is None
    assert first["items"][0]["consumer"] == "platform"
    assert first["items"][0]["problems"][0]["path"]
    assert "ada@example.org" not in str(first)
    assert browser.json("/quarantine/1")["body"]["actor"] == STATEMENT["actor"]
    assert browser.delete("/quarantine/1").status_code == 204
    assert browser.get("/quarantine/1").status_code == 404
    assert browser.delete("/quarantine/1").status_code == 404
    assert acts(browser, act="quarantine") == ["quarantine.look", "quarantine.drop"]


def test_what_fails_again_stays_and_what_is_good_now_is_stored(browser: Browser) -> None:
    platform = trusted(browser)
    platform.post("statements", json={**STATEMENT, "verb": {"id": "not an iri"}})
    refused = browser.post("/quarantine/1/retry")
    assert refused.status_code == 200
    assert refused.json()["stored"] is False
    assert refused.json()["problems"]
    assert [one["number"] for one in browser.json("/quarantine")["items"]] == [1]
    with browser.server.engine.store.writing() as connection:
        connection.execute(
            "UPDATE quarantine SET body = CAST(replace(CAST(body AS TEXT), 'not an iri', 'http://x.org/v') AS BLOB)"
        )
    assert browser.post("/quarantine/1/retry").json() == {"stored": True}
    assert browser.json("/quarantine")["items"] == []
    assert browser.post("/quarantine/1/retry").status_code == 404
    retries = browser.json("/audit", act="quarantine.retry")["items"]
    assert [entry["details"] for entry in retries] == [{"stored": True}, {"stored": False}]


def test_conflicts_are_listed_looked_at_and_dropped(browser: Browser) -> None:
    platform, id_ = trusted(browser), str(uuid4())
    for name in ("http://example.org/kept", "http://example.org/refused"):
        platform.post("statements", json={**STATEMENT, "id": id_, "verb": {"id": name}})
    (conflict,) = browser.json("/conflicts")["items"]
    assert conflict["statement"] == id_
    both = browser.json(f"/conflicts/{conflict['number']}")
    assert both["kept"]["verb"]["id"].endswith("kept")
    assert both["refused"]["verb"]["id"].endswith("refused")
    assert browser.delete(f"/conflicts/{conflict['number']}").status_code == 204
    assert browser.json("/conflicts")["items"] == []
    assert browser.get("/conflicts/0").status_code == 404
    assert acts(browser, act="conflict") == ["conflict.look", "conflict.drop"]

"""Connections and durable cursors over the API for administrators."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lrs.admin.connections import filter_form
from lrs.limits import DEFAULT_LIMITS
from lrs.statements.match import EVERYTHING
from lrs.subscriptions.filters import parse_filter
from tests.admin.desk import Browser
from tests.system.access import WAIT_S, authorization, blocking_client, token_for
from tests.system.server import running

COURSE = "course-v1:MITx+C1+2026"


@pytest.mark.parametrize(
    "members",
    [
        {"course": [COURSE]},
        {"verb": ["http://a.example/v", "http://b.example/v"]},
        {"activity": ["http://a.example/o"]},
        {"related_activity": ["http://a.example/o", "http://b.example/o"]},
        {"activity_type": ["http://a.example/t"], "platform": ["http://p.example"]},
    ],
    ids=str,
)
def test_a_filter_is_told_as_it_was_asked(members: dict[str, Any]) -> None:
    assert filter_form(parse_filter(members, DEFAULT_LIMITS).filter) == members


def test_of_learners_in_a_filter_only_the_number_is_told() -> None:
    members = {
        "actor": [{"mbox": "mailto:ada@example.org"}, {"mbox": "mailto:bob@example.org"}],
        "registration": ["6fa459ea-ee8a-4ca4-894e-db77e160355e"],
    }
    assert filter_form(parse_filter(members, DEFAULT_LIMITS).filter) == {"actor": 2, "registration": 1}
    assert filter_form(EVERYTHING) == {}


def test_durable_cursors_are_listed_and_dropped(browser: Browser) -> None:
    server = browser.server
    client = server.client("engine", "all")
    engine = server.engine

    async def keep() -> None:
        principal = engine.authenticator.principal_for_authorization(client.authorization)
        for name in ("one", "two"):
            async with engine.subscribe(principal=principal, start="beginning", durable=name):
                pass

    server._run(keep())
    found = browser.json("/cursors", consumer="engine")["items"]
    assert [(one["consumer"], one["name"], one["behind"]) for one in found] == [
        ("engine", "one", 0),
        ("engine", "two", 0),
    ]
    number = found[0]["consumer_id"]
    assert browser.delete(f"/cursors/{number}/one").status_code == 204
    assert browser.delete(f"/cursors/{number}/one").status_code == 404
    assert [one["name"] for one in browser.json("/cursors")["items"]] == ["two"]
    assert browser.get("/cursors", params={"consumer": "nobody"}).status_code == 404


def test_a_connection_that_is_not_there_can_not_be_ended(browser: Browser) -> None:
    assert browser.json("/connections") == {"items": [], "next": None}
    assert browser.post("/connections/nothing/disconnect").status_code == 404
    assert browser.json("/audit", act="connection")["items"] == []


def connections(admin: httpx.Client, count: int) -> list[dict[str, Any]]:
    """Those of the store, waited for until there are ``count`` and each was told something. What one process tells of
    another is a moment old.
    """
    until_s = time.monotonic() + WAIT_S
    while True:
        found: list[dict[str, Any]] = admin.get("/admin/api/connections").json()["items"]
        if len(found) == count and all(one["subscriptions"] and one["bytes_sent"] for one in found):
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.2)


def close_code(socket: ClientConnection) -> int | None:
    """With which code the server ends ``socket``."""
    with suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=WAIT_S)
    return socket.close_code


def test_connections_of_all_processes_are_told_and_ended(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2") as server, ExitStack() as stack:
        admin = stack.enter_context(blocking_client(server, token_for(server, "steward", "admin")))
        token = authorization(token_for(server, "engine", "stream"))
        url = f"{server.stream_url}?course={COURSE.replace('+', '%2B')}"
        sockets = [stack.enter_context(connect(url, additional_headers=token, open_timeout=WAIT_S)) for _ in range(8)]
        found = connections(admin, 8)
        assert {one["consumer"] for one in found} == {"engine"}
        (subscription,) = found[0]["subscriptions"]
        assert subscription["filter"] == {"course": [COURSE]}
        assert (subscription["behind"], subscription["lag_s"]) == (0, 0.0)
        assert all("place" not in one for told in found for one in told["subscriptions"])
        assert str(server.pid) not in {one["process"].partition("-")[0] for one in found}
        for one in found:
            assert admin.post(f"/admin/api/connections/{one['connection']}/disconnect").status_code == 202
        assert [close_code(socket) for socket in sockets] == [4505] * 8
        connections(admin, 0)

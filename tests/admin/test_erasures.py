"""Erasing over HTTP: by administrators, and by a platform that retires its users."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.engine import Engine
from tests.admin.desk import Browser, Program, acts, administered
from tests.samples import agent, statement

LONG_AGO_US = 1_700_000_000_000_000
PATIENCE_S = 60


def finished(browser: Browser, number: int) -> dict[str, Any]:
    until_s = time.monotonic() + PATIENCE_S
    while True:
        one: dict[str, Any] = browser.json(f"/erasures/{number}")
        if one["finished_at"] is not None or time.monotonic() > until_s:
            return one
        time.sleep(0.02)


def test_a_platform_retires_a_user_with_the_scope_erase_alone(browser: Browser) -> None:
    lms = browser.server.client("lms", "all")
    lms.post("statements", json=[statement(learner="ann"), statement(learner="bob")])
    platform = Program(browser.server.client("retirement", "erase"))
    body = {"agents": [agent("ann")], "reason": "retirement"}
    assert platform.post("/erasures", {**body, "dry_run": True}).json()["statements"] == 1
    answer = platform.post("/erasures", body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == "/admin/api/erasures/1"
    one = finished(platform, 1)
    assert (one["statements"], one["reason"]) == (1, "retirement")
    assert one["finished_at"] is not None
    assert [each["actor"]["account"]["name"] for each in lms.get("statements").json()["statements"]] == ["bob"]
    assert browser.json("/erasures")["items"] == [one]
    assert "learner.erase" in acts(browser)
    for method, path in (("GET", "/erasures"), ("GET", "/consumers"), ("GET", "/quarantine")):
        assert platform.request(method, path).status_code == 403


def test_an_administrator_erases_too_and_is_asked_where_the_request_comes_from(browser: Browser) -> None:
    assert browser.post("/erasures", {"agents": [agent("ann")]}).status_code == 202
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.post("/erasures", {"agents": [agent("ann")]}, headers=foreign).status_code == 403


def test_who_reads_everything_may_not_erase_and_neither_may_one_of_a_course(browser: Browser) -> None:
    body = {"agents": [agent("ann")]}
    assert Program(browser.server.client("engine", "all")).post("/erasures", body).status_code == 403
    of_course = browser.server.client("some", "erase", courses=("course-v1:Org+A+1",))
    assert Program(of_course).post("/erasures", body).status_code == 403


def test_what_can_not_be_erased_is_refused(browser: Browser) -> None:
    bodies: tuple[dict[str, Any], ...] = (
        {},
        {"agents": []},
        {"agents": [{"name": "ann"}]},
        {"agents": [agent("a")], "reason": "two\nlines"},
        {"agents": [agent("a")], "dry_run": 1},
        {"agents": [{"account": {"homePage": "http://localhost:8080", "name": "owner"}}]},
    )
    for body in bodies:
        answer = browser.post("/erasures", body)
        assert answer.status_code == 400, answer.text
    assert browser.get("/erasures/1").status_code == 404


def test_the_server_erases_what_is_too_old(tmp_path: Path) -> None:
    old, new = statement(), statement()

    async def long_ago() -> None:
        async with Engine(Settings(data=tmp_path), clock=FixedClock(LONG_AGO_US)) as engine:
            await engine.append(old)

    asyncio.run(long_ago())
    with administered(tmp_path, retention_days=30) as browser:
        lms = browser.server.client("lms", "all")
        assert lms.post("statements", json=new).status_code == 200
        until_s = time.monotonic() + PATIENCE_S
        while lms.get("statements", params={"statementId": old["id"]}).status_code == 200:
            assert time.monotonic() < until_s, "it is still there"
            time.sleep(0.05)
        assert lms.get("statements", params={"statementId": new["id"]}).status_code == 200
        assert [one["reason"] for one in browser.json("/erasures")["items"]] == ["retention"]

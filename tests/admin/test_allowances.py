"""How much a consumer may ask for, over the API for administrators."""

from __future__ import annotations

from typing import Any

import pytest

from tests.admin.desk import Browser, acts

NOTHING = {"requests_per_s": None, "requests_burst": None, "statements_per_day": None}


def test_an_allowance_is_set_by_who_has_seen_it(browser: Browser) -> None:
    browser.post("/consumers", {"name": "engine"})
    read = browser.get("/consumers/1/allowance")
    assert read.json() == NOTHING
    wanted = {"requests_per_s": 2.5, "requests_burst": 10, "statements_per_day": 0}
    assert browser.request("PUT", "/consumers/1/allowance", json=wanted).status_code == 428
    seen = {"If-Match": read.headers["etag"]}
    assert browser.request("PUT", "/consumers/1/allowance", json=wanted, headers=seen).json() == wanted
    assert browser.request("PUT", "/consumers/1/allowance", json=NOTHING, headers=seen).status_code == 412
    assert browser.json("/consumers/1/allowance") == wanted
    assert acts(browser, act="consumer") == ["consumer.add", "consumer.allow"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        NOTHING | {"requests_per_s": -1},
        NOTHING | {"requests_burst": 1.5},
        NOTHING | {"statements_per_day": True},
        NOTHING | {"statements_per_day": 10**10},
        NOTHING | {"requests_per_s": "1"},
        NOTHING | {"more": 1},
    ],
    ids=str,
)
def test_an_allowance_that_can_not_be_is_refused(browser: Browser, body: dict[str, Any]) -> None:
    browser.post("/consumers", {"name": "engine"})
    answer = browser.request("PUT", "/consumers/1/allowance", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 400
    assert browser.json("/consumers/1/allowance") == NOTHING


def test_there_is_none_without_a_consumer(browser: Browser) -> None:
    assert browser.get("/consumers/1/allowance").status_code == 404
    answer = browser.request("PUT", "/consumers/1/allowance", json=NOTHING, headers={"If-Match": "*"})
    assert answer.status_code == 404

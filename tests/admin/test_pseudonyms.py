"""Administrators look up pseudonyms at their pages, and the trail tells that they did."""

from __future__ import annotations

from typing import Any

import pytest

from tests.admin.desk import Browser, Program
from tests.samples import agent

ANN, BOB = ({"account": agent(name)["account"]} for name in ("ann", "bob"))
NOBODY = "a4253d6a-0735-85ac-9ec5-9229dd099bb6"


@pytest.fixture
def desk(browser: Browser) -> Browser:
    """With two consumers that share a space, and one of its own."""
    for name, space in (("bot", "tools"), ("screen", "tools"), ("own", None)):
        body = {"name": name, "scopes": ["all/read"], "disclosure": {"actors": "pseudonym", "space": space}}
        assert browser.post("/consumers", body).status_code == 201
    return browser


def found(desk: Browser, **asked: Any) -> Any:
    answer = desk.post("/pseudonyms", asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def test_both_directions_agree(desk: Browser) -> None:
    shown = found(desk, consumer="bot", agents=[ANN, BOB])
    names = [one["account"]["name"] for one in shown["shown"]]
    assert shown == found(desk, space="tools", agents=[ANN, BOB])
    assert found(desk, consumer="screen", pseudonyms=[*names, NOBODY]) == {"space": "tools", "stored": [ANN, BOB, None]}


def test_one_pseudonym_alone_is_looked_for_in_every_space(desk: Browser) -> None:
    (shown,) = found(desk, consumer="own", agents=[ANN])["shown"]
    own = found(desk, pseudonyms=[shown["account"]["name"]])
    assert [one["agent"] for one in own["found"]] == [ANN]
    assert found(desk, pseudonyms=[NOBODY]) == {"found": []}
    for pseudonyms in ([], [NOBODY, NOBODY]):
        assert desk.post("/pseudonyms", {"pseudonyms": pseudonyms}).status_code == 400


def test_who_looked_stands_in_the_trail_but_not_for_whom(desk: Browser) -> None:
    (shown,) = found(desk, consumer="bot", agents=[ANN])["shown"]
    found(desk, pseudonyms=[shown["account"]["name"]])
    entries = desk.json("/audit", act="pseudonym")["items"]
    assert [(one["actor"], one["act"], one["about"], one["details"]) for one in entries] == [
        ("admin:admin", "pseudonym.whose", "", {"learners": 1}),
        ("admin:admin", "pseudonym.of", "space:tools", {"learners": 1}),
    ]


def test_a_program_takes_the_scope_pseudonyms_which_no_other_brings(desk: Browser) -> None:
    asked = {"consumer": "bot", "agents": [ANN]}
    for name, scopes, status in (("a", ("admin",), 403), ("b", ("all",), 403), ("c", ("pseudonyms",), 200)):
        program = Program(desk.server.client(name, *scopes))
        assert program.post("/pseudonyms", asked).status_code == status


def test_the_page_of_another_site_is_told_nothing(desk: Browser) -> None:
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    asked = {"consumer": "bot", "agents": [ANN]}
    assert desk.post("/pseudonyms", asked, headers=foreign).status_code == 403
    assert Browser(desk.server).post("/pseudonyms", asked).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"agents": [ANN]},
        {"consumer": "bot"},
        {"consumer": "bot", "agents": [{"name": "Ann"}]},
        {"pseudonyms": ["ann"]},
        {"pseudonyms": [7]},
        {"consumer": "bot", "agents": [ANN], "more": 1},
    ],
)
def test_what_is_not_understood_is_refused(desk: Browser, asked: dict[str, Any]) -> None:
    assert desk.post("/pseudonyms", asked).status_code == 400

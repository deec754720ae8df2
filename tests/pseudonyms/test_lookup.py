"""Looking up pseudonyms in both directions: over HTTP for platforms, on the command line for administrators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lrs.auth.disclosure import Disclosure
from lrs.auth.grants import UNRESTRICTED, Grant
from tests.cli.invoke import Shell
from tests.door.client import Client, Server, serving

ANN, BOB = {"mbox": "mailto:ann@example.com"}, {"account": {"homePage": "https://lms.example.com", "name": "bob"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as made:
        add = made.engine.issuer.add_consumer
        add("tool", scopes=frozenset({"all/read"}), disclosure=Disclosure.of("pseudonym", "tools"))
        add("own", scopes=frozenset({"all/read"}), disclosure=Disclosure.of("pseudonym"))
        add("plain", scopes=frozenset({"all/read"}))
        yield made


def holder(
    server: Server, name: str, *scopes: str, grant: Grant = UNRESTRICTED, disclosure: Disclosure | None = None
) -> Client:
    server.engine.issuer.add_consumer(
        name, scopes=frozenset(scopes), grant=grant, disclosure=disclosure or Disclosure()
    )
    return Client(server, f"Bearer {server.engine.issuer.issue_token(name).token}", "1.0.3")


@pytest.fixture(scope="module")
def lms(server: Server) -> Client:
    return holder(server, "lms", "pseudonyms")


def ask(client: Client, **asked: Any) -> Any:
    return client.post("../pseudonyms/lookup", json=asked)


def test_both_directions_agree(lms: Client) -> None:
    for to in ({"consumer": "tool"}, {"space": "tools"}, {"consumer": "own"}):
        shown = ask(lms, **to, agents=[ANN, BOB]).json()
        names = [one["account"]["name"] for one in shown["shown"]]
        assert len(set(names)) == 2
        stored = ask(lms, **to, pseudonyms=[*names, "0" * 32]).json()
        assert stored["stored"] == [ANN, BOB, None]
        assert shown["space"] == stored["space"]


def test_the_two_ways_to_name_a_shared_space_are_one(lms: Client) -> None:
    assert ask(lms, consumer="tool", agents=[ANN]).json() == ask(lms, space="tools", agents=[ANN]).json()
    assert ask(lms, consumer="own", agents=[ANN]).json() != ask(lms, space="tools", agents=[ANN]).json()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"agents": [ANN]},
        {"consumer": "tool"},
        {"consumer": "tool", "space": "tools", "agents": [ANN]},
        {"consumer": "tool", "agents": [ANN], "pseudonyms": []},
        {"consumer": "tool", "agents": ANN},
        {"consumer": "tool", "agents": [{"name": "Ann"}]},
        {"consumer": "tool", "pseudonyms": ["ann"]},
        {"consumer": "tool", "pseudonyms": [7]},
        {"consumer": "tool", "agents": [ANN] * 201},
        {"consumer": "plain", "agents": [ANN]},
        {"space": "7", "agents": [ANN]},
        {"space": 7, "agents": [ANN]},
        {"consumer": "tool", "agents": [ANN], "more": 1},
    ],
)
def test_what_is_not_understood_is_refused(lms: Client, asked: dict[str, Any]) -> None:
    assert ask(lms, **asked).status_code == 400


def test_a_consumer_that_is_not_there_is_not_found(lms: Client) -> None:
    assert ask(lms, consumer="nobody", agents=[ANN]).status_code == 404


def test_it_takes_its_own_scope_and_no_limits(server: Server) -> None:
    asked: dict[str, Any] = {"consumer": "tool", "agents": [ANN]}
    clients = [
        holder(server, "a", "all"),
        holder(server, "b", "admin"),
        holder(server, "c", "pseudonyms", grant=Grant.of(["course-v1:A+B+C"])),
        holder(server, "d", "pseudonyms", disclosure=Disclosure.of("pseudonym", "tools")),
    ]
    assert [ask(client, **asked).status_code for client in clients] == [403] * 4
    assert ask(server.stranger(), **asked).status_code == 401
    answer = ask(holder(server, "e", "pseudonyms"), **asked)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_asked_stands_in_the_audit_trail_but_not_for_whom(server: Server, lms: Client) -> None:
    ask(lms, consumer="tool", agents=[ANN, BOB])
    shell = Shell(server.engine.settings.data)
    entries = [one for one in shell.json("audit") if one["act"].startswith("pseudonym.")]
    assert ("consumer:lms", "space:tools", {"learners": 2}) in [
        (one["actor"], one["about"], one["details"]) for one in entries
    ]
    assert "ann@example.com" not in json.dumps(entries)


def test_the_command_line_does_the_same(server: Server, lms: Client) -> None:
    shell = Shell(server.engine.settings.data)
    name = shell("pseudonym", "of", "--agent", json.dumps(BOB), "--consumer", "tool").stdout.strip()
    (shown,) = ask(lms, consumer="tool", agents=[BOB]).json()["shown"]
    assert shown["account"]["name"] == name
    assert shell.json("pseudonym", "whose", name) == [{"space": "tools", "agent": BOB}]
    assert shell.json("pseudonym", "whose", name, "--consumer", "tool") == [{"space": "tools", "agent": BOB}]
    assert "nobody" in shell.refused("pseudonym", "whose", name, "--consumer", "own")
    assert "no pseudonyms" in shell.refused("pseudonym", "of", "--agent", json.dumps(BOB), "--consumer", "plain")
    assert "JSON" in shell.refused("pseudonym", "of", "--agent", "bob", "--consumer", "tool")

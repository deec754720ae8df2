"""The formats of GET statements (Communication 2.1.3; Data 2.4.3)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.door.client import Client
from tests.statements.client import store
from tests.xapi.examples import ANONYMOUS, LEARNER, QUESTION, STATEMENT, TEACHER, TEAM, WITH_SUBSTATEMENT, nodes

WORDS = {"de": "Wort", "en-GB": "word", "fr-FR": "mot"}
COMPONENTS = ("choices", "scale", "source", "target", "steps")


def translated(value: Any) -> Any:
    """``value`` with every language map in three languages, and with components of every kind."""
    if isinstance(value, list):
        return list(map(translated, value))
    if not isinstance(value, dict):
        return value
    made = {name: part if name == "extensions" else translated(part) for name, part in value.items()}
    for name in ("display", "description", "name"):
        if isinstance(made.get(name), dict):
            made[name] = WORDS
    if "interactionType" in made:
        made |= {name: [{"id": "a", "description": WORDS}, {"id": "b"}] for name in COMPONENTS}
    return made


def maps(value: Any) -> dict[str, Any]:
    """Every language map in ``value`` by its path."""
    return {
        ".".join(map(str, path)): node
        for path, node in nodes(value)
        if path and path[-1] in ("display", "description", "name") and isinstance(node, dict)
    }


@pytest.fixture(params=[STATEMENT, WITH_SUBSTATEMENT], ids=["plain", "nested"])
def made(request: pytest.FixtureRequest, client: Client) -> Any:
    """A stored statement with every language map in three languages."""
    statement = translated(request.param) | {"id": str(uuid4())}
    store(client, statement)
    return statement


def got(client: Client, made: Any, form: str | None, language: str | None = None) -> Any:
    params = {"statementId": made["id"]} | ({"format": form} if form else {})
    answer = client.get("statements", params=params, headers={"Accept-Language": language or ""})
    assert answer.status_code == 200, answer.text
    single = answer.json()
    pages = client.get(
        "statements", params={"format": form or "exact", "limit": 1}, headers={"Accept-Language": language or ""}
    )
    assert pages.json()["statements"] == [single]
    return single


@pytest.mark.parametrize("language", [None, "fr"])
@pytest.mark.parametrize("form", ["exact", None])
def test_exact_is_the_format_and_knows_no_languages(
    client: Client, made: Any, form: str | None, language: str | None
) -> None:
    """XAPI-00168 and 00170."""
    found = maps(got(client, made, form, language))
    assert len(found) > 8
    assert all(each == WORDS for each in found.values())


@pytest.mark.parametrize(
    ("header", "tag"),
    [("en-GB", "en-GB"), ("en", "en-GB"), ("fr, de;q=0.5", "fr-FR"), ("fr;q=0.1, de", "de"), ("*", "de")],
)
def test_canonical_has_one_language_in_every_map(client: Client, made: Any, header: str, tag: str) -> None:
    """XAPI-00169 and 00172: in verbs, activities, components, contexts and SubStatements."""
    found = maps(got(client, made, "canonical", header))
    assert found.keys() == maps(got(client, made, "exact")).keys()
    assert all(each == {tag: WORDS[tag]} for each in found.values())


def test_canonical_without_a_wish_has_one_language_too(client: Client, made: Any) -> None:
    assert all(len(each) == 1 for each in maps(got(client, made, "canonical")).values())


def test_each_map_is_judged_by_itself(client: Client) -> None:
    """Communication 2.1.3: and where nothing fits, something is shown."""
    made = STATEMENT | {"id": str(uuid4()), "verb": {"id": STATEMENT["verb"]["id"], "display": {"es": "a", "ja": "b"}}}
    definition = QUESTION["definition"] | {"name": {"ja": "c", "fr": "d"}, "description": {"ru": "e"}}
    store(client, made | {"object": QUESTION | {"definition": definition}})
    found = got(client, made, "canonical", "fr, ja;q=0.5")
    assert found["verb"]["display"] == {"ja": "b"}
    assert found["object"]["definition"]["name"] == {"fr": "d"}
    assert found["object"]["definition"]["description"] == {"ru": "e"}


def test_canonical_leaves_agents_and_extensions_as_they_are(client: Client, made: Any) -> None:
    exact, canonical = got(client, made, "exact"), got(client, made, "canonical", "fr")
    for name in ("actor", "authority", "result", "timestamp", "stored", "version"):
        assert canonical[name] == exact[name]
    assert canonical["context"]["team"] == exact["context"]["team"]
    assert canonical["context"]["extensions"] == exact["context"]["extensions"]


def test_ids_leaves_what_identifies_and_nothing_else(client: Client, made: Any) -> None:
    """XAPI-00171: an anonymous Group is identified by its members."""
    found = got(client, made, "ids")
    parts = [found, found["object"]] if found["object"].get("objectType") == "SubStatement" else [found]
    for part in parts:
        assert part["actor"] == {"objectType": "Agent", "mbox": LEARNER["mbox"]}
        assert part["verb"] == {"id": STATEMENT["verb"]["id"]}
        context = part["context"]
        assert context["instructor"] == TEACHER
        assert context["team"] == {"objectType": "Group", "account": TEAM["account"]}
        activities = [each for listed in context["contextActivities"].values() for each in listed]
        assert all(each.keys() == {"id"} for each in activities)
    assert parts[-1]["object"] == {"id": QUESTION["id"]}


@pytest.mark.parametrize(
    ("target", "bare"),
    [
        (LEARNER, {"objectType": "Agent", "mbox": LEARNER["mbox"]}),
        (ANONYMOUS, {"objectType": "Group", "member": [{"objectType": "Agent", "mbox": LEARNER["mbox"]}]}),
        (TEAM, {"objectType": "Group", "account": TEAM["account"]}),
        ({"objectType": "StatementRef", "id": STATEMENT["id"]}, {"objectType": "StatementRef", "id": STATEMENT["id"]}),
    ],
    ids=["agent", "anonymous", "identified", "reference"],
)
def test_ids_of_every_object(client: Client, target: Any, bare: Any) -> None:
    made = {"id": str(uuid4()), "actor": LEARNER, "verb": STATEMENT["verb"], "object": target}
    store(client, made)
    assert got(client, made, "ids")["object"] == bare
    assert got(client, made, "exact")["object"] == target

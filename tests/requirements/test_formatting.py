"""Statements that an LRS must refuse, and some that it must not, as a client meets them (Data 2.2, 2.4, 4.0).

Each damage is tried in every place where it can be. Singly a place is judged in ``tests/xapi``; here it is shown that
this judgement stands before the log, under both versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.door.client import Client
from tests.statements.client import one
from tests.xapi.examples import (
    CONTEXT_AGENT,
    CONTEXT_GROUP,
    QUESTION,
    REMOVED,
    STATEMENT,
    WITH_SUBSTATEMENT,
    Path,
    changed,
    name_of,
    nodes,
    renamed,
)

PLAIN = {name: value for name, value in STATEMENT.items() if name != "id"}
NESTED = {name: value for name, value in WITH_SUBSTATEMENT.items() if name != "id"}
NODES = list(nodes(NESTED))
LANGUAGE_MAPS = [
    path
    for path, node in (*NODES, *nodes(PLAIN))
    if isinstance(node, dict) and path[-1:] != ("extensions",) and set(node) & {"en", "en-US", "zh-Hans-CN"}
]
EXTENSIONS = [path for path, _ in (*NODES, *nodes(PLAIN)) if path[-1:] == ("extensions",)]


INTERACTION_TYPES = (
    "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric",
    "other",
)  # fmt: skip


def accepted(client: Client, damaged: dict[str, Any]) -> Iterator[str]:
    """The names of those that were not refused with 400; nothing may be stored of the others."""
    for name, statement in damaged.items():
        head = client.server.engine.log.head()
        content = statement if isinstance(statement, str) else json.dumps(statement)
        answer = client.post("statements", content=content, headers={"Content-Type": "application/json"})
        if answer.status_code != 400 or client.server.engine.log.head() != head:
            yield name


def base_of(path: Path) -> Any:
    """The example that has ``path``."""
    return NESTED if any(path == known for known, _ in NODES) else PLAIN


@pytest.mark.parametrize("statement", [PLAIN, NESTED], ids=["plain", "nested"])
def test_the_examples_are_good_without_damage(client: Client, statement: Any) -> None:
    assert client.post("statements", json=statement).status_code == 200


def test_null_is_refused_in_every_place(client: Client) -> None:
    """XAPI-00001."""
    assert list(accepted(client, {name_of(path): changed(NESTED, *path, to=None) for path, _ in NODES if path})) == []


def test_anything_may_stand_in_extensions(client: Client) -> None:
    """Data 2.2, 4.1: null, nothing and whatever else, in each place; it comes back as it was."""
    for number, value in enumerate([None, "", [], {}, 0, False, [None, {"x": None}], {"Actor": {"a b": [1.5]}}]):
        for path in EXTENSIONS:
            made = changed(base_of(path), *path, to={f"https://example.org/{number}": value}) | {"id": str(uuid4())}
            assert client.post("statements", json=made).status_code == 200
            found: Any = one(client, made["id"])
            for step in path:
                found = found[step]
            assert found == {f"https://example.org/{number}": value}


def test_keys_in_another_case_are_refused_in_every_place(client: Client) -> None:
    """XAPI-00008. Keys of language maps and extensions have rules of their own."""
    places = [path for path, _ in NODES if path and isinstance(path[-1], str) and path[:-1] not in LANGUAGE_MAPS]
    damaged = {name_of(path): renamed(NESTED, path, str(path[-1])[0].swapcase() + str(path[-1])[1:]) for path in places}
    assert list(accepted(client, damaged)) == []


def test_enumerated_values_in_another_case_are_refused_in_every_place(client: Client) -> None:
    """XAPI-00009."""
    enumerated = ("objectType", "interactionType")
    places = [(path, node) for path, node in NODES if path[-1:] and path[-1] in enumerated]
    damaged = {name_of(path): changed(NESTED, *path, to=node.swapcase()) for path, node in places}
    assert len(damaged) > 5
    assert list(accepted(client, damaged)) == []


def test_additional_properties_are_refused_in_every_object(client: Client) -> None:
    """Data 2.2, which has it as SHOULD."""
    places = [path for path, node in NODES if isinstance(node, dict) and path[-1:] != ("extensions",)]
    damaged = {name_of(path): changed(NESTED, *path, "dummy_", to="x") for path in places}
    assert list(accepted(client, damaged)) == []


def test_values_of_another_type_are_refused_in_every_place(client: Client) -> None:
    """XAPI-00006: numbers and booleans as strings, strings as numbers, objects and arrays as each other."""
    damaged = {}
    for path, node in NODES:
        if not path or path[-1] == "contextActivities" or path[-2:-1] == ("contextActivities",):
            continue
        other: Any = 1 if isinstance(node, str) else json.dumps(node)
        if isinstance(node, dict | list):
            other = [] if isinstance(node, dict) else {"0": node}
        damaged[name_of(path)] = changed(NESTED, *path, to=other)
    assert list(accepted(client, damaged)) == []


SCHEMED = [(path, node) for path, node in NODES if isinstance(node, str) and re.match(r"(https?|urn|mailto):", node)]


@pytest.mark.parametrize("text", ["abc", "//example.org/a", "ab=c://x.org"])
def test_identifiers_without_a_scheme_are_refused_in_every_place(client: Client, text: str) -> None:
    """XAPI-00011, of which the official suite never waits for the answers."""
    assert len(SCHEMED) > 20
    damaged = {name_of(path): changed(NESTED, *path, to=text) for path, _ in SCHEMED}
    damaged |= {name_of(path): changed(base_of(path), *path, to={text: 1}) for path in EXTENSIONS}
    assert list(accepted(client, damaged)) == []


def test_the_empty_string_is_refused_wherever_a_format_is_asked_for(client: Client) -> None:
    """XAPI-00007; free text may be empty."""
    formatted = {"id", "registration", "timestamp", "stored", "version", "language", "duration", "sha2", "contentType"}
    formatted |= {
        "mbox",
        "mbox_sha1sum",
        "openid",
        "homePage",
        "usageType",
        "fileUrl",
        "type",
        "moreInfo",
        "objectType",
    }
    component = ("choices", "scale", "source", "target", "steps")
    places = [path for path, node in NODES if isinstance(node, str) and path[-1] in formatted]
    places = [path for path in places if not set(path) & set(component)]
    assert list(accepted(client, {name_of(path): changed(NESTED, *path, to="") for path in places})) == []
    for path in (("result", "response"), ("actor", "name"), ("object", "context", "platform")):
        assert client.post("statements", json=changed(NESTED, *path, to="")).status_code == 200


@pytest.mark.parametrize("tag", ["zh-something-ccc", "a12345678", "en_US"])
def test_language_tags_of_a_wrong_shape_are_refused_in_every_map(client: Client, tag: str) -> None:
    """XAPI-00013, XAPI-00121."""
    assert len(LANGUAGE_MAPS) > 8
    damaged = {name_of(path): changed(base_of(path), *path, tag, to="x") for path in LANGUAGE_MAPS}
    damaged["context.language"] = changed(PLAIN, "context", "language", to=tag)
    assert list(accepted(client, damaged)) == []


@pytest.mark.parametrize("tag", ["de", "de-DE", "zh-Hant", "sr-Latn-RS", "cmn", "tlh", "ase", "es-MX", "zh-Hans-CN"])
def test_language_tags_of_a_good_shape_are_taken(client: Client, tag: str) -> None:
    for path in LANGUAGE_MAPS:
        assert client.post("statements", json=changed(base_of(path), *path, to={tag: "x"})).status_code == 200


def twice(value: Any, path: Path) -> str:
    """``value`` as JSON, in which the object at ``path`` has its first member twice."""
    node: Any = value
    for step in path:
        node = node[step]
    name, member = next(iter(node.items()))
    text = json.dumps(node)
    doubled = f"{{{json.dumps(name)}: {json.dumps(member)}, {text[1:]}"
    return json.dumps(changed(value, *path, to="@here")).replace('"@here"', doubled)


def test_properties_that_stand_twice_are_refused_in_every_object(client: Client) -> None:
    """Data 2.2: also where both have the same value, and inside of extensions."""
    places = [path for path, node in NODES if isinstance(node, dict) and node]
    damaged = {name_of(path): twice(NESTED, path) for path in places}
    assert json.loads(damaged["actor"]) == NESTED
    assert list(accepted(client, damaged)) == []


def test_properties_may_come_in_any_order(client: Client) -> None:
    def backwards(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: backwards(value[name]) for name in reversed(value)}
        return [backwards(part) for part in value] if isinstance(value, list) else value

    made = NESTED | {"id": str(uuid4())}
    assert client.post("statements", json=backwards(made)).json() == [made["id"]]
    assert client.post("statements", json=made).json() == [made["id"]]


@pytest.mark.parametrize("number", ["0.12123434", "1e-7", "16777217", "-0.5", "123456789.123456789", "3.4028235e38"])
def test_numbers_keep_the_precision_of_32_bits_and_more(client: Client, number: str) -> None:
    """XAPI-00002."""
    made = {"id": str(uuid4()), "extensions": {"https://example.org/n": "@"}}
    statement = changed(PLAIN, "result", to={"score": {"raw": "@"}, "extensions": made["extensions"]})
    text = json.dumps(statement | {"id": made["id"]}).replace('"@"', number)
    answer = client.post("statements", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    result = one(client, str(made["id"]))["result"]
    assert result["score"]["raw"] == result["extensions"]["https://example.org/n"] == float(number)


@pytest.mark.parametrize("body", ["", "{", "[", "[1]", "1", '"x"', "null", "{} {}", "[{}, ]", "{'id': 1}", '{"a":NaN}'])
def test_what_is_no_statement_or_no_json_is_refused(client: Client, body: str) -> None:
    """XAPI-00014, Communication 3.2."""
    assert list(accepted(client, {body: body})) == []


@pytest.mark.parametrize("name", ["actor", "verb", "object"])
def test_a_statement_needs_actor_verb_and_object(client: Client, name: str) -> None:
    """XAPI-00003 to 00005, in a SubStatement too."""
    damaged = {"outer": changed(NESTED, name, to=REMOVED), "inner": changed(NESTED, "object", name, to=REMOVED)}
    assert list(accepted(client, damaged)) == []


def test_correct_responses_are_as_many_and_as_long_as_one_likes(client: Client) -> None:
    """Data 2.4.4.1: no limits beside that of the body; and empty ones mean that nothing is correct."""
    for pattern in ([], ["x" * 5_000], [f"r{number}[,]x" for number in range(500)]):
        definition = QUESTION["definition"] | {"correctResponsesPattern": pattern}
        made = changed(PLAIN, "object", "definition", to=definition) | {"id": str(uuid4())}
        assert client.post("statements", json=made).status_code == 200
        assert one(client, made["id"])["object"]["definition"]["correctResponsesPattern"] == pattern


def test_every_type_of_interaction_is_known(client: Client) -> None:
    for kind in INTERACTION_TYPES:
        made = changed(PLAIN, "object", "definition", "interactionType", to=kind)
        assert client.post("statements", json=made).status_code == 200
    damaged = {
        kind: changed(PLAIN, "object", "definition", "interactionType", to=kind) for kind in ("essay", "", "Choice")
    }
    assert list(accepted(client, damaged)) == []


def test_context_agents_and_groups_are_of_2_0_only(lms: Client) -> None:
    """9274.1.1 4.2.2.5; to 1.0.3 they are additional properties."""
    for name, entry in (("contextAgents", CONTEXT_AGENT), ("contextGroups", CONTEXT_GROUP)):
        for made in (
            changed(PLAIN, "context", name, to=[entry]),
            changed(NESTED, "object", "context", name, to=[entry]),
        ):
            statuses = [
                lms.speaking(version).post("statements", json=made).status_code for version in ("1.0.3", "2.0.0")
            ]
            assert statuses == [400, 200]

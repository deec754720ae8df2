"""A Person from what statements say of an Agent (Communication 2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.statements.agents import person
from tests.samples import agent, statement

MBOX = {"mbox": "mailto:ann@x.org"}
GROUP = {"objectType": "Group", "name": "Team", "mbox": "mailto:team@x.org"}


@pytest.mark.parametrize(
    "identifier",
    [
        MBOX,
        {"mbox_sha1sum": "0" * 40},
        {"openid": "https://x.org/ann"},
        {"account": {"homePage": "https://x.org", "name": "ann"}},
    ],
    ids=str,
)
def test_an_unknown_agent_is_a_person_with_what_was_asked(identifier: dict[str, Any]) -> None:
    """Each member is an array; a name that was not given is left out."""
    ((name, value),) = identifier.items()
    assert person(identifier, []) == {"objectType": "Person", name: [value]}
    assert person({"name": "Ann", **identifier}, []) == {"objectType": "Person", "name": ["Ann"], name: [value]}


def test_names_are_collected_once_the_one_asked_with_first_then_the_newest() -> None:
    made = [statement(actor={**MBOX, "name": name}) for name in ("Ann C", "Ann B", "Ann C", "Ann A")]
    assert person({**MBOX, "name": "Ann A"}, made)["name"] == ["Ann A", "Ann C", "Ann B"]
    assert person(MBOX, made)["name"] == ["Ann C", "Ann B", "Ann A"]


@pytest.mark.parametrize(
    "members",
    [
        {"actor": {**MBOX, "name": "Ann"}},
        {"actor": {"objectType": "Group", "member": [{**MBOX, "name": "Ann"}]}},
        {"object": {"objectType": "Agent", **MBOX, "name": "Ann"}},
        {"authority": {**MBOX, "name": "Ann"}},
        {"authority": {"objectType": "Group", "member": [agent(), {**MBOX, "name": "Ann"}]}},
        {"context": {"instructor": {**MBOX, "name": "Ann"}}},
        {"context": {"team": {**GROUP, "member": [{**MBOX, "name": "Ann"}]}}},
        {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": {**MBOX, "name": "Ann"}}]}},
        {
            "context": {
                "contextGroups": [
                    {"objectType": "contextGroup", "group": {**GROUP, "member": [{**MBOX, "name": "Ann"}]}}
                ]
            }
        },
        {
            "object": {
                "objectType": "SubStatement",
                "actor": {**MBOX, "name": "Ann"},
                "verb": {"id": "x:y"},
                "object": {"id": "https://x.org/1"},
            }
        },
    ],
    ids=str,
)
def test_a_name_is_found_wherever_the_agent_stands(members: dict[str, Any]) -> None:
    assert person(MBOX, [statement() | members])["name"] == ["Ann"]


def test_the_name_of_a_group_with_the_same_identifier_is_not_that_of_the_agent() -> None:
    assert person({"mbox": GROUP["mbox"]}, [statement(actor=GROUP)]) == {
        "objectType": "Person",
        "mbox": [GROUP["mbox"]],
    }


def test_others_in_the_same_statement_are_left_out() -> None:
    made = statement(actor={**MBOX, "name": "Ann"}, context={"instructor": {"mbox": "mailto:bob@x.org", "name": "Bob"}})
    assert person(MBOX, [made])["name"] == ["Ann"]

"""What stands in a URL is held to the same standards as what stands in a statement (Data 2.2, Communication 3.2).

Every parameter of every resource and method, with values that it can't have; XAPI-00012, 00324 and 00325, which the
official suite asks of GET statements only, and partly without waiting for the answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.door.client import Client
from tests.samples import ANSWERED, agent, statement, voiding
from tests.statements.client import store
from tests.xapi.examples import BAD_AGENTS

AGENT = json.dumps(agent())
ACTIVITY = "https://x.org/activities/1"
STATE = {"activityId": ACTIVITY, "agent": AGENT, "registration": str(uuid4())}

# Resource and method, with every parameter that is known there.
KNOWN: dict[tuple[str, str], dict[str, str]] = {
    ("GET", "statements"): {
        "agent": AGENT, "verb": ANSWERED, "activity": ACTIVITY, "registration": str(uuid4()),
        "related_activities": "true", "related_agents": "false", "since": "2026-01-01T00:00:00Z",
        "until": "2100-01-01T00:00:00Z", "limit": "1", "format": "ids", "attachments": "false", "ascending": "true",
    },
    ("PUT", "statements"): {"statementId": str(uuid4())},
    ("POST", "statements"): {},
    ("GET", "activities"): {"activityId": ACTIVITY},
    ("GET", "agents"): {"agent": AGENT},
    ("GET", "activities/state"): STATE | {"since": "2026-01-01T00:00:00Z"},
    ("GET", "activities/profile"): {"activityId": ACTIVITY, "since": "2026-01-01T00:00:00Z"},
    ("GET", "agents/profile"): {"agent": AGENT, "since": "2026-01-01T00:00:00Z"},
    **{(method, "activities/state"): STATE | {"stateId": "s"} for method in ("PUT", "POST", "DELETE")},
    **{
        (method, resource): within | {"profileId": "p"}
        for method in ("PUT", "POST", "DELETE")
        for resource, within in (("activities/profile", {"activityId": ACTIVITY}), ("agents/profile", {"agent": AGENT}))
    },
}  # fmt: skip
IRIS = ("", "abc", "/a", "//x.org/a", "x y:z", "ab=c://x.org")
UUIDS = ("", "abc", "1", "{" + str(uuid4()) + "}", uuid4().hex, f"urn:uuid:{uuid4()}", str(uuid4())[:-1] + "g")
INSTANTS = ("", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "1763791376", "2026-11-22T10:00:00-00:00")
BOOLEANS = ("", "1", "yes", "True", "TRUE", "null", '"true"')
AGENTS = ("", "true", "{}", "[]", "null", '"x"', "not JSON", f"[{AGENT}]", *map(json.dumps, BAD_AGENTS.values()))
BAD: dict[str, tuple[str, ...]] = {
    "agent": AGENTS, "verb": IRIS, "activity": IRIS, "activityId": IRIS, "registration": UUIDS, "statementId": UUIDS,
    "related_activities": BOOLEANS, "related_agents": BOOLEANS, "attachments": BOOLEANS, "ascending": BOOLEANS,
    "since": INSTANTS, "until": INSTANTS, "format": ("", "pretty", "IDS", "exact,ids"), "stateId": ("",),
    "profileId": ("",), "limit": ("", "-1", "x", "1.5", "1e2", "+1", "0x1", "\N{ARABIC-INDIC DIGIT ONE}"),
}  # fmt: skip
PLACES = sorted(KNOWN)


def sent(client: Client, place: tuple[str, str], params: Any) -> int:
    """The status of a request that is good but, perhaps, for its parameters."""
    method, resource = place
    content: dict[str, Any] = {}
    if method in ("PUT", "POST"):
        content = {"json": {} if resource != "statements" else statement(statement_id=KNOWN[place].get("statementId"))}
    if resource != "statements" and method == "PUT":
        content["headers"] = {"If-Match": "*"}
    return client.request(method, resource, params=params, **content).status_code


def not_refused(client: Client, place: tuple[str, str], wrong: Iterator[tuple[str, Any]]) -> list[str]:
    return [name for name, params in wrong if sent(client, place, params) != 400]


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_the_parameters_are_good_without_damage(client: Client, place: tuple[str, str]) -> None:
    """What is not there can't be replaced (412); but that is not for its parameters."""
    assert sent(client, place, KNOWN[place]) in (200, 204, 412)


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_values_that_can_not_be_are_refused(client: Client, place: tuple[str, str]) -> None:
    """XAPI-00012."""
    known = KNOWN[place]
    wrong = ((f"{name}={text}", known | {name: text}) for name in known for text in BAD[name])
    assert not_refused(client, place, wrong) == []


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_unknown_parameters_are_refused(client: Client, place: tuple[str, str]) -> None:
    """XAPI-00324: those of other resources and methods too."""
    foreign = ({"x", "", "auth", "page", "Statement", "voided"} | BAD.keys()) - KNOWN[place].keys()
    if place == ("GET", "statements"):
        # These may stand there, but not with the others: see below.
        foreign -= {"statementId"}
    elif place[1] == "activities/state":
        foreign -= {"stateId"}
    elif place[1].endswith("/profile"):
        foreign -= {"profileId"}
    wrong = ((name, KNOWN[place] | {name: "1"}) for name in foreign)
    assert not_refused(client, place, wrong) == []


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_parameters_in_another_case_are_refused(client: Client, place: tuple[str, str]) -> None:
    """XAPI-00325: in place of the right one, and beside it."""
    known = KNOWN[place]

    def wrong() -> Iterator[tuple[str, Any]]:
        for name, value in known.items():
            for spelt in {name.upper(), name.swapcase(), name.capitalize(), name.replace("_", "-")} - {name}:
                yield spelt, {other: known[other] for other in known if other != name} | {spelt: value}
                yield f"both {spelt}", known | {spelt: value}

    assert not_refused(client, place, wrong()) == []


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_parameters_that_stand_twice_are_refused(client: Client, place: tuple[str, str]) -> None:
    known = list(KNOWN[place].items())
    assert not_refused(client, place, ((name, [*known, (name, value)]) for name, value in known)) == []


@pytest.mark.parametrize(
    ("place", "needed"),
    [
        (("PUT", "statements"), ["statementId"]),
        (("GET", "activities"), ["activityId"]),
        (("GET", "agents"), ["agent"]),
        (("GET", "activities/state"), ["activityId", "agent"]),
        (("GET", "activities/profile"), ["activityId"]),
        (("GET", "agents/profile"), ["agent"]),
        *(((method, "activities/state"), ["activityId", "agent", "stateId"]) for method in ("PUT", "POST")),
        (("DELETE", "activities/state"), ["activityId", "agent"]),
        *(((method, "activities/profile"), ["activityId", "profileId"]) for method in ("PUT", "POST", "DELETE")),
        *(((method, "agents/profile"), ["agent", "profileId"]) for method in ("PUT", "POST", "DELETE")),
    ],
    ids=str,
)
def test_parameters_that_are_needed_must_be_there(client: Client, place: tuple[str, str], needed: list[str]) -> None:
    """XAPI-00145, 00243, 00250, 00261 to 00267, 00296 to 00302 and those of the State Resource."""
    known = KNOWN[place]
    without = ((name, {other: known[other] for other in known if other != name}) for name in needed)
    assert not_refused(client, place, without) == []


@pytest.mark.parametrize("name", ["statementId", "voidedStatementId"])
def test_beside_the_id_of_a_statement_only_format_and_attachments_may_stand(client: Client, name: str) -> None:
    """Communication 2.1.3, XAPI-00150 and 00151."""
    made = statement()
    store(client, made)
    if name == "voidedStatementId":
        store(client, voiding(made["id"]))
    alone = {name: made["id"]}
    for beside in ({}, {"format": "ids"}, {"attachments": "true"}, {"format": "canonical", "attachments": "false"}):
        assert client.get("statements", params=alone | beside).status_code == 200
    others = {"statementId", "voidedStatementId"} - {name}
    known = KNOWN["GET", "statements"] | dict.fromkeys(others, made["id"])
    wrong = ((one, alone | {one: value}) for one, value in known.items() if one not in ("format", "attachments"))
    assert not_refused(client, ("GET", "statements"), wrong) == []


def test_about_takes_no_parameters(client: Client) -> None:
    for name in BAD:
        assert client.get("about", params={name: "1"}).status_code == 400


def test_a_value_is_text_as_it_stands_and_not_json(client: Client) -> None:
    """Data 2.2, note: parameters of a string type have no quotes."""
    for name, value in (("verb", ANSWERED), ("registration", str(uuid4())), ("since", "2026-01-01T00:00:00Z")):
        assert client.get(f"statements?{name}={quote(value)}").status_code == 200
        assert client.get(f"statements?{name}={quote(json.dumps(value))}").status_code == 400

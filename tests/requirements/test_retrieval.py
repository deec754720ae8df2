"""What GET statements answers (Data 2.5, Communication 2.1.3 and 2.1.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lrs.limits import Limits
from tests.door.client import Client, serving
from tests.samples import LMS, agent, statement, voiding
from tests.statements.client import following, ids, one, store

CONSISTENT = "X-Experience-API-Consistent-Through"


@pytest.fixture
def verb() -> str:
    """A verb of the test's own, so that its statements are found alone."""
    return f"https://x.org/verbs/{uuid4()}"


def group(name: str, *members: str) -> dict[str, Any]:
    account = {"homePage": LMS, "name": name}
    return {"objectType": "Group", "account": account, "member": [agent(member) for member in members]}


def sub(**members: Any) -> dict[str, Any]:
    made = statement(course=None, **members)
    del made["id"]
    return {"objectType": "SubStatement", **made}


def test_a_result_has_statements_and_more_on_every_page(client: Client, verb: str) -> None:
    """Data 2.5, XAPI-00108 to 00114."""
    made = [statement(verb=verb) for _ in range(5)]
    store(client, *made)
    path, pages = f"statements?verb={verb}&limit=2", []
    while path:
        page = client.get(path).json()
        assert set(page) == {"statements", "more"}
        pages.append([each["id"] for each in page["statements"]])
        assert page["more"] == "" or page["more"].startswith("/xapi/statements?")
        path = following(page["more"]) if page["more"] else ""
    assert pages == [[each["id"] for each in made[::-1]][at : at + 2] for at in (0, 2, 4)]


def test_nothing_found_is_an_empty_result(client: Client, verb: str) -> None:
    """XAPI-00149."""
    answer = client.get("statements", params={"verb": verb})
    assert (answer.status_code, answer.json()) == (200, {"statements": [], "more": ""})


def test_more_stays_good_when_the_server_starts_again(tmp_path: Path) -> None:
    """Data 2.5: for a day at least; nothing of it is kept in memory."""
    with serving(tmp_path) as server:
        client = server.client("lms", "all")
        store(client, *(statement() for _ in range(3)))
        more = following(client.get("statements", params={"limit": 1}).json()["more"])
    with serving(tmp_path) as server:
        again = Client(server, client.authorization, "1.0.3").get(more)
        assert (again.status_code, len(again.json()["statements"])) == (200, 1)


def test_more_is_hardly_longer_than_the_query(client: Client, verb: str) -> None:
    """Data 2.5."""
    store(client, statement(verb=verb), statement(verb=verb))
    query = {"verb": verb, "agent": json.dumps(agent()), "limit": 1}
    answer = client.get("statements", params=query)
    assert len(answer.json()["more"]) < 2 * len(str(answer.request.url))


def test_limit_0_is_as_many_as_the_server_allows(tmp_path: Path) -> None:
    """Communication 2.1.3."""
    with serving(tmp_path, limits=Limits(page_statements_default=2, page_statements_max=4)) as server:
        client = server.client("lms", "all")
        store(client, *(statement() for _ in range(6)))
        lengths = [len(ids(client, **given)) for given in ({}, {"limit": 0}, {"limit": 3}, {"limit": 100})]
        assert lengths == [2, 4, 3, 4]


def test_since_is_exclusive_until_inclusive_and_both_in_any_zone(client: Client, verb: str) -> None:
    """XAPI-00174 and 00175."""
    made = [statement(verb=verb) for _ in range(3)]
    store(client, *made)
    stored = datetime.fromisoformat(one(client, made[1]["id"])["stored"])
    for zone in (UTC, timezone(timedelta(hours=-9, minutes=-30))):
        middle = stored.astimezone(zone).isoformat()
        assert ids(client, verb=verb, since=middle) == [made[2]["id"]]
        assert ids(client, verb=verb, until=middle) == [made[1]["id"], made[0]["id"]]
    assert ids(client, verb=verb, since=stored.isoformat(), until=stored.isoformat()) == []


def test_an_agent_is_found_as_actor_object_and_member_by_its_identifier(client: Client) -> None:
    """Communication 2.1.3 agent: whatever its name, and in groups; a group itself by its own identifier."""
    who, team = str(uuid4()), str(uuid4())
    direct = [
        statement(learner=who),
        statement(actor=agent(who) | {"name": "Ann"}),
        statement(object=agent(who)),
        statement(actor=group(team, who)),
        statement(object={"objectType": "Group", "member": [agent(who)]}),
    ]
    wider = [
        statement(context={"instructor": agent(who)}),
        statement(context={"team": group(team, who)}),
        statement(object=sub(learner=who)),
        statement(object=sub(object=agent(who))),
        statement(object=sub(context={"instructor": agent(who)})),
    ]
    store(client, *direct, *wider, statement())
    asked = json.dumps(agent(who) | {"name": "Somebody"})
    assert ids(client, agent=asked) == [each["id"] for each in direct[::-1]]
    assert ids(client, agent=asked, related_agents="true") == [each["id"] for each in [*direct, *wider][::-1]]
    of_team = json.dumps(group(team) | {"member": []})
    assert ids(client, agent=of_team) == [direct[3]["id"]]
    assert ids(client, agent=of_team, related_agents="true") == [wider[1]["id"], direct[3]["id"]]


@pytest.mark.parametrize(
    "identifier",
    [
        {"mbox": "mailto:{}@x.org"},
        {"mbox_sha1sum": "{:0>40}"},
        {"openid": "https://openid.x.org/{}"},
        {"account": {"homePage": "https://x.org", "name": "{}"}},
    ],
    ids=lambda identifier: next(iter(identifier)),
)
def test_an_agent_is_found_by_each_kind_of_identifier(client: Client, identifier: dict[str, Any]) -> None:
    text = json.dumps(identifier).replace("{:0>40}", uuid4().hex.zfill(40)).replace("{}", uuid4().hex)
    made = statement(actor=json.loads(text))
    store(client, made)
    assert ids(client, agent=text) == [made["id"]]


def test_the_authority_is_a_related_agent(client: Client) -> None:
    made = statement()
    store(client, made)
    asked = json.dumps(one(client, made["id"])["authority"])
    assert made["id"] in ids(client, agent=asked, related_agents="true")
    assert made["id"] not in ids(client, agent=asked)


def test_an_activity_is_found_as_object_and_widely_everywhere(client: Client) -> None:
    """XAPI-00177 and 00179."""
    activity = {"id": f"https://x.org/{uuid4()}"}
    places = [{"contextActivities": {place: [activity]}} for place in ("parent", "grouping", "category", "other")]
    direct = [statement(object=activity), statement(object=activity | {"objectType": "Activity"})]
    wider = [
        *(statement(context=place) for place in places),
        statement(object=sub(object=activity)),
        *(statement(object=sub(context=place)) for place in places),
    ]
    store(client, *direct, *wider, statement())
    assert ids(client, activity=activity["id"]) == [each["id"] for each in direct[::-1]]
    found = ids(client, activity=activity["id"], related_activities="true")
    assert found == [each["id"] for each in [*direct, *wider][::-1]]


def test_a_registration_is_found_in_either_case(client: Client) -> None:
    """XAPI-00178."""
    registration = str(uuid4())
    made = [statement(context={"registration": text}) for text in (registration, registration.upper())]
    store(client, *made)
    assert ids(client, registration=registration.upper()) == [each["id"] for each in made[::-1]]


def test_identifiers_are_compared_letter_by_letter(client: Client) -> None:
    """Data 2.2, 3.1: no case is folded, no path resolved, no port or escape rewritten."""
    name = uuid4().hex
    spellings = [f"https://x.org/{name}/a", f"https://X.org/{name}/a", f"https://x.org:443/{name}/a"]
    spellings += [f"https://x.org/{name}/b/../a", f"https://x.org/{name}/A", f"https://x.org/{name}/%61"]
    made = [statement(verb=iri, object={"id": iri}) for iri in spellings]
    store(client, *made)
    for iri, each in zip(spellings, made, strict=True):
        assert ids(client, verb=iri) == ids(client, activity=iri) == [each["id"]]


def chain(verb: str) -> Iterator[dict[str, Any]]:
    """A statement, one that refers to it, and one that refers to that."""
    made = statement(verb=verb)
    for _ in range(3):
        yield made
        made = statement(course=None, learner="cleo", object={"objectType": "StatementRef", "id": made["id"]})


def test_what_refers_to_a_match_is_found_and_cut_by_its_own_time(client: Client, verb: str) -> None:
    """Communication 2.1.3, filter conditions for StatementRefs."""
    made = list(chain(verb))
    store(client, *made)
    order = [each["id"] for each in made]
    assert ids(client, verb=verb) == order[::-1]
    assert ids(client, verb=verb, limit=1) == order[2:]
    first = one(client, order[0])["stored"]
    assert ids(client, verb=verb, since=first) == [order[2], order[1]]
    assert ids(client, verb=verb, until=first) == [order[0]]
    assert ids(client, verb=verb, agent=json.dumps(agent("cleo"))) == [order[2], order[1]]


def test_a_reference_in_the_context_or_in_a_substatement_makes_no_match(client: Client, verb: str) -> None:
    """Communication 2.1.3, note."""
    made = statement(verb=verb)
    reference = {"objectType": "StatementRef", "id": made["id"]}
    store(client, made, statement(context={"statement": reference}), statement(object=sub(object=reference)))
    assert ids(client, verb=verb) == [made["id"]]


def test_what_refers_to_a_voided_statement_is_found_and_itself_it_is_not(client: Client, verb: str) -> None:
    """Communication 2.1.4, XAPI-00162 and 00163."""
    made = list(chain(verb))
    void = voiding(made[0]["id"])
    store(client, *made, void)
    assert ids(client, verb=verb) == [void["id"], made[2]["id"], made[1]["id"]]
    assert made[0]["id"] not in ids(client)


def test_one_statement_tells_when_it_was_stored(client: Client) -> None:
    """Communication 2.1.3 and 9274.1.1 4.1.6.1: Last-Modified is ``stored`` to the second."""
    made = statement()
    store(client, made)
    answer = client.get("statements", params={"statementId": made["id"]})
    stored = datetime.fromisoformat(answer.json()["stored"])
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == stored.replace(microsecond=0)


def test_every_answer_tells_how_far_the_log_is_complete(client: Client) -> None:
    """Communication 2.1.3, XAPI-00153: whatever the method and the status; and it is about now."""
    made = statement()
    answers = [
        client.get("statements"),
        client.request("HEAD", "statements"),
        client.get("statements", params={"statementId": str(uuid4())}),
        client.get("statements?bad=1"),
        client.get("statements", headers={"X-Experience-API-Version": ""}),
        client.server.stranger(client.version).get("statements"),
        client.post("statements", json=made),
        client.post("statements", json={}),
        client.put("statements", params={"statementId": made["id"]}, json=made),
    ]
    for answer in answers:
        told = datetime.fromisoformat(answer.headers[CONSISTENT])
        assert abs(datetime.now(UTC) - told) < timedelta(seconds=30)


def test_what_was_answered_before_is_covered_by_what_is_told_after(client: Client) -> None:
    made = statement()
    store(client, made)
    told = client.get("statements").headers[CONSISTENT]
    assert one(client, made["id"])["stored"] <= told

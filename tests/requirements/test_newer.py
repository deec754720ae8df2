"""What 2.0.0 (IEEE 9274.1.1) has otherwise than 1.0.3, and what happens where the two meet."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.door.client import VERSION, Client, serving
from tests.requirements.places import DOCUMENTS, place
from tests.samples import agent, statement, voiding
from tests.statements.attached import MIXED, attachment, body, carrying
from tests.statements.client import ids, one, store
from tests.xapi.examples import CONTEXT_AGENT, CONTEXT_GROUP


@pytest.fixture
def newer(lms: Client) -> Client:
    return lms.speaking("2.0.0")


def test_ids_stand_once_in_a_batch(client: Client) -> None:
    """9274.1.1 4.1.6.1; Communication 2.1.2 has it as SHOULD: also when the statements are equal."""
    made = statement()
    for batch in ([made, made], [made, made | {"id": made["id"].upper()}], [made, statement(statement_id=made["id"])]):
        assert client.post("statements", json=batch).status_code == 400
    assert client.get("statements", params={"statementId": made["id"]}).status_code == 404


def test_context_agents_and_groups_are_related_agents(newer: Client) -> None:
    """9274.1.1 4.1.6.1 related_agents: in SubStatements too."""
    who = agent(str(uuid4()))
    contexts: list[dict[str, Any]] = [
        {"contextAgents": [CONTEXT_AGENT, CONTEXT_AGENT | {"agent": who}]},
        {"contextGroups": [CONTEXT_GROUP | {"group": {"objectType": "Group", "member": [who]}}]},
    ]
    inner = [{"objectType": "SubStatement", **statement(context=context)} for context in contexts]
    for each in inner:
        del each["id"]
    made = [*(statement(context=context) for context in contexts), *(statement(object=each) for each in inner)]
    store(newer, *made)
    asked = json.dumps(who)
    assert ids(newer, agent=asked) == []
    assert ids(newer, agent=asked, related_agents="true") == [each["id"] for each in made[::-1]]


def test_a_statement_of_2_0_is_not_made_an_older_one(lms: Client, newer: Client) -> None:
    """Communication 3.3, conversion: whoever asks, it comes as it is."""
    made = statement(context={"contextAgents": [CONTEXT_AGENT]}, version="2.0.0")
    store(newer, made)
    assert one(lms, made["id"]) == one(newer, made["id"])
    assert one(lms, made["id"])["version"] == "2.0.0"


def test_each_version_reads_what_the_other_has_written(lms: Client, newer: Client) -> None:
    for writer, reader in ((lms, newer), (newer, lms)):
        made = statement()
        store(writer, made)
        assert reader.get("statements", params={"statementId": made["id"]}).status_code == 200
        params = place("activities/state")
        assert writer.put("activities/state", params=params, json={"a": 1}).status_code == 204
        assert reader.get("activities/state", params=params).json() == {"a": 1}


@pytest.mark.parametrize("resource", DOCUMENTS)
def test_a_change_is_told_by_its_time_and_by_another_etag(client: Client, resource: str) -> None:
    """9274.1.1 4.1.4, 4.1.6.2, 4.1.6.5 and 4.1.6.6: Last-Modified is the same as Updated, to the second."""
    params = place(resource)
    assert client.put(resource, params=params, json={"a": 1}, headers={"If-None-Match": "*"}).status_code == 204
    before = client.get(resource, params=params).headers
    assert client.post(resource, params=params, json={"b": 1}).status_code == 204
    after = client.get(resource, params=params).headers
    assert datetime.fromisoformat(after["Updated"]) > datetime.fromisoformat(before["Updated"])
    assert parsedate_to_datetime(after["Last-Modified"]) >= parsedate_to_datetime(before["Last-Modified"])
    assert after["ETag"] != before["ETag"]


def test_multipart_needs_no_attachments(newer: Client) -> None:
    """9274.1.1 4.1.3."""
    for made in (statement(), carrying(attachment(b"x", fileUrl="https://x.org/file"))):
        assert newer.post("statements", content=body(made), headers={"Content-Type": MIXED}).status_code == 200


def test_an_unknown_activity_is_what_was_asked_for(newer: Client) -> None:
    """9274.1.1 4.1.6.4."""
    iri = f"https://x.org/{uuid4()}"
    assert newer.get("activities", params={"activityId": iri}).json() == {"objectType": "Activity", "id": iri}


def test_what_is_not_there_can_be_voided(newer: Client) -> None:
    """9274.1.1 4.2.5."""
    store(newer, voiding(str(uuid4())))


def test_the_version_that_is_meant_where_none_is_named_is_a_setting(tmp_path: Path) -> None:
    """The refusal of a request without a version has the version of the server's choice."""
    for default in ("1.0.3", "2.0.0"):
        with serving(tmp_path / default, default_xapi_version=default) as server:
            answer = server.client("lms", "all").get("statements", headers={VERSION: ""})
            assert (answer.status_code, answer.headers[VERSION]) == (400, default)

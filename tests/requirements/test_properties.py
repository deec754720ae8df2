"""What an LRS sets, keeps and returns of a statement (Data 2.3, 2.4)."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.door.client import Client
from tests.samples import agent, statement, voiding
from tests.statements.client import ids, one, store
from tests.xapi.examples import STATEMENT, WITH_SUBSTATEMENT, changed

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,}(?:Z|\+00:00)")


@pytest.mark.parametrize("example", [STATEMENT, WITH_SUBSTATEMENT], ids=["plain", "nested"])
def test_a_statement_comes_back_as_it_was_sent(client: Client, example: Any) -> None:
    """Data 2.2, 2.3.1: but for what the LRS sets, arrays of context activities, and instants told in UTC."""
    made = example | {"id": str(uuid4())}
    store(client, made)
    found = one(client, made["id"])
    expected = copy.deepcopy(made)
    for part in (part for part in (expected, expected["object"]) if "context" in part):
        lists = part["context"]["contextActivities"]
        lists["grouping"] = [lists["grouping"]]
        part["timestamp"] = "2026-11-22T05:02:56.123000Z"
    for name in ("stored", "authority"):
        del expected[name], found[name]
    assert found == expected


def test_a_single_context_activity_comes_back_in_an_array(client: Client) -> None:
    """Data 2.4.6.2, XAPI-00096: in a SubStatement, too."""
    made = WITH_SUBSTATEMENT | {"id": str(uuid4())}
    store(client, made)
    found = one(client, made["id"])
    for part, sent in ((found, made), (found["object"], made["object"])):
        grouping = sent["context"]["contextActivities"]["grouping"]
        assert part["context"]["contextActivities"]["grouping"] == [grouping]


def test_an_id_is_made_where_there_is_none(client: Client) -> None:
    """Data 2.4.1, XAPI-00026."""
    made = [statement() for _ in range(3)]
    for each in made:
        del each["id"]
    answered = client.post("statements", json=made).json()
    assert len({UUID(each) for each in answered}) == 3
    assert [one(client, each)["id"] for each in answered] == answered


def test_the_time_of_storing_stands_for_a_missing_timestamp(client: Client) -> None:
    """Data 2.4.7, 2.4.8."""
    made = statement()
    del made["timestamp"]
    store(client, made)
    found = one(client, made["id"])
    assert found["timestamp"] == found["stored"]


def test_stored_is_the_literal_time_whatever_was_sent(client: Client) -> None:
    """Data 2.4.8, XAPI-00097: validated, then overwritten; by PUT and by POST."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    for method in ("PUT", "POST"):
        made = statement(stored="2999-01-01T00:00:00.000Z")
        params = {"statementId": made["id"]} if method == "PUT" else {}
        assert client.request(method, "statements", params=params, json=made).status_code in (200, 204)
        stored = one(client, made["id"])["stored"]
        assert before <= datetime.fromisoformat(stored) <= datetime.now(UTC) + timedelta(seconds=1)
    assert client.post("statements", json=statement(stored="yesterday")).status_code == 400


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-22T06:02:56Z",
        "2026-11-22T06:02:56.1Z",
        "2026-11-22T06:02:56.123456+01:00",
        "2026-11-22T06:02:56.123-05:00",
        "2026-11-22T06:02:56.123+0530",
        "2026-11-22T06:02:56.123",
    ],
)
def test_timestamps_come_back_in_utc_with_milliseconds_and_mean_the_same(client: Client, sent: str) -> None:
    """Data 4.5, XAPI-00122 and 00123, 9274.1.1 4.2.7."""
    made = statement(timestamp=sent)
    store(client, made)
    found = one(client, made["id"])
    meant = datetime.fromisoformat(sent)
    assert INSTANT.fullmatch(found["timestamp"])
    assert INSTANT.fullmatch(found["stored"])
    assert datetime.fromisoformat(found["timestamp"]) == (meant if meant.tzinfo else meant.replace(tzinfo=UTC))


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(days=5 * 365)])
def test_a_timestamp_may_lie_ahead(client: Client, ahead: timedelta) -> None:
    """Data 2.4.7: clocks are wrong; and a SubStatement may speak of the future."""
    later = (datetime.now(UTC) + ahead).isoformat(timespec="milliseconds")
    store(client, statement(timestamp=later))
    planned = {"objectType": "SubStatement", **statement(timestamp=later)}
    del planned["id"]
    store(client, statement(object=planned))


def test_the_authority_is_who_sent_it_by_an_account(client: Client) -> None:
    """Data 2.4.9, XAPI-00099: also where another one is claimed, or two."""
    expected = {"homePage": client.server.engine.settings.public_url, "name": "lms"}
    two = {"objectType": "Group", "member": [agent("a"), agent("b")]}
    for claimed in ({}, {"authority": agent("somebody else")}, {"authority": two}):
        made = statement() | claimed
        store(client, made)
        authority = one(client, made["id"])["authority"]
        assert (authority["objectType"], authority["account"]) == ("Agent", expected)


@pytest.mark.parametrize(("sent", "kept"), [("1.0", "1.0"), ("1.0.0", "1.0.0"), ("1.0.9", "1.0.9")])
def test_a_version_is_kept_as_it_was_sent(client: Client, sent: str, kept: str) -> None:
    """Data 2.4.10, XAPI-00332."""
    made = statement(version=sent)
    store(client, made)
    assert one(client, made["id"])["version"] == kept


@pytest.mark.parametrize("sent", ["0.9.9", "0.95", "1.1.0", "3.0.0", "BAD", "", "1.0.", "10.0"])
def test_other_versions_of_statements_are_refused(client: Client, sent: str) -> None:
    """Data 2.4.10, XAPI-00101."""
    assert client.post("statements", json=statement(version=sent)).status_code == 400


def test_a_missing_version_is_the_first_of_its_family(lms: Client) -> None:
    """Data 2.4.10; 9274.1.1 4.2.4.3."""
    for version, expected in (("1.0.3", "1.0.0"), ("2.0.0", "2.0.0")):
        made = statement()
        store(lms.speaking(version), made)
        assert one(lms, made["id"])["version"] == expected


def test_2_0_0_stands_in_statements_of_2_0_only(lms: Client) -> None:
    for version, status in (("1.0.3", 400), ("2.0.0", 200)):
        answer = lms.speaking(version).post("statements", json=statement(version="2.0.0"))
        assert answer.status_code == status


def test_a_duration_finer_than_a_hundredth_is_taken_and_kept_or_cut_off(client: Client) -> None:
    """Data 4.6, 9274.1.1 4.2.7: cut off, and never rounded."""
    made = statement(result={"duration": "PT1.23999S"})
    store(client, made)
    assert one(client, made["id"])["result"]["duration"] in ("PT1.23999S", "PT1.23S")


def test_nothing_of_a_stored_statement_can_be_changed(client: Client) -> None:
    """Data 2.3.1, Communication 2.1.1 and 2.1.2, XAPI-00142: neither by PUT nor by POST."""
    made = statement()
    store(client, made)
    before = one(client, made["id"])
    other = made | {"result": {"success": True}}
    for method, params in (("PUT", {"statementId": made["id"]}), ("POST", {})):
        answer = client.request(method, "statements", params=params, json=other)
        assert answer.status_code == 409
        assert answer.json()["detail"]
    assert one(client, made["id"]) == before


def test_what_may_differ_is_no_conflict(client: Client) -> None:
    """Data 2.3.1: another zone, the order of members, another display, and what the LRS sets."""
    team = {"objectType": "Group", "member": [agent("ann"), agent("bob")]}
    made = statement(actor=team)
    store(client, made)
    again = changed(made, "actor", "member", to=team["member"][::-1])
    again |= {"timestamp": "2026-11-22T11:00:00.000+01:00", "stored": "2001-01-01T00:00:00Z", "id": made["id"].upper()}
    again["verb"] = {"id": made["verb"]["id"], "display": {"fr": "a répondu"}}
    assert client.post("statements", json=again).status_code == 200


def test_voiding_needs_a_reference_and_nothing_that_is_there(client: Client) -> None:
    """Data 2.3.2, XAPI-00017 to 00020."""
    store(client, voiding(str(uuid4())))
    for target in (agent(), {"id": "https://x.org/a"}, {"objectType": "StatementRef"}, {"id": str(uuid4())}):
        assert client.post("statements", json=voiding("") | {"object": target}).status_code == 400


def test_what_voids_can_not_be_voided_and_what_is_voided_can_come_again_under_another_id(client: Client) -> None:
    """Data 2.3.2, XAPI-00016."""
    made = statement()
    void = voiding(made["id"])
    again = made | {"id": str(uuid4())}
    store(client, made, void, voiding(void["id"]), again)
    assert client.get("statements", params={"statementId": made["id"]}).status_code == 404
    assert one(client, void["id"])["object"]["id"] == made["id"]
    assert client.get("statements", params={"voidedStatementId": void["id"]}).status_code == 404
    assert {void["id"], again["id"]} <= set(ids(client)) - {made["id"]}

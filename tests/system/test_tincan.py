"""TinCan, the client with which Open edX (event-routing-backends) sends its statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tincan.agent import Agent
from tincan.remote_lrs import RemoteLRS
from tincan.statement import Statement
from tincan.statement_list import StatementList
from tincan.verb import Verb

from tests.samples import ANSWERED, agent, statement
from tests.system.access import add_consumer, key_of, token_of
from tests.system.server import Server, running


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here; each has learners of its own."""
    with running(tmp_path_factory.mktemp("tincan") / "data") as server:
        add_consumer(server, "open-edx", "statements/write", "statements/read")
        yield server


@pytest.fixture(params=["Basic", "Bearer"])
def lrs(request: pytest.FixtureRequest, endpoint: Server) -> RemoteLRS:
    """The client as event-routing-backends sets it up, with each of its two ways to authenticate."""
    if request.param == "Basic":
        key, secret = key_of(endpoint, "open-edx")
        return RemoteLRS(version="1.0.3", endpoint=endpoint.endpoint, username=key, password=secret)
    return RemoteLRS(version="1.0.3", endpoint=endpoint.endpoint, auth=f"Bearer {token_of(endpoint, 'open-edx')}")


@pytest.fixture
def learner() -> str:
    return str(uuid4())


def found(response: Any) -> list[str]:
    """Ids of the statements in an answer to a query."""
    assert response.success, response.data
    return [str(one.id) for one in response.content.statements]


def by(learner: str, **further: Any) -> dict[str, Any]:
    """A query for what ``learner`` did."""
    return {"agent": Agent(agent(learner)), **further}


def test_it_saves_one_statement_and_reads_it_back(lrs: RemoteLRS) -> None:
    made = statement(learner="zoë")
    saved = lrs.save_statement(Statement(made))
    assert (saved.success, saved.response.status) == (True, 204)
    read = lrs.retrieve_statement(made["id"]).content
    assert str(read.id) == made["id"]
    assert read.actor.account.name == "zoë"
    assert read.authority.account.name == "open-edx"
    assert read.stored is not None


def test_it_saves_a_statement_without_an_id_and_is_given_one(lrs: RemoteLRS) -> None:
    made = statement()
    del made["id"]
    saved = lrs.save_statement(Statement(made))
    assert saved.success, saved.data
    assert lrs.retrieve_statement(saved.content.id).success


def test_it_saves_a_list_and_queries_it_page_by_page(lrs: RemoteLRS, learner: str) -> None:
    made = [statement(learner=learner, block=f"b{number}") for number in range(7)]
    saved = lrs.save_statements(StatementList([Statement(one) for one in made]))
    assert saved.success, saved.data
    assert [str(one.id) for one in saved.content] == [one["id"] for one in made]
    page = lrs.query_statements(by(learner, limit=3, ascending="true"))
    ids = found(page)
    while page.content.more:
        page = lrs.more_statements(page.content)
        ids += found(page)
    assert ids == [one["id"] for one in made]


def test_it_finds_statements_by_agent_and_verb(lrs: RemoteLRS, learner: str) -> None:
    wanted = statement(learner=learner)
    others = [statement(learner="bob"), statement(learner=learner, verb="http://example.com/other")]
    assert lrs.save_statements(StatementList([Statement(one) for one in [wanted, *others]])).success
    assert found(lrs.query_statements(by(learner, verb=Verb(id=ANSWERED)))) == [wanted["id"]]


def test_the_same_statement_sent_again_is_a_success(lrs: RemoteLRS, learner: str) -> None:
    """Open edX sends again what it takes for failed."""
    made = Statement(statement(learner=learner))
    assert [lrs.save_statement(made).success for _ in range(2)] == [True, True]
    assert lrs.save_statements(StatementList([made])).success
    assert len(found(lrs.query_statements(by(learner)))) == 1


def test_a_conflict_is_told_as_409(lrs: RemoteLRS) -> None:
    """Which event-routing-backends takes for stored already."""
    made = statement()
    assert lrs.save_statement(Statement(made)).success
    again = lrs.save_statement(Statement(made | {"verb": {"id": "http://example.com/other"}}))
    assert (again.success, again.response.status) == (False, 409)


def test_a_list_with_a_bad_statement_is_refused_whole(lrs: RemoteLRS, learner: str) -> None:
    bad = Statement(statement())
    bad.actor = None
    refused = lrs.save_statements(StatementList([Statement(statement(learner=learner)), bad]))
    assert (refused.success, refused.response.status) == (False, 400)
    assert found(lrs.query_statements(by(learner))) == []


def test_an_unknown_id_is_not_found(lrs: RemoteLRS) -> None:
    assert lrs.retrieve_statement(str(uuid4())).response.status == 404

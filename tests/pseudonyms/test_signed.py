"""Who writes under pseudonyms can't sign that, and is told why; everybody else can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lrs.auth.disclosure import Disclosure
from tests.door.client import Client, Server, serving
from tests.samples import agent, statement
from tests.statements.attached import attachment, body, send
from tests.statements.test_attachments_signed import with_signature
from tests.statements.test_signatures import certificate, rsa_key, signed

ANN = agent("ann")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as made:
        yield made


def writer(server: Server, name: str, disclosure: Disclosure) -> Client:
    server.engine.issuer.add_consumer(name, scopes=frozenset({"all"}), disclosure=disclosure)
    return Client(server, f"Bearer {server.engine.issuer.issue_token(name).token}", "1.0.3")


@pytest.fixture(scope="module")
def tool(server: Server) -> Client:
    return writer(server, "tool", Disclosure.of("pseudonym", "tools"))


def as_shown(server: Server) -> dict[str, Any]:
    """Ann, as the tool knows her."""
    return server.engine.pseudonyms.of("tools", ["account|https://lms.example.com|ann"])[0]


@pytest.mark.parametrize("certified", [True, False])
def test_a_signed_statement_under_a_pseudonym_is_refused_with_the_reason(
    server: Server, tool: Client, certified: bool
) -> None:
    made = statement(actor=as_shown(server))
    header: dict[str, Any] = {"x5c": [certificate(rsa_key())]} if certified else {}
    jws = signed(made, **header)
    answer = send(tool, body(with_signature(made, jws), jws))
    assert answer.status_code == 403
    detail = answer.json()["detail"]
    assert "pseudonyms" in detail
    assert "unsigned" in detail
    assert "ann" not in detail
    reader = server.client(f"reader-{certified}", "all")
    assert reader.get("statements", params={"statementId": made["id"]}).status_code == 404


def test_so_is_one_that_was_signed_with_the_learner_s_own_name(server: Server, tool: Client) -> None:
    """Else the answer would tell whether the pseudonym is that learner's."""
    made = statement(actor=as_shown(server))
    for actor in (ANN, agent("bob")):
        jws = signed(made | {"actor": actor})
        assert send(tool, body(with_signature(made, jws), jws)).status_code == 403


def test_without_its_signature_it_is_stored(server: Server, tool: Client) -> None:
    made = statement(actor=as_shown(server))
    essay = b"An essay."
    assert tool.post("statements", json=made).status_code == 200
    again = statement(actor=as_shown(server), attachments=[attachment(essay)])
    assert send(tool, body(again, essay)).status_code == 200


@pytest.mark.parametrize("attachments", [None, {}, [None], ["x"], [{}], [{"usageType": 7}]])
def test_attachments_that_are_none_are_left_to_validation(server: Server, tool: Client, attachments: Any) -> None:
    made = statement(actor=as_shown(server), attachments=attachments)
    assert tool.post("statements", json=made).status_code == 400


@pytest.mark.parametrize("disclosure", [Disclosure.of("none"), Disclosure.of("as-stored", None, ["response"])], ids=str)
def test_who_names_learners_as_they_are_stored_can_sign(server: Server, disclosure: Disclosure) -> None:
    """Whatever it is shown of what others write."""
    made = statement()
    jws = signed(made, x5c=[certificate(rsa_key())])
    client = writer(server, f"signer-{disclosure.actors}", disclosure)
    assert send(client, body(with_signature(made, jws), jws)).status_code == 200

"""What tests of the Statement Resource ask a client again and again."""

from __future__ import annotations

from typing import Any

from tests.door.client import Client


def ids(client: Client, **parameters: Any) -> list[str]:
    """The ids on the first page of a query."""
    answer = client.get("statements", params=parameters)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["statements"]]


def one(client: Client, statement_id: str, **parameters: Any) -> Any:
    """The statement that is stored under an id."""
    answer = client.get("statements", params={"statementId": statement_id, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def store(client: Client, *statements: dict[str, Any]) -> None:
    """Each in a request of its own, so that the order of storing is theirs."""
    for statement in statements:
        answer = client.post("statements", json=statement)
        assert answer.status_code == 200, answer.text


def following(more: str) -> str:
    """The path of ``more`` as ``Client`` takes it, below the base."""
    assert more.startswith("/xapi/")
    return more.removeprefix("/xapi/")

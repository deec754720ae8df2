"""Who talks to a running server: consumers with credentials on its store, and HTTP clients that use them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import httpx

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.cli.register import register
from tests.system.server import Server

STATEMENTS = "/xapi/statements"
CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
WAIT_S = 60
"""The longest that a test waits for anything; only a fault takes so long."""

Credential = tuple[str, str] | str
"""Key and secret for Basic, or a token for Bearer."""


def add_consumer(server: Server, name: str, *scopes: str, courses: Iterable[str] = ()) -> None:
    """Register ``name`` as ``lrs consumer add`` does; without ``courses`` it covers every course."""
    with register(server.data) as room:
        grant = Grant.of(courses) if courses else UNRESTRICTED
        room.administration.consumers.add(room.actor, name, scopes=frozenset(scopes), grant=grant)


def key_of(server: Server, name: str) -> tuple[str, str]:
    """A new key and its secret, as ``lrs key add`` makes them."""
    with register(server.data) as room:
        issued = room.administration.consumers.add_key(room.actor, name)
        return issued.key, issued.secret


def token_of(server: Server, name: str) -> str:
    """A new token, as ``lrs token issue`` makes it."""
    with register(server.data) as room:
        return room.administration.consumers.issue_token(room.actor, name).token


def token_for(server: Server, name: str, *scopes: str, courses: Iterable[str] = ()) -> str:
    """The token of a new consumer."""
    add_consumer(server, name, *scopes, courses=courses)
    return token_of(server, name)


def authorization(credential: Credential) -> dict[str, str]:
    """The header for ``credential``."""
    if isinstance(credential, str):
        return {"Authorization": f"Bearer {credential}"}
    return {"Authorization": f"Basic {b64encode(':'.join(credential).encode()).decode()}"}


def client(server: Server, credential: Credential) -> httpx.AsyncClient:
    """A client of the server's statements, to be used as a context manager."""
    return httpx.AsyncClient(headers=_headers(credential), **_options(server))


def blocking_client(server: Server, credential: Credential) -> httpx.Client:
    """The same without an event loop."""
    return httpx.Client(headers=_headers(credential), **_options(server))


def stranger(server: Server) -> httpx.Client:
    """A client that says nothing of itself."""
    return httpx.Client(**_options(server))


async def page_through(requester: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    """All statements of a query, page after page."""
    found: list[dict[str, Any]] = []
    answer = await requester.get(STATEMENTS, params=parameters)
    while True:
        assert answer.status_code == 200, answer.text
        result = answer.json()
        found += result["statements"]
        if not result["more"]:
            return found
        answer = await requester.get(result["more"])


async def ids(requester: httpx.AsyncClient, **parameters: Any) -> list[str]:
    """Ids of all statements of a query, oldest first."""
    return [one["id"] for one in await page_through(requester, ascending="true", **parameters)]


def _options(server: Server) -> dict[str, Any]:
    # There is no TLS; reading the certificates of the machine would take longer than most tests.
    return {"base_url": server.url, "timeout": WAIT_S, "trust_env": False, "verify": False}


def _headers(credential: Credential) -> dict[str, str]:
    return {"X-Experience-API-Version": "1.0.3", **authorization(credential)}

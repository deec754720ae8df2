"""The endpoints of OAuth over a fresh register, with time and randomness held still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
from starlette.applications import Starlette

from lrs.auth.authenticate import Authenticator
from lrs.auth.grants import Grant
from lrs.auth.issue import IssuedKey, Issuer
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.limits import Limits
from lrs.oauth.http import oauth_routes
from lrs.oauth.service import TokenService
from lrs.storage.sqlite import Store
from tests.auth.conftest import authenticator, clock, consumers, issuer, store
from tests.samples import COURSE_A

__all__ = ["authenticator", "clock", "consumers", "issuer", "settings", "store"]

GRANT_TYPE = {"grant_type": "client_credentials"}


@dataclass
class Door:
    """The endpoints, and a consumer with a key that may read one course."""

    client: httpx.AsyncClient
    issuer: Issuer
    key: IssuedKey

    @property
    def pair(self) -> tuple[str, str]:
        return self.key.key, self.key.secret

    async def post(
        self, what: str, pair: tuple[str, str] | None = None, token: str | None = None, **fields: str
    ) -> httpx.Response:
        """POST to an endpoint, with a pair for Basic or a token for Bearer in the header, if given."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.client.post(
            f"/oauth/{what}", data=fields, headers=headers, auth=httpx.USE_CLIENT_DEFAULT if pair is None else pair
        )

    async def token(self, **fields: str) -> str:
        """A token for the key."""
        answer = await self.post("token", self.pair, **GRANT_TYPE, **fields)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token


@pytest.fixture
def settings() -> Settings:
    limits = replace(Limits(), wrong_secrets_per_minute=3, tokens_max=5, addresses_counted_max=20)
    return Settings(public_url="https://lrs.example.org", client_address_header="X-Real-IP", limits=limits)


@pytest.fixture
async def door(
    *,
    store: Store,
    authenticator: Authenticator,
    consumers: SqliteConsumers,
    issuer: Issuer,
    settings: Settings,
    clock: FixedClock,
) -> AsyncIterator[Door]:
    issuer.add_consumer("engine", scopes=frozenset({"all/read"}), grant=Grant.of([COURSE_A, "course-v1:MITx+*"]))
    service = TokenService(store, authenticator, issuer, consumers, settings, clock=clock)
    app = Starlette(routes=oauth_routes(service, authenticator, settings))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://lrs.example.org") as client:
        yield Door(client, issuer, issuer.add_key("engine"))


def refused(answer: httpx.Response, status: int, error: str) -> str:
    """``answer`` is a refusal in the form of RFC 6749 5.2; returns its reason for people."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    description: str = answer.json()["error_description"]
    return description

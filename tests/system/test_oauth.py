"""Tokens by OAuth, keys that rotate, and tokens of another issuer, on a server of two processes with open streams."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.oauth.issuer import LoopbackIssuer, loopback_issuer
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, authorization, client, key_of, stranger, token_of
from tests.system.listener import Listener, listening
from tests.system.server import Server, running

EXPIRED, REVOKED = 4001, 4503
LIFETIMES_S = (2, 8, 32)
"""One after the other, since on a busy machine the first may be over before there was time for a warning."""
AUDIENCE = "lrs"


@pytest.fixture(scope="module")
def issuer() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as found:
        yield found


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory, issuer: LoopbackIssuer) -> Iterator[Server]:
    """It trusts the issuer for consumers of the same name, and looks at its keys as often as it may."""
    trusted = [{"issuer": issuer.url, "audience": AUDIENCE, "consumers": "*", "scope_claim": "scope"}]
    with running(
        tmp_path_factory.mktemp("oauth") / "data",
        "--workers",
        "2",
        LRS_OIDC_ISSUERS=json.dumps(trusted),
        LRS_OIDC_RENEW_S="1",
        LRS_OIDC_REFETCH_S="0.1",
        LRS_EXPIRY_GRACE_S="0",
        LRS_HEARTBEAT_S="3600",
    ) as server:
        yield server


def external(issuer: LoopbackIssuer, consumer: str, *, ttl_s: int = 300, **claims: Any) -> str:
    now_s = int(time.time())
    return issuer.token(
        **{"sub": "x", "aud": AUDIENCE, "client_id": consumer, "scope": "all", "iat": now_s, "exp": now_s + ttl_s}
        | claims
    )


async def eventually(
    ask: Callable[[], Awaitable[httpx.Response]], status: int, *, meanwhile: int = 503
) -> httpx.Response:
    """The first answer with this status; those before it have the other one, or ask to come again."""
    async with asyncio.timeout(WAIT_S):
        while (answer := await ask()).status_code != status:
            assert answer.status_code in {503, meanwhile}, answer.text
            assert answer.status_code != 503 or answer.headers["retry-after"]
            await asyncio.sleep(0.1)
    return answer


async def reads(lrs: Server, token: str, times: int = 8) -> None:
    """It can read, from whichever process answers."""
    async with client(lrs, token) as reader:
        for _ in range(times):
            await eventually(lambda: reader.get(STATEMENTS), 200)


async def warned(listener: Listener) -> bool:
    """Wait until the stream ends because its token does; whether it was told so before."""
    told = []
    with suppress(ConnectionClosed):
        while True:
            told.append((await listener.next())["type"])
    assert listener.socket.close_code == EXPIRED
    return "expiring" in told


def test_a_token_from_the_endpoint_opens_every_door_until_it_is_given_back(lrs: Server) -> None:
    add_consumer(lrs, "engine", "all/read")
    pair = key_of(lrs, "engine")
    with stranger(lrs) as anybody:
        answer = anybody.post("/oauth/token", data={"grant_type": "client_credentials", "scope": "stream"}, auth=pair)
        token = answer.json()["access_token"]
        asked = {"X-Experience-API-Version": "1.0.3", **authorization(token)}
        assert anybody.get(STATEMENTS, headers=asked).status_code == 403
        assert anybody.post("/oauth/introspect", data={"token": token}, auth=pair).json()["scope"] == "stream"
        assert anybody.post("/oauth/revoke", data={"token": token}, auth=pair).status_code == 200
        assert anybody.get(STATEMENTS, headers=asked).status_code == 401
        assert anybody.post("/oauth/introspect", data={"token": token}, auth=pair).json() == {"active": False}
    assert not any(secret in lrs.output for secret in (token, pair[1]))


async def test_the_stream_of_a_token_that_is_given_back_is_closed(lrs: Server) -> None:
    add_consumer(lrs, "streamer", "stream")
    pair = key_of(lrs, "streamer")
    with stranger(lrs) as anybody:
        given = anybody.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=pair).json()
        async with listening(lrs.stream_url, authorization(given["access_token"])) as listener:
            await listener.until("hello")
            anybody.post("/oauth/revoke", data={"token": given["access_token"]}, auth=pair)
            assert await listener.closed() == REVOKED


async def test_signing_keys_rotate_under_open_streams_in_every_process(lrs: Server) -> None:
    """The old tokens go on, new ones are signed with the new key, and the old key can be ended early."""
    add_consumer(lrs, "rotated", "stream", "statements/read")
    old = token_of(lrs, "rotated")
    async with listening(lrs.stream_url, authorization(old)) as listener:
        await listener.until("hello")
        new_key, old_key = lrs.run_json("signing-key", "rotate")[:2]
        await reads(lrs, old)
        new = token_of(lrs, "rotated")
        await reads(lrs, new)
        with stranger(lrs) as anybody:
            published = [key["kid"] for key in anybody.get("/.well-known/jwks.json").json()["keys"]]
        assert published[:2] == [new_key["kid"], old_key["kid"]]
        await listener.subscribe()
        lrs.run("signing-key", "retire", old_key["kid"])
        assert await listener.closed() == REVOKED
    async with client(lrs, old) as refused:
        assert (await refused.get(STATEMENTS)).status_code == 401
    await reads(lrs, new)


async def test_a_stream_ends_with_the_time_that_is_left_to_its_signing_key(lrs: Server) -> None:
    add_consumer(lrs, "leaving", "stream")
    for left_s in LIFETIMES_S:
        async with listening(lrs.stream_url, authorization(token_of(lrs, "leaving"))) as listener:
            await listener.until("hello")
            lrs.run("signing-key", "rotate", "--retire-after", f"{left_s}s")
            if await warned(listener):
                return
    raise AssertionError("nobody was warned")


async def test_a_token_of_another_issuer_opens_every_door(lrs: Server, issuer: LoopbackIssuer) -> None:
    add_consumer(lrs, "bridge", "stream", "statements/read")
    token = external(issuer, "bridge")
    await reads(lrs, token)
    async with client(lrs, token) as writer:
        assert (await writer.post(STATEMENTS, json=[])).status_code == 403
    async with listening(lrs.stream_url, authorization(token)) as listener:
        await listener.until("hello")
        await listener.subscribe()
        lrs.run("consumer", "disable", "bridge")
        assert await listener.closed() == REVOKED
    assert token not in lrs.output


async def test_its_expiry_closes_the_stream(lrs: Server, issuer: LoopbackIssuer) -> None:
    add_consumer(lrs, "short", "all")
    await reads(lrs, external(issuer, "short"))
    for ttl_s in LIFETIMES_S:
        async with listening(lrs.stream_url) as listener:
            await listener.say(type="auth", id="1", token=external(issuer, "short", ttl_s=ttl_s))
            if await warned(listener):
                return
    raise AssertionError("nobody was warned")


async def test_a_key_that_the_issuer_withdraws_closes_the_streams_of_its_tokens(
    lrs: Server, issuer: LoopbackIssuer
) -> None:
    add_consumer(lrs, "withdrawn", "all")
    token = external(issuer, "withdrawn")
    await reads(lrs, token)
    async with listening(lrs.stream_url, authorization(token)) as listener:
        await listener.until("hello")
        issuer.rotate("k2")
        renewed = external(issuer, "withdrawn")
        await reads(lrs, renewed)
        assert await listener.closed() == REVOKED
    # The other process hears of it by itself, soon.
    async with client(lrs, token) as reader:
        await eventually(lambda: reader.get(STATEMENTS), 401, meanwhile=200)


async def test_introspection_tells_whose_token_it_is(lrs: Server, issuer: LoopbackIssuer) -> None:
    add_consumer(lrs, "asked", "all")
    pair, token = key_of(lrs, "asked"), external(issuer, "asked")
    await reads(lrs, token)
    with stranger(lrs) as anybody:
        async with asyncio.timeout(WAIT_S):
            while (answer := anybody.post("/oauth/introspect", data={"token": token}, auth=pair)).status_code == 503:  # noqa: ASYNC110
                # This worker has yet to fetch the keys of the issuer.
                await asyncio.sleep(0.1)
        found = answer.json()
        refused = anybody.post("/oauth/revoke", data={"token": token}, auth=pair)
    assert (found["active"], found["iss"], found["client_id"]) == (True, issuer.url, "asked")
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_token_type")

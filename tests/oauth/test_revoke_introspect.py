"""``POST /oauth/revoke`` (RFC 7009) and ``POST /oauth/introspect`` (RFC 7662): one's own tokens, and all for admin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lrs.audit.sqlite import AuditTrail
from lrs.auth.authenticate import Authenticator
from lrs.auth.grants import Grant
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from lrs.errors import TokenRevoked
from lrs.storage.sqlite import Store
from tests.oauth.conftest import Door, refused
from tests.samples import COURSE_A

Pair = tuple[str, str]


@pytest.fixture
def other(door: Door) -> Pair:
    """Key and secret of another consumer."""
    door.issuer.add_consumer("other", scopes=frozenset({"all"}))
    made = door.issuer.add_key("other")
    return made.key, made.secret


@pytest.fixture
def admin(door: Door) -> Pair:
    """Key and secret of an administrator."""
    door.issuer.add_consumer("root", scopes=frozenset({"admin"}))
    made = door.issuer.add_key("root")
    return made.key, made.secret


async def test_a_revoked_token_is_refused_at_once(door: Door, authenticator: Authenticator) -> None:
    token = await door.token()
    authenticator.principal_for_token(token)
    answer = await door.post("revoke", door.pair, token=None, token_type_hint="access_token")
    refused(answer, 400, "invalid_request")
    answer = await door.client.post("/oauth/revoke", data={"token": token}, auth=door.pair)
    assert (answer.status_code, answer.content) == (200, b"")
    with pytest.raises(TokenRevoked):
        authenticator.principal_for_token(token)


async def revoke(door: Door, pair: Pair, token: str) -> int:
    return (await door.client.post("/oauth/revoke", data={"token": token}, auth=pair)).status_code


async def test_a_token_that_is_not_good_needs_no_revoking(door: Door, clock: FixedClock) -> None:
    """RFC 7009 2.2: the client's purpose is reached."""
    token = await door.token()
    assert await revoke(door, door.pair, "nonsense") == 200
    assert await revoke(door, door.pair, f"{token[:-4]}AAAA") == 200
    clock.advance(86_400)
    assert await revoke(door, door.pair, token) == 200
    assert await revoke(door, door.pair, token) == 200


async def test_nobody_revokes_the_token_of_another(door: Door, other: Pair, authenticator: Authenticator) -> None:
    token = await door.token()
    answer = await door.client.post("/oauth/revoke", data={"token": token}, auth=other)
    refused(answer, 400, "invalid_grant")
    assert authenticator.principal_for_token(token)


async def test_what_is_revoked_stands_in_the_audit_trail_once(
    door: Door, admin: Pair, store: Store, clock: FixedClock, consumers: SqliteConsumers
) -> None:
    token = await door.token()
    await revoke(door, admin, token)
    await revoke(door, door.pair, token)
    (entry,) = AuditTrail(store, clock).entries()
    assert (entry.actor, entry.act) == ("consumer:root", "token.revoke")
    assert (entry.about, entry.details) == (f"token:{consumers.tokens()[0].jti}", {"consumer": "engine"})


async def test_an_administrator_revokes_any_token(door: Door, admin: Pair, authenticator: Authenticator) -> None:
    token = await door.token()
    assert await revoke(door, admin, token) == 200
    with pytest.raises(TokenRevoked):
        authenticator.principal_for_token(token)


async def test_a_token_revokes_itself_and_no_other(door: Door, authenticator: Authenticator) -> None:
    """A narrow token that leaked must not end its siblings."""
    token, sibling = await door.token(), await door.token()
    bearer = {"Authorization": f"Bearer {token}"}
    answer = await door.client.post("/oauth/revoke", data={"token": sibling}, headers=bearer)
    refused(answer, 400, "invalid_grant")
    assert (await door.client.post("/oauth/revoke", data={"token": token}, headers=bearer)).status_code == 200
    with pytest.raises(TokenRevoked):
        authenticator.principal_for_token(token)
    assert authenticator.principal_for_token(sibling)


async def test_strangers_revoke_and_learn_nothing(door: Door) -> None:
    token = await door.token()
    for what in "revoke", "introspect":
        refused(await door.client.post(f"/oauth/{what}", data={"token": token}), 401, "invalid_client")
        answer = await door.client.post(f"/oauth/{what}", data={"token": token}, auth=("nobody", "x"))
        refused(answer, 401, "invalid_client")
        bearer = {"Authorization": "Bearer x.y.z"}
        refused(await door.client.post(f"/oauth/{what}", data={"token": token}, headers=bearer), 401, "invalid_client")


async def introspected(door: Door, pair: Pair, token: str) -> object:
    answer = await door.client.post("/oauth/introspect", data={"token": token}, auth=pair)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_a_consumer_learns_what_its_token_allows(
    door: Door, clock: FixedClock, consumers: SqliteConsumers
) -> None:
    token = await door.token(scope="stream")
    now_s = clock.now_us() // 1_000_000
    assert await introspected(door, door.pair, token) == {
        "active": True,
        "token_type": "Bearer",
        "client_id": "engine",
        "sub": "engine",
        "scope": "stream",
        "authorization_details": [{"type": "xapi", "courses": ["course-v1:MITx+*", COURSE_A]}],
        "iss": "https://lrs.example.org",
        "aud": "https://lrs.example.org/xapi",
        "iat": now_s,
        "exp": now_s + 3600,
        "jti": consumers.tokens()[0].jti,
    }


async def test_what_is_shown_is_what_holds_now(door: Door, consumers: SqliteConsumers) -> None:
    """A consumer that was narrowed after the token was issued."""
    token = await door.token()
    consumers.change_consumer(
        "engine", lambda one: replace(one, scopes=frozenset({"stream"}), grant=Grant.of([COURSE_A]))
    )
    found = await introspected(door, door.pair, token)
    assert isinstance(found, dict)
    assert found["scope"] == "stream"
    assert found["authorization_details"] == [{"type": "xapi", "courses": [COURSE_A]}]


async def test_looking_into_a_token_is_no_use_of_it(door: Door, authenticator: Authenticator) -> None:
    token = await door.token()
    noted: list[str] = []
    authenticator._note_use = lambda credential, _now_us: noted.append(credential)
    await introspected(door, door.pair, token)
    assert noted == [f"key:{door.key.key}"]


@pytest.mark.parametrize("state", ["nonsense", "altered", "expired", "revoked", "another's", "disabled"])
async def test_all_that_is_said_of_other_tokens_is_that_they_are_inactive(
    *, door: Door, other: Pair, admin: Pair, clock: FixedClock, consumers: SqliteConsumers, state: str
) -> None:
    """RFC 7662 2.2: an unknown token, a bad one, and one of somebody else look alike."""
    token, asker = await door.token(), door.pair
    match state:
        case "nonsense":
            token = "nonsense"
        case "altered":
            token = f"{token[:-4]}AAAA"
        case "expired":
            clock.advance(3600)
        case "revoked":
            door.issuer.revoke_token(token)
        case "another's":
            asker = other
        case "disabled":
            consumers.change_consumer("engine", lambda one: replace(one, disabled=True))
            asker = admin
    assert await introspected(door, asker, token) == {"active": False}


async def test_an_administrator_learns_of_every_token(door: Door, admin: Pair) -> None:
    found = await introspected(door, admin, await door.token())
    assert isinstance(found, dict)
    assert (found["active"], found["client_id"]) == (True, "engine")


async def test_a_token_looks_into_itself_and_no_other(door: Door) -> None:
    token, sibling = await door.token(), await door.token()
    bearer = {"Authorization": f"Bearer {token}"}
    own = await door.client.post("/oauth/introspect", data={"token": token}, headers=bearer)
    assert own.json()["active"]
    assert (await door.client.post("/oauth/introspect", data={"token": sibling}, headers=bearer)).json() == {
        "active": False
    }

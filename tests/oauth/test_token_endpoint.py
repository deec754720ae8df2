"""``POST /oauth/token``: the client credentials grant (RFC 6749 4.4)."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlencode

import httpx
import pytest

from lrs.auth.authenticate import Authenticator
from lrs.auth.grants import Grant
from lrs.auth.restrictions import Restrictions
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from tests.oauth.conftest import GRANT_TYPE, Door, refused
from tests.samples import ANSWERED, COURSE_A, VOIDED


def details(*courses: str) -> str:
    return json.dumps([{"type": "xapi", "courses": list(courses)}])


async def test_a_key_and_its_secret_get_a_token_for_all_that_their_consumer_may_do(
    door: Door, authenticator: Authenticator
) -> None:
    answer = await door.post("token", door.pair, **GRANT_TYPE)
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    token = body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "all/read",
        "authorization_details": [{"type": "xapi", "courses": ["course-v1:MITx+*", COURSE_A]}],
    }
    assert authenticator.principal_for_token(token).consumer == "engine"


async def test_the_client_may_authenticate_by_fields(door: Door) -> None:
    """RFC 6749 2.3.1."""
    key, secret = door.pair
    fields = {"client_id": key, "client_secret": secret, **GRANT_TYPE}
    answer = await door.client.post("/oauth/token", data=fields)
    assert answer.status_code == 200


async def test_the_token_has_a_row_like_all_others(door: Door, consumers: SqliteConsumers) -> None:
    await door.token(scope="stream", expires_in="60")
    (row,) = consumers.tokens("engine")
    assert (row.scopes, row.expires_at_us - row.issued_at_us) == (frozenset({"stream"}), 60_000_000)


async def test_scope_narrows(door: Door, authenticator: Authenticator) -> None:
    token = await door.token(scope="statements/read stream")
    assert not authenticator.principal_for_token(token).allows("state/read")


async def test_authorization_details_narrow(door: Door, authenticator: Authenticator) -> None:
    """RFC 9396."""
    token = await door.token(authorization_details=details("course-v1:MITx+C1+a"))
    assert authenticator.principal_for_token(token).grant == Grant.of(["course-v1:MITx+C1+a"])


async def test_restrictions_of_the_consumer_hold_where_the_client_says_nothing_of_them(
    door: Door, authenticator: Authenticator
) -> None:
    verbs, sites = Restrictions.of({"verbs": [ANSWERED, VOIDED]}), Restrictions.of({"sites": ["https://a.example"]})
    door.issuer.add_consumer("narrow", scopes=frozenset({"stream"}), grant=Grant.of(["course-v1:MITx+*"], verbs))
    key = door.issuer.add_key("narrow")

    async def given(**members: list[str]) -> Grant:
        asked = json.dumps([{"type": "xapi", "courses": ["course-v1:MITx+C1+a"], **members}])
        answer = await door.post("token", (key.key, key.secret), **GRANT_TYPE, authorization_details=asked)
        return authenticator.principal_for_token(answer.json()["access_token"]).grant

    assert (await given()).restrictions == verbs
    assert (await given(verbs=[ANSWERED])).restrictions == Restrictions.of({"verbs": [ANSWERED]})
    assert (await given(sites=["https://a.example"])).restrictions == replace(verbs, sites=sites.sites)
    more = [{"type": "xapi", "courses": ["course-v1:MITx+C1+a"], "verbs": ["https://a.example/other"]}]
    refusal = await door.post("token", (key.key, key.secret), **GRANT_TYPE, authorization_details=json.dumps(more))
    refused(refusal, 400, "invalid_authorization_details")


async def test_a_longer_life_than_allowed_is_shortened_and_said(door: Door) -> None:
    answer = await door.post("token", door.pair, **GRANT_TYPE, expires_in="999999999")
    assert answer.json()["expires_in"] == 86_400


async def test_fields_that_are_unknown_or_empty_count_for_nothing(door: Door) -> None:
    """RFC 6749 3.2."""
    answer = await door.post("token", door.pair, **GRANT_TYPE, scope="", expires_in="", shoe_size="44")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        (GRANT_TYPE | {"scope": "statements/write"}, "invalid_scope"),
        (GRANT_TYPE | {"scope": "all/read admin"}, "invalid_scope"),
        (GRANT_TYPE | {"scope": "root"}, "invalid_scope"),
        (GRANT_TYPE | {"scope": " stream"}, "invalid_scope"),
        (GRANT_TYPE | {"scope": 'str"eam\r\nä'}, "invalid_scope"),
        (GRANT_TYPE | {"authorization_details": "{"}, "invalid_authorization_details"),
        (GRANT_TYPE | {"authorization_details": "[" * 5_000}, "invalid_authorization_details"),
        (GRANT_TYPE | {"authorization_details": "[]"}, "invalid_authorization_details"),
        (GRANT_TYPE | {"authorization_details": details("*")}, "invalid_authorization_details"),
        (GRANT_TYPE | {"authorization_details": details("course-v1:edX+C+R")}, "invalid_authorization_details"),
        (GRANT_TYPE | {"authorization_details": '[{"type":"other","courses":[]}]'}, "invalid_authorization_details"),
        (GRANT_TYPE | {"expires_in": "soon"}, "invalid_request"),
        (GRANT_TYPE | {"expires_in": "0"}, "invalid_request"),
        (GRANT_TYPE | {"expires_in": "-1"}, "invalid_request"),
        (GRANT_TYPE | {"expires_in": "1e3"}, "invalid_request"),
        (GRANT_TYPE | {"expires_in": "9" * 5_000}, "invalid_request"),
        (GRANT_TYPE | {"resource": "https://other.example/xapi"}, "invalid_target"),
    ],
    ids=str,
)
async def test_what_can_not_be_given_is_refused_in_the_words_of_the_standard(
    door: Door, consumers: SqliteConsumers, fields: dict[str, str], error: str
) -> None:
    """RFC 6749 5.2, RFC 9396 5, RFC 8707 2."""
    description = refused(await door.client.post("/oauth/token", data=fields, auth=door.pair), 400, error)
    assert description.isascii()
    assert consumers.tokens() == []


async def test_a_wrong_secret_and_an_unknown_key_are_answered_alike(door: Door) -> None:
    key, secret = door.pair
    wrong = await door.post("token", (key, "wrong"), **GRANT_TYPE)
    unknown = await door.post("token", ("a" * len(key), secret), **GRANT_TYPE)
    refused(wrong, 401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic ")
    assert (wrong.content, wrong.headers) == (unknown.content, unknown.headers)


@pytest.mark.parametrize(
    "fields",
    [{}, {"client_id": "{key}"}, {"client_secret": "{secret}"}, {"client_id": "{key}", "client_secret": "x"}],
    ids=str,
)
async def test_a_client_that_does_not_prove_itself_is_invalid(door: Door, fields: dict[str, str]) -> None:
    key, secret = door.pair
    given = {name: value.format(key=key, secret=secret) for name, value in fields.items()}
    refused(await door.client.post("/oauth/token", data=given | GRANT_TYPE), 401, "invalid_client")


async def test_two_ways_to_authenticate_are_refused(door: Door) -> None:
    """RFC 6749 2.3: two readers might pick two."""
    key, secret = door.pair
    answer = await door.post("token", door.pair, client_id=key, client_secret=secret, **GRANT_TYPE)
    refused(answer, 400, "invalid_request")
    other = await door.post("token", door.pair, client_id="other", **GRANT_TYPE)
    refused(other, 400, "invalid_request")


async def test_a_bearer_token_gets_no_token(door: Door) -> None:
    """Otherwise a token that leaked would live for ever."""
    refused(await door.post("token", None, await door.token(), **GRANT_TYPE), 401, "invalid_client")


async def test_a_field_that_comes_twice_is_refused(door: Door) -> None:
    """RFC 6749 3.2."""
    answer = await door.client.post(
        "/oauth/token",
        content=urlencode([*GRANT_TYPE.items(), ("scope", "stream"), ("scope", "all/read")]),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=door.pair,
    )
    refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", ""])
async def test_only_forms_are_read(door: Door, content_type: str) -> None:
    """RFC 6749 4.4.2."""
    answer = await door.client.post(
        "/oauth/token", content=urlencode(GRANT_TYPE), headers={"Content-Type": content_type}, auth=door.pair
    )
    refused(answer, 400, "invalid_request")


async def test_fields_in_the_url_count_for_nothing(door: Door) -> None:
    """URLs get into logs (RFC 6749 2.3.1)."""
    key, secret = door.pair
    query = urlencode({"client_id": key, "client_secret": secret})
    answer = await door.client.post(f"/oauth/token?{query}", data=GRANT_TYPE)
    refused(answer, 401, "invalid_client")


async def test_a_form_that_is_too_large_or_no_utf8_is_refused(door: Door) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    large = await door.client.post("/oauth/token", content=b"a=" + b"x" * 40_000, headers=headers)
    refused(large, 413, "invalid_request")
    broken = await door.client.post("/oauth/token", content=b"grant_type=%ff", headers=headers)
    refused(broken, 400, "invalid_request")


async def test_wrong_secrets_are_looked_at_only_so_often(door: Door, clock: FixedClock) -> None:
    """So many a minute; another key from the same address goes on."""
    key, _ = door.pair
    for number in range(3):
        refused(await door.post("token", (key, str(number)), **GRANT_TYPE), 401, "invalid_client")
    answer = await door.post("token", (key, "4"), **GRANT_TYPE)
    refused(answer, 429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "20"
    other = door.issuer.add_key("engine")
    assert (await door.post("token", (other.key, other.secret), **GRANT_TYPE)).status_code == 200
    clock.advance(20)
    assert (await door.post("token", door.pair, **GRANT_TYPE)).status_code == 200


async def test_who_guesses_behind_the_same_proxy_does_not_lock_out_the_owner(door: Door) -> None:
    key, _ = door.pair
    stranger = {"X-Real-IP": "192.0.2.1"}
    for _ in range(4):
        answer = await door.client.post("/oauth/token", data=GRANT_TYPE, auth=(key, "x"), headers=stranger)
    assert answer.status_code == 429
    owner = {"X-Real-IP": "192.0.2.2"}
    assert (await door.client.post("/oauth/token", data=GRANT_TYPE, auth=door.pair, headers=owner)).status_code == 200


async def test_an_unknown_key_is_limited_as_a_known_one_is(door: Door) -> None:
    """Otherwise the limit would tell which keys there are."""
    answers = [await door.post("token", ("nobody", "x"), **GRANT_TYPE) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


async def test_a_revoked_key_and_a_disabled_consumer_get_nothing(door: Door, consumers: SqliteConsumers) -> None:
    other = door.issuer.add_key("engine")
    door.issuer.revoke_key(other.key)
    refused(await door.post("token", (other.key, other.secret), **GRANT_TYPE), 401, "invalid_client")
    consumers.change_consumer("engine", lambda one: replace(one, disabled=True))
    refused(await door.post("token", door.pair, **GRANT_TYPE), 401, "invalid_client")


async def test_a_consumer_has_only_so_many_tokens(door: Door, clock: FixedClock) -> None:
    """One that asks for each request would fill the store; when old ones have expired, there is room again."""
    for _ in range(5):
        await door.token()
    refused(await door.post("token", door.pair, **GRANT_TYPE), 429, "temporarily_unavailable")
    clock.advance(3600)
    await door.token()


async def test_tokens_that_end_at_once_count_for_an_hour(door: Door, clock: FixedClock) -> None:
    """Short ones, and those that are revoked as soon as they are given, would fill the store too."""
    for _ in range(5):
        door.issuer.revoke_token(await door.token(expires_in="1"))
    clock.advance(3599)
    refused(await door.post("token", door.pair, **GRANT_TYPE), 429, "temporarily_unavailable")
    clock.advance(1)
    await door.token()


async def test_tokens_that_expired_long_ago_are_forgotten(
    door: Door, clock: FixedClock, consumers: SqliteConsumers
) -> None:
    await door.token()
    clock.advance(31 * 86_400)
    await door.token()
    assert len(consumers.tokens()) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_served(door: Door, method: str) -> None:
    """RFC 6749 3.2."""
    answer: httpx.Response = await door.client.request(method, "/oauth/token")
    assert answer.status_code == 405

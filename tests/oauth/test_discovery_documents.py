"""What is published of this server: its metadata (RFC 8414) and its public keys (RFC 7517)."""

from __future__ import annotations

import pytest

from tests.oauth.conftest import Door

METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"


async def test_the_metadata_name_every_endpoint(door: Door) -> None:
    found = (await door.client.get(METADATA)).json()
    assert found["issuer"] == "https://lrs.example.org"
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["response_types_supported"] == []
    for name in "token_endpoint", "revocation_endpoint", "introspection_endpoint":
        assert (await door.client.post(found[name])).status_code == 400
    assert (await door.client.get(found["jwks_uri"])).json()["keys"]


async def test_after_a_rotation_both_keys_are_published_and_nothing_private(door: Door) -> None:
    await door.token()
    new, old = door.issuer.rotate_signing_key()
    keys = (await door.client.get(JWKS)).json()["keys"]
    assert [key["kid"] for key in keys] == [new.kid, old.kid]
    assert all(key.keys() == {"alg", "crv", "kid", "kty", "use", "x", "y"} for key in keys)


@pytest.mark.parametrize(("path", "max_age"), [(JWKS, 60), (METADATA, 3600)])
async def test_caches_may_keep_it_a_while_and_then_ask_whether_it_has_changed(
    door: Door, path: str, max_age: int
) -> None:
    first = await door.client.get(path)
    assert first.headers["cache-control"] == f"public, max-age={max_age}"
    assert first.headers["content-type"] == "application/json"
    again = await door.client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_rotation_changes_the_etag_of_the_keys(door: Door) -> None:
    before = await door.client.get(JWKS)
    door.issuer.rotate_signing_key()
    after = await door.client.get(JWKS, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200

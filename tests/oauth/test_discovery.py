"""What issuers publish is believed only as far as it can be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.oauth.discovery import configuration_url, jwks_url, key_set
from lrs.oauth.issuers import issuers_in
from tests.oauth.issuer import jwk_of, new_key
from tests.oauth.test_issuers import LEAST, OWN

ISSUER = LEAST["issuer"]
(CONFIGURED,) = issuers_in(json.dumps([LEAST]), **OWN)
KEY = jwk_of(new_key("ES256"), "a", "ES256")


def document(**members: Any) -> bytes:
    return json.dumps(members).encode()


def test_the_description_stands_below_the_issuer() -> None:
    """OpenID Connect Discovery 1.0, 4.1."""
    assert configuration_url("https://a/b/") == "https://a/b/.well-known/openid-configuration"


def test_it_says_where_the_keys_are() -> None:
    """On another host too, as great issuers do."""
    assert jwks_url(document(issuer=ISSUER, jwks_uri="https://keys.example.net/k"), ISSUER)


@pytest.mark.parametrize(
    "raw",
    [
        document(issuer="https://evil.example", jwks_uri="https://a/k"),
        document(issuer=f"{ISSUER}/", jwks_uri="https://a/k"),
        document(issuer=ISSUER),
        document(issuer=ISSUER, jwks_uri=1),
        document(issuer=ISSUER, jwks_uri="http://id.example.org/k"),
        document(issuer=ISSUER, jwks_uri="http://127.0.0.1:8080/metrics"),
        document(issuer=ISSUER, jwks_uri="http://169.254.169.254/latest/meta-data"),
        document(issuer=ISSUER, jwks_uri="file:///etc/passwd"),
        b"[]",
        b"<html>",
        b"[" * 100_000,
        b'{"issuer":"a","issuer":"b"}',
    ],
    ids=lambda raw: raw[:60].decode(),
)
def test_a_description_of_another_or_that_leads_astray_is_refused(raw: bytes) -> None:
    """An issuer far away must not make the server ask machines that only it can reach."""
    with pytest.raises(Exception):  # noqa: B017
        jwks_url(raw, ISSUER)


def test_only_an_issuer_on_this_machine_may_lead_to_this_machine() -> None:
    local = "http://localhost:9"
    assert jwks_url(document(issuer=local, jwks_uri="http://127.0.0.1:9/k"), local)


def test_keys_that_can_be_used_are_taken_and_others_passed_over() -> None:
    odd = [{"kty": "oct", "kid": "b"}, KEY | {"kid": "c", "x": "!"}, {}, None, KEY | {"kid": "d", "use": "enc"}]
    assert list(key_set(document(keys=[KEY, *odd]), CONFIGURED, keys_max=10)) == ["a"]


def test_two_keys_of_one_name_are_both_passed_over() -> None:
    other = jwk_of(new_key("ES256"), "b", "ES256")
    assert list(key_set(document(keys=[KEY, KEY, other]), CONFIGURED, keys_max=10)) == ["b"]


@pytest.mark.parametrize(
    "raw", [document(), document(keys={}), document(keys=[]), document(keys=[KEY] * 11), document(keys=[1]), b"{", b"1"]
)
def test_a_set_without_any_usable_key_is_refused(raw: bytes) -> None:
    """So that what was fetched before counts on."""
    with pytest.raises(Exception):  # noqa: B017
        key_set(raw, CONFIGURED, keys_max=10)

"""The setting ``LRS_OIDC_ISSUERS``: read strictly, since every word in it decides who gets in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.errors import ConfigError
from lrs.oauth.issuers import ExternalIssuer, is_trusted_url, issuers_in

OWN = {"own_issuer": "https://lrs.example.org", "own_audience": "https://lrs.example.org/xapi"}
LEAST: dict[str, Any] = {"issuer": "https://id.example.org/realms/a", "consumers": {"moodle": "engine"}}


def read(*rows: Any) -> list[ExternalIssuer]:
    return issuers_in(json.dumps(rows), **OWN)


def test_without_the_setting_nobody_else_is_trusted() -> None:
    assert issuers_in("", **OWN) == issuers_in(" ", **OWN) == issuers_in("[]", **OWN) == []


def test_what_is_not_said_is_the_strictest_usual() -> None:
    (issuer,) = read(LEAST)
    assert issuer == ExternalIssuer(
        issuer="https://id.example.org/realms/a",
        audience="https://lrs.example.org/xapi",
        algorithms=("RS256", "ES256"),
        types=frozenset({"at+jwt", "application/at+jwt"}),
        consumer_claim="client_id",
        consumers={"moodle": "engine"},
        scope_claim=None,
        courses_claim=None,
    )


def test_everything_can_be_said() -> None:
    (issuer,) = read(
        LEAST
        | {
            "audience": "lrs",
            "algorithms": ["EdDSA"],
            "types": ["JWT"],
            "consumer_claim": "azp",
            "consumers": "*",
            "scope_claim": "scope",
            "courses_claim": "courses",
        }
    )
    assert (issuer.audience, issuer.algorithms, issuer.types) == ("lrs", ("EdDSA",), frozenset({"jwt"}))
    assert (issuer.consumer_claim, issuer.consumers) == ("azp", None)
    assert (issuer.scope_claim, issuer.courses_claim) == ("scope", "courses")


def test_a_value_stands_for_the_consumer_that_is_named_for_it_only() -> None:
    (issuer,) = read(LEAST)
    assert [issuer.consumer(value) for value in ("moodle", "engine", "Moodle")] == ["engine", None, None]


def test_with_a_star_the_value_is_the_name() -> None:
    (issuer,) = read(LEAST | {"consumers": "*"})
    assert issuer.consumer("engine") == "engine"


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://id.example.org"},
        {"issuer": "ftp://id.example.org"},
        {"issuer": "https://"},
        {"issuer": "https://user:secret@id.example.org"},
        {"issuer": "https://id.example.org?x=1"},
        {"issuer": "https://id.example.org#x"},
        {"issuer": "https://id.example.org:port"},
        {"issuer": "https://[id"},
        {"issuer": ""},
        {"issuer": 1},
        {"issuer": "https://lrs.example.org"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["RS256", "none"]},
        {"algorithms": "RS256"},
        {"algorithms": []},
        {"types": []},
        {"audience": ""},
        {"audience": ["a"]},
        {"consumer_claim": 1},
        {"consumers": {}},
        {"consumers": "engine"},
        {"consumers": ["engine"]},
        {"consumers": {"a": 1}},
        {"scope_claim": None},
        {"algorithm": ["ES256"]},
    ],
    ids=str,
)
def test_what_is_wrong_stops_the_start(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="LRS_OIDC_ISSUERS"):
        read(LEAST | change)


@pytest.mark.parametrize("text", ["{}", "[1]", "[", "[[]]", "null", json.dumps([LEAST] * 2), json.dumps([LEAST] * 21)])
def test_what_is_no_list_of_different_issuers_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match="LRS_OIDC_ISSUERS"):
        issuers_in(text, **OWN)


def test_whom_tokens_stand_for_must_be_said() -> None:
    """Otherwise whoever can name himself at the issuer could name himself like a consumer."""
    with pytest.raises(ConfigError, match="consumers"):
        read({"issuer": LEAST["issuer"]})


@pytest.mark.parametrize(
    ("url", "remote", "local"),
    [
        ("https://id.example.org/a?b=c", True, True),
        ("http://localhost:8000/a", False, True),
        ("http://127.0.0.1/a", False, True),
        ("http://[::1]/a", False, True),
        ("http://10.0.0.1/a", False, False),
        ("http://localhost.example.org/a", False, False),
        ("http://127.0.0.1@example.org/a", False, False),
        ("file:///etc/passwd", False, False),
        ("//id.example.org", False, False),
        ("https://id.example.org/\r\nX: y", False, False),
    ],
)
def test_only_https_is_fetched_or_http_of_this_machine_where_that_is_allowed(
    url: str, *, remote: bool, local: bool
) -> None:
    assert is_trusted_url(url, loopback=False) is remote
    assert is_trusted_url(url, loopback=True) is local

"""Which other issuers are trusted, for what, and whom their tokens stand for: the setting ``LRS_OIDC_ISSUERS``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from lrs.errors import ConfigError, MalformedJson
from lrs.oauth.signatures import ALGORITHMS
from lrs.xapi.decode import decode_json

ISSUERS_MAX = 20
DEFAULT_ALGORITHMS = ("RS256", "ES256")
DEFAULT_TYPES = ("at+jwt", "application/at+jwt")
DEFAULT_CONSUMER_CLAIM = "client_id"
BY_NAME = "*"

_VARIABLE = "LRS_OIDC_ISSUERS"
_MEMBERS = {
    "issuer",
    "audience",
    "algorithms",
    "types",
    "consumer_claim",
    "consumers",
    "scope_claim",
    "courses_claim",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIssuer:
    """One issuer, and how its tokens are read."""

    issuer: str
    """Its ``iss``, letter by letter."""
    audience: str
    """What ``aud`` of its tokens must name."""
    algorithms: tuple[str, ...]
    types: frozenset[str]
    """What ``typ`` may be, in small letters."""
    consumer_claim: str
    consumers: Mapping[str, str] | None
    """From a value of that claim to the registered consumer; None: the value is the name of the consumer."""
    scope_claim: str | None
    courses_claim: str | None

    def consumer(self, value: str) -> str | None:
        """The consumer that ``value`` of the claim stands for; None if it stands for none."""
        return value if self.consumers is None else self.consumers.get(value)


def issuers_in(text: str, *, own_issuer: str, own_audience: str) -> list[ExternalIssuer]:
    """The issuers in ``text``, a JSON array of objects; none if it is empty. ConfigError says what is wrong."""
    if not text.strip():
        return []
    try:
        rows = decode_json(text.encode(), depth_max=8)
    except MalformedJson as error:
        raise ConfigError(f"{_VARIABLE} is not JSON: {error.message}") from None
    if not isinstance(rows, list) or len(rows) > ISSUERS_MAX or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{_VARIABLE} is a JSON array of at most {ISSUERS_MAX} objects")
    found = [_issuer(row, own_audience) for row in rows]
    names = [one.issuer for one in found]
    if len(set(names)) != len(names) or own_issuer in names:
        raise ConfigError(f"{_VARIABLE} names an issuer twice, or this server itself")
    return found


def is_trusted_url(url: str, *, loopback: bool) -> bool:
    """Whether ``url`` may be fetched: https, or, where ``loopback`` is allowed, http of this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
        return False
    return parts.scheme == "https" or (loopback and is_loopback_url(url))


def is_loopback_url(url: str) -> bool:
    """Whether ``url`` is http of this very machine, so that nobody else can listen or answer."""
    parts = urlsplit(url)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _issuer(row: Mapping[str, Any], own_audience: str) -> ExternalIssuer:
    unknown = sorted(row.keys() - _MEMBERS)
    if unknown:
        raise ConfigError(f"{_VARIABLE} has an unknown member {unknown[0]!r}; there are {', '.join(sorted(_MEMBERS))}")
    issuer = _text(row, "issuer", None)
    if issuer is None or not is_trusted_url(issuer, loopback=True) or urlsplit(issuer).query:
        raise ConfigError(f"{_VARIABLE}: issuer is the https URL of an issuer; http is taken for this machine only")
    algorithms = _texts(row, "algorithms", DEFAULT_ALGORITHMS)
    wrong = [name for name in algorithms if name not in ALGORITHMS]
    if wrong:
        raise ConfigError(f"{_VARIABLE}: {wrong[0]!r} is none of the algorithms {', '.join(ALGORITHMS)}")
    return ExternalIssuer(
        issuer=issuer,
        audience=_text(row, "audience", own_audience) or own_audience,
        algorithms=algorithms,
        types=frozenset(name.lower() for name in _texts(row, "types", DEFAULT_TYPES)),
        consumer_claim=_text(row, "consumer_claim", DEFAULT_CONSUMER_CLAIM) or DEFAULT_CONSUMER_CLAIM,
        consumers=_consumers(row),
        scope_claim=_text(row, "scope_claim", None),
        courses_claim=_text(row, "courses_claim", None),
    )


def _consumers(row: Mapping[str, Any]) -> dict[str, str] | None:
    given = row.get("consumers")
    if given == BY_NAME:
        return None
    if not isinstance(given, dict) or not given or not all(isinstance(name, str) and name for name in given.values()):
        raise ConfigError(
            f'{_VARIABLE}: consumers says whom tokens stand for: {{"VALUE": "CONSUMER"}}, '
            f'or "{BY_NAME}" where the claim holds the names of consumers'
        )
    return given


def _text(row: Mapping[str, Any], name: str, default: str | None) -> str | None:
    if name not in row:
        return default
    value = row[name]
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{_VARIABLE}: {name} is a text")
    return value


def _texts(row: Mapping[str, Any], name: str, default: Iterable[str]) -> tuple[str, ...]:
    value = row.get(name, list(default))
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise ConfigError(f"{_VARIABLE}: {name} is an array of texts")
    return tuple(value)

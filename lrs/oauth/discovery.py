"""What an issuer publishes: where its keys are (OpenID Connect Discovery 1.0, 4) and the keys (RFC 7517 5)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lrs.oauth.issuers import ExternalIssuer, is_loopback_url, is_trusted_url
from lrs.oauth.signatures import VerifyingKey, verifying_key
from lrs.xapi.decode import decode_json

_DEPTH_MAX = 16


def configuration_url(issuer: str) -> str:
    """Where the issuer describes itself."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def jwks_url(raw: bytes, issuer: str) -> str:
    """Where its keys are, by its description. ValueError if that is of another issuer, or leads to where none goes."""
    described = _object(raw)
    if described.get("issuer") != issuer:
        raise ValueError("the description is of another issuer")
    url = described.get("jwks_uri")
    # Only an issuer on this machine may lead to this machine.
    if not isinstance(url, str) or not is_trusted_url(url, loopback=is_loopback_url(issuer)):
        raise ValueError("jwks_uri is no https URL")
    return url


def key_set(raw: bytes, issuer: ExternalIssuer, *, keys_max: int) -> dict[str, VerifyingKey]:
    """The keys of ``issuer`` that can be used, by kid; others are passed over (RFC 7517 5). ValueError if none can be.

    Two keys of one kid are both passed over: for each there is one algorithm, and nobody could say which.
    """
    rows = _object(raw).get("keys")
    if not isinstance(rows, list) or len(rows) > keys_max:
        raise ValueError(f"the key set is not an array of at most {keys_max} keys")
    kids = Counter(row["kid"] for row in rows if isinstance(row, dict) and isinstance(row.get("kid"), str))
    found = [_key(row, issuer) for row in rows]
    keys = {key.kid: key for key in found if key is not None and kids[key.kid] == 1}
    if not keys:
        raise ValueError("the key set has no key for the allowed algorithms")
    return keys


def _key(row: Any, issuer: ExternalIssuer) -> VerifyingKey | None:
    try:
        return verifying_key(row, issuer.algorithms)
    except Exception:  # noqa: BLE001 - Whatever a library raises: it is no key.
        return None


def _object(raw: bytes) -> dict[str, Any]:
    value = decode_json(raw, depth_max=_DEPTH_MAX)
    if not isinstance(value, dict):
        raise ValueError("the document is no JSON object")  # noqa: TRY004 - It is the text that is wrong.
    return value

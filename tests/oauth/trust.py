"""A server that trusts one external issuer, whose keys are at hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from lrs.auth.authenticate import Authenticator
from lrs.auth.principal import Principal
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.oauth.external import ExternalIssuers, external_issuers
from lrs.oauth.keys import IssuerKeys
from lrs.oauth.signatures import verifying_key
from tests.oauth.issuer import Private, jwk_of, new_key, signed_token

ISSUER = "https://id.example.org"
AUDIENCE = "https://lrs.example.org/xapi"


class Trust:
    """The issuer's key ``k1``, and what a token of it says; ``row`` is further members of the setting."""

    def __init__(
        self, register: SqliteConsumers, settings: Settings, clock: FixedClock, algorithm: str = "ES256", **row: Any
    ) -> None:
        self.algorithm = algorithm
        self.key: Private = new_key(algorithm)
        self.clock = clock
        text = json.dumps([{"issuer": ISSUER, "consumers": {"moodle": "engine"}, "algorithms": [algorithm]} | row])
        self.settings = replace(settings, oidc_issuers=text)
        found = external_issuers(self.settings, clock)
        assert found is not None
        self.external: ExternalIssuers = found
        self.keys: IssuerKeys = found.issuers[ISSUER][1]
        self.publish(k1=self.key)
        self.authenticator = Authenticator(register, self.settings, clock=clock, external=found)
        now_s = clock.now_us() // 1_000_000
        self.header: dict[str, Any] = {"alg": algorithm, "kid": "k1", "typ": "at+jwt"}
        self.claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "service-account-moodle",
            "aud": AUDIENCE,
            "client_id": "moodle",
            "iat": now_s,
            "exp": now_s + 300,
        }

    def publish(self, **keys: Private) -> None:
        """These keys were fetched just now."""
        found = [verifying_key(jwk_of(key, kid, self.algorithm), [self.algorithm]) for kid, key in keys.items()]
        self.keys.began(self.clock.monotonic_s())
        self.keys.succeeded({key.kid: key for key in found if key is not None})

    def token(self, header: dict[str, Any] | bytes | None = None, **claims: Any) -> str:
        """A token with these changes."""
        return self.forged(self.header if header is None else header, self.claims | claims)

    def forged(self, header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes) -> str:
        return signed_token(self.key, self.algorithm, header, claims)

    def principal(self, **claims: Any) -> Principal:
        """Who comes with a token with these changes."""
        return self.authenticator.principal_for_token(self.token(**claims))

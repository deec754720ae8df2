"""The keys of one issuer as they were last fetched, and when to fetch them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lrs.auth.compact import REFUSAL
from lrs.errors import IssuerUnavailable, TokenRevoked, Unauthenticated
from lrs.limits import Limits
from lrs.oauth.signatures import VerifyingKey

ABSENT_MAX = 100
"""How many kids are remembered that were asked for and not there."""

_DOUBLINGS_MAX = 20
_LONG_AGO_S = float("-inf")


class IssuerKeys:
    """Times are monotonic seconds. One thread fetches, any may ask: what they share is replaced, never changed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._keys: Mapping[str, VerifyingKey] = {}
        self._fetched_s: float | None = None
        self._attempted_s: float | None = None
        self._failures = 0
        self._wanted = False
        self._absent: dict[str, float] = {}
        self.revision = 0
        self.wake: Callable[[], None] = lambda: None
        """Called when a fetch is due earlier than it was."""

    def find(self, kid: str, now_s: float) -> VerifyingKey:
        """The key of that name. Unauthenticated if there is none; IssuerUnavailable as long as that is not sure."""
        self._require_fresh(now_s)
        key = self._keys.get(kid)
        if key is not None:
            return key
        asked_s = self._absent.get(kid)
        self._want()
        if asked_s is not None and self._fetched_s is not None and self._fetched_s > asked_s:
            raise Unauthenticated(REFUSAL)
        if asked_s is None:
            known = {} if len(self._absent) >= ABSENT_MAX else self._absent
            self._absent = {**known, kid: now_s}
        raise IssuerUnavailable("the keys of the issuer of the token are being fetched; try again")

    def require(self, kid: str, now_s: float) -> None:
        """For a token that was proven before: TokenRevoked if its key is there no more, IssuerUnavailable."""
        self._require_fresh(now_s)
        if kid not in self._keys:
            raise TokenRevoked("the issuer has withdrawn the key that signed the token")

    def due_s(self) -> float:
        """When the next fetch is due."""
        if self._attempted_s is None:
            return 0.0
        limits = self._limits
        if self._failures:
            pause_s = limits.oidc_refetch_s * 2.0 ** min(self._failures - 1, _DOUBLINGS_MAX)
            return self._attempted_s + min(pause_s, limits.oidc_renew_s)
        return self._attempted_s + (limits.oidc_refetch_s if self._wanted else limits.oidc_renew_s)

    def began(self, now_s: float) -> None:
        """A fetch begins; what is asked for from now on needs another."""
        self._attempted_s = now_s
        self._wanted = False

    def succeeded(self, keys: Mapping[str, VerifyingKey]) -> None:
        """The fetch that began last has brought these."""
        self._failures = 0
        self._fetched_s = self._attempted_s
        if keys != self._keys:
            # What was withdrawn needs no further fetch to be refused.
            self._absent = dict.fromkeys(self._keys.keys() - keys.keys(), _LONG_AGO_S)
            self._keys = keys
            self.revision += 1

    def failed(self, now_s: float) -> None:
        """The fetch that began last has brought nothing: the keys at hand count on for a while."""
        self._failures += 1
        if self._keys and not self._is_fresh(now_s):
            self._keys = {}
            self.revision += 1

    def _is_fresh(self, now_s: float) -> bool:
        return self._fetched_s is not None and now_s - self._fetched_s <= self._limits.oidc_stale_s

    def _require_fresh(self, now_s: float) -> None:
        # Until a fetch succeeds there is always another to come, so none has to be asked for.
        if not self._is_fresh(now_s):
            raise IssuerUnavailable("the keys of the issuer of the token can't be fetched at the moment; try again")

    def _want(self) -> None:
        if not self._wanted:
            self._wanted = True
            self.wake()

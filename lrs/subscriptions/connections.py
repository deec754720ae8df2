"""How many connections there may be: in all, of one credential, and of strangers."""

from __future__ import annotations

from collections import Counter

from lrs.errors import ConnectionLimit, Overloaded
from lrs.limits import Limits

STRANGER: None = None
"""Stands for the credential of a connection that has not shown one yet."""


class Connections:
    """Counts the open connections of one process, and refuses those beyond the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_credential: Counter[str] = Counter()
        self.total = 0
        self.strangers = 0

    def enter(self, credential: str | None) -> None:
        """One more, of ``credential`` or of a stranger.

        Raises Overloaded when the process has no room, ConnectionLimit when the credential has used up its own.
        """
        if self.total >= self._limits.connections_max:
            raise Overloaded("this server has as many stream connections as it can serve")
        if credential is STRANGER:
            if self.strangers >= self._limits.connections_unauthenticated_max:
                raise Overloaded("too many connections have not sent a token yet")
            self.strangers += 1
        else:
            self._take(credential)
        self.total += 1

    def move(self, before: str | None, after: str) -> None:
        """A stranger has shown a credential, or a connection has a new one; raises ConnectionLimit as ``enter``."""
        if before == after:
            return
        self._take(after)
        self._give_back(before)

    def leave(self, credential: str | None) -> None:
        self._give_back(credential)
        self.total -= 1

    def _take(self, credential: str) -> None:
        most = self._limits.connections_per_token_max
        if self._by_credential[credential] >= most:
            raise ConnectionLimit(f"this credential has {most} connections, the most that it may have")
        self._by_credential[credential] += 1

    def _give_back(self, credential: str | None) -> None:
        if credential is STRANGER:
            self.strangers -= 1
            return
        self._by_credential[credential] -= 1
        if not self._by_credential[credential]:
            del self._by_credential[credential]

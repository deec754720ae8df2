"""Consumers and what they hold, in SQLite: the adapter of ``lrs.auth.consumers.ConsumerStore``.

Tables in ``schema``; ``consumers``, ``credentials`` and ``signing_keys`` each keep their rows, and
``token_counts`` bounds those of tokens.
"""

from __future__ import annotations

import secrets

from lrs.auth.sqlite.consumers import ConsumerRows
from lrs.auth.sqlite.credentials import CredentialRows
from lrs.auth.sqlite.schema import MIGRATIONS
from lrs.auth.sqlite.signing_keys import SigningKeyRows
from lrs.auth.sqlite.token_counts import TokenCounts
from lrs.auth.tokens import new_signing_key
from lrs.clock import Clock, SystemClock
from lrs.storage.sqlite import Store

LOOK_S = 0.25
"""How often the store is asked though its mark stays: as it does when a process is killed right after its commit."""


class SqliteConsumers(ConsumerRows, CredentialRows, TokenCounts, SigningKeyRows):
    """``ConsumerStore`` on the tables of one ``Store``; several processes may share the file."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        store.migrate(MIGRATIONS)
        # The mark and the time when the generation was read, and the generation.
        self._known_generation = b"", 0.0, 0

    def generation(self) -> int:
        # Every request asks. A look at the mark takes no lock and, unlike a query, lets no other thread in between.
        mark, now_s = self._store.mark(), self._clock.monotonic_s()
        known_mark, looked_s, generation = self._known_generation
        if mark != known_mark or not 0 <= now_s - looked_s < LOOK_S:
            with self._store.reading() as connection:
                (generation,) = connection.execute("SELECT generation FROM auth_generation").fetchone()
            self._known_generation = mark, now_s, generation
        return generation


def open_consumers(store: Store, clock: Clock) -> SqliteConsumers:
    """The consumers in ``store``, with tables and a signing key from the first start on."""
    consumers = SqliteConsumers(store, clock)
    consumers.ensure_signing_key(lambda: new_signing_key(secrets.token_bytes, created_at_us=clock.now_us()))
    return consumers

"""Everybody who stands in a statement, for those who look for somebody by a pseudonym."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.statements.keys import AGENT, RELATED_AGENT
from lrs.storage.sqlite import Store

# A name has a number of its own for each kind of key.
_AFTER = f"""SELECT number, substr(name, 2) FROM key_name
    WHERE number > ? AND substr(name, 1, 1) IN ('{AGENT}', '{RELATED_AGENT}') ORDER BY number LIMIT ?"""


class SqliteLearners:
    """See ``lrs.pseudonyms.spaces.Learners``; on the tables of the log, which must be there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def after(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        with self._store.reading() as connection:
            return [(found, name) for found, name in connection.execute(_AFTER, (number, limit))]

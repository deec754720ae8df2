"""The rows of consumers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lrs.auth.consumers import Consumer
from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import Grant
from lrs.auth.restrictions import Restrictions
from lrs.auth.scopes import listed
from lrs.errors import Conflict, NotFound
from lrs.storage.sqlite import Store

CONSUMER_COLUMNS = (
    "c.id, c.name, c.scopes, c.courses, c.restrictions, c.created_at_us, c.expires_at_us, c.disabled, c.trusted, "
    "c.actors, c.space, c.strip"
)
"""What ``consumer_of`` takes, of the table ``consumer AS c``."""


class ConsumerRows:
    """Consumers in one ``Store``."""

    _store: Store

    def add_consumer(
        self,
        name: str,
        *,
        scopes: frozenset[str],
        grant: Grant,
        created_at_us: int,
        expires_at_us: int | None,
        trusted: bool = False,
        disclosure: Disclosure = PLAIN,
    ) -> Consumer:
        with self._store.writing() as connection:
            try:
                connection.execute(
                    "INSERT INTO consumer (name, scopes, courses, restrictions, created_at_us, expires_at_us, trusted, "
                    "actors, space, strip) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        name,
                        scopes_text(scopes),
                        *grant_texts(grant),
                        created_at_us,
                        expires_at_us,
                        int(trusted),
                        *_disclosure_texts(disclosure),
                    ),
                )
            except sqlite3.IntegrityError:
                raise Conflict(f"there is a consumer {name!r} already") from None
            return consumer_named(connection, name)

    def consumer(self, name: str) -> Consumer:
        with self._store.reading() as connection:
            return consumer_named(connection, name)

    def consumers(self) -> list[Consumer]:
        with self._store.reading() as connection:
            return [
                consumer_of(row)
                for row in connection.execute(f"SELECT {CONSUMER_COLUMNS} FROM consumer c ORDER BY name")
            ]

    def change_consumer(self, name: str, change: Callable[[Consumer], Consumer]) -> Consumer:
        with self._store.writing() as connection:
            before = consumer_named(connection, name)
            after = replace(change(before), id=before.id, name=before.name, created_at_us=before.created_at_us)
            connection.execute(
                "UPDATE consumer SET scopes = ?, courses = ?, restrictions = ?, expires_at_us = ?, disabled = ?, "
                "trusted = ?, actors = ?, space = ?, strip = ? WHERE id = ?",
                (
                    scopes_text(after.scopes),
                    *grant_texts(after.grant),
                    after.expires_at_us,
                    int(after.disabled),
                    int(after.trusted),
                    *_disclosure_texts(after.disclosure),
                    after.id,
                ),
            )
        return after


def consumer_named(connection: sqlite3.Connection, name: str) -> Consumer:
    row = connection.execute(f"SELECT {CONSUMER_COLUMNS} FROM consumer c WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no consumer {name!r}")
    return consumer_of(row)


def consumer_of(row: tuple[Any, ...]) -> Consumer:
    id_, name, scopes, courses, restrictions, created, expires, disabled, trusted, *disclosure = row
    return Consumer(
        id=id_,
        name=name,
        scopes=frozenset(scopes.split()),
        grant=grant_of(courses, restrictions),
        created_at_us=created,
        expires_at_us=expires,
        disabled=bool(disabled),
        trusted=bool(trusted),
        disclosure=_disclosure_of(*disclosure),
    )


def _disclosure_texts(disclosure: Disclosure) -> tuple[str, str | None, str]:
    """What ``_disclosure_of`` takes."""
    return str(disclosure.actors), disclosure.space, " ".join(sorted(disclosure.strip))


def _disclosure_of(actors: str, space: str | None, strip: str) -> Disclosure:
    return Disclosure.of(actors, space, strip.split())


def scopes_text(scopes: frozenset[str]) -> str:
    return " ".join(listed(scopes))


def grant_texts(grant: Grant) -> tuple[str, str]:
    """What ``grant_of`` takes: the columns ``courses`` and ``restrictions``."""
    return json.dumps(grant.entries()), json.dumps(grant.restrictions.to_json())


def grant_of(courses: str, restrictions: str) -> Grant:
    return Grant.of(json.loads(courses), Restrictions.of(json.loads(restrictions)))

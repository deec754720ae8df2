"""Data is linked to the records with which it came, in the commit that writes them, and to no others."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.errors import Conflict
from lrs.statements.log import Selection
from lrs.statements.record import Append, Attachment, Draft, Position
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.attachments import AttachmentLinks
from lrs.storage.sqlite import Store
from tests.samples import EVERYONE, draft, statement

HASH, OTHER = "aB" * 32, "cd" * 32


def carrying(made: dict[str, Any], *attachments: Attachment) -> Draft:
    return draft(made)._replace(attachments=attachments)


def data(sha2: str, content_type: str = "text/plain", *, came: bool = True) -> Attachment:
    return Attachment("", sha2, content_type, came=came)


def test_what_came_is_found_through_its_record_only(log: SqliteStatementLog, store: Store) -> None:
    links = AttachmentLinks(store)
    log.append_now(
        Append(
            [
                carrying(statement(), data(HASH, "text/plain"), data(HASH, "image/png"), data(OTHER, came=False)),
                draft(statement()),
                carrying(statement(), data(OTHER)),
            ]
        )
    )
    assert links.of([Position(1)]) == [data(HASH)]
    assert links.of([Position(2)]) == []
    assert links.of([Position(3), Position(2), Position(1)]) == [data(HASH), data(OTHER)]


def test_data_that_came_with_several_records_is_told_once(log: SqliteStatementLog, store: Store) -> None:
    log.append_now(Append([carrying(statement(), data(HASH)) for _ in range(3)]))
    assert AttachmentLinks(store).of([Position(1), Position(2), Position(3)]) == [data(HASH)]


def test_names_that_are_referred_to_are_known_in_lower_case(log: SqliteStatementLog, store: Store) -> None:
    log.append_now(Append([carrying(statement(), data(HASH), data(OTHER, came=False))]))
    assert AttachmentLinks(store).referred([HASH.lower(), HASH, OTHER, "x"]) == {HASH.lower()}


def test_looking_for_names_uses_an_index(log: SqliteStatementLog, store: Store) -> None:
    from lrs.statements.sqlite import attachments

    with store.reading() as connection:
        for sql in (attachments._OF, attachments._REFERRED):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("[]",))]
            assert any("SEARCH attachment USING" in step for step in plan), plan


def test_an_append_that_is_refused_links_nothing(log: SqliteStatementLog, store: Store) -> None:
    taken = statement()
    log.append_now(Append([draft(taken)]))
    with pytest.raises(Conflict):
        log.append_now(
            Append(
                [
                    carrying(statement(), data(HASH)),
                    carrying(taken | {"verb": {"id": "http://example.com/other"}}, data(OTHER)),
                ]
            )
        )
    assert AttachmentLinks(store).referred([HASH.lower(), OTHER]) == set()


def test_a_statement_sent_again_gets_no_data_that_it_had_not(log: SqliteStatementLog, store: Store) -> None:
    """Communication 2.1.1: nothing changes because of a statement whose id is stored already."""
    made = statement()
    log.append_now(Append([draft(made)]))
    assert log.append_now(Append([carrying(made, data(HASH))])) == [1]
    assert AttachmentLinks(store).of([Position(1)]) == []
    assert len(log.read(Selection(), EVERYONE).records) == 1

"""The key index, merged into one piece."""

from __future__ import annotations

from lrs.statements.log import Selection, StatementLog
from lrs.statements.match import Filter
from lrs.statements.sqlite.merging import merge_index
from lrs.storage.sqlite import Store
from tests.contracts.statement_log import ids, put
from tests.samples import COURSE_A, COURSE_B, statement


def parts(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute("SELECT count(DISTINCT segid) FROM record_key_idx").fetchone()[0])


def test_an_index_of_many_parts_has_one_and_finds_the_same(log: StatementLog, store: Store) -> None:
    made = [statement(course=COURSE_A if at % 3 else COURSE_B) for at in range(60)]
    for one in made:
        put(log, one)
    selection = Selection(filter=Filter.of(frozenset({f"k{COURSE_A}"})), limit=100)
    before = ids(log, selection)
    assert parts(store) > 1
    merge_index(store)
    assert parts(store) == 1
    assert ids(log, selection) == before
    assert len(before) == 40


def test_an_empty_index_is_left_alone(log: StatementLog, store: Store) -> None:
    merge_index(store)
    assert parts(store) == 0

"""Of whom is erased nothing is left in unused parts of pages either, however many rows SQLite moved between them."""

from __future__ import annotations

import re
from random import Random

import pytest

from lrs.erasure.erasure import Amounts, Wanted
from lrs.erasure.writer import Erasures
from lrs.statements.learners import Learner
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.aside import CONFLICT, QUARANTINE, Aside
from lrs.statements.sqlite.erase import suspect, unname
from lrs.statements.sqlite.names import ERASED_NAME, Names
from lrs.storage.sqlite import Store
from tests.erasure.test_records import whole
from tests.samples import LMS, agent

NAMES = 60_000
"""With so many the pages of an index over names would be split in every way, inner ones too: a few of a thousand names
would be left in unused parts.
"""

AT_ONCE = 1_000
_ASIDE = {
    QUARANTINE: "INSERT INTO quarantine VALUES (?, 1, 'c', '1.0.3', x'', ?)",
    CONFLICT: "INSERT INTO conflict VALUES (?, 1, 1, ?)",
}
_WORD = re.compile(rb"[g-v]{20}")


def words(random: Random, count: int) -> list[str]:
    """Different ones, which nothing else in a store looks like."""
    return ["".join(random.choices("ghijklmnopqrstuv", k=20)) for _ in range(count)]


def readable(store: Store) -> set[str]:
    """All words that stand in any file of the store."""
    return {
        word.decode()
        for path in store.path.parent.rglob("*")
        if path.is_file()
        for word in _WORD.findall(path.read_bytes())
    }


def key(word: str) -> str:
    return f"aaccount|{LMS}|{word}"


def test_no_name_is_left_of_many_that_came_in_any_order(store: Store, log: SqliteStatementLog) -> None:
    made = words(Random(3), NAMES)
    names = Names("key_name", "name")
    for first in range(0, NAMES, AT_ONCE):
        with store.writing() as connection:
            names.enter(connection, [key(word) for word in made[first : first + AT_ONCE]])
    gone, kept = made[::2], made[1::2]
    assert readable(store) >= {*made}
    with store.writing() as connection:
        suspect(connection, range(1, NAMES + 1, 2))
        assert not unname(connection, lambda: False)
    assert store.empty_wal()
    assert readable(store) == {*kept}
    assert whole(store) == 0
    with store.reading() as connection:
        assert Names("key_name", "name").numbers(connection, [key(gone[0]), key(kept[0])]) == {key(kept[0]): 2}
        assert set(Names("key_name", "name").names(connection, [1, 2]).values()) == {ERASED_NAME, key(kept[0])}


@pytest.mark.parametrize("table", [QUARANTINE, CONFLICT])
def test_nothing_is_left_of_what_is_dropped_among_others(store: Store, log: SqliteStatementLog, table: str) -> None:
    """Many are dropped first, so that SQLite would put together what is left, and then some of these."""
    random = Random(3)
    made = words(random, 6_000)
    with store.writing() as connection:
        connection.executemany(
            _ASIDE[table], [(n, ("." + word + "." * random.randrange(300)).encode()) for n, word in enumerate(made, 1)]
        )
    numbers = random.sample(range(1, len(made) + 1), len(made))
    aside = Aside(store)
    assert aside.drop_all(table, numbers[:3_600]) == 3_600
    assert aside.drop_all(table, numbers[:4_800]) == 1_200
    assert store.empty_wal()
    assert readable(store) == {made[number - 1] for number in numbers[4_800:]}
    assert aside.drop_all(table, numbers) == 1_200
    assert store.empty_wal()
    assert readable(store) == set()
    with store.reading() as connection:
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_whom_a_finished_erasure_was_about_is_not_left(store: Store, erasures: Erasures) -> None:
    """However many were under way together."""
    made = words(Random(3), 300)
    numbers = [erasures.begin(Wanted(learner=Learner.of(agent(word))), "request") for word in made]
    for number in numbers:
        with store.writing():
            for amount in Amounts.__slots__:
                erasures.rows.count(number, amount, 100_000)
        assert erasures.rows.wanted(number) is not None
        erasures.rows.forget_who(number)
        assert erasures.rows.wanted(number) is None
        erasures.rows.finish(number, 10**15)
    assert store.empty_wal()
    assert readable(store) == set()

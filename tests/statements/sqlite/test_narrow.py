"""Questions of which one part is rare find the same in every way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from random import Random

import orjson
import pytest

from lrs.auth.grants import Grant
from lrs.simulation.mix import course_key
from lrs.statements import keys
from lrs.statements.log import Selection, StatementLog
from lrs.statements.match import Filter, Visibility
from lrs.statements.sqlite import narrow as narrowing
from lrs.statements.sqlite import select
from lrs.statements.sqlite import terms as sqlite_terms
from lrs.statements.sqlite.narrow import Terms, condition, narrow
from lrs.statements.sqlite.terms import Group, expression
from tests.contracts.statement_log import OLDEST_FIRST, put
from tests.samples import COURSE_A, COURSE_B, EVERYONE, LMS, statement, voiding

RARE, COMMON, OTHER, LONG = (1,), (2, 3), (4,), tuple(range(2, 100))
OTHERS = [course_key(number) for number in range(10)]
NAME = "SELECT name FROM key_name WHERE number = ?"
MANY = narrowing._CANDIDATES_MAX + 1


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """An index in which all of ``MANY`` records have the keys 1, 2 and 4."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute("CREATE VIRTUAL TABLE record_key USING fts5 (keys, content='', detail=none)")
        opened.executemany(
            "INSERT INTO record_key (rowid, keys) VALUES (?, '1 2 4')", [(at + 1,) for at in range(MANY)]
        )
        yield opened


def test_a_rare_group_is_looked_for_alone_and_what_it_finds_is_held_to_the_others(
    connection: sqlite3.Connection,
) -> None:
    found = narrow(connection, [RARE, COMMON, OTHER], 0, MANY)
    assert found == Terms("(1)", (2, 1), (",2,", ",3,", ",4,"))


def test_long_groups_are_all_asked_in_the_same_words(connection: sqlite3.Connection) -> None:
    first, second = (narrow(connection, [RARE, LONG[:size]], 0, MANY) for size in (10, 90))
    assert first.sizes == second.sizes
    assert [orjson.loads(text) for found in (first, second) for text in found.keys] == [[*LONG[:10]], [*LONG[:90]]]


def test_what_many_have_is_left_to_the_index(connection: sqlite3.Connection) -> None:
    assert narrow(connection, [RARE, COMMON], 0, MANY + 1) == Terms(expression([RARE, COMMON]))


@pytest.mark.parametrize("groups", [[], [RARE], [LONG, RARE]], ids=["none", "one", "long"])
def test_there_is_nothing_to_gain_from(connection: sqlite3.Connection, groups: list[tuple[int, ...]]) -> None:
    assert narrow(connection, groups, 0, 10) == Terms(expression(groups))


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        ("[2,4]", True),
        ("[4,3]", True),
        ("[1,4,3,5]", True),
        ("[4]", False),
        ("[2]", False),
        ("[22,4]", False),
        ("[12,4]", False),
        ("[]", False),
    ],
)
@pytest.mark.parametrize("common", [COMMON, (*COMMON, *range(30, 40))], ids=["short", "long"])
def test_one_key_out_of_each_group_is_needed(
    connection: sqlite3.Connection, keys: str, holds: bool, common: tuple[int, ...]
) -> None:
    _, sizes, arguments = narrow(connection, [RARE, common, OTHER], 0, MANY)
    (found,) = connection.execute(f"SELECT {condition(sizes, '?1')} true", (keys, *arguments)).fetchone()
    assert bool(found) is holds


@pytest.fixture
def filled(log: StatementLog) -> StatementLog:
    """Eight hundred statements by ten learners with three verbs in some courses, and some that void and inherit."""
    random = Random(5)
    made = [
        statement(
            learner=f"l{random.randrange(10)}",
            verb=f"{LMS}/verbs/{random.randrange(3)}",
            course=random.choice((COURSE_A, COURSE_B, None, *OTHERS)),
        )
        for _ in range(800)
    ]
    put(log, *made)
    put(log, *(voiding(one["id"]) for one in made[::7]))
    return log


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize(
    "sight",
    [
        EVERYONE,
        Visibility(Grant.of([COURSE_A])),
        Visibility(Grant.of([COURSE_B, COURSE_A])),
        Visibility(Grant.of([COURSE_B, *OTHERS])),
    ],
)
@pytest.mark.parametrize(
    "rare",
    [
        *({f"{keys.AGENT}account|{LMS}|{learner}"} for learner in ("l0", "l7", "admin")),
        {f"{keys.RELATED_ACTIVITY}{LMS}/course/{course}" for course in (COURSE_A, COURSE_B)},
    ],
    ids=["l0", "l7", "admin", "courses"],
)
def test_every_way_finds_the_same(
    filled: StatementLog, monkeypatch: pytest.MonkeyPatch, rare: set[str], sight: Visibility, ascending: bool
) -> None:
    members = frozenset(rare), frozenset({f"{keys.VERB}{LMS}/verbs/1"})
    selections = [
        replace(OLDEST_FIRST, ascending=ascending, limit=limit, filter=Filter.of(*asked))
        for asked in (members, members[:1])
        for limit in (5, 1000)
    ]
    assert found(filled, selections[:1], sight) or rare == {f"{keys.AGENT}account|{LMS}|admin"}
    narrowed = found(filled, selections, sight)
    monkeypatch.setattr(sqlite_terms, "_PAIRS_MAX", 0)
    assert found(filled, selections, sight) == narrowed
    monkeypatch.setattr(narrowing, "_MANY", "SELECT ?, ?, ?")
    assert found(filled, selections, sight) == narrowed


def test_the_group_that_is_looked_for_is_that_of_the_rarest_kind(
    log: StatementLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def narrowing_(connection: sqlite3.Connection, groups: Sequence[Group], low: int, high: int) -> Terms:
        asked.append([[kind(connection, key) for key in str(group[0]).split("x")] for group in groups])
        return narrow(connection, groups, low, high)

    monkeypatch.setattr(select, "narrow", narrowing_)
    put(log, statement(learner="l1", verb=f"{LMS}/verbs/1", course=COURSE_A))
    members = frozenset({f"{keys.VERB}{LMS}/verbs/1"}), frozenset({f"{keys.AGENT}account|{LMS}|l1"})
    assert found(log, [replace(OLDEST_FIRST, filter=Filter.of(*members))], Visibility(Grant.of([COURSE_A]))) == [1]
    assert asked == [[[keys.AGENT, keys.VERB], [keys.COURSE]]]


def kind(connection: sqlite3.Connection, number: str) -> str:
    (name,) = connection.execute(NAME, (number,)).fetchone()
    return str(name[0])


def found(log: StatementLog, selections: list[Selection], sight: Visibility) -> list[int]:
    return [record.position for one in selections for record in log.read(one, sight).records]

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.errors import NotFound
from lrs.storage.mark import Mark
from lrs.storage.sqlite import Store, open_store


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """The same file, as another process has it."""
    opened = open_store(store.path)
    yield opened
    opened.close()


def test_every_process_sees_the_mark_move(tmp_path: Path) -> None:
    first, second = Mark(tmp_path / "mark"), Mark(tmp_path / "mark")
    before = second.read()
    first.move()
    assert second.read() == first.read() != before


def test_it_never_comes_back_to_where_it_was(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "mark")
    places = set()
    for _ in range(100):
        mark.move()
        places.add(mark.read())
    assert len(places) == 100


def test_a_write_moves_the_mark_of_every_process_on_the_store(store: Store, other: Store) -> None:
    before = other.mark()
    with store.writing() as connection:
        connection.execute("CREATE TABLE t (x)")
        assert other.mark() == before, "it moves after the commit, so that who has seen it move sees what was written"
    assert other.mark() != before


def test_a_write_that_fails_leaves_the_mark(store: Store) -> None:
    before = store.mark()
    with pytest.raises(NotFound), store.writing():
        raise NotFound("nothing was written")
    assert store.mark() == before

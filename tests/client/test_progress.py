"""A place moves on with what is finished, and only with that."""

from __future__ import annotations

from lrs.client.progress import Progress


def given(*cursors: str) -> Progress:
    progress = Progress(None)
    progress.begin("c0")
    for cursor in cursors:
        progress.give(cursor)
    return progress


def test_it_moves_when_something_is_finished() -> None:
    progress = given("c1", "c2")
    cursors = [progress.cursor]
    assert progress.finish("c1")
    cursors.append(progress.cursor)
    assert cursors == ["c0", "c1"]


def test_what_is_finished_stands_for_all_before_it() -> None:
    progress = given("c1", "c2", "c3")
    assert progress.finish("c2")
    assert not progress.finish("c1")
    assert progress.cursor == "c2"


def test_what_was_finished_is_no_news() -> None:
    progress = given("c1")
    assert progress.finish("c1")
    assert not progress.finish("c1")


def test_reaching_the_head_where_one_stands_is_no_news() -> None:
    progress = given("c0")
    assert not progress.finish("c0")
    assert progress.finish("c0") is False


def test_what_was_never_given_finishes_nothing() -> None:
    progress = given("c1")
    assert not progress.finish("c9")
    assert progress.cursor == "c0"


def test_what_was_given_on_a_connection_that_is_gone_comes_again() -> None:
    progress = given("c1", "c2")
    progress.finish("c1")
    progress.leave()
    assert not progress.finish("c2")
    assert progress.cursor == "c1"

"""Pages that are kept as long as nothing is written."""

from __future__ import annotations

from lrs.statements.http.kept import Asked, Kept, KeptPages
from tests.samples import principal


class Revision:
    def __init__(self) -> None:
        self.number = 1

    def __call__(self) -> int:
        return self.number


def asked(query: bytes = b"limit=1", name: str = "ann") -> Asked:
    return Asked(principal(name), query, "", "")


PAGE = Kept(b"{}", None)


def kept(bytes_max: int = 100_000) -> tuple[KeptPages, Revision]:
    revision = Revision()
    pages = KeptPages(revision, bytes_max)
    assert pages.find(asked()) is None
    return pages, revision


def test_a_page_is_found_again_by_who_asked_for_it() -> None:
    pages, _ = kept()
    pages.keep(asked(), PAGE, 1)
    assert pages.find(asked()) == PAGE
    assert pages.find(asked(name="bob")) is None
    assert pages.find(asked(b"limit=2")) is None


def test_nothing_is_left_after_a_write() -> None:
    pages, revision = kept()
    pages.keep(asked(), PAGE, 1)
    revision.number = 2
    assert pages.find(asked()) is None


def test_a_page_that_was_read_before_a_write_is_not_kept_after_it() -> None:
    pages, revision = kept()
    revision.number = 2
    assert pages.find(asked()) is None
    pages.keep(asked(), PAGE, 1)
    assert pages.find(asked()) is None


def test_the_page_that_was_not_asked_for_longest_goes_first() -> None:
    """Invariant 7."""
    pages, _ = kept(3_000)
    for query in (b"1", b"2"):
        pages.keep(asked(query), PAGE, 1)
    assert pages.find(asked(b"1")) == PAGE
    pages.keep(asked(b"3"), PAGE, 1)
    assert [pages.find(asked(query)) for query in (b"1", b"2", b"3")] == [PAGE, None, PAGE]


def test_a_page_beyond_the_bound_is_not_kept() -> None:
    pages, _ = kept(3_000)
    pages.keep(asked(), Kept(b"x" * 3_000, None), 1)
    assert pages.find(asked()) is None


def test_nothing_is_kept_where_nothing_may_be() -> None:
    pages, _ = kept(0)
    pages.keep(asked(), PAGE, 1)
    assert pages.find(asked()) is None

"""What every adapter of ``DocumentStore`` must do. An adapter's tests import all of it and give ``documents``,
which holds at most ``DOCUMENTS_MAX`` of one kind, activity and agent, and ``clock``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from lrs.clock import FixedClock
from lrs.documents.documents import Content, Context, Document, DocumentStore, Kind
from lrs.errors import PreconditionFailed, TooLarge

DOCUMENTS_MAX = 20
STATE = Context(Kind.STATE, activity="http://x.org/a", agent="mbox|mailto:ann@x.org")
REGISTRATION = UUID("6e11b1a1-0000-4000-8000-000000000001")
TEXT = Content("text/plain; charset=utf-16", b"\x00\xff any bytes \r\n")
OTHERS = [
    Context(Kind.STATE, activity="http://x.org/b", agent=STATE.agent),
    Context(Kind.STATE, activity="http://x.org/A", agent=STATE.agent),
    Context(Kind.STATE, activity=STATE.activity, agent="mbox|mailto:bob@x.org"),
    Context(Kind.STATE, activity=STATE.activity, agent=STATE.agent, registration=REGISTRATION),
    Context(Kind.AGENT_PROFILE, agent=STATE.agent),
    Context(Kind.ACTIVITY_PROFILE, activity=STATE.activity),
]


def put(documents: DocumentStore, context: Context, document_id: str, content: Content = TEXT) -> Document:
    stored = documents.change(context, document_id, lambda _: content)
    assert stored is not None
    return stored


def test_a_document_comes_back_byte_for_byte_with_its_type(documents: DocumentStore) -> None:
    everything = Content("application/x-Ü".encode("ascii", "replace").decode(), bytes(range(256)) * 300)
    stored = put(documents, STATE, "s", everything)
    assert documents.read(STATE, "s") == stored
    assert stored.content == everything


def test_an_empty_document_is_a_document(documents: DocumentStore) -> None:
    put(documents, STATE, "s", Content("text/plain", b""))
    found = documents.read(STATE, "s")
    assert found is not None
    assert found.content.body == b""


def test_what_is_not_there_is_none(documents: DocumentStore) -> None:
    assert documents.read(STATE, "s") is None
    assert documents.listed(STATE) == ([], None)


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_contexts_are_kept_apart(documents: DocumentStore, other: Context) -> None:
    """Also by case, and having no registration is a context of its own."""
    put(documents, STATE, "s")
    put(documents, other, "o")
    assert documents.read(other, "s") is None
    assert documents.listed(STATE).ids == ["s"]
    assert documents.listed(other).ids == ["o"]
    documents.clear(STATE)
    assert documents.listed(STATE).ids == []
    assert documents.listed(other).ids == ["o"]


def test_ids_are_compared_exactly(documents: DocumentStore) -> None:
    names = ["s", "S", "s ", "ś", "s\u0301", "%", "_", "' OR 1=1 --", "\x00"]
    for name in names:
        put(documents, STATE, name, Content("text/plain", name.encode()))
    for name in names:
        found = documents.read(STATE, name)
        assert found is not None
        assert found.content.body == name.encode()


def test_a_change_sees_the_present_document_and_replaces_all_of_it(documents: DocumentStore) -> None:
    before = put(documents, STATE, "s")
    seen: list[Document | None] = []

    def change(present: Document | None) -> Content:
        seen.append(present)
        return Content("image/png", b"new")

    after = documents.change(STATE, "s", change)
    assert seen == [before]
    assert after == documents.read(STATE, "s")
    assert after is not None
    assert after.content == Content("image/png", b"new")


def test_a_change_to_nothing_deletes(documents: DocumentStore) -> None:
    put(documents, STATE, "s")
    put(documents, STATE, "t")
    assert documents.change(STATE, "s", lambda _: None) is None
    assert documents.change(STATE, "never there", lambda _: None) is None
    assert documents.listed(STATE).ids == ["t"]


def test_a_change_that_raises_changes_nothing(documents: DocumentStore) -> None:
    before = put(documents, STATE, "s")

    def refuse(_: Document | None) -> Content:
        raise PreconditionFailed("no")

    for name in ("s", "t"):
        with pytest.raises(PreconditionFailed):
            documents.change(STATE, name, refuse)
    assert documents.read(STATE, "s") == before
    assert documents.listed(STATE).ids == ["s"]


def test_documents_are_listed_by_the_time_of_their_last_change(documents: DocumentStore, clock: FixedClock) -> None:
    for name in ("a", "b", "c"):
        clock.advance(1)
        put(documents, STATE, name)
    clock.advance(1)
    last = put(documents, STATE, "a")
    assert documents.listed(STATE) == (["b", "c", "a"], last.updated_us)


def test_since_is_exclusive(documents: DocumentStore, clock: FixedClock) -> None:
    first = put(documents, STATE, "a")
    clock.advance(1)
    second = put(documents, STATE, "b")
    assert documents.listed(STATE, first.updated_us - 1).ids == ["a", "b"]
    assert documents.listed(STATE, first.updated_us).ids == ["b"]
    assert documents.listed(STATE, second.updated_us) == ([], None)


def test_the_time_of_a_document_grows_with_each_change_though_the_clock_goes_back(
    documents: DocumentStore, clock: FixedClock
) -> None:
    first = put(documents, STATE, "s")
    clock.advance(-3600)
    assert put(documents, STATE, "s").updated_us > first.updated_us


def test_documents_of_one_kind_activity_and_agent_are_bounded(documents: DocumentStore) -> None:
    """Invariant 7; those of all registrations count together."""
    registered = Context(STATE.kind, activity=STATE.activity, agent=STATE.agent, registration=REGISTRATION)
    for number in range(DOCUMENTS_MAX):
        put(documents, (STATE, registered)[number % 2], str(number))
    for context in (STATE, registered):
        with pytest.raises(TooLarge, match=str(DOCUMENTS_MAX)):
            put(documents, context, "one more")
    put(documents, STATE, "0")
    put(documents, OTHERS[0], "one more")
    documents.change(STATE, "0", lambda _: None)
    put(documents, STATE, "one more")


def together(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` with each number below ``count`` in a thread of its own, all let go at once."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_writers_that_rely_on_one_etag_one_wins(documents: DocumentStore) -> None:
    etag = put(documents, STATE, "s").etag
    won: list[int] = []

    def write(number: int) -> None:
        def change(present: Document | None) -> Content:
            if present is None or present.etag != etag:
                raise PreconditionFailed("too late")
            return Content("text/plain", str(number).encode())

        try:
            documents.change(STATE, "s", change)
        except PreconditionFailed:
            return
        won.append(number)

    together(8, write)
    (winner,) = won
    found = documents.read(STATE, "s")
    assert found is not None
    assert found.content.body == str(winner).encode()


def test_of_many_writers_that_add_to_one_document_none_is_lost(documents: DocumentStore) -> None:
    def write(number: int) -> None:
        def change(present: Document | None) -> Content:
            return Content("text/plain", (present.content.body if present else b"") + bytes([number]))

        documents.change(STATE, "s", change)

    together(8, write)
    found = documents.read(STATE, "s")
    assert found is not None
    assert sorted(found.content.body) == list(range(8))

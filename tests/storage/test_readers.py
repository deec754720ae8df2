"""The threads that read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from lrs.errors import StoreUnavailable
from lrs.storage.readers import Readers

PATIENCE_S = 30
ASKED: ContextVar[str] = ContextVar("asked")


@pytest.fixture
def readers() -> Iterator[Readers]:
    made = Readers(2)
    yield made
    made.close()


async def test_a_read_gives_what_the_function_returns_in_another_thread(readers: Readers) -> None:
    name = await readers.read(lambda: threading.current_thread().name)
    assert name.startswith("lrs-reader")


async def test_a_read_raises_what_the_function_raises(readers: Readers) -> None:
    with pytest.raises(ZeroDivisionError):
        await readers.read(lambda: 1 // 0)


async def test_a_read_knows_whose_it_is(readers: Readers) -> None:
    ASKED.set("by me")
    assert await readers.read(ASKED.get) == "by me"


async def told(readers: Readers, count: int, *outcomes: object) -> list[object]:
    """What ``count`` reads tell, which return the next of ``outcomes`` or raise it."""
    found: list[object] = []
    done = asyncio.Event()

    def tell(outcome: object) -> None:
        found.append((outcome, threading.current_thread() is threading.main_thread()))
        if len(found) == count:
            done.set()

    for outcome in outcomes:

        def read(outcome: object = outcome) -> object:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        readers.read_soon(read, tell)
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    return found


async def test_what_came_of_it_is_told_in_the_event_loop(readers: Readers) -> None:
    error = ValueError("no")
    assert set(await told(readers, 3, 1, error, 2)) == {(1, True), (error, True), (2, True)}


async def test_no_more_is_read_at_once_than_there_are_threads(readers: Readers) -> None:
    lock, running, most = threading.Lock(), 0, 0
    gate = threading.Barrier(2)

    def read() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        # Each waits for one other, so that two are seen to run together.
        gate.wait(PATIENCE_S)
        with lock:
            running -= 1

    await asyncio.gather(*(readers.read(read) for _ in range(8)))
    assert most == 2


async def test_closing_waits_for_what_is_being_read() -> None:
    readers = Readers(1)
    begun, over = threading.Event(), threading.Event()

    def read() -> str:
        begun.set()
        over.wait(PATIENCE_S)
        return "read"

    reading = asyncio.ensure_future(readers.read(read))
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    closing = asyncio.ensure_future(asyncio.to_thread(readers.close))
    over.set()
    await closing
    assert await reading == "read"


async def test_what_has_not_begun_when_it_is_closed_fails() -> None:
    readers = Readers(1)
    begun = threading.Event()

    def read() -> None:
        begun.set()
        # It goes on until the rest is known not to be read any more.
        while not readers._closed:
            threading.Event().wait(0.001)

    reading, waiting = (asyncio.ensure_future(readers.read(one)) for one in (read, int))
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    await asyncio.to_thread(readers.close)
    await reading
    with pytest.raises(StoreUnavailable):
        await waiting


@pytest.mark.parametrize("used", [True, False])
async def test_nothing_is_read_once_it_is_closed(used: bool) -> None:
    readers = Readers(2)
    if used:
        await readers.read(int)
    await asyncio.to_thread(readers.close)
    with pytest.raises(StoreUnavailable):
        await readers.read(int)

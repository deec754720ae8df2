"""Running tests in an event loop without threads and without waiting."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

PATIENCE_S = 60
"""After so long a test has failed; none waits so long when all is well."""


def in_loop(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """The asynchronous ``test`` as a plain one."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


async def settle(rounds: int = 50) -> None:
    """Let everything that can go on without time or threads go on."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Wait for ``condition``, which comes about by other threads or by short timers."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


class Inline(Executor):
    """Runs what it is given at once: a worker thread without the thread."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        done: Future[_T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001
            done.set_exception(error)
        return done


class InlineThreads(ThreadPoolExecutor):
    """The same as the default executor of an event loop."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        return Inline().submit(fn, *args, **kwargs)


class Held(Executor):
    """Runs what it is given when ``release`` is called: a worker thread that is slow."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        done: Future[_T] = Future()

        def work() -> None:
            try:
                done.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001
                done.set_exception(error)

        self.waiting.append(work)
        return done

    def release(self) -> int:
        """Do all that waits; how much that was."""
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()
        return len(waiting)
